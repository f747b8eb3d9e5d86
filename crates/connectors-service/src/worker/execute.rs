//! Running a job that was claimed, from its source to its last write.

use std::sync::Arc;

use connectors_core::sync::{
    Job, Options as SyncOptions, Owner, Pipeline, Report, Status, TakeOver, access_control, full,
    full_resumable, incremental,
};
use connectors_core::{Connection, Context, Error, Registered, Result, Rules, caught};
use serde_json::json;
use tracing::Instrument;

use super::Worker;
use super::outcome::Outcome;
use super::running::{Running, Stage, Stop};
use crate::protocol::{Connector, JobStatus, JobType, SyncJob};

impl Worker {
    /// Runs a claimed job in tasks of its own.
    pub(super) fn start(self: &Arc<Self>, job: SyncJob, connector: Connector) {
        let now = self.now();
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
    /// and does not is cut off, one whose job is lost at once: another worker may write by now.
    async fn outcome(
        self: &Arc<Self>,
        job: SyncJob,
        connector: Connector,
        running: &Arc<Running>,
    ) -> Outcome {
        let (worker, mine) = (self.clone(), running.clone());
        let sync = async move { caught(worker.sync(&job, &connector, &mine)).await };
        let mut task = tokio::spawn(sync.in_current_span());
        let joined = tokio::select! {
            joined = &mut task => joined,
            () = running.overdue(self.options.grace) => {
                task.abort();
                task.await
            }
        };
        match joined {
            Ok(Ok(report)) => Outcome::of(&report, running.stopped(), running.before()),
            Ok(Err(error)) => Outcome::failed(running.stopped(), &error, running.counts()),
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
        let rules = self.rules(job, &connector, source).await?;
        running.enter(Stage::Syncing);
        let pipeline = job.pipeline();
        self.run_sync(&connection, source, (running, &rules, pipeline.as_ref())).await
    }

    async fn run_sync(
        &self,
        connection: &Arc<dyn Connection>,
        source: &dyn Registered,
        (running, rules, pipeline): (&Running, &Rules, Option<&Pipeline>),
    ) -> Result<Report> {
        let client =
            self.writer(&running.connector).await?.counted_apart().with_cancel(running.cancel.clone());
        running.writes_by(&client);
        // Of two workers' syncs the later one prevails, whatever their own clocks say.
        let waits = self.waits(&running.connector);
        let context = Context { clock: self.server_clock(), waits, ..self.context.clone() };
        let owner = Owner::Connector { connector: running.connector.clone() };
        let mut job = Job {
            source: connection.source(),
            rules,
            client: &client,
            index: &running.index,
            owner: Some(&owner),
            context: &context,
            marks: self.options.marks.as_deref(),
            pipeline,
            options: SyncOptions {
                skip_unchanged: self.last_basis(running),
                document_level_security: connection.document_level_security(),
                ..self.sync
            },
            counters: &running.counters,
            cancel: &running.cancel,
        };
        let mut report = synced(&job, running.job_type, (connection, source)).await?;
        if report.status == Status::Refused && self.has_synced(&running.connector).await? {
            // Whichever tool synced it: the index is the connector's, and what others wrote is taken over under the guard.
            job.options.take_over = job.options.take_over.max(TakeOver::Unowned);
            report = synced(&job, running.job_type, (connection, source)).await?;
        }
        self.remember(running, &report);
        Ok(report)
    }

    /// True once a full sync of the connector completed, by whichever service.
    async fn has_synced(&self, connector: &str) -> Result<bool> {
        let completed = json!({ "bool": { "filter": [
            { "term": { "connector.id": connector } },
            { "term": { "status": JobStatus::Completed.word() } },
            { "term": { "job_type": JobType::Full.word() } },
        ] } });
        Ok(!self.store.jobs(&completed, Some(1)).await?.is_empty())
    }

    /// What the last full sync of the connector went by, if it is verified: where nothing of it changed, the source may be asked
    /// whether anything changed there.
    fn last_basis(&self, running: &Running) -> Option<u64> {
        self.known().get(&running.connector).and_then(|known| known.kept.as_ref()?.basis)
    }

    fn remember(&self, running: &Running, report: &Report) {
        let is_whole = matches!(report.status, Status::Completed | Status::Skipped);
        if let Some(known) = self.known().get_mut(&running.connector) {
            if is_whole {
                known.completed = Some(self.now());
            }
            if let Some(kept) = known.kept.as_mut().filter(|_| running.job_type == JobType::Full) {
                kept.basis = report.basis;
            }
        }
    }
}

/// One sync of the type that the job has.
async fn synced(
    job: &Job<'_>,
    job_type: JobType,
    (connection, source): (&Arc<dyn Connection>, &dyn Registered),
) -> Result<Report> {
    Ok(match (job_type, connection.incremental()) {
        (JobType::Full, Some(changes)) => full_resumable(job, changes).await,
        (JobType::Full, None) => full(job).await,
        (JobType::Incremental, Some(changes)) => incremental(job, changes).await,
        (JobType::Incremental, None) => return Err(unable(source, "what changed")),
        (JobType::AccessControl, _) => {
            let guarded = connection.guarded().map_err(|error| error.with("type", source.name()))?;
            access_control(job, guarded).await
        }
    })
}

fn unable(source: &dyn Registered, what: &str) -> Error {
    Error::config(format!("this source can't tell {what}")).with("type", source.name())
}
