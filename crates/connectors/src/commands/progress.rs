//! What a sync shows while it runs: a bar on a terminal, a line now and then elsewhere.

use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use connectors_core::Waits;
use connectors_core::elastic::{Client, index};
use connectors_core::sync::{Counters, Phase};
use indicatif::{ProgressBar, ProgressStyle};
use tokio::task::JoinHandle;

use crate::{show, terminal};

/// Between two looks on a terminal.
const GLANCE: Duration = Duration::from_millis(200);
/// Between two lines elsewhere.
const LINE: Duration = Duration::from_secs(10);

/// Without progress for so long, what is waited for is shown.
const STILL: Duration = Duration::from_secs(10);

/// A task that shows counters until it is finished.
pub(super) struct Progress {
    task: JoinHandle<()>,
    counting: Option<JoinHandle<()>>,
    bar: Option<ProgressBar>,
}

impl Progress {
    /// Shows the progress of a sync; a full one lists about as many documents as its `index` holds.
    pub(super) fn start(
        counters: Arc<Counters>,
        client: Client,
        (source, index): (Waits, Option<&str>),
    ) -> Self {
        let bar = terminal::is_drawn_over(&std::io::stderr()).then(bar);
        let expected = Arc::new(OnceLock::new());
        let counting = index
            .map(|index| tokio::spawn(count(client.counted_apart(), index.to_owned(), expected.clone())));
        let watched = Watched { counters, client: Some(client), source, expected };
        Self { task: tokio::spawn(watch(watched, bar.clone())), counting, bar }
    }

    pub(super) fn finish(self) {
        self.task.abort();
        self.counting.iter().for_each(JoinHandle::abort);
        if let Some(bar) = self.bar {
            bar.finish_and_clear();
        }
    }
}

/// Counts what the index holds. It is a courtesy: no error of it counts.
async fn count(client: Client, index: String, expected: Arc<OnceLock<u64>>) {
    let all = serde_json::json!({ "match_all": {} });
    if matches!(index::exists(&client, &index).await, Ok(true))
        && let Ok(count) = index::count(&client, &index, &all).await
    {
        let _ = expected.set(count);
    }
}

fn bar() -> ProgressBar {
    let style = ProgressStyle::with_template("{spinner} {elapsed} {msg}");
    ProgressBar::new_spinner().with_style(style.unwrap_or_else(|_| ProgressStyle::default_spinner()))
}

/// What is shown.
struct Watched {
    counters: Arc<Counters>,
    client: Option<Client>,
    /// What the source waits for.
    source: Waits,
    /// How many documents will be listed, about.
    expected: Arc<OnceLock<u64>>,
}

