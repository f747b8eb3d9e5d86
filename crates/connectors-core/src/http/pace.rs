//! How fast requests may go out.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::{Instant, sleep_until};

/// Hands out the moments at which requests may begin, evenly spaced, none before the server's wish is over.
pub(super) struct Pace {
    gap: Duration,
    next: Mutex<Option<Instant>>,
}

impl Pace {
    pub(super) fn unlimited() -> Self {
        Self { gap: Duration::ZERO, next: Mutex::default() }
    }

    pub(super) fn per_second(rate: u32) -> Self {
        Self { gap: Duration::from_secs(1) / rate.max(1), next: Mutex::default() }
    }

    /// Waits for the next free moment.
    pub(super) async fn wait(&self) {
        let now = Instant::now();
        let at = self.take(now);
        if at > now {
            sleep_until(at).await;
        }
    }

    /// No request begins before `until`.
    pub(super) fn pause(&self, until: Instant) {
        let mut next = self.next.lock().unwrap_or_else(PoisonError::into_inner);
        *next = Some(next.map_or(until, |next| next.max(until)));
    }

    fn take(&self, now: Instant) -> Instant {
        let mut next = self.next.lock().unwrap_or_else(PoisonError::into_inner);
        let at = next.map_or(now, |next| next.max(now));
        *next = Some(at + self.gap);
        at
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn moments_are_evenly_spaced_and_unused_ones_are_not_saved_up() {
        let (pace, now) = (Pace::per_second(4), Instant::now());
        let taken: Vec<Duration> = (0..3).map(|_| pace.take(now) - now).collect();
        assert_eq!(taken, [Duration::ZERO, SECOND / 4, SECOND / 2]);
        let later = now + 10 * SECOND;
        assert_eq!([pace.take(later), pace.take(later)], [later, later + SECOND / 4]);
    }

    #[test]
    fn a_pause_holds_back_every_request_until_it_is_over() {
        let (pace, now) = (Pace::unlimited(), Instant::now());
        assert_eq!([pace.take(now), pace.take(now)], [now, now]);
        pace.pause(now + SECOND);
        pace.pause(now);
        assert_eq!([pace.take(now), pace.take(now + 2 * SECOND)], [now + SECOND, now + 2 * SECOND]);
    }

    #[tokio::test(start_paused = true)]
    async fn waiting_lasts_until_the_moment_that_was_taken() {
        let (pace, begun) = (Pace::per_second(2), Instant::now());
        for _ in 0..3 {
            pace.wait().await;
        }
        assert_eq!(begun.elapsed().as_millis(), 1000);
    }
}
