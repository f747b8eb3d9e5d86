//! An index whose disk or engine has failed: it takes nothing more, and says so.

use std::sync::atomic::Ordering;

use super::disk;
use super::index::Index;
use super::write::Writing;
use crate::failure::{Failure, Result};

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

impl Index {
    pub(super) fn fail_log(&self, writing: &mut Writing, failure: Failure) -> Failure {
        let broken = Broken::Log(failure.reason().to_owned());
        self.fail(writing, (failure, broken))
    }

    pub(super) fn fail_engine(&self, writing: &mut Writing, failure: Failure) -> Failure {
        let broken = Broken::Engine(failure.reason().to_owned());
        self.fail(writing, (failure, broken))
    }

    /// Remembers that the index failed, lets go of the engine's writer and says so in the log.
    /// The first reason stays.
    fn fail(&self, writing: &mut Writing, (failure, broken): (Failure, Broken)) -> Failure {
        // The engine does not always say what its thread failed of.
        let is_full = failure.is_of_a_full_disk() || !disk::has_room(&self.folder);
        let broken = if is_full { Broken::Full } else { broken };
        // Nothing that was not committed may be committed any more: the log is what counts.
        writing.writer = None;
        let index = &self.meta().name;
        let broken = writing.broken.get_or_insert(broken);
        self.full.store(*broken == Broken::Full, Ordering::Release);
        tracing::error!(index, "no more writes are taken: {broken}");
        self.refusal(broken)
    }

    /// Refuses an index that has failed.
    ///
    /// # Errors
    /// 500, with the reason.
    pub(super) fn whole(&self, writing: &Writing) -> Result<()> {
        match &writing.broken {
            Some(broken) => Err(self.refusal(broken)),
            None => Ok(()),
        }
    }

    fn refusal(&self, broken: &Broken) -> Failure {
        let index = &self.meta().name;
        match broken {
            Broken::Full => Failure::disk_full(Some(index), &self.folder),
            other => Failure::internal(format!("[{index}] takes no more writes: {other}")),
        }
    }
}
