//! What a worker did since it started.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use chrono::{DateTime, Utc};

use super::running::{RunningJob, RunningJobs};
use crate::lock::lock;
use crate::protocol::{Connector, JobStatus};
use crate::schedule::Due;

/// Counts since the worker started.
#[derive(Debug, Default)]
pub(super) struct Stats {
    /// Runs made on time.
    pub(super) on_time: AtomicU64,
    /// Runs made up for.
    pub(super) caught_up: AtomicU64,
    /// Runs left out.
    pub(super) skipped: AtomicU64,
    /// Jobs taken over from workers that went away.
    pub(super) taken_over: AtomicU64,
    /// Jobs that ended, by their states in the protocol's order.
    ended: [AtomicU64; JobStatus::ALL.len()],
    /// What was done for each connector, by id.
    connectors: Mutex<BTreeMap<String, ConnectorStats>>,
}

/// What was done for a connector.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct ConnectorStats {
    /// What its jobs did.
    pub(super) totals: Totals,
    /// When its last sync completed.
    pub(super) completed: Option<DateTime<Utc>>,
}

/// What the jobs of a connector did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Totals {
    pub(super) listed: u64,
    pub(super) sent: u64,
    pub(super) unchanged: u64,
    pub(super) failed: u64,
    pub(super) deleted: u64,
    pub(super) bytes: u64,
    pub(super) requests: u64,
    pub(super) busy: u64,
}

impl Totals {
    /// With what a job counted so far.
    fn with(mut self, job: &RunningJob) -> Self {
        let (read, counters) = (|counter: &AtomicU64| counter.load(Relaxed), &job.counters);
        self.listed += read(&counters.listed);
        self.sent += read(&counters.sent);
        self.unchanged += read(&counters.unchanged);
        self.failed += read(&counters.failed);
        self.deleted += read(&counters.deleted);
        if let Some(client) = job.client() {
            let [requests, bytes, _] = client.traffic().totals();
            self.bytes += bytes;
            self.requests += requests;
            self.busy += read(&client.traffic().busy);
        }
        self
    }
}

impl Stats {
    /// Counts what came due of a schedule.
    pub(super) fn count(&self, due: &Due) {
        self.on_time.fetch_add(u64::from(due.on_time.is_some()), Relaxed);
        self.caught_up.fetch_add(due.caught_up.len() as u64, Relaxed);
        self.skipped.fetch_add(due.skipped as u64, Relaxed);
    }

    /// Counts the end of a job.
    pub(super) fn end(&self, status: JobStatus) {
        if let Some(place) = JobStatus::ALL.iter().position(|known| *known == status) {
            self.ended[place].fetch_add(1, Relaxed);
        }
    }

    /// Jobs that ended like this.
    pub(super) fn ended(&self, status: JobStatus) -> u64 {
        let place = JobStatus::ALL.iter().position(|known| *known == status);
        place.map_or(0, |place| self.ended[place].load(Relaxed))
    }

    /// From now on these connectors are listed, also those without a job.
    pub(super) fn observe(&self, served: &[&Connector]) {
        let mut connectors = lock(&self.connectors);
        for connector in served {
            connectors.entry(connector.id().to_owned()).or_default();
        }
    }

    /// Drops the connectors that are not kept.
    pub(super) fn retain(&self, is_kept: &impl Fn(&str) -> bool) {
        lock(&self.connectors).retain(|id, _| is_kept(id));
    }

    /// A sync of a connector completed.
    pub(super) fn complete(&self, connector: &str, now: DateTime<Utc>) {
        if let Some(stats) = lock(&self.connectors).get_mut(connector) {
            stats.completed = Some(now);
        }
    }

    /// Adds a job that is over to the totals of its connector; from then on it is no running one.
    pub(super) fn leave(&self, jobs: &RunningJobs, job: &RunningJob) {
        let mut connectors = lock(&self.connectors);
        if let Some(stats) = connectors.get_mut(&job.connector) {
            stats.totals = stats.totals.with(job);
        }
        jobs.remove(&job.id);
    }

    /// What was done for each connector, by id, with what its running job did so far.
    pub(super) fn connectors(&self, jobs: &RunningJobs) -> Vec<(String, ConnectorStats)> {
        // In this order: a job that ends goes from one to the other under the lock of the first.
        let connectors = lock(&self.connectors);
        let running = jobs.all();
        let current = connectors.iter().map(|(id, stats)| {
            let job = running.iter().find(|job| job.connector == *id);
            let totals = job.map_or(stats.totals, |job| stats.totals.with(job));
            (id.clone(), ConnectorStats { totals, ..*stats })
        });
        current.collect()
    }
}
