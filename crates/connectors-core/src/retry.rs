//! What is tried again, and when.

use std::time::Duration;

use backon::{BackoffBuilder, ExponentialBuilder};

/// A server that asks for a longer wait than this is asked again after this time.
const MOST_ASKED: Duration = Duration::from_secs(60);

/// What is tried again: broken connections, time-outs, 429 and 5xx.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Retry {
    /// Tries after the first.
    pub max: usize,
    /// The wait before the second try.
    pub initial: Duration,
    /// What each further wait is multiplied by.
    pub multiplier: f32,
    /// No wait is longer.
    pub longest: Duration,
}

impl Default for Retry {
    fn default() -> Self {
        Self { max: 5, initial: Duration::from_secs(1), multiplier: 2.0, longest: Duration::from_secs(60) }
    }
}

impl Retry {
    /// How long to wait before another try: as planned, or as long as the server asks for, up to a limit.
    pub(crate) fn wait(&self, planned: Duration, asked: Option<Duration>) -> Duration {
        let limit = MOST_ASKED.max(self.longest);
        asked.map_or(planned, |asked| asked.min(limit).max(planned))
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
        for (asked, waited) in [(None, 2), (Some(1), 2), (Some(7), 7), (Some(86_400), 60)] {
            let wait = retry.wait(Duration::from_secs(2), asked.map(Duration::from_secs));
            assert_eq!(wait, Duration::from_secs(waited), "{asked:?}");
        }
    }
}
