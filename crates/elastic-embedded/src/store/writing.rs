//! What the lock of writes guards: the writes that the engine has not committed yet, and why there may be no more.

use std::collections::HashMap;
use std::time::Instant;

use tantivy::IndexWriter;

use super::log::{Log, Place};

/// So many writes may wait before the engine takes them over, and so many deletions are remembered.
pub(super) const MAX_PENDING: usize = 250_000;

/// What the lock of writes guards.
pub(super) struct Writing {
    pub(super) writer: Option<IndexWriter>,
    pub(super) log: Log,
    pub(super) pending: HashMap<Box<str>, Pending>,
    pub(super) tombstones: HashMap<Box<str>, Tombstone>,
    pub(super) next_seq: u64,
    pub(super) refreshed: Instant,
    /// When the log was last brought to the disk.
    pub(super) synced: Instant,
    pub(super) closed: bool,
    /// Why nothing more can be acknowledged, once the disk or the engine has failed.
    pub(super) broken: Option<Broken>,
}

/// A write that the engine has not committed yet. Without a place it is a deletion.
#[derive(Debug, Clone, Copy)]
pub(super) struct Pending {
    pub(super) seq: u64,
    pub(super) version: u64,
    pub(super) place: Option<Place>,
}

/// The version of a deleted document, kept for a while so that it goes on counting.
#[derive(Debug, Clone, Copy)]
pub(super) struct Tombstone {
    pub(super) seq: u64,
    pub(super) version: u64,
    pub(super) since: Instant,
}

/// Why an index takes nothing more until the server starts again. Each holds what was reported.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum Broken {
    /// There was no room on the disk. The index is opened again once there is.
    #[error("the disk is full: free space on it, and writes go on by themselves")]
    Full,
    /// Writes could not be put into the log.
    #[error("the log could not be written ({0}): make room on the disk and start the server again")]
    Log(String),
    /// The engine's thread has panicked, or could not write its files.
    #[error(
        "the indexing thread failed ({0}): see the lines above it in the log, and start the server again, which brings back every acknowledged write"
    )]
    Engine(String),
}

impl Writing {
    pub(super) fn new(log: Log, next_seq: u64) -> Self {
        Writing {
            writer: None,
            log,
            pending: HashMap::new(),
            tombstones: HashMap::new(),
            next_seq,
            refreshed: Instant::now(),
            synced: Instant::now(),
            closed: false,
            broken: None,
        }
    }

    /// Remembers the deletion of a document that was not there: it counts as a version, too.
    pub(super) fn bury(&mut self, id: &str, seq: u64, version: u64) {
        if let Some(pending) = self.pending.get_mut(id) {
            *pending = Pending { seq, version, ..*pending };
            return;
        }
        if self.tombstones.len() >= MAX_PENDING {
            self.tombstones.clear();
        }
        self.tombstones.insert(id.into(), Tombstone { seq, version, since: Instant::now() });
    }

    pub(super) fn take_seq(&mut self) -> u64 {
        self.next_seq += 1;
        self.next_seq - 1
    }
}
