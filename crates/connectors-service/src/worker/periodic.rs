//! Work that is due once in a while.

use std::sync::Mutex;

use chrono::{DateTime, TimeDelta, Utc};

use crate::lock::lock;

/// When something was last done, and how often it is to be done.
#[derive(Debug)]
pub(super) struct Periodic {
    period: TimeDelta,
    last: Mutex<Option<DateTime<Utc>>>,
}

impl Periodic {
    /// Due at once, and then once in this time.
    pub(super) fn every(period: TimeDelta) -> Self {
        Self { period, last: Mutex::default() }
    }

    /// Whether it is due, also where the clock was set back by as much.
    pub(super) fn is_due(&self, now: DateTime<Utc>) -> bool {
        lock(&self.last).is_none_or(|last| (now - last).abs() >= self.period)
    }

    /// It was done now.
    pub(super) fn done(&self, now: DateTime<Utc>) {
        *lock(&self.last) = Some(now);
    }
}
