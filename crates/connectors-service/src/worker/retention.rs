//! Documents of jobs that are over: they are kept for a while.

use std::collections::HashSet;

use chrono::{DateTime, TimeDelta, Utc};
use connectors_core::Result;
use serde_json::{Value, json};

use super::options::Retention;
use super::orphans;
use super::periodic::Periodic;
use crate::protocol::{Connector, JobStatus, JobType, Store, SyncJob, timestamp};

/// Between two passes, once nothing more is to be removed.
const EVERY: TimeDelta = TimeDelta::hours(1);
/// Documents that are removed in one tick.
const LIMIT: usize = 1_000;

/// Which documents of jobs stay, and when they are next looked for.
pub(super) struct Sweep {
    retention: Retention,
    passes: Periodic,
}

impl Sweep {
    pub(super) fn new(retention: Retention) -> Self {
        Self { retention, passes: Periodic::every(EVERY) }
    }
}

/// Removes documents of old jobs, a bounded number in each tick, and once an hour where there are none left.
/// Jobs that are not over are not touched, nor is the last of each type of a connector that exists. A failure
/// is logged and tried again in the next tick.
pub(super) async fn sweep(store: &Store, sweep: &Sweep, connectors: &[Connector], now: DateTime<Utc>) {
    if !sweep.passes.is_due(now) {
        return;
    }
    match remove_old(store, sweep.retention, connectors, now).await {
        Ok(0) => sweep.passes.done(now),
        Ok(removed) => tracing::info!(removed, "documents of old jobs are removed"),
        Err(error) => tracing::warn!(%error, "documents of old jobs were not removed; trying again"),
    }
}

async fn remove_old(
    store: &Store,
    retention: Retention,
    connectors: &[Connector],
    now: DateTime<Utc>,
) -> Result<usize> {
    let mut old = expired(store, retention, now).await?;
    for (connector, surplus) in surplus(store, retention).await? {
        if old.len() >= LIMIT {
            break;
        }
        let most = usize::try_from(surplus).unwrap_or(LIMIT).min(LIMIT - old.len());
        old.extend(store.oldest_jobs(&over(&[of(&connector)]), most).await?);
    }
    let kept = last_of_each_type(store, connectors, &old).await?;
    let mut seen = HashSet::new();
    old.retain(|job| !kept.contains(job.id()) && seen.insert(job.id().to_owned()));
    if old.is_empty() { Ok(0) } else { store.remove_jobs(&old).await }
}

/// Jobs that are over and too old.
async fn expired(store: &Store, retention: Retention, now: DateTime<Utc>) -> Result<Vec<SyncJob>> {
    let Some(days) = retention.days else { return Ok(Vec::new()) };
    let before = now - TimeDelta::days(days.into());
    let is_older = json!({ "range": { "created_at": { "lt": timestamp(before) } } });
    let mut old = store.oldest_jobs(&over(&[is_older]), LIMIT).await?;
    // What is removed is checked here too, whatever a server makes of a range.
    old.retain(|job| job.created_at().is_some_and(|created| created < before));
    Ok(old)
}

/// Connectors with more jobs than are kept, and how many more.
async fn surplus(store: &Store, retention: Retention) -> Result<Vec<(String, u64)>> {
    let Some(count) = retention.count.map(u64::from) else { return Ok(Vec::new()) };
    let more = store.connectors_with_more_jobs(count, &over(&[])).await?;
    Ok(more.into_iter().map(|(connector, found)| (connector, found - count)).collect())
}

/// The ids of the last jobs of each type of each connector.
async fn last_of_each_type(
    store: &Store,
    connectors: &[Connector],
    old: &[SyncJob],
) -> Result<HashSet<String>> {
    let deleted = orphans::deleted(store, connectors, old).await;
    let kinds: HashSet<(&str, JobType)> = old
        .iter()
        .filter_map(|job| Some((job.connector_id().filter(|id| !deleted.contains(id))?, job.job_type())))
        .collect();
    let mut last = HashSet::new();
    for (connector, job_type) in kinds {
        let of_type = json!({ "term": { "job_type": job_type.word() } });
        let newest = store.jobs(&over(&[of(connector), of_type]), Some(1)).await?;
        last.extend(newest.iter().map(|job| job.id().to_owned()));
    }
    Ok(last)
}

fn of(connector: &str) -> Value {
    json!({ "term": { "connector.id": connector } })
}

/// The query for jobs that are over and match.
fn over(filters: &[Value]) -> Value {
    let mut all = vec![JobStatus::among(&JobStatus::FINAL)];
    all.extend_from_slice(filters);
    json!({ "bool": { "filter": all } })
}
