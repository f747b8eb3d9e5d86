//! Connectors that say that a sync runs when none does: the worker ended before it could write how the job
//! ended, or the job was ended by somebody else.

use chrono::{DateTime, Utc};
use connectors_core::Result;
use serde_json::json;

use crate::protocol::{Connector, Counts, JobStatus, JobType, Kind, Store, SyncJob, patch_of_end, timestamp};

/// Jobs of a connector that are read, newest first.
const RECENT: usize = 100;
/// The error of a connector whose last job does not exist any more.
const UNKNOWN: &str =
    "the last sync job has no record any more, so its result is not known; start another sync";

/// Writes how the last job ended into connectors that say that one runs and have no open job. Both lists are
/// those of one tick, the connectors read first: a job is claimed before its connector says so. A failure is
/// logged and tried again in the next tick.
pub(super) async fn reconcile(
    store: &Store,
    connectors: &[&Connector],
    open: &[SyncJob],
    now: DateTime<Utc>,
) {
    for connector in connectors {
        for job_type in [JobType::Full, JobType::AccessControl] {
            let is_open = |job: &SyncJob| {
                job.connector_id() == Some(connector.id()) && shares_status(job.job_type(), job_type)
            };
            let says_so = connector.last_sync(job_type) == Some(JobStatus::InProgress);
            if !says_so || open.iter().any(is_open) {
                continue;
            }
            if let Err(error) = reconcile_one(store, connector.id(), job_type, now).await {
                let id = connector.id();
                tracing::warn!(connector = id, %error, "its last sync status was not corrected; trying again");
            }
        }
    }
}

/// Corrects one, on the condition that nobody has written the connector since it was read here.
async fn reconcile_one(store: &Store, id: &str, job_type: JobType, now: DateTime<Utc>) -> Result<()> {
    let Some(connector) = store.connector(id).await? else { return Ok(()) };
    if connector.last_sync(job_type) != Some(JobStatus::InProgress) {
        return Ok(());
    }
    store.refresh(Kind::Job).await?;
    let mut jobs = store.jobs(&json!({ "term": { "connector.id": id } }), Some(RECENT)).await?;
    jobs.retain(|job| shares_status(job.job_type(), job_type));
    if !jobs.iter().all(|job| job.status().is_none_or(JobStatus::is_final)) {
        return Ok(());
    }
    let last = jobs.iter().max_by_key(|job| job.last_seen());
    let status = last.and_then(SyncJob::status).unwrap_or(JobStatus::Error);
    let error = last.map_or(Some(UNKNOWN), |job| job.text("error"));
    let ended = last.and_then(|job| job.0.date("completed_at")).unwrap_or(now);
    let counts = last.map_or_else(Counts::default, SyncJob::counts);
    let mut patch = patch_of_end(job_type, (status, error), counts, ended);
    patch.insert("last_seen".into(), timestamp(now));
    store.update(Kind::Connector, &connector.0, &patch).await?;
    tracing::warn!(connector = id, %status, "the connector said that a sync runs; its last sync status is corrected");
    Ok(())
}

/// True for jobs whose status stands in the same fields of a connector.
fn shares_status(one: JobType, other: JobType) -> bool {
    (one == JobType::AccessControl) == (other == JobType::AccessControl)
}
