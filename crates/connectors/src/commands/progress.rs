//! What a sync shows while it runs: a bar on a terminal, a line now and then elsewhere.

use std::io::IsTerminal;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::{Duration, Instant};

use connectors_core::sync::Counters;
use indicatif::{ProgressBar, ProgressStyle};
use tokio::task::JoinHandle;

use crate::show;

/// Between two looks on a terminal.
const GLANCE: Duration = Duration::from_millis(200);
/// Between two lines elsewhere.
const LINE: Duration = Duration::from_secs(10);

/// A task that shows counters until it is finished.
pub(super) struct Progress {
    task: JoinHandle<()>,
    bar: Option<ProgressBar>,
}

impl Progress {
    pub(super) fn start(counters: Arc<Counters>) -> Self {
        let bar = std::io::stderr().is_terminal().then(bar);
        let task = tokio::spawn(watch(counters, bar.clone()));
        Self { task, bar }
    }

    pub(super) fn finish(self) {
        self.task.abort();
        if let Some(bar) = self.bar {
            bar.finish_and_clear();
        }
    }
}

fn bar() -> ProgressBar {
    let style = ProgressStyle::with_template("{spinner} {elapsed} {msg}");
    ProgressBar::new_spinner().with_style(style.unwrap_or_else(|_| ProgressStyle::default_spinner()))
}

async fn watch(counters: Arc<Counters>, bar: Option<ProgressBar>) {
    let started = Instant::now();
    let mut ticks = tokio::time::interval(if bar.is_some() { GLANCE } else { LINE });
    ticks.tick().await;
    loop {
        ticks.tick().await;
        let line = line(&counters, started.elapsed());
        match &bar {
            Some(bar) => {
                bar.set_message(line);
                bar.tick();
            }
            None => show::note(&line),
        }
    }
}

fn line(counters: &Counters, elapsed: Duration) -> String {
    let listed = counters.listed.load(Relaxed);
    let rate = listed as f64 / elapsed.as_secs_f64().max(0.001);
    format!(
        "listed {listed}, sent {}, unchanged {}, failed {}, {rate:.0}/s",
        counters.sent.load(Relaxed),
        counters.unchanged.load(Relaxed),
        counters.failed.load(Relaxed),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_has_counts_and_rate() {
        let counters = Counters::default();
        counters.listed.store(300, Relaxed);
        counters.sent.store(200, Relaxed);
        let shown = line(&counters, Duration::from_secs(2));
        assert_eq!(shown, "listed 300, sent 200, unchanged 0, failed 0, 150/s");
    }

    #[tokio::test(start_paused = true)]
    async fn the_bar_shows_the_counters() {
        let (counters, bar) = (Arc::new(Counters::default()), bar());
        counters.listed.store(7, Relaxed);
        let watching = tokio::time::timeout(GLANCE * 3, watch(counters, Some(bar.clone()))).await;
        assert!(watching.is_err(), "it watches until it is ended");
        assert!(bar.message().starts_with("listed 7, "), "{}", bar.message());
    }
}
