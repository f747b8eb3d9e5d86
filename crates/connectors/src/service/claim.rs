//! Taking a job: by one worker, and one job of a connector at a time.

use std::sync::atomic::Ordering::Relaxed;

use chrono::{DateTime, Utc};
use connectors_core::Result;
use serde_json::json;

use super::Worker;
use crate::protocol::{Connector, JobStatus, Kind, SyncJob, Written, started_connector};

/// A job that makes its worker go away so often is given up.
pub(super) const TAKEOVERS: u64 = 5;

impl Worker {
    /// Takes a job that waits, or one whose worker went away. None when another worker was faster, or another
    /// job of the connector runs.
    ///
    /// The job is written on the condition that it is as it was read: of two workers one wins. Two jobs of one
    /// connector are kept apart by its document: each writes there that a job started, on the condition that the
    /// connector is as it was before the other jobs were looked at; who can't looks again, and steps back.
    ///
    /// # Errors
    /// When the server can't be asked.
    pub(super) async fn claim(&self, job: &SyncJob) -> Result<Option<(SyncJob, Connector)>> {
        let Some(id) = job.connector_id() else { return Ok(None) };
        let Some(connector) = self.store.connector(id).await? else { return Ok(None) };
        if self.has_other_job(id, job.id()).await? {
            return Ok(None);
        }
        let now = self.context.clock.now();
        let Some(claimed) = self.take(job, now).await? else { return Ok(None) };
        if job.status() == Some(JobStatus::InProgress) {
            tracing::warn!(
                job = job.id(),
                from = job.worker(),
                "a job is taken over from a worker that went away"
            );
            self.tally.taken_over.fetch_add(1, Relaxed);
        }
        let started = started_connector(job.job_type(), now);
        if let Written::Done(record) = self.store.update(Kind::Connector, &connector.0, &started).await? {
            return Ok(Some((claimed, Connector(record))));
        }
        if self.has_other_job(id, job.id()).await? {
            self.put_back(&claimed, now).await?;
            return Ok(None);
        }
        let changed = self.store.change(Kind::Connector, id, |_| Ok(Some(started.clone()))).await?;
        Ok(changed.map(|record| (claimed, Connector(record))))
    }

    async fn take(&self, job: &SyncJob, now: DateTime<Utc>) -> Result<Option<SyncJob>> {
        let patch = job.claimed(&self.options.worker, now);
        if let Written::Done(record) = self.store.update(Kind::Job, &job.0, &patch).await? {
            return Ok(Some(SyncJob(record)));
        }
        // A write whose answer was lost is met by its own second try.
        let current = self.store.job(job.id()).await?;
        Ok(current.filter(|current| {
            current.worker() == Some(&self.options.worker)
                && current.0.value("last_seen") == &patch["last_seen"]
                && current.status() == Some(JobStatus::InProgress)
        }))
    }

    async fn put_back(&self, job: &SyncJob, now: DateTime<Utc>) -> Result<()> {
        let patch = SyncJob::left(JobStatus::Suspended, None, job.counts(), now);
        self.store.update(Kind::Job, &job.0, &patch).await.map(drop)
    }

    /// True while a worker that is alive has another job of the connector.
    pub(super) async fn has_other_job(&self, connector: &str, job: &str) -> Result<bool> {
        self.store.refresh(Kind::Job).await?;
        let running = json!({ "bool": {
            "filter": [
                { "term": { "connector.id": connector } },
                JobStatus::among(&JobStatus::RUNNING),
            ],
            "must_not": [{ "ids": { "values": [job] } }],
        } });
        let others = self.store.jobs(&running, None).await?;
        Ok(others.iter().any(|other| !self.is_idle(other)))
    }

    /// True for a running job whose worker was not heard of for as long as a lease lasts.
    pub(super) fn is_idle(&self, job: &SyncJob) -> bool {
        let silent = job.last_seen().map(|seen| self.context.clock.now() - seen);
        job.status().is_some_and(JobStatus::is_running)
            && silent.is_none_or(|silent| silent.to_std().unwrap_or_default() > self.options.lease)
    }
}
