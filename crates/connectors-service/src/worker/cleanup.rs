//! Jobs without a worker to end them: their connector is deleted, or every worker that takes them goes away.

use connectors_core::Result;

use super::leases::{Leases, MAX_TAKEOVERS};
use super::orphans;
use super::running::{RunningJobs, Stop};
use crate::protocol::{Connector, JobStatus, Kind, Store, SyncJob};

/// Ends jobs that no worker will end. A failure is logged and tried again in the next tick.
pub(super) async fn end_abandoned(
    store: &Store,
    leases: &Leases,
    running: &RunningJobs,
    (connectors, open): (&[Connector], &[SyncJob]),
) {
    let deleted = orphans::deleted(store, connectors, open).await;
    for job in open {
        let is_orphan = job.connector_id().is_none_or(|id| deleted.contains(id));
        if let Some(running) = running.get(job.id()) {
            // It is ended in the next tick.
            if is_orphan {
                running.stop(Stop::Lost);
            }
            continue;
        }
        let end = if is_orphan { end_of_orphan(job) } else { end_of_expired(leases, job) };
        let Some((status, error)) = end else { continue };
        tracing::warn!(job = job.id(), %status, error, "the job is ended");
        if let Err(error) = write(store, leases, job, (status, error)).await {
            tracing::warn!(job = job.id(), %error, "the job was not ended; trying again");
        }
    }
}

/// How a job ends, and the error where it is one.
type End = (JobStatus, Option<&'static str>);

fn end_of_orphan(job: &SyncJob) -> Option<End> {
    match job.status()? {
        JobStatus::InProgress => Some((JobStatus::Error, Some("the connector was deleted"))),
        JobStatus::Canceling | JobStatus::Pending | JobStatus::Suspended => Some((JobStatus::Canceled, None)),
        _ => None,
    }
}

fn end_of_expired(leases: &Leases, job: &SyncJob) -> Option<End> {
    match job.status().filter(|_| leases.is_expired(job))? {
        JobStatus::Canceling => Some((JobStatus::Canceled, None)),
        JobStatus::InProgress if job.takeovers() >= MAX_TAKEOVERS => {
            Some((JobStatus::Error, Some("every worker that took the job went away; it is given up")))
        }
        _ => None,
    }
}

/// Only the state that was read is ended: a worker that has come back keeps its job.
async fn write(store: &Store, leases: &Leases, job: &SyncJob, (status, error): End) -> Result<()> {
    let patch = SyncJob::ended(status, error, job.counts(), leases.clock.now());
    store.update(Kind::Job, &job.0, &patch).await.map(drop)
}
