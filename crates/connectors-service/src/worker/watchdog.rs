//! Jobs that make no progress are logged, with the stage in which they stand still.

use std::sync::Arc;
use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};

use super::connections::Connections;
use super::running::RunningJob;

/// Logs each of these jobs that made no progress for `still`, once until it goes on.
pub(super) fn watch(
    jobs: &[Arc<RunningJob>],
    connections: &Connections,
    still: Duration,
    now: DateTime<Utc>,
) {
    for job in jobs {
        let since = job.stalled_for(now).to_std().unwrap_or_default();
        if since >= still && job.is_first_logged() {
            tracing::warn!(
                connector = job.connector,
                job = job.id,
                index = job.index,
                stage = job.stage_word(),
                seconds = since.as_secs(),
                waits_for = waited_for(job, connections),
                "the job stands still"
            );
        }
    }
}

/// What a job waits for: an answer of Elasticsearch or of its source.
fn waited_for(job: &RunningJob, connections: &Connections) -> String {
    let waiting = job.client().and_then(|client| client.waiting());
    let waiting = waiting.or_else(|| connections.waits(&job.connector).longest(Instant::now()));
    waiting.map_or_else(
        || "nothing that it names".to_owned(),
        |(what, lasts)| format!("{what}, for {} s", lasts.as_secs()),
    )
}
