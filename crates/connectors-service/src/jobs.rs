//! What somebody asks of sync jobs: to start, list and cancel them.

use chrono::{DateTime, Utc};
use connectors_core::{Error, Result};
use serde_json::json;

use crate::connectors;
use crate::protocol::{ConnectorStatus, JobStatus, JobType, Kind, Store, SyncJob, Trigger};
use crate::registry::Registry;

/// Which jobs are asked for; all of them where nothing is named.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// Only those of this connector.
    pub connector: Option<String>,
    /// Only those in this state.
    pub status: Option<JobStatus>,
}

/// Makes a job that waits for a worker.
///
/// # Errors
/// `Config` where there is no such connector, where it can't be synced yet, where it has no jobs of this type, and where one is
/// not over; when the server can't be asked.
pub async fn start(
    store: &Store,
    registry: &Registry,
    (connector, job_type): (&str, JobType),
    now: DateTime<Utc>,
) -> Result<SyncJob> {
    let connector = connectors::get(store, connector).await?;
    let id = connector.id();
    connectors::check_job_type(registry, connector.service_type().unwrap_or_default(), job_type)?;
    if let Some(reason) = connector.switched_off(job_type) {
        return Err(Error::config(reason).with("connector", id).with("job type", job_type.word()));
    }
    store.refresh(Kind::Job).await?;
    let open = json!({ "bool": { "filter": [
        { "term": { "connector.id": id } }, { "term": { "job_type": job_type.word() } },
        JobStatus::among(&JobStatus::OPEN),
    ] } });
    if let Some(other) = store.jobs(&open, Some(1)).await?.first() {
        let state = other.status().map_or("there", JobStatus::word);
        let message = format!(
            "a job of this type is {state} already; wait for it, or `connectors job cancel {}`",
            other.id()
        );
        return Err(Error::config(message).with("connector", id));
    }
    if connector.index_name().is_none() {
        return Err(
            Error::config("the connector has no index; set one where it was made").with("connector", id)
        );
    }
    if matches!(connector.status(), Some(ConnectorStatus::Created | ConnectorStatus::NeedsConfiguration)) {
        let fix = "the connector waits for its settings; give them by `connectors connector update`";
        return Err(Error::config(fix).with("connector", id));
    }
    let job = store.add_job(&connector, (job_type, Trigger::OnDemand), now).await?;
    get(store, &job).await
}

/// Asks a job to stop.
///
/// # Errors
/// `Config` where there is none, and where it is over; when the server can't be asked.
pub async fn cancel(store: &Store, id: &str, now: DateTime<Utc>) -> Result<SyncJob> {
    store.cancel_job(id, now).await?.ok_or_else(|| unknown(id))
}

/// The job with this id.
///
/// # Errors
/// `Config` where there is none; when the server can't be asked.
pub async fn get(store: &Store, id: &str) -> Result<SyncJob> {
    store.job(id).await?.ok_or_else(|| unknown(id))
}

/// The newest jobs that match, at most `last` of them, the oldest first.
///
/// # Errors
/// When the server can't be asked.
pub async fn list(store: &Store, filter: &Filter, last: usize) -> Result<Vec<SyncJob>> {
    let mut terms = Vec::new();
    terms.extend(filter.connector.as_ref().map(|id| json!({ "term": { "connector.id": id } })));
    terms.extend(filter.status.map(|status| json!({ "term": { "status": status.word() } })));
    store.jobs(&json!({ "bool": { "filter": terms } }), Some(last)).await
}

fn unknown(id: &str) -> Error {
    Error::config("there is no such job; `connectors job list` lists them").with("id", id)
}
