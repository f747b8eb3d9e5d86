//! Running a job that was claimed, from its source to its last write.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use connectors_core::elastic::{Auth, Client};
use connectors_core::sync::{
    Job, Options as SyncOptions, Owner, Report, Status, TakeOver, access_control, full, full_resumable,
    incremental,
};
use connectors_core::{Connection, Context, Error, Registered, Result, Rules, caught};
use serde_json::json;
use tracing::Instrument;

use super::assignment::Assignment;
use super::clock::ServerClock;
use super::connections::Connections;
use super::outcome::Outcome;
use super::running::{RunningJob, Stage};
use super::{form, lost, rules};
use crate::protocol::{Connector, JobStatus, JobType, Store, SyncJob};

/// What the syncs of a worker are made with.
pub(super) struct Resources {
    pub(super) store: Store,
    pub(super) clock: ServerClock,
    pub(super) assignment: Assignment,
    pub(super) connections: Connections,
    /// The folder of the marks of each index.
    pub(super) marks: Option<PathBuf>,
    /// How every sync is done.
    pub(super) options: SyncOptions,
}

/// Runs a claimed job as a task of its own, so that a fault of a source ends its job and nothing else. A sync that is asked
/// to stop and does not within `grace` is aborted, one whose job is lost at once: another worker may write by now.
pub(super) async fn execute(
    resources: &Arc<Resources>,
    (job, connector): (SyncJob, Connector),
    running: &Arc<RunningJob>,
    grace: Duration,
) -> Outcome {
    let (resources, ours) = (resources.clone(), running.clone());
    let sync = async move { caught(sync(&resources, (&job, &connector), &ours)).await };
    let mut task = tokio::spawn(sync.in_current_span());
    let joined = tokio::select! {
        joined = &mut task => joined,
        () = running.must_abort(grace) => {
            task.abort();
            task.await
        }
    };
    match joined {
        Ok(Ok(report)) => Outcome::of_report(&report, running.stopped(), running.before()),
        Ok(Err(error)) => Outcome::failed(running.stopped(), &error, running.counts()),
        Err(_) => Outcome::aborted(running.stopped(), None, running.counts()),
    }
}

async fn sync(
    resources: &Resources,
    (job, connector): (&SyncJob, &Connector),
    running: &Arc<RunningJob>,
) -> Result<Report> {
    let Resources { store, assignment, connections, .. } = resources;
    let source = assignment.source_of(connector).ok_or_else(|| {
        Error::config(
            "this program has no connector of this type; `connectors sources` lists those that it has",
        )
        .with("type", connector.service_type().unwrap_or("none"))
    })?;
    let completed = form::complete(store, connector, source).await?;
    let connector = completed.ok_or_else(|| Error::missing("the connector was deleted"))?;
    if let Some(reason) = connector.refuses(running.job_type, source.capabilities()) {
        return Err(Error::config(reason).with("type", source.name()));
    }
    let connection = connections.connect(&connector, source).await?;
    let rules = rules::of_job(connections, job, &connector, source).await?;
    lost::check(store, running).await?;
    running.enter(Stage::Syncing);
    sync_from(resources, (&*connection, source), (job, &rules), running).await
}

async fn sync_from(
    resources: &Resources,
    (connection, source): (&dyn Connection, &dyn Registered),
    (job, rules): (&SyncJob, &Rules),
    running: &Arc<RunningJob>,
) -> Result<Report> {
    let Resources { connections, .. } = resources;
    let client = writer(&resources.store, &resources.assignment, &running.connector).await?;
    let client = client.counted_apart().with_cancel(running.cancel.clone());
    running.use_client(&client);
    // Of two workers' syncs the later one prevails, whatever their own clocks say.
    let waits = connections.waits(&running.connector);
    let context = Context { clock: resources.clock.fixed(), waits, ..connections.context.clone() };
    let owner = Owner::Connector { connector: running.connector.clone() };
    let pipeline = job.pipeline();
    let fence = lost::fence(&resources.store, running);
    let mut job = Job {
        source: connection.source(),
        rules,
        client: &client,
        index: &running.index,
        owner: Some(&owner),
        context: &context,
        marks: resources.marks.as_deref(),
        pipeline: pipeline.as_ref(),
        options: SyncOptions {
            skip_unchanged: connections.basis(&running.connector),
            document_level_security: connection.document_level_security(),
            ..resources.options
        },
        counters: &running.counters,
        fence: Some(&fence),
        cancel: &running.cancel,
    };
    let mut report = run(&job, running.job_type, (connection, source)).await?;
    if report.status == Status::Refused && has_synced(&resources.store, &running.connector).await? {
        // Whichever tool synced it: the index is the connector's, and what others wrote is taken over under the guard.
        job.options.take_over = job.options.take_over.max(TakeOver::Unowned);
        report = run(&job, running.job_type, (connection, source)).await?;
    }
    if running.job_type == JobType::Full {
        connections.keep_basis(&running.connector, report.basis);
    }
    Ok(report)
}

/// One sync of the type that the job has.
async fn run(
    job: &Job<'_>,
    job_type: JobType,
    (connection, source): (&dyn Connection, &dyn Registered),
) -> Result<Report> {
    Ok(match (job_type, connection.incremental()) {
        (JobType::Full, Some(changes)) => full_resumable(job, changes).await,
        (JobType::Full, None) => full(job).await,
        (JobType::Incremental, Some(changes)) => incremental(job, changes).await,
        (JobType::Incremental, None) => {
            return Err(Error::config("this source can't tell what changed").with("type", source.name()));
        }
        (JobType::AccessControl, _) => {
            let guarded = connection.guarded().map_err(|error| error.with("type", source.name()))?;
            access_control(job, guarded).await
        }
    })
}

/// The client that writes a connector's documents: with its own key, where the settings give one.
///
/// # Errors
/// When the server refuses the key.
async fn writer(store: &Store, assignment: &Assignment, connector: &str) -> Result<Client> {
    let Some(key) = assignment.api_key(connector) else { return Ok(store.client().clone()) };
    let mut settings = store.client().settings().clone();
    settings.auth = Auth::ApiKey(key);
    Client::connect(settings).await
}

/// True once a full sync of the connector completed, by whichever service.
async fn has_synced(store: &Store, connector: &str) -> Result<bool> {
    let completed = json!({ "bool": { "filter": [
        { "term": { "connector.id": connector } },
        { "term": { "status": JobStatus::Completed.word() } },
        { "term": { "job_type": JobType::Full.word() } },
    ] } });
    Ok(!store.jobs(&completed, Some(1)).await?.is_empty())
}
