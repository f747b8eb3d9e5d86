//! When a write is on the disk.

use std::fs::File;
use std::sync::PoisonError;
use std::time::{Duration, Instant};

use super::index::Index;
use super::writing::Writing;
use crate::failure::Result;

/// With `index.translog.durability: async`, how old a write may be that is not on the disk when another comes.
const SYNC_INTERVAL: Duration = Duration::from_secs(5);

impl Index {
    /// Whether what was just put into the log has to be on the disk before it is acknowledged.
    pub(super) fn has_to_sync(&self, writing: &mut Writing) -> bool {
        let is_due = self.meta().settings.syncs_each_write() || writing.synced.elapsed() >= SYNC_INTERVAL;
        if is_due {
            writing.synced = Instant::now();
        }
        is_due
    }

    /// Brings the log to the disk, while others may write: what they have written by then comes along.
    pub(super) fn sync(&self, log: &File) -> Result<()> {
        log.sync_data().map_err(|error| {
            let mut writing = self.writing.lock().unwrap_or_else(PoisonError::into_inner);
            self.fail_log(&mut writing, error.into())
        })
    }
}
