//! What is counted while a sync runs, for a progress bar or a heartbeat.

use std::sync::atomic::Ordering::Relaxed;
use std::sync::atomic::{AtomicU8, AtomicU64};

/// The phases of a sync, in their order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Phase {
    /// Both ends are reached, and the index is made where it is not there.
    #[default]
    Connecting,
    /// What the index holds is read.
    Comparing,
    /// Documents or changes are read, and written as they come.
    Listing,
    /// The last writes are awaited.
    Writing,
    /// What was not listed is looked up and deleted.
    Deleting,
    /// The index is compared with what it should hold.
    Verifying,
    /// What failed is kept, and what is written made visible.
    Closing,
}

impl Phase {
    const ALL: [Self; 7] = [
        Self::Connecting,
        Self::Comparing,
        Self::Listing,
        Self::Writing,
        Self::Deleting,
        Self::Verifying,
        Self::Closing,
    ];

    /// Its name, such as `listing`.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Connecting => "connecting",
            Self::Comparing => "comparing",
            Self::Listing => "listing",
            Self::Writing => "writing",
            Self::Deleting => "deleting",
            Self::Verifying => "verifying",
            Self::Closing => "closing",
        }
    }
}

/// What is counted while a sync runs, for a progress bar or a heartbeat.
#[derive(Debug, Default)]
pub struct Counters {
    /// Documents listed.
    pub listed: AtomicU64,
    /// Documents that the server acknowledged.
    pub sent: AtomicU64,
    /// Documents that the index holds unchanged.
    pub unchanged: AtomicU64,
    /// Documents that failed, and errors of the listing.
    pub failed: AtomicU64,
    /// Documents removed from the index.
    pub deleted: AtomicU64,
    /// An index into [`Phase::ALL`].
    phase: AtomicU8,
}

impl Counters {
    /// The current phase.
    #[must_use]
    pub fn phase(&self) -> Phase {
        Phase::ALL.get(usize::from(self.phase.load(Relaxed))).copied().unwrap_or_default()
    }

    /// Begins a phase.
    pub fn enter(&self, phase: Phase) {
        self.phase.store(phase as u8, Relaxed);
    }
}
