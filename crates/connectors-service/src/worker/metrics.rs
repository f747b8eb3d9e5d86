//! What the worker does, in numbers that Prometheus reads.

use std::fmt;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::Relaxed;

use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;

use super::Worker;
use super::running::Running;
use crate::protocol::JobStatus;

/// Reads one of the totals.
type Number = fn(&Totals) -> u64;
type Labels = Vec<(&'static str, String)>;

/// What the jobs of a connector did since the worker started.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Totals {
    listed: u64,
    sent: u64,
    unchanged: u64,
    failed: u64,
    deleted: u64,
    bytes: u64,
    requests: u64,
    busy: u64,
}

/// Name, meaning, and number of each counter of a connector.
const COUNTERS: [(&str, &str, Number); 8] = [
    ("documents_listed", "Documents that the source listed", |totals| totals.listed),
    ("documents_sent", "Documents sent to Elasticsearch", |totals| totals.sent),
    ("documents_unchanged", "Documents left alone as the index holds them", |totals| totals.unchanged),
    ("documents_failed", "Documents that failed, and errors of listings", |totals| totals.failed),
    ("documents_deleted", "Documents removed from the index", |totals| totals.deleted),
    ("elasticsearch_sent_bytes", "Bytes of request bodies", |totals| totals.bytes),
    ("elasticsearch_requests", "Requests to Elasticsearch", |totals| totals.requests),
    ("elasticsearch_busy", "Answers that asked to slow down (429)", |totals| totals.busy),
];

impl Totals {
    /// With what a job counted so far.
    pub(super) fn with(mut self, running: &Running) -> Self {
        let (read, counters) = (|counter: &AtomicU64| counter.load(Relaxed), &running.counters);
        self.listed += read(&counters.listed);
        self.sent += read(&counters.sent);
        self.unchanged += read(&counters.unchanged);
        self.failed += read(&counters.failed);
        self.deleted += read(&counters.deleted);
        if let Some(client) = running.client() {
            let [requests, bytes, _] = client.traffic().totals();
            self.bytes += bytes;
            self.requests += requests;
            self.busy += read(&client.traffic().busy);
        }
        self
    }
}

impl Worker {
    /// All numbers in the text format of Prometheus.
    ///
    /// # Errors
    /// Never: a text takes whatever is written into it.
    pub(crate) fn metrics(&self) -> Result<String, fmt::Error> {
        let mut registry = Registry::with_prefix("connectors");
        self.of_connectors(&mut registry);
        self.of_jobs(&mut registry);
        self.of_worker(&mut registry);
        let mut text = String::new();
        encode(&mut text, &registry)?;
        Ok(text)
    }

    fn of_connectors(&self, registry: &mut Registry) {
        let now = self.now();
        let mut all: Vec<(String, Totals)> = Vec::new();
        let lags = Family::<Labels, Gauge>::default();
        // In this order: a job that ends goes from one to the other under the lock of the first.
        let known = self.known();
        let running = self.all_running();
        for (id, known) in known.iter() {
            let job = running.iter().find(|running| running.connector == *id);
            all.push((id.clone(), job.map_or(known.totals, |job| known.totals.with(job))));
            if let Some(completed) = known.completed {
                lags.get_or_create(&of(id)).set((now - completed).num_seconds());
            }
        }
        drop(known);
        for (name, help, number) in COUNTERS {
            let family = Family::<Labels, Counter>::default();
            for (id, totals) in &all {
                family.get_or_create(&of(id)).inc_by(number(totals));
            }
            registry.register(name, help, family);
        }
        registry.register("lag_seconds", "Seconds since the last sync that completed", lags);
    }

    fn of_jobs(&self, registry: &mut Registry) {
        let (stages, still) = (Family::<Labels, Gauge>::default(), Family::<Labels, Gauge>::default());
        let now = self.now();
        for running in self.all_running() {
            let mut labels = of(&running.connector);
            still.get_or_create(&labels).set(running.still_since(now).num_seconds());
            labels.push(("job_type", running.job_type.to_string()));
            labels.push(("stage", running.stage_word().to_owned()));
            stages.get_or_create(&labels).set(1);
        }
        registry.register("job_stage", "The stage in which a running job is", stages);
        registry.register("job_still_seconds", "Seconds since a running job last made progress", still);
    }

    fn of_worker(&self, registry: &mut Registry) {
        let (ended, runs) = (Family::<Labels, Counter>::default(), Family::<Labels, Counter>::default());
        for status in JobStatus::ALL {
            let number = self.tally.ended(*status);
            if number > 0 {
                ended.get_or_create(&vec![("status", status.to_string())]).inc_by(number);
            }
        }
        let tally = &self.tally;
        for (how, counter) in
            [("on_time", &tally.on_time), ("caught_up", &tally.caught_up), ("skipped", &tally.skipped)]
        {
            runs.get_or_create(&vec![("how", how.to_owned())]).inc_by(counter.load(Relaxed));
        }
        let taken = Counter::<u64>::default();
        taken.inc_by(tally.taken_over.load(Relaxed));
        registry.register("jobs_ended", "Jobs that this worker ended, by state", ended);
        registry.register("runs", "Runs of schedules that came due, by what became of them", runs);
        registry.register("jobs_taken_over", "Jobs taken over from workers that went away", taken);
    }
}

fn of(connector: &str) -> Labels {
    vec![("connector", connector.to_owned())]
}
