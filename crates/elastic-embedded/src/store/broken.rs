//! An index whose disk or engine has failed: it takes nothing more, and says so.

use std::sync::atomic::Ordering;

use super::disk;
use super::index::Index;
use super::writing::{Broken, Writing};
use crate::failure::{Failure, Result};

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