/// When the counters last changed.
struct Pace {
    sum: (&'static str, u64),
    since: Instant,
}

impl Watched {
    /// What is waited for, once nothing has moved for a while.
    fn wait(&self, pace: &mut Pace, now: Instant) -> Option<String> {
        let counters = &self.counters;
        let all =
            [&counters.listed, &counters.sent, &counters.unchanged, &counters.failed, &counters.deleted];
        let sum = (counters.phase().word(), all.iter().map(|counter| counter.load(Relaxed)).sum());
        if sum != pace.sum {
            *pace = Pace { sum, since: now };
        }
        let waited = now.saturating_duration_since(pace.since);
        let waiting = self.client.as_ref().and_then(Client::waiting);
        if let Some((what, lasts)) = waiting.or_else(|| self.source.longest(now)) {
            return Some(format!("waiting for {} s for {what}", lasts.as_secs()));
        }
        let is_reading = counters.phase() == Phase::Listing || counters.phase() == Phase::Connecting;
        let whom = if is_reading { "the source" } else { "the end of this step" };
        (waited >= STILL).then(|| format!("{}: waiting for {} s for {whom}", sum.0, waited.as_secs()))
    }
}

async fn watch(watched: Watched, bar: Option<ProgressBar>) {
    let started = Instant::now();
    let mut pace = Pace { sum: ("", 0), since: started };
    let mut ticks = tokio::time::interval(if bar.is_some() { GLANCE } else { LINE });
    ticks.tick().await;
    loop {
        ticks.tick().await;
        let waits = watched.wait(&mut pace, Instant::now());
        let line = [Some(line(&watched.counters, started.elapsed(), watched.expected.get().copied())), waits];
        let line = line.into_iter().flatten().collect::<Vec<_>>().join("; ");
        match &bar {
            Some(bar) => {
                bar.set_message(show::plain(&line));
                bar.tick();
            }
            None => show::note(&line),
        }
    }
}

/// The phase, the counts, and the time left where it is known how many documents there are, about.
fn line(counters: &Counters, elapsed: Duration, expected: Option<u64>) -> String {
    let (phase, listed) = (counters.phase(), counters.listed.load(Relaxed));
    let rate = listed as f64 / elapsed.as_secs_f64().max(0.001);
    let to_come = expected.filter(|all| phase == Phase::Listing && *all > listed);
    let of = to_come.map(|all| format!(" of about {all}")).unwrap_or_default();
    let left =
        to_come.filter(|_| listed > 0).map(|all| left((all - listed) as f64 / rate)).unwrap_or_default();
    format!(
        "{}: listed {listed}{of}, sent {}, unchanged {}, failed {}, {rate:.0}/s{left}",
        phase.word(),
        counters.sent.load(Relaxed),
        counters.unchanged.load(Relaxed),
        counters.failed.load(Relaxed),
    )
}

fn left(seconds: f64) -> String {
    match seconds {
        0.0..90.0 => format!(", about {seconds:.0} s left"),
        90.0..5400.0 => format!(", about {:.0} min left", seconds / 60.0),
        _ => format!(", about {:.0} h left", seconds / 3600.0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_has_counts_and_rate() {
        let counters = Counters::default();
        counters.listed.store(300, Relaxed);
        counters.sent.store(200, Relaxed);
        let shown = line(&counters, Duration::from_secs(2), None);
        assert_eq!(shown, "connecting: listed 300, sent 200, unchanged 0, failed 0, 150/s");
    }

    #[test]
    fn the_time_left_is_told_while_documents_are_listed_whose_number_is_known() {
        let counters = Counters::default();
        counters.listed.store(300, Relaxed);
        let shown = |expected| line(&counters, Duration::from_secs(2), expected);
        assert!(!shown(Some(600)).contains("left"), "nothing is listed yet");
        counters.enter(Phase::Listing);
        for (expected, told) in [
            (
                Some(600),
                "listing: listed 300 of about 600, sent 0, unchanged 0, failed 0, 150/s, about 2 s left",
            ),
            (Some(45_300), "150/s, about 5 min left"),
            (Some(4_000_000), "150/s, about 7 h left"),
            (Some(300), "failed 0, 150/s"),
            (None, "failed 0, 150/s"),
        ] {
            assert!(shown(expected).ends_with(told), "{expected:?}: {}", shown(expected));
        }
    }

    #[test]
    fn after_ten_seconds_without_progress_it_says_what_is_waited_for() {
        let watched = Watched {
            counters: Arc::default(),
            client: None,
            source: Waits::default(),
            expected: Arc::default(),
        };
        let begin = Instant::now();
        let mut pace = Pace { sum: ("", 0), since: begin };
        assert_eq!(watched.wait(&mut pace, begin), None);
        assert_eq!(watched.wait(&mut pace, begin + Duration::from_secs(9)), None);
        let waits = watched.wait(&mut pace, begin + Duration::from_secs(12)).unwrap();
        assert_eq!(waits, "connecting: waiting for 12 s for the source");
        watched.counters.listed.store(1, Relaxed);
        assert_eq!(watched.wait(&mut pace, begin + Duration::from_secs(13)), None);
    }

    #[tokio::test(start_paused = true)]
    async fn the_bar_shows_the_counters() {
        let (counters, bar) = (Arc::new(Counters::default()), bar());
        counters.listed.store(7, Relaxed);
        let watching = tokio::time::timeout(
            GLANCE * 3,
            watch(
                Watched { counters, client: None, source: Waits::default(), expected: Arc::default() },
                Some(bar.clone()),
            ),
        )
        .await;
        assert!(watching.is_err(), "it watches until it is ended");
        assert!(bar.message().starts_with("connecting: listed 7, "), "{}", bar.message());
    }
}
