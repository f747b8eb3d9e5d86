//! Signs of life: of running jobs, which keep their leases by them, and of connectors.

use std::sync::Arc;

use connectors_core::{Error, Result};
use futures::future::join_all;
use serde_json::json;

use super::running::{Running, Stage, Stop};
use super::{Worker, side_by_side};
use crate::protocol::{JobStatus, Kind, SyncJob, Written};

impl Worker {
    /// Writes the progress of running jobs where it is due, stops those that are to be cancelled, and those
    /// whose lease was lost or could be by now.
    pub(crate) async fn beat(&self) {
        let running = self.all_running();
        if running.is_empty() {
            return;
        }
        self.give_up_expired(&running);
        if let Err(error) = self.in_time(self.hear_cancels(&running)).await {
            tracing::warn!(%error, "cancels can't be heard of; trying again");
        }
        self.watch(&running);
        join_all(running.iter().map(|running| self.renew(running))).await;
    }

    /// Stops jobs whose leases ran out unseen, as while the machine slept: another worker may have begun, so nothing
    /// is asked before.
    fn give_up_expired(&self, running: &[Arc<Running>]) {
        for running in running.iter().filter(|running| running.stopped() != Some(Stop::Lost)) {
            let (_, alive) = running.record();
            if self.elapsed(alive) > self.options.lease {
                tracing::warn!(job = running.id, "the job is given up: its lease ran out");
                running.stop(Stop::Lost);
            }
        }
    }

    async fn hear_cancels(&self, running: &[Arc<Running>]) -> Result<()> {
        let query = json!({ "bool": { "filter": [
            { "term": { "status": JobStatus::Canceling.word() } },
            { "term": { "worker_hostname": self.options.worker } },
        ] } });
        let canceling = self.store.jobs(&query, None).await?;
        let is_asked = |id: &str| canceling.iter().any(|job| job.id() == id);
        running.iter().filter(|running| is_asked(&running.id)).for_each(|running| running.stop(Stop::Cancel));
        Ok(())
    }

    /// Renews the lease of a job. One that could not be renewed for two thirds of its time is given up, so that
    /// the sync has ended when another worker may begin.
    async fn renew(&self, running: &Running) {
        let (_, alive) = running.record();
        let silent = self.elapsed(alive);
        if silent < self.options.progress {
            return;
        }
        match self.in_time(self.write_alive(running)).await {
            Ok(()) => {}
            Err(error) if silent > self.options.lease * 2 / 3 => {
                tracing::warn!(job = running.id, %error, "the job is given up: its lease can't be renewed");
                running.stop(Stop::Lost);
            }
            Err(error) => tracing::warn!(job = running.id, %error, "the lease was not renewed; trying again"),
        }
    }

    /// Gives up what a server does not answer: a lease is lost by the clock, not by the server's patience.
    async fn in_time(&self, asked: impl Future<Output = Result<()>>) -> Result<()> {
        let late = || Error::transient("Elasticsearch did not answer in time");
        tokio::time::timeout(self.options.progress, asked).await.unwrap_or_else(|_| Err(late()))
    }

    async fn write_alive(&self, running: &Running) -> Result<()> {
        let (now, (record, _)) = (self.now(), running.record());
        let patch = SyncJob::alive(running.counts(), running.stage_word(), now);
        if let Written::Done(record) = self.store.update(Kind::Job, &record, &patch).await? {
            running.renewed(record, now);
            return Ok(());
        }
        match self.store.job(&running.id).await? {
            Some(job) if job.worker() == Some(&self.options.worker) => match job.status() {
                Some(JobStatus::Canceling) => {
                    running.read(job.0);
                    running.stop(Stop::Cancel);
                }
                Some(JobStatus::InProgress) => running.read(job.0),
                // It is over: this worker has just written so, or somebody else has.
                _ if running.stage() == Stage::Ending => {}
                _ => running.stop(Stop::Lost),
            },
            _ => running.stop(Stop::Lost),
        }
        Ok(())
    }

    /// Tells of every connector that its service is there.
    ///
    /// # Errors
    /// When the server can't be asked.
    pub(crate) async fn heartbeat(&self) -> Result<()> {
        let now = self.now();
        let connectors = self.store.connectors().await?;
        let mine = connectors.iter().filter(|connector| self.serves(connector));
        let written = mine.map(|connector| self.store.check_in(connector, now)).collect();
        let results: Vec<Result<()>> = side_by_side(written).await;
        results.into_iter().collect::<Result<Vec<_>>>().map(drop)
    }
}
