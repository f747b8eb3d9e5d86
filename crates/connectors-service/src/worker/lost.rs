//! Jobs that another service took: it may claim without a condition, and so also a job that a worker of ours has.

use std::sync::Arc;

use connectors_core::elastic::Fence;
use connectors_core::{Error, Result};

use super::running::{RunningJob, Stop};
use crate::protocol::{Kind, Store, SyncJob};

/// Holds while a job is still this worker's. Where that can't be read the write goes out: the lease, which then can't be renewed
/// either, ends the job in time.
pub(super) fn fence(store: &Store, job: &Arc<RunningJob>) -> Fence {
    let (store, job) = (store.clone(), job.clone());
    Fence::new(move || {
        let (store, job) = (store.clone(), job.clone());
        async move {
            let checked = check(&store, &job).await;
            if job.stopped() == Some(Stop::Lost) { checked } else { Ok(()) }
        }
    })
}

/// Checks that a job is still this worker's, before anything is written for it. One that is not is given up.
///
/// # Errors
/// `Transient` for a job that another worker has; when the server can't be asked.
pub(super) async fn check(store: &Store, job: &RunningJob) -> Result<()> {
    let ours = SyncJob(job.record().0);
    match store.job(&job.id).await? {
        Some(current) if current.worker() != ours.worker() => {
            let worker = current.worker().unwrap_or("none").to_owned();
            report(store, job, (&ours, &current)).await;
            job.stop(Stop::Lost);
            Err(Error::transient("another service has claimed the job").with("worker", worker))
        }
        _ => Ok(()),
    }
}

/// Says that another worker has a job of this one: in the log, and in `metadata.lost_claim` of the job, which only people read.
pub(super) async fn report(store: &Store, job: &RunningJob, (ours, current): (&SyncJob, &SyncJob)) {
    let (worker, other) = (ours.worker().unwrap_or_default(), current.worker().unwrap_or("none"));
    tracing::warn!(
        job = job.id,
        connector = job.connector,
        other,
        "the job is given up: another service has claimed it while this worker had it; do not let two services serve one connector"
    );
    let patch = SyncJob::lost_claim(worker, job.counts());
    let written = store.change(Kind::Job, &job.id, |record| {
        let is_theirs = SyncJob(record.clone()).worker() != ours.worker();
        Ok(is_theirs.then(|| patch.clone()))
    });
    if let Err(error) = written.await {
        tracing::debug!(job = job.id, %error, "that the claim was lost was not written into the job");
    }
}
