//! `connectors job`: asks for sync jobs and shows them.

use std::time::Duration;

use connectors_core::{Error, Result};
use connectors_service::jobs::{self, Filter};
use connectors_service::protocol::{JobStatus, JobType, Store, SyncJob, listed};
use serde_json::Value;

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

/// Between two looks at a job that is waited for.
const LOOK: Duration = Duration::from_millis(500);

/// The columns of a list of jobs.
pub(crate) const COLUMNS: [Column<'_>; 6] = [
    Column::Whole("id"),
    Column::Text("index"),
    Column::Whole("type"),
    Column::Whole("status"),
    Column::Whole("docs"),
    Column::Whole("created"),
];

pub(super) async fn run(session: &Session, asked: cli::Job) -> Result<End> {
    if let cli::Job::Start { connector, job_type, wait: true } = asked {
        return start_and_wait(session, (&connector, job_type)).await;
    }
    with_store(session, async |store| answer(session, store, asked).await).await
}

/// Asks for a sync, shows it once it is over, and ends as it ended.
async fn start_and_wait(session: &Session, (connector, job_type): (&str, JobType)) -> Result<End> {
    let mut end = End::Failed;
    with_store(session, async |store| {
        let job = start(session, store, (connector, job_type)).await?;
        show::note(&format!("waiting for the job {}; Ctrl-C leaves it to the service", job.id()));
        let job = over(store, job).await?;
        if job.status() == Some(JobStatus::Completed) {
            end = End::Done;
        }
        print(session, &job);
        Ok(())
    })
    .await?;
    Ok(end)
}

async fn start(session: &Session, store: &Store, (connector, job_type): (&str, JobType)) -> Result<SyncJob> {
    jobs::start(store, &session.registry, (connector, job_type), session.context.clock.now()).await
}

/// The job once it is over.
async fn over(store: &Store, mut job: SyncJob) -> Result<SyncJob> {
    while job.status().is_none_or(|status| JobStatus::OPEN.contains(&status)) {
        tokio::time::sleep(LOOK).await;
        job = jobs::get(store, job.id()).await?;
    }
    Ok(job)
}

async fn answer(session: &Session, store: &Store, asked: cli::Job) -> Result<()> {
    let now = session.context.clock.now();
    let job = match asked {
        cli::Job::Start { connector, job_type, .. } => start(session, store, (&connector, job_type)).await?,
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
