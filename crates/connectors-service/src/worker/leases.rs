//! Leases: a worker has a job for as long as it says so often enough.

use std::collections::HashMap;
use std::sync::Mutex;
use std::time::Duration;

use chrono::{DateTime, Utc};
use connectors_core::Result;
use serde_json::json;

use super::clock::ServerClock;
use crate::lock::lock;
use crate::protocol::{JobStatus, Kind, Store, SyncJob};

/// A job whose worker went away so often is given up.
pub(super) const MAX_TAKEOVERS: u64 = 5;

/// Who this worker is, and when the lease of a job has expired.
pub(super) struct Leases {
    /// The server's clock.
    pub(super) clock: ServerClock,
    /// The name of this worker.
    pub(super) worker: String,
    /// How long a lease lasts after its last renewal.
    pub(super) duration: Duration,
    /// Renewals that lie ahead, by the id of the job.
    ahead: Mutex<HashMap<String, Ahead>>,
}

/// A renewal from the future, and when it was first seen.
struct Ahead {
    renewed: DateTime<Utc>,
    seen: DateTime<Utc>,
}

impl Leases {
    pub(super) fn new(clock: ServerClock, worker: String, duration: Duration) -> Self {
        Self { clock, worker, duration, ahead: Mutex::default() }
    }

    /// True for a running job whose worker did not renew its lease in time.
    ///
    /// A renewal from the future was written by a wrong clock: its age counts from when this worker first saw it.
    pub(super) fn is_expired(&self, job: &SyncJob) -> bool {
        let is_old = |renewed: DateTime<Utc>| {
            let now = self.clock.now();
            let ahead = lock(&self.ahead);
            let seen = ahead.get(job.id()).filter(|ahead| ahead.renewed == renewed);
            let seen = seen.map(|ahead| ahead.seen);
            let since = if renewed > now { seen.unwrap_or(now) } else { renewed };
            (now - since).to_std().unwrap_or_default() > self.duration
        };
        is_running(job) && job.last_seen().is_none_or(is_old)
    }

    /// True for a job that a living worker has.
    pub(super) fn is_held(&self, job: &SyncJob) -> bool {
        is_running(job) && !self.is_expired(job)
    }

    /// True for a job that a worker may take now.
    pub(super) fn may_take(&self, job: &SyncJob) -> bool {
        match job.status() {
            Some(JobStatus::Pending | JobStatus::Suspended) => !job.waits_for_retry(self.clock.now()),
            Some(JobStatus::InProgress) => self.is_expired(job) && job.takeovers() < MAX_TAKEOVERS,
            _ => false,
        }
    }

    /// Keeps when renewals from the future were first seen.
    pub(super) fn observe(&self, open: &[SyncJob]) {
        let (now, mut ahead) = (self.clock.now(), lock(&self.ahead));
        ahead.retain(|id, _| open.iter().any(|job| job.id() == id));
        for job in open.iter().filter(|job| is_running(job)) {
            let Some(renewed) = job.last_seen().filter(|renewed| *renewed > now) else { continue };
            if ahead.get(job.id()).is_none_or(|ahead| ahead.renewed != renewed) {
                ahead.insert(job.id().to_owned(), Ahead { renewed, seen: now });
            }
        }
    }
}

fn is_running(job: &SyncJob) -> bool {
    job.status().is_some_and(JobStatus::is_running)
}

/// True while a living worker has another job of the connector.
///
/// # Errors
/// When the server can't be asked.
pub(super) async fn has_other_job(
    store: &Store,
    leases: &Leases,
    connector: &str,
    job: &str,
) -> Result<bool> {
    store.refresh(Kind::Job).await?;
    let running = json!({ "bool": {
        "filter": [
            { "term": { "connector.id": connector } },
            JobStatus::among(&JobStatus::RUNNING),
        ],
        "must_not": [{ "ids": { "values": [job] } }],
    } });
    let others = store.jobs(&running, None).await?;
    Ok(others.iter().any(|other| !leases.is_expired(other)))
}
