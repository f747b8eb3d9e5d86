//! Taking a job: by one worker, and one job of a connector at a time.

use std::sync::atomic::Ordering::Relaxed;

use chrono::{DateTime, Utc};
use connectors_core::Result;
use serde_json::json;

use super::{Worker, lock};
use crate::protocol::{Connector, JobStatus, Kind, SyncJob, Written, started_connector};

/// A job that makes its worker go away so often is given up.
pub(super) const TAKEOVERS: u64 = 5;

/// Tries to write a connector that others write at the same time; then its job waits for the next tick.
const TRIES: usize = 10;

impl Worker {
    /// Takes a job that waits, or one whose worker went away. None when another worker was faster, or another
    /// job of the connector runs.
    ///
    /// The job is written on the condition that it is as it was read: of two workers one wins. Two jobs of one
    /// connector are kept apart by its document, see [`enter`](Self::enter).
    ///
    /// # Errors
    /// When the server can't be asked; a job that was taken is given back then.
    pub(super) async fn claim(&self, job: &SyncJob) -> Result<Option<(SyncJob, Connector)>> {
        let Some(id) = job.connector_id() else { return Ok(None) };
        if self.has_other_job(id, job.id()).await? {
            return Ok(None);
        }
        let now = self.now();
        let Some(claimed) = self.take(job, now).await? else { return Ok(None) };
        match self.enter(&claimed, id).await {
            Ok(Some(connector)) => {
                self.count_takeover(job);
                Ok(Some((claimed, connector)))
            }
            Ok(None) => self.put_back(&claimed).await.map(|()| None),
            Err(error) => {
                if let Err(error) = self.put_back(&claimed).await {
                    tracing::warn!(job = job.id(), %error, "a job was not given back; its lease runs out");
                }
                Err(error)
            }
        }
    }

    /// Writes into a connector's document that this job runs; none where another one does, or the connector is
    /// gone.
    ///
    /// The document is the lock. Whoever writes it took its job before, read the document, and then looked for
    /// other running jobs; the write holds only for the version that was read. Of two workers that both wrote,
    /// the later one read what the earlier one had written, and so found its job: one of them steps back.
    async fn enter(&self, job: &SyncJob, id: &str) -> Result<Option<Connector>> {
        for _ in 0..TRIES {
            let Some(connector) = self.store.connector(id).await? else { return Ok(None) };
            if self.has_other_job(id, job.id()).await? {
                return Ok(None);
            }
            let started = started_connector(job.job_type(), self.now());
            if let Written::Done(record) = self.store.update(Kind::Connector, &connector.0, &started).await? {
                return Ok(Some(Connector(record)));
            }
        }
        Ok(None)
    }

    fn count_takeover(&self, job: &SyncJob) {
        if job.status() == Some(JobStatus::InProgress) {
            let from = job.worker();
            tracing::warn!(job = job.id(), from, "a job is taken over from a worker that went away");
            self.tally.taken_over.fetch_add(1, Relaxed);
        }
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

    /// Gives a job back that was taken and not begun.
    async fn put_back(&self, job: &SyncJob) -> Result<()> {
        let patch = SyncJob::left(JobStatus::Suspended, None, job.counts(), self.now());
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
    ///
    /// A sign of life from the future was written by a wrong clock: how old it is, is known from when this worker
    /// first met it.
    pub(super) fn is_idle(&self, job: &SyncJob) -> bool {
        let is_silent = |seen: DateTime<Utc>| {
            let now = self.now();
            let met = lock(&self.met).get(job.id()).filter(|met| met.seen == seen).map(|met| met.at);
            let since = if seen > now { met.unwrap_or(now) } else { seen };
            (now - since).to_std().unwrap_or_default() > self.options.lease
        };
        job.status().is_some_and(JobStatus::is_running) && job.last_seen().is_none_or(is_silent)
    }

    /// Remembers when signs of life from the future were first met.
    pub(super) fn meet(&self, open: &[SyncJob]) {
        let (now, mut met) = (self.now(), lock(&self.met));
        met.retain(|id, _| open.iter().any(|job| job.id() == id));
        for job in open.iter().filter(|job| job.status().is_some_and(JobStatus::is_running)) {
            let Some(seen) = job.last_seen().filter(|seen| *seen > now) else { continue };
            if met.get(job.id()).is_none_or(|met| met.seen != seen) {
                met.insert(job.id().to_owned(), Met { seen, at: now });
            }
        }
    }
}

/// A sign of life from the future, and when it was first met.
pub(super) struct Met {
    seen: DateTime<Utc>,
    at: DateTime<Utc>,
}
