//! Jobs that nobody will end: their connector is gone, or every worker that takes them goes away.

use std::collections::HashSet;

use connectors_core::Result;

use super::Worker;
use super::claim::TAKEOVERS;
use super::running::Stop;
use crate::protocol::{Connector, JobStatus, Kind, SyncJob};

impl Worker {
    /// Ends jobs that nobody will. A failure is told and tried again in the next tick.
    pub(super) async fn clean_up(&self, connectors: &[Connector], jobs: &[SyncJob]) {
        let ids: HashSet<&str> = connectors.iter().map(Connector::id).collect();
        for job in jobs {
            self.let_go(job, &ids);
            let Some((status, error)) = self.end_of(job, &ids) else { continue };
            tracing::warn!(job = job.id(), %status, error, "the job is ended");
            if let Err(error) = self.end(job, status, error).await {
                tracing::warn!(job = job.id(), %error, "the job was not ended; trying again");
            }
        }
    }

    /// Stops a job of this worker whose connector is gone; it is ended in the next tick.
    fn let_go(&self, job: &SyncJob, connectors: &HashSet<&str>) {
        let is_orphan = job.connector_id().is_none_or(|id| !connectors.contains(id));
        if let Some(running) = self.running().get(job.id()).filter(|_| is_orphan) {
            running.stop(Stop::Lost);
        }
    }

    /// How a job is to end that nobody else ends; none for all others.
    fn end_of(&self, job: &SyncJob, connectors: &HashSet<&str>) -> Option<(JobStatus, Option<&'static str>)> {
        if self.running().contains_key(job.id()) {
            return None;
        }
        let is_orphan = job.connector_id().is_none_or(|id| !connectors.contains(id));
        let is_idle = self.is_idle(job);
        match job.status()? {
            JobStatus::Canceling if is_idle || is_orphan => Some((JobStatus::Canceled, None)),
            JobStatus::InProgress if is_orphan => Some((JobStatus::Error, Some("the connector was deleted"))),
            JobStatus::Pending | JobStatus::Suspended if is_orphan => Some((JobStatus::Canceled, None)),
            JobStatus::InProgress if is_idle && job.takeovers() >= TAKEOVERS => {
                Some((JobStatus::Error, Some("every worker that took the job went away; it is given up")))
            }
            _ => None,
        }
    }

    /// Only the state that was looked at is ended: a worker that has come back keeps its job.
    async fn end(&self, job: &SyncJob, status: JobStatus, error: Option<&str>) -> Result<()> {
        let patch = SyncJob::left(status, error, job.counts(), self.context.clock.now());
        self.store.update(Kind::Job, &job.0, &patch).await.map(drop)
    }
}
