//! Running a job that was claimed, from its source to its last write.

use std::sync::Arc;
use std::time::Duration;

use connectors_core::elastic::{Client, index};
use connectors_core::rules::RuleSet;
use connectors_core::sync::{
    Job, Options as SyncOptions, Pipeline, Report, Status, access_control, full, full_resumable, incremental,
};
use connectors_core::{Connection, Error, Registered, Result, Rules};
use tracing::Instrument;

use super::Worker;
use super::outcome::Outcome;
use super::running::{Running, Stage, Stop};
use crate::protocol::{Connector, JobStatus, JobType, Kind, SyncJob, ended_connector};

/// Between two tries to write down what a job came to.
const AGAIN: Duration = Duration::from_secs(2);

impl Worker {
    /// Runs a claimed job in tasks of its own.
    pub(super) fn start(self: &Arc<Self>, job: SyncJob, connector: Connector) {
        let now = self.context.clock.now();
        let running = Arc::new(Running::new(&job, connector.id(), now));
        if self.stopping.is_cancelled() {
            running.stop(Stop::Suspend);
        }
        self.running().insert(running.id.clone(), running.clone());
        self.known().entry(connector.id().to_owned()).or_default().served = Some(now);
        let span = tracing::info_span!(
            "job",
            connector = running.connector,
            job = running.id,
            index = running.index
        );
        let worker = self.clone();
        self.tasks.spawn(
            async move {
                tracing::info!(job_type = %running.job_type, "the job starts");
                let outcome = worker.outcome(job, connector, &running).await;
                running.enter(Stage::Ending);
                worker.finish(&running, outcome).await;
                worker.leave(&running);
                worker.freed.notify_one();
            }
            .instrument(span),
        );
    }

    /// The sync as a task, so that a fault of a source ends its job and nothing else. A sync that is asked to stop
    /// and does not is cut off.
    async fn outcome(
        self: &Arc<Self>,
        job: SyncJob,
        connector: Connector,
        running: &Arc<Running>,
    ) -> Outcome {
        let (worker, mine) = (self.clone(), running.clone());
        let sync = async move { worker.sync(&job, &connector, &mine).await };
        let mut task = tokio::spawn(sync.in_current_span());
        let joined = tokio::select! {
            joined = &mut task => joined,
            () = self.out_of_patience(running) => {
                task.abort();
                task.await
            }
        };
        match joined {
            Ok(Ok(report)) => Outcome::of(&report, running.stopped(), running.before()),
            Ok(Err(error)) => Outcome::cut(running.stopped(), Some(error.to_string()), running.counts()),
            Err(error) if error.is_panic() => {
                let fault = "the connector failed in a way that nobody foresaw; the log tells where";
                Outcome::cut(None, Some(fault.into()), running.counts())
            }
            Err(_) => Outcome::cut(running.stopped(), None, running.counts()),
        }
    }

    /// Takes a job that is over into the totals of its connector; from then on it is no running one.
    fn leave(&self, running: &Running) {
        let mut known = self.known();
        if let Some(known) = known.get_mut(&running.connector) {
            known.totals = known.totals.with(running);
        }
        self.running().remove(&running.id);
    }

    async fn out_of_patience(&self, running: &Running) {
        running.cancel.cancelled().await;
        tokio::time::sleep(self.options.grace).await;
    }

    async fn sync(&self, job: &SyncJob, connector: &Connector, running: &Running) -> Result<Report> {
        let source = self.source_of(connector).ok_or_else(|| {
            Error::config(
                "this program has no connector of this type; `connectors sources` lists those that it has",
            )
            .with("type", connector.service_type().unwrap_or("none"))
        })?;
        let prepared = self.prepare(connector, source).await?;
        let connector = prepared.ok_or_else(|| Error::missing("the connector was deleted"))?;
        let connection = self.connection(&connector, source).await?;
        running.enter(Stage::Syncing);
        let rules = rules(job)?;
        let pipeline = job.pipeline();
        self.run_sync(&connection, source, (running, &rules, pipeline.as_ref())).await
    }

