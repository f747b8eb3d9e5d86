//! Claiming a job: for one worker, and one job of a connector at a time.

use connectors_core::Result;

use super::leases::{Leases, has_other_job};
use crate::protocol::{Connector, JobStatus, Kind, Store, SyncJob, Written, patch_of_start};

/// Tries to write a connector that others write at the same time; then its job waits for the next tick.
const TRIES: usize = 10;

/// A job that this worker has from now on.
#[derive(Debug)]
pub(super) struct Claim {
    pub(super) job: SyncJob,
    pub(super) connector: Connector,
    /// True where another worker had it, which went away.
    pub(super) is_takeover: bool,
}

/// Claims a job that waits, or one whose worker went away. None when another worker was faster, or another
/// job of the connector runs.
///
/// The job is written on the condition that it has not changed since it was read: of two workers one wins. Two jobs of one
/// connector are kept apart by its document, see [`enter`].
///
/// # Errors
/// When the server can't be asked; a job that was claimed is put back then.
pub(super) async fn claim(store: &Store, leases: &Leases, job: &SyncJob) -> Result<Option<Claim>> {
    let Some(id) = job.connector_id() else { return Ok(None) };
    if has_other_job(store, leases, id, job.id()).await? {
        return Ok(None);
    }
    let Some(claimed) = take(store, leases, job).await? else { return Ok(None) };
    match enter(store, leases, &claimed, id).await {
        Ok(Some(connector)) => {
            let is_takeover = job.status() == Some(JobStatus::InProgress);
            if is_takeover {
                let from = job.worker();
                tracing::warn!(job = job.id(), from, "a job is taken over from a worker that went away");
            }
            Ok(Some(Claim { job: claimed, connector, is_takeover }))
        }
        Ok(None) => put_back(store, leases, &claimed).await.map(|()| None),
        Err(error) => {
            if let Err(error) = put_back(store, leases, &claimed).await {
                tracing::warn!(job = job.id(), %error, "a job was not put back; its lease will expire");
            }
            Err(error)
        }
    }
}

async fn take(store: &Store, leases: &Leases, job: &SyncJob) -> Result<Option<SyncJob>> {
    let patch = job.claimed(&leases.worker, leases.clock.now());
    if let Written::Done(record) = store.update(Kind::Job, &job.0, &patch).await? {
        return Ok(Some(SyncJob(record)));
    }
    // A write whose answer was lost conflicts with itself when it is sent again.
    let current = store.job(job.id()).await?;
    Ok(current.filter(|current| {
        current.worker() == Some(&leases.worker)
            && current.0.value("last_seen") == &patch["last_seen"]
            && current.status() == Some(JobStatus::InProgress)
    }))
}

/// Writes into a connector's document that this job runs; none where another one does, or the connector is
/// deleted.
///
/// The document is the lock. Whoever writes it took its job before, read the document, and then looked for
/// other running jobs; the write holds only for the version that was read. Of two workers that both wrote,
/// the later one read what the earlier one had written, and so found its job: one of them steps back.
async fn enter(store: &Store, leases: &Leases, job: &SyncJob, id: &str) -> Result<Option<Connector>> {
    for _ in 0..TRIES {
        let Some(connector) = store.connector(id).await? else { return Ok(None) };
        if has_other_job(store, leases, id, job.id()).await? {
            return Ok(None);
        }
        let started = patch_of_start(job.job_type(), leases.clock.now());
        if let Written::Done(record) = store.update(Kind::Connector, &connector.0, &started).await? {
            return Ok(Some(Connector(record)));
        }
    }
    Ok(None)
}

/// Puts a job back that was claimed and not begun.
async fn put_back(store: &Store, leases: &Leases, job: &SyncJob) -> Result<()> {
    let patch = SyncJob::ended(JobStatus::Suspended, None, job.counts(), leases.clock.now());
    store.update(Kind::Job, &job.0, &patch).await.map(drop)
}
