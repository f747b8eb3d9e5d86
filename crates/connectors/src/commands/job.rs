//! `connectors job`: asks for sync jobs and shows them.

use connectors_core::{Error, Result};
use serde_json::{Value, json};

use super::connector::unknown as unknown_connector;
use super::{Desk, End, Fleet};
use crate::protocol::{ConnectorStatus, JobStatus, JobType, Kind, SyncJob, Trigger, listed, masked};
use crate::{cli, show};

pub(super) async fn run(desk: &Desk, asked: cli::Job) -> Result<End> {
    Fleet::during(desk, async |fleet| answer(desk, fleet, asked).await).await
}

async fn answer(desk: &Desk, fleet: &Fleet, asked: cli::Job) -> Result<()> {
    match asked {
        cli::Job::Start { connector, job_type } => start(desk, fleet, (&connector, job_type)).await,
        cli::Job::List { connector, status, last } => {
            let status = status.as_deref().map(known_status).transpose()?;
            let mut filter = Vec::new();
            filter.extend(connector.map(|id| json!({ "term": { "connector.id": id } })));
            filter.extend(status.map(|status| json!({ "term": { "status": status.word() } })));
            let query = json!({ "bool": { "filter": filter } });
            list(desk, &fleet.store.jobs(&query, Some(last as usize)).await?);
            Ok(())
        }
        cli::Job::Show { id } => {
            let job = fleet.store.job(&id).await?.ok_or_else(|| unknown(&id))?;
            told(desk, &job);
            Ok(())
        }
        cli::Job::Cancel { id } => cancel(desk, fleet, &id).await,
    }
}

async fn start(desk: &Desk, fleet: &Fleet, (id, job_type): (&str, JobType)) -> Result<()> {
    let connector = fleet.store.connector(id).await?.ok_or_else(|| unknown_connector(id))?;
    fleet.store.refresh(Kind::Job).await?;
    let waits = json!({ "bool": { "filter": [
        { "term": { "connector.id": id } }, { "term": { "job_type": job_type.word() } },
        JobStatus::among(&JobStatus::OPEN),
    ] } });
    if let Some(other) = fleet.store.jobs(&waits, Some(1)).await?.first() {
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
    let now = desk.context.clock.now();
    let id = fleet.store.add_job(&connector, (job_type, Trigger::OnDemand), now).await?;
    let job = fleet.store.job(&id).await?.ok_or_else(|| unknown(&id))?;
    told(desk, &job);
    Ok(())
}

async fn cancel(desk: &Desk, fleet: &Fleet, id: &str) -> Result<()> {
    let now = desk.context.clock.now();
    let job = fleet.store.cancel_job(id, now).await?.ok_or_else(|| unknown(id))?;
    told(desk, &job);
    Ok(())
}

fn known_status(word: &str) -> Result<JobStatus> {
    JobStatus::of(word).ok_or_else(|| {
        Error::config(format!("there is no such state; there are: {}", listed(JobStatus::ALL)))
            .with("state", word)
    })
}

fn list(desk: &Desk, jobs: &[SyncJob]) {
    if desk.json {
        return show::line(&Value::from_iter(jobs.iter().map(shown)).to_string());
    }
    let text = |value: Option<&str>| value.unwrap_or("-").to_owned();
    let rows = jobs.iter().map(|job| {
        vec![
            job.id().to_owned(),
            text(job.connector_id()),
            job.job_type().to_string(),
            text(job.status().map(JobStatus::word)),
            job.counts().indexed.to_string(),
            job.counts().deleted.to_string(),
            text(job.0.text("created_at")),
            text(job.0.text("error")),
        ]
    });
    show::table(&["id", "connector", "type", "status", "indexed", "deleted", "created (UTC)", "error"], rows);
}

fn told(desk: &Desk, job: &SyncJob) {
    if desk.json {
        return show::line(&shown(job).to_string());
    }
    show::line(&format!("id: {}", job.id()));
    for key in [
        "connector.id",
        "connector.index_name",
        "job_type",
        "trigger_method",
        "status",
        "error",
        "worker_hostname",
        "indexed_document_count",
        "deleted_document_count",
        "total_document_count",
        "metadata.stage",
        "metadata.listed",
        "metadata.unchanged",
        "metadata.failed",
        "metadata.tries",
        "metadata.try_at",
        "created_at",
        "started_at",
        "last_seen",
        "completed_at",
    ] {
        show::line(&format!("{key}: {}", show::value(job.0.value(key))));
    }
}

/// The document with its id, secrets masked.
fn shown(job: &SyncJob) -> Value {
    let mut shown = Value::from(job.0.fields.clone());
    shown["id"] = job.id().into();
    let configuration = masked(&job.0.object("connector.configuration"), &[]);
    if shown["connector"].is_object() {
        shown["connector"]["configuration"] = configuration.into();
    }
    shown
}

fn unknown(id: &str) -> Error {
    Error::config("there is no such job; `connectors job list` lists them").with("id", id)
}
