//! What the worker does, in numbers that Prometheus reads.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;

use chrono::{DateTime, Utc};
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;

use super::running::{RunningJob, RunningJobs};
use super::stats::{ConnectorStats, Stats, Totals};
use crate::protocol::JobStatus;

/// Reads one of the totals.
type Number = fn(&Totals) -> u64;
type Labels = Vec<(&'static str, String)>;

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

/// All numbers in the text format of Prometheus.
///
/// # Errors
/// Never: a text takes whatever is written into it.
pub(super) fn text(stats: &Stats, jobs: &RunningJobs, now: DateTime<Utc>) -> Result<String, fmt::Error> {
    let mut registry = Registry::with_prefix("connectors");
    of_connectors(&mut registry, &stats.connectors(jobs), now);
    of_jobs(&mut registry, &jobs.all(), now);
    of_worker(&mut registry, stats);
    let mut text = String::new();
    encode(&mut text, &registry)?;
    Ok(text)
}

fn of_connectors(registry: &mut Registry, connectors: &[(String, ConnectorStats)], now: DateTime<Utc>) {
    let lags = Family::<Labels, Gauge>::default();
    for (id, stats) in connectors {
        if let Some(completed) = stats.completed {
            lags.get_or_create(&of(id)).set((now - completed).num_seconds());
        }
    }
    for (name, help, number) in COUNTERS {
        let family = Family::<Labels, Counter>::default();
        for (id, stats) in connectors {
            family.get_or_create(&of(id)).inc_by(number(&stats.totals));
        }
        registry.register(name, help, family);
    }
    registry.register("lag_seconds", "Seconds since the last sync that completed", lags);
}

fn of_jobs(registry: &mut Registry, jobs: &[Arc<RunningJob>], now: DateTime<Utc>) {
    let (stages, still) = (Family::<Labels, Gauge>::default(), Family::<Labels, Gauge>::default());
    for job in jobs {
        let mut labels = of(&job.connector);
        still.get_or_create(&labels).set(job.stalled_for(now).num_seconds());
        labels.push(("job_type", job.job_type.to_string()));
        labels.push(("stage", job.stage_word().to_owned()));
        stages.get_or_create(&labels).set(1);
    }
    registry.register("job_stage", "The stage in which a running job is", stages);
    registry.register("job_still_seconds", "Seconds since a running job last made progress", still);
}

fn of_worker(registry: &mut Registry, stats: &Stats) {
    let (ended, runs) = (Family::<Labels, Counter>::default(), Family::<Labels, Counter>::default());
    for status in JobStatus::ALL {
        let number = stats.ended(*status);
        if number > 0 {
            ended.get_or_create(&vec![("status", status.to_string())]).inc_by(number);
        }
    }
    for (how, counter) in
        [("on_time", &stats.on_time), ("caught_up", &stats.caught_up), ("skipped", &stats.skipped)]
    {
        runs.get_or_create(&vec![("how", how.to_owned())]).inc_by(counter.load(Relaxed));
    }
    let taken = Counter::<u64>::default();
    taken.inc_by(stats.taken_over.load(Relaxed));
    registry.register("jobs_ended", "Jobs that this worker ended, by state", ended);
    registry.register("runs", "Runs of schedules that came due, by what became of them", runs);
    registry.register("jobs_taken_over", "Jobs taken over from workers that went away", taken);
}

fn of(connector: &str) -> Labels {
    vec![("connector", connector.to_owned())]
}