    async fn run_sync(
        &self,
        connection: &Arc<dyn Connection>,
        source: &dyn Registered,
        (running, rules, pipeline): (&Running, &Rules, Option<&Pipeline>),
    ) -> Result<Report> {
        let client = self.writer(&running.connector).await?.counted_apart();
        running.writes_by(&client);
        let skip_unchanged = self.may_skip(&client, running, rules).await?;
        let job = Job {
            source: connection.source(),
            rules,
            client: &client,
            index: &running.index,
            context: &self.context,
            marks: self.options.marks.as_deref(),
            pipeline,
            options: SyncOptions {
                skip_unchanged,
                document_level_security: connection.document_level_security(),
                ..self.sync
            },
            counters: &running.counters,
            cancel: &running.cancel,
        };
        let report = match (running.job_type, connection.incremental()) {
            (JobType::Full, Some(changes)) => full_resumable(&job, changes).await,
            (JobType::Full, None) => full(&job).await,
            (JobType::Incremental, Some(changes)) => incremental(&job, changes).await,
            (JobType::Incremental, None) => return Err(unable(source, "what changed")),
            (JobType::AccessControl, _) => {
                let guarded = connection.guarded().map_err(|error| error.with("type", source.name()))?;
                access_control(&job, guarded).await
            }
        };
        self.remember(&client, (running, rules), &report).await?;
        Ok(report)
    }

    /// True when the source's last sync completed, into this very index and by these rules.
    async fn may_skip(&self, client: &Client, running: &Running, rules: &Rules) -> Result<bool> {
        let synced =
            self.known().get(&running.connector).and_then(|known| known.kept.as_ref()?.synced.clone());
        match synced {
            Some((uuid, by)) if by == rules.fingerprint() => {
                Ok(index::uuid(client, &running.index).await?.is_some_and(|current| current == uuid))
            }
            _ => Ok(false),
        }
    }

    async fn remember(
        &self,
        client: &Client,
        (running, rules): (&Running, &Rules),
        report: &Report,
    ) -> Result<()> {
        let is_whole = matches!(report.status, Status::Completed | Status::Skipped);
        let uuid = if is_whole && running.job_type == JobType::Full {
            index::uuid(client, &running.index).await?
        } else {
            None
        };
        if let Some(known) = self.known().get_mut(&running.connector) {
            if is_whole {
                known.completed = Some(self.context.clock.now());
            }
            if let Some(kept) = &mut known.kept {
                kept.synced = uuid.map(|uuid| (uuid, rules.fingerprint()));
            }
        }
        Ok(())
    }

    /// Writes down what a job came to, however long the server is away; not when the job is another worker's.
    async fn finish(&self, running: &Running, outcome: Outcome) {
        let told = outcome.error.as_deref().unwrap_or_default();
        tracing::info!(status = %outcome.status, error = told, indexed = outcome.counts.indexed, "the job ends");
        while running.stopped() != Some(Stop::Lost) {
            match self.write_down(running, &outcome).await {
                Ok(()) => return,
                Err(error) if self.stopping.is_cancelled() || !error.kind().is_passing() => {
                    tracing::error!(%error, "what the job came to could not be written down");
                    return;
                }
                Err(error) => tracing::warn!(%error, "what the job came to is written down later"),
            }
            tokio::time::sleep(AGAIN).await;
        }
        tracing::warn!("the job is another worker's now; nothing more is written");
    }

    async fn write_down(&self, running: &Running, outcome: &Outcome) -> Result<()> {
        let now = self.context.clock.now();
        let mut status = outcome.status;
        let written = self.store.change(Kind::Job, &running.id, |record| {
            let job = SyncJob(record.clone());
            let current = job.status().filter(|_| job.worker() == Some(&self.options.worker));
            // A cancel that came too late for the sync still is one.
            status = match current {
                Some(JobStatus::Canceling) => JobStatus::Canceled,
                _ => outcome.status,
            };
            let is_mine = current.is_some_and(|current| current.may_become(status));
            let error = outcome.error.as_deref().filter(|_| status != JobStatus::Canceled);
            Ok(is_mine.then(|| SyncJob::left(status, error, outcome.counts, now)))
        });
        if written.await?.is_none() {
            running.stop(Stop::Lost);
            return Ok(());
        }
        self.tally.end(status);
        let error = outcome.error.as_deref().filter(|_| status != JobStatus::Canceled);
        let patch = ended_connector(running.job_type, (status, error), outcome.counts, now);
        self.store.change(Kind::Connector, &running.connector, |_| Ok(Some(patch.clone()))).await.map(drop)
    }
}

/// The rules that a job was made with. A rule that can't be evaluated is left out, and told of.
fn rules(job: &SyncJob) -> Result<Rules> {
    let (rules, problems) = RuleSet::of_job(job.filtering())?.unwrap_or_default().read();
    for problem in problems {
        tracing::warn!(rule = problem.place, error = problem.message, "a rule is left out");
    }
    Ok(rules)
}

fn unable(source: &dyn Registered, what: &str) -> Error {
    Error::config(format!("this source can't tell {what}")).with("type", source.name())
}
