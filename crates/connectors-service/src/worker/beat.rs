//! Renewals: of the leases of running jobs, and of when connectors were last seen.

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use connectors_core::Result;
use futures::future::join_all;
use serde_json::json;

use super::assignment::Assignment;
use super::concurrent;
use super::leases::Leases;
use super::lost;
use super::running::{RunningJob, Stage, Stop};
use crate::protocol::{JobStatus, Kind, Store, SyncJob, Written};

/// Stops jobs whose leases expired unseen, as while the machine slept: another worker may have begun, so nothing
/// is asked before.
pub(super) fn stop_expired(leases: &Leases, jobs: &[Arc<RunningJob>]) {
    for job in jobs.iter().filter(|job| job.stopped() != Some(Stop::Lost)) {
        let (_, renewed) = job.record();
        if leases.clock.elapsed(renewed) > leases.duration {
            tracing::warn!(job = job.id, "the job is given up: its lease expired");
            job.stop(Stop::Lost);
        }
    }
}

/// Stops jobs that somebody asked to cancel. A failure is logged and tried again by the next beat.
pub(super) async fn stop_canceled(store: &Store, leases: &Leases, jobs: &[Arc<RunningJob>], limit: Duration) {
    let query = json!({ "bool": { "filter": [
        { "term": { "status": JobStatus::Canceling.word() } },
        { "term": { "worker_hostname": leases.worker } },
    ] } });
    let asked = async {
        let canceling = store.jobs(&query, None).await?;
        let is_asked = |id: &str| canceling.iter().any(|job| job.id() == id);
        jobs.iter().filter(|job| is_asked(&job.id)).for_each(|job| job.stop(Stop::Cancel));
        Ok(())
    };
    if let Err(error) = concurrent::within(limit, asked).await {
        tracing::warn!(%error, "jobs that are to be cancelled could not be listed; trying again");
    }
}

/// Renews the leases of these jobs, each once in `every`, with their progress.
pub(super) async fn renew(store: &Store, leases: &Leases, jobs: &[Arc<RunningJob>], every: Duration) {
    join_all(jobs.iter().map(|job| renew_one(store, leases, job, every))).await;
}

/// Renews the lease of a job. One that could not be renewed for two thirds of its time is given up, so that
/// the sync has ended when another worker may begin.
async fn renew_one(store: &Store, leases: &Leases, job: &RunningJob, every: Duration) {
    let (_, renewed) = job.record();
    let age = leases.clock.elapsed(renewed);
    if age < every {
        return;
    }
    match concurrent::within(every, write(store, leases, job)).await {
        Ok(()) => {}
        Err(error) if age > leases.duration * 2 / 3 => {
            tracing::warn!(job = job.id, %error, "the job is given up: its lease can't be renewed");
            job.stop(Stop::Lost);
        }
        Err(error) => tracing::warn!(job = job.id, %error, "the lease was not renewed; trying again"),
    }
}

async fn write(store: &Store, leases: &Leases, job: &RunningJob) -> Result<()> {
    let (now, (record, _)) = (leases.clock.now(), job.record());
    let patch = SyncJob::renewed(job.counts(), job.stage_word(), now);
    if let Written::Done(record) = store.update(Kind::Job, &record, &patch).await? {
        job.renewed(record, now);
        return Ok(());
    }
    match store.job(&job.id).await? {
        Some(current) if current.worker() == Some(&leases.worker) => match current.status() {
            Some(JobStatus::Canceling) => {
                job.read(current.0);
                job.stop(Stop::Cancel);
            }
            Some(JobStatus::InProgress) => job.read(current.0),
            // It is over: this worker has just written so, or somebody else has.
            _ if job.stage() == Stage::Ending => {}
            _ => job.stop(Stop::Lost),
        },
        None => job.stop(Stop::Deleted),
        Some(current) => {
            job.stop(Stop::Lost);
            lost::report(store, job, (&SyncJob(record), &current)).await;
        }
    }
    Ok(())
}

/// Writes into every connector of this worker that its service was seen now.
///
/// # Errors
/// When the server can't be asked.
pub(super) async fn check_in(store: &Store, assignment: &Assignment, now: DateTime<Utc>) -> Result<()> {
    let connectors = store.connectors().await?;
    let served = connectors.iter().filter(|connector| assignment.serves(connector));
    let written = served.map(|connector| store.check_in(connector, now)).collect();
    concurrent::all(written).await.into_iter().collect()
}
