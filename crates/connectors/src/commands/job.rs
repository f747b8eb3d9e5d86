//! `connectors job`: asks for sync jobs and shows them.

use connectors_core::{Error, Result};
use connectors_service::jobs::{self, Filter};
use connectors_service::protocol::{JobStatus, Store, SyncJob, listed};
use serde_json::Value;

use super::connector::check_job_type;
use super::end::End;
use super::session::{Session, with_store};
use crate::cli;
use crate::show::{self, Column};

/// What is shown of a job, in this order.
const SHOWN: [&str; 20] = [
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
];

/// The columns of a list of jobs.
const COLUMNS: [Column<'_>; 6] = [
    Column::Whole("id"),
    Column::Text("index"),
    Column::Text("type"),
    Column::Text("status"),
    Column::Text("documents"),
    Column::Text("created"),
];

pub(super) async fn run(session: &Session, asked: cli::Job) -> Result<End> {
    with_store(session, async |store| answer(session, store, asked).await).await
}

async fn answer(session: &Session, store: &Store, asked: cli::Job) -> Result<()> {
    let now = session.context.clock.now();
    let job = match asked {
        cli::Job::Start { connector, job_type } => {
            check_job_type(session, store, &connector, job_type).await?;
            jobs::start(store, &connector, job_type, now).await?
        }
        cli::Job::List { connector, status, last } => {
            let status = status.as_deref().map(known_status).transpose()?;
            let jobs = jobs::list(store, &Filter { connector, status }, last as usize).await?;
            print_all(session, &jobs);
            return Ok(());
        }
        cli::Job::Show { id } => jobs::get(store, &id).await?,
        cli::Job::Cancel { id } => jobs::cancel(store, &id, now).await?,
    };
    print(session, &job);
    Ok(())
}

fn known_status(word: &str) -> Result<JobStatus> {
    JobStatus::of(word).ok_or_else(|| {
        Error::config(format!("there is no such state; there are: {}", listed(JobStatus::ALL)))
            .with("state", word)
    })
}

fn print_all(session: &Session, jobs: &[SyncJob]) {
    if session.json {
        return show::line(&Value::from_iter(jobs.iter().map(SyncJob::masked)).to_string());
    }
    let text = |value: Option<&str>| value.unwrap_or("-").to_owned();
    let rows = jobs.iter().map(|job| {
        let counts = job.counts();
        vec![
            job.id().to_owned(),
            text(job.value("connector.index_name").as_str()),
            job.job_type().to_string(),
            text(job.status().map(JobStatus::word)),
            format!("+{} -{}", counts.indexed, counts.deleted),
            session.times.short_of(job.text("created_at")),
        ]
    });
    show::table(&COLUMNS, rows);
    for (job, error) in jobs.iter().filter_map(|job| job.text("error").map(|error| (job, error))) {
        show::line(&format!("{}: {error}", job.id()));
    }
}

fn print(session: &Session, job: &SyncJob) {
    if session.json {
        return show::line(&job.masked().to_string());
    }
    show::line(&format!("id: {}", job.id()));
    for key in SHOWN {
        let time = job.value(key).as_str().and_then(|text| session.times.long_of(text));
        show::line(&format!("{key}: {}", time.unwrap_or_else(|| show::value(job.value(key)))));
    }
}
