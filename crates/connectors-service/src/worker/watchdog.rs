//! Jobs that stand still are told of, with the stage in which they do.

use std::sync::Arc;
use std::time::Instant;

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
                    waits_for = self.waited_for(job),
                    "the job stands still"
                );
            }
        }
    }

    /// What a job waits for: an answer of Elasticsearch or of its source.
    fn waited_for(&self, job: &Running) -> String {
        let waiting = job.client().and_then(|client| client.waiting());
        let waiting = waiting.or_else(|| self.waits(&job.connector).longest(Instant::now()));
        waiting.map_or_else(
            || "nothing that it names".to_owned(),
            |(what, lasts)| format!("{what}, for {} s", lasts.as_secs()),
        )
    }
}
