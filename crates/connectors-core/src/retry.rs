//! What is tried again, and when.

use std::time::Duration;

use backon::{BackoffBuilder, ExponentialBuilder};
use chrono::{DateTime, TimeDelta, Utc};

/// What is tried again: broken connections, time-outs, 429 and 5xx.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Retry {
    /// Tries after the first.
    pub max: usize,
    /// The wait before the second try.
    pub initial: Duration,
    /// What each further wait is multiplied by.
    pub multiplier: f32,
    /// No wait is longer, unless the server asks for it.
    pub longest: Duration,
    /// No wait that a server asks for (`Retry-After`) is longer.
    pub longest_asked: Duration,
}

/// A wait between two tries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Wait {
    pub(crate) time: Duration,
    /// True where the server asked for a longer one.
    pub(crate) is_cut: bool,
}

impl Default for Retry {
    fn default() -> Self {
        Self {
            max: 5,
            initial: Duration::from_secs(1),
            multiplier: 2.0,
            longest: Duration::from_secs(60),
            longest_asked: Duration::from_secs(60),
        }
    }
}

impl Retry {
    /// How long to wait before another try: as planned, or as long as the server asks for, up to a limit.
    pub(crate) fn wait(&self, planned: Duration, asked: Option<Duration>) -> Wait {
        let (asked, limit) = (asked.unwrap_or_default(), self.longest_asked.max(self.longest));
        Wait { time: asked.min(limit).max(planned), is_cut: asked > limit }
    }

    /// The waits before each further try, up to half of each added at random.
    pub fn delays(&self) -> impl Iterator<Item = Duration> + Send + use<> {
        ExponentialBuilder::default()
            .with_min_delay(self.initial)
            .with_factor(self.multiplier.max(1.0))
            .with_max_delay(self.longest)
            .with_max_times(self.max)
            .with_jitter()
            .build()
    }
}

/// How long a server asks to wait by its `Retry-After`: seconds, or until a date.
pub(crate) fn asked(header: Option<&[u8]>, now: DateTime<Utc>) -> Option<Duration> {
    let text = std::str::from_utf8(header?).ok()?.trim();
    if let Ok(seconds) = text.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let until = DateTime::parse_from_rfc2822(text).ok()?;
    Some((until.to_utc() - now).to_std().unwrap_or_default())
}

/// When that is, as it is shown; none where it lies beyond every calendar.
pub(crate) fn time_after(now: DateTime<Utc>, wait: Duration) -> Option<DateTime<Utc>> {
    now.checked_add_signed(TimeDelta::from_std(wait).ok()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_up_to_the_longest() {
        let retry = Retry { max: 4, longest: Duration::from_secs(3), ..Retry::default() };
        let delays: Vec<f32> = retry.delays().map(|delay| delay.as_secs_f32()).collect();
        assert_eq!(delays.len(), 4);
        for (delay, low) in delays.iter().zip([1.0, 2.0, 3.0, 3.0]) {
            assert!(*delay >= low && *delay <= low * 2.0 + 1.0, "{delays:?}");
        }
    }
    #[test]
    fn a_server_may_ask_for_a_minute_at_the_most() {
        let retry = Retry { longest: Duration::from_secs(3), ..Retry::default() };
        for (asked, waited, is_cut) in [
            (None, 2, false),
            (Some(1), 2, false),
            (Some(7), 7, false),
            (Some(86_400), 60, true),
            (Some(u64::MAX), 60, true),
        ] {
            let wait = retry.wait(Duration::from_secs(2), asked.map(Duration::from_secs));
            assert_eq!(wait, Wait { time: Duration::from_secs(waited), is_cut }, "{asked:?}");
        }
    }

    #[test]
    fn a_server_asks_to_wait_by_seconds_or_by_a_date() {
        let now = "2026-11-24T13:38:00Z".parse().unwrap();
        for (text, seconds) in [
            ("7", Some(7)),
            ("Tue, 24 Nov 2026 13:38:30 GMT", Some(30)),
            ("Tue, 24 Nov 2026 13:37:00 GMT", Some(0)),
            ("soon", None),
        ] {
            assert_eq!(asked(Some(text.as_bytes()), now), seconds.map(Duration::from_secs), "{text}");
        }
        assert_eq!(asked(None, now), None);
    }

    #[test]
    fn no_wait_lies_beyond_the_calendar() {
        let now = "2026-11-24T13:38:00Z".parse().unwrap();
        assert_eq!(time_after(now, Duration::from_secs(60)), Some("2026-11-24T13:39:00Z".parse().unwrap()));
        assert_eq!(time_after(now, Duration::from_secs(u64::MAX)), None);
    }
}
