//! How many bulks may be in flight: fewer when the server struggles, more while it keeps its pace.

use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// A bulk may take this much longer than the fastest, per byte, before the window stops growing.
const TOLERANCE: f64 = 1.25;

#[derive(Debug)]
pub(super) struct Window {
    limit: AtomicUsize,
    max: usize,
    pace: Mutex<Pace>,
}

/// Seconds per byte, smoothed, and the best so far; answers in time since the window last changed.
#[derive(Debug, Default)]
struct Pace {
    now: f64,
    best: f64,
    in_time: usize,
}

impl Window {
    pub(super) fn new(max: usize) -> Self {
        let max = max.max(1);
        Self { limit: AtomicUsize::new(max.min(2)), max, pace: Mutex::default() }
    }

    pub(super) fn limit(&self) -> usize {
        self.limit.load(Relaxed)
    }

    /// The server asks to slow down: half as many.
    pub(super) fn shrink(&self) {
        let halved = (self.limit() / 2).max(1);
        self.limit.store(halved, Relaxed);
        *self.pace.lock().unwrap_or_else(PoisonError::into_inner) = Pace::default();
        tracing::debug!(window = halved, "fewer bulks in flight");
    }

    /// A bulk of so many bytes came through in this time: one more when enough were as fast.
    pub(super) fn through(&self, bytes: usize, took: Duration) {
        let mut pace = self.pace.lock().unwrap_or_else(PoisonError::into_inner);
        let per_byte = took.as_secs_f64() / bytes.max(1) as f64;
        pace.now = if pace.now == 0.0 { per_byte } else { 0.7 * pace.now + 0.3 * per_byte };
        pace.best = if pace.best == 0.0 { pace.now } else { pace.best.min(pace.now) };
        pace.in_time = if pace.now <= pace.best * TOLERANCE { pace.in_time + 1 } else { 0 };
        let limit = self.limit();
        if pace.in_time >= 4 * limit && limit < self.max {
            self.limit.store(limit + 1, Relaxed);
            pace.in_time = 0;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn it_grows_while_the_pace_holds_and_halves_on_complaint() {
        let window = Window::new(4);
        assert_eq!(window.limit(), 2);
        (0..100).for_each(|_| window.through(1000, SECOND));
        assert_eq!(window.limit(), 4);
        window.shrink();
        assert_eq!(window.limit(), 2);
        (0..5).for_each(|_| window.shrink());
        assert_eq!(window.limit(), 1);
    }

    #[test]
    fn it_does_not_grow_when_more_in_flight_means_longer_waits() {
        let window = Window::new(5);
        window.through(1000, SECOND);
        (0..100).for_each(|_| window.through(1000, SECOND * 2));
        assert_eq!(window.limit(), 2);
        assert_eq!(Window::new(0).limit(), 1);
    }
}
