//! What a worker did since it started, for whoever watches.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use crate::protocol::JobStatus;
use crate::schedule::Due;

/// Counts since the worker started.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    /// Runs made on time.
    pub(crate) on_time: AtomicU64,
    /// Runs made up for.
    pub(crate) caught_up: AtomicU64,
    /// Runs left out.
    pub(crate) skipped: AtomicU64,
    /// Jobs taken over from workers that went away.
    pub(crate) taken_over: AtomicU64,
    /// Jobs that ended, by their states in the protocol's order.
    pub(crate) ended: [AtomicU64; JobStatus::ALL.len()],
}

impl Tally {
    /// Takes in what came due of a schedule.
    pub(super) fn count(&self, due: &Due) {
        let on_time = u64::from(due.on_time.is_some());
        self.on_time.fetch_add(on_time, Relaxed);
        self.caught_up.fetch_add(due.caught_up.len() as u64, Relaxed);
        self.skipped.fetch_add(due.skipped as u64, Relaxed);
    }

    /// Takes in the end of a job.
    pub(super) fn end(&self, status: JobStatus) {
        if let Some(place) = JobStatus::ALL.iter().position(|known| *known == status) {
            self.ended[place].fetch_add(1, Relaxed);
        }
    }

    /// Jobs that ended like this.
    pub(crate) fn ended(&self, status: JobStatus) -> u64 {
        let place = JobStatus::ALL.iter().position(|known| *known == status);
        place.map_or(0, |place| self.ended[place].load(Relaxed))
    }
}
