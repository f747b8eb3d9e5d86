//! Writing how a job ended: into its own document, then into its connector's.

use std::time::Duration;

use chrono::{DateTime, Utc};
use connectors_core::{Error, Result};
use serde_json::{Map, Value};
use tokio_util::sync::CancellationToken;

use super::leases::{Leases, has_other_job};
use super::outcome::Outcome;
use super::running::{RunningJob, Stop};
use crate::protocol::{JobStatus, Kind, Record, Store, SyncJob, patch_of_end, timestamp};

/// How a job ended, and when.
pub(super) struct End<'a> {
    pub(super) job: &'a RunningJob,
    pub(super) outcome: &'a Outcome,
    pub(super) at: DateTime<Utc>,
}

/// How writes that fail are tried again.
pub(super) struct Retries {
    /// Between two tries.
    pub(super) pause: Duration,
    /// After this there are none.
    pub(super) stopping: CancellationToken,
}

/// What came of writing a job's end.
#[derive(Clone, Copy)]
enum Ended {
    /// It is written; the status may be another than asked for.
    As(JobStatus),
    /// Its document was deleted: there is nothing to write it into.
    Deleted,
    /// Another worker has the job, or somebody ended it.
    Elsewhere,
}

impl Retries {
    /// Waits before another try; false where there is none: the job is lost, or the worker ends.
    async fn next(&self, job: &RunningJob, error: &Error) -> bool {
        let is_last = self.stopping.is_cancelled() || job.stopped() == Some(Stop::Lost);
        if is_last {
            tracing::error!(%error, "how the job ended could not be written");
            return false;
        }
        tracing::warn!(%error, "how the job ended was not written; trying again");
        tokio::time::sleep(self.pause).await;
        true
    }
}

/// Writes how a job ended into its document, however long the server is away or refuses, until the lease is lost or the
/// worker ends. Returns the status that was written; none where the job is another worker's, or goes to one.
pub(super) async fn end_job(
    store: &Store,
    leases: &Leases,
    end: &End<'_>,
    retries: &Retries,
) -> Option<JobStatus> {
    let (job, outcome) = (end.job, end.outcome);
    let error = outcome.error.as_deref().unwrap_or_default();
    tracing::info!(status = %outcome.status, error, indexed = outcome.counts.indexed, "the job ends");
    let ended = loop {
        if job.stopped() == Some(Stop::Lost) {
            break Ended::Elsewhere;
        }
        match write_job(store, &leases.worker, end).await {
            Ok(ended) => break ended,
            Err(error) if retries.next(job, &error).await => {}
            Err(_) => break Ended::Elsewhere,
        }
    };
    match ended {
        Ended::As(status) => return Some(status),
        Ended::Deleted => {
            tracing::warn!("the job was deleted while it ran; its connector shows how it ended");
            return Some(outcome.status);
        }
        Ended::Elsewhere => {}
    }
    job.stop(Stop::Lost);
    tracing::warn!("how the job ended was not written: it is another worker's now, or goes to one");
    None
}

/// Writes how a job ended into its connector's document, as [`end_job`] does into its own. What is not written is
/// reconciled by a later tick, see [`reconcile`](super::reconcile::reconcile).
pub(super) async fn end_connector(
    store: &Store,
    leases: &Leases,
    (end, status): (&End<'_>, JobStatus),
    retries: &Retries,
) {
    while let Err(error) = write_connector(store, leases, end, status).await {
        if !retries.next(end.job, &error).await {
            return;
        }
    }
}

/// Writes the job's document. A write whose answer was lost is recognised by its time, when it conflicts with itself.
async fn write_job(store: &Store, worker: &str, end: &End<'_>) -> Result<Ended> {
    let mut ended = Ended::Deleted;
    let written = store.change(Kind::Job, &end.job.id, |record| {
        let patch;
        (ended, patch) = step(record, worker, end);
        Ok(patch)
    });
    written.await?;
    Ok(ended)
}

/// What comes of ending a job whose document is this one, and what is written for it.
fn step(record: &Record, worker: &str, end: &End<'_>) -> (Ended, Option<Map<String, Value>>) {
    let (job, outcome, now) = (SyncJob(record.clone()), end.outcome, end.at);
    let current = job.status().filter(|_| job.worker() == Some(worker));
    let Some(current) = current else { return (Ended::Elsewhere, None) };
    let is_over = current.is_final() || current == JobStatus::Suspended;
    if is_over && record.value("last_seen") == &timestamp(now) {
        return (Ended::As(current), None);
    }
    // A cancel that came too late for the sync still is one.
    let status = if current == JobStatus::Canceling { JobStatus::Canceled } else { outcome.status };
    if !current.may_become(status) {
        return (Ended::Elsewhere, None);
    }
    let error = outcome.error_of(status);
    match job.next_retry(now).filter(|_| status == JobStatus::Error && outcome.outage) {
        Some(next) => {
            let patch = SyncJob::suspended_until(next, error.unwrap_or_default(), outcome.counts, now);
            (Ended::As(JobStatus::Suspended), Some(patch))
        }
        None => (Ended::As(status), Some(SyncJob::ended(status, error, outcome.counts, now))),
    }
}

/// Writes the connector's document, unless its next job runs already.
async fn write_connector(store: &Store, leases: &Leases, end: &End<'_>, status: JobStatus) -> Result<()> {
    let (job, outcome) = (end.job, end.outcome);
    if has_other_job(store, leases, &job.connector, &job.id).await? {
        return Ok(());
    }
    let result = (status, outcome.error_of(status));
    let patch = patch_of_end(job.job_type, result, outcome.counts, end.at);
    store.change(Kind::Connector, &job.connector, |_| Ok(Some(patch.clone()))).await.map(drop)
}
