//! Writing down how a job ended: in its own document, then in its connector's.

use chrono::{DateTime, Utc};
use connectors_core::{Error, Result};

use super::Worker;
use super::outcome::Outcome;
use super::running::{Running, Stop};
use crate::protocol::{JobStatus, Kind, SyncJob, ended_connector, timestamp};

/// What came of writing a job's end.
#[derive(Clone, Copy)]
enum Ended {
    /// It is written; the status may be another than asked for.
    As(JobStatus),
    /// Another worker has the job, or somebody ended it.
    Elsewhere,
}

impl Worker {
    /// Writes how a job ended, however long the server is away or refuses, until the lease is lost or the worker
    /// ends. What is not written of the connector then is mended by a later tick, see [`heal`](Self::heal).
    pub(super) async fn finish(&self, running: &Running, outcome: Outcome) {
        let (error, now) = (outcome.error.as_deref().unwrap_or_default(), self.now());
        tracing::info!(status = %outcome.status, error, indexed = outcome.counts.indexed, "the job ends");
        let ended = loop {
            if running.stopped() == Some(Stop::Lost) {
                break Ended::Elsewhere;
            }
            match self.end_job(running, &outcome, now).await {
                Ok(ended) => break ended,
                Err(error) if self.is_tried_again(running, &error).await => {}
                Err(_) => break Ended::Elsewhere,
            }
        };
        let Ended::As(status) = ended else {
            running.stop(Stop::Lost);
            tracing::warn!("how the job ended was not written: it is another worker's now, or goes to one");
            return;
        };
        self.tally.end(status);
        while let Err(error) = self.end_in_connector(running, (&outcome, status), now).await {
            if !self.is_tried_again(running, &error).await {
                return;
            }
        }
    }

    /// Waits before another try; false where there is none: the job is lost, or the worker ends.
    async fn is_tried_again(&self, running: &Running, error: &Error) -> bool {
        let is_last = self.stopping.is_cancelled() || running.stopped() == Some(Stop::Lost);
        if is_last {
            tracing::error!(%error, "how the job ended could not be written");
            return false;
        }
        tracing::warn!(%error, "how the job ended was not written; trying again");
        tokio::time::sleep(self.options.again).await;
        true
    }

    /// Writes the job's document. A write whose answer was lost is recognised by its time, when it meets itself.
    async fn end_job(&self, running: &Running, outcome: &Outcome, now: DateTime<Utc>) -> Result<Ended> {
        let mut ended = Ended::Elsewhere;
        let written = self.store.change(Kind::Job, &running.id, |record| {
            let job = SyncJob(record.clone());
            let current = job.status().filter(|_| job.worker() == Some(&self.options.worker));
            ended = Ended::Elsewhere;
            let Some(current) = current else { return Ok(None) };
            let is_over = current.is_final() || current == JobStatus::Suspended;
            if is_over && record.value("last_seen") == &timestamp(now) {
                ended = Ended::As(current);
                return Ok(None);
            }
            // A cancel that came too late for the sync still is one.
            let is_cancel = current == JobStatus::Canceling;
            let status = if is_cancel { JobStatus::Canceled } else { outcome.status };
            if !current.may_become(status) {
                return Ok(None);
            }
            let again = job.next_try(now).filter(|_| status == JobStatus::Error && outcome.outage);
            ended = Ended::As(if again.is_some() { JobStatus::Suspended } else { status });
            let error = outcome.error_of(status);
            Ok(Some(match again {
                Some(again) => SyncJob::left_for_a_try(again, error.unwrap_or_default(), outcome.counts, now),
                None => SyncJob::left(status, error, outcome.counts, now),
            }))
        });
        written.await?;
        Ok(ended)
    }

    /// Writes the connector's document, unless its next job runs already.
    async fn end_in_connector(
        &self,
        running: &Running,
        (outcome, status): (&Outcome, JobStatus),
        now: DateTime<Utc>,
    ) -> Result<()> {
        if self.has_other_job(&running.connector, &running.id).await? {
            return Ok(());
        }
        let told = (status, outcome.error_of(status));
        let patch = ended_connector(running.job_type, told, outcome.counts, now);
        self.store.change(Kind::Connector, &running.connector, |_| Ok(Some(patch.clone()))).await.map(drop)
    }
}
