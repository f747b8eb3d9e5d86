//! Jobs that stand still are told of, with the stage in which they do.

use std::sync::Arc;

use super::Worker;
use super::running::Running;

impl Worker {
    /// Tells of each job that made no progress for too long, once until it goes on.
    pub(super) fn watch(&self, running: &[Arc<Running>]) {
        let now = self.now();
        for job in running {
            let still = job.still_since(now).to_std().unwrap_or_default();
            if still >= self.options.still && job.is_first_told() {
                tracing::warn!(
                    connector = job.connector,
                    job = job.id,
                    index = job.index,
                    stage = job.stage_word(),
                    seconds = still.as_secs(),
                    "the job stands still"
                );
            }
        }
    }
}
