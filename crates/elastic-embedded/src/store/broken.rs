//! An index whose disk or engine has failed: it takes nothing more, and says so.

use super::index::Index;
use super::write::Writing;
use crate::failure::{Failure, Result};

/// Why an index takes nothing more until the server starts again. Each holds what was reported.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum Broken {
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
    /// Remembers that the index failed, lets go of the engine's writer and says so in the log.
    /// The first reason stays.
    pub(super) fn fail(&self, writing: &mut Writing, broken: Broken) -> Failure {
        // Nothing that was not committed may be committed any more: the log is what counts.
        writing.writer = None;
        let index = &self.meta().name;
        let broken = writing.broken.get_or_insert(broken);
        tracing::error!(index, "no more writes are taken: {broken}");
        refusal(index, broken)
    }

    /// Refuses an index that has failed.
    ///
    /// # Errors
    /// 500, with the reason.
    pub(super) fn whole(&self, writing: &Writing) -> Result<()> {
        match &writing.broken {
            Some(broken) => Err(refusal(&self.meta().name, broken)),
            None => Ok(()),
        }
    }
}

fn refusal(index: &str, broken: &Broken) -> Failure {
    Failure::internal(format!("[{index}] takes no more writes: {broken}"))
}
