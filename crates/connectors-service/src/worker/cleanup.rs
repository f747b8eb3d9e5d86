//! Jobs that nobody will end: their connector is gone, or every worker that takes them goes away.

use std::collections::HashSet;

use connectors_core::Result;

use super::Worker;
use super::claim::TAKEOVERS;
use super::running::Stop;
use crate::protocol::{Connector, JobStatus, Kind, SyncJob};

impl Worker {
    /// Ends jobs that nobody will. A failure is logged and tried again in the next tick.
    pub(super) async fn clean_up(&self, connectors: &[Connector], jobs: &[SyncJob]) {
        let gone = self.gone(connectors, jobs).await;
        for job in jobs {
            let is_orphan = job.connector_id().is_none_or(|id| gone.contains(id));
            self.let_go(job, is_orphan);
            let Some((status, error)) = self.end_of(job, is_orphan) else { continue };
            tracing::warn!(job = job.id(), %status, error, "the job is ended");
            if let Err(error) = self.end(job, status, error).await {
                tracing::warn!(job = job.id(), %error, "the job was not ended; trying again");
            }
        }
    }

    /// The connectors of these jobs that do not exist. A search does not show a connector that was made a moment
    /// ago, so each one that it lacks is looked up by its id.
    pub(super) async fn gone<'a>(&self, connectors: &[Connector], jobs: &'a [SyncJob]) -> HashSet<&'a str> {
        let found: HashSet<&str> = connectors.iter().map(Connector::id).collect();
        let unseen: HashSet<&str> =
            jobs.iter().filter_map(SyncJob::connector_id).filter(|id| !found.contains(id)).collect();
        let mut gone = HashSet::new();
        for id in unseen {
            match self.store.connector(id).await {
                Ok(None) => drop(gone.insert(id)),
                Ok(Some(_)) => {}
                Err(error) => {
                    tracing::warn!(connector = id, %error, "a connector was not looked up; its jobs are kept");
                }
            }
        }
        gone
    }

    /// Stops a job of this worker whose connector is gone; it is ended in the next tick.
    fn let_go(&self, job: &SyncJob, is_orphan: bool) {
        if let Some(running) = self.running().get(job.id()).filter(|_| is_orphan) {
            running.stop(Stop::Lost);
        }
    }

    /// How a job is to end that nobody else ends; none for all others.
    fn end_of(&self, job: &SyncJob, is_orphan: bool) -> Option<(JobStatus, Option<&'static str>)> {
        if self.running().contains_key(job.id()) {
            return None;
        }
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
        let patch = SyncJob::left(status, error, job.counts(), self.now());
        self.store.update(Kind::Job, &job.0, &patch).await.map(drop)
    }
}
