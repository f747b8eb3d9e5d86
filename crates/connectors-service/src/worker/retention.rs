//! Documents of jobs that are over: they are kept for a while.

use std::collections::{HashMap, HashSet};

use chrono::TimeDelta;
use connectors_core::Result;
use serde_json::{Value, json};

use super::{Worker, lock};
use crate::protocol::{Connector, JobStatus, JobType, SyncJob, timestamp};

/// Between two looks that found nothing more to remove.
const EVERY: TimeDelta = TimeDelta::hours(1);
/// Documents that are removed in one tick.
const MOST: usize = 1_000;

impl Worker {
    /// Removes documents of old jobs, a bounded number in each tick, and once an hour where there are none left.
    /// Jobs that are not over are not touched, nor is the last of each type of a connector that exists. A failure
    /// is logged and tried again in the next tick.
    pub(super) async fn sweep(&self, connectors: &[Connector]) {
        let now = self.now();
        let is_due = lock(&self.swept).is_none_or(|swept| (now - swept).abs() >= EVERY);
        if !is_due {
            return;
        }
        match self.remove_old(connectors).await {
            Ok(0) => *lock(&self.swept) = Some(now),
            Ok(removed) => tracing::info!(removed, "documents of old jobs are removed"),
            Err(error) => tracing::warn!(%error, "documents of old jobs were not removed; trying again"),
        }
    }

    async fn remove_old(&self, connectors: &[Connector]) -> Result<usize> {
        let mut old = self.outlived().await?;
        for (connector, surplus) in self.surplus().await? {
            if old.len() >= MOST {
                break;
            }
            let most = usize::try_from(surplus).unwrap_or(MOST).min(MOST - old.len());
            old.extend(self.store.oldest_jobs(&over(&[of(&connector)]), most).await?);
        }
        let kept = self.last_of_each_type(connectors, &old).await?;
        let mut seen = HashSet::new();
        old.retain(|job| !kept.contains(job.id()) && seen.insert(job.id().to_owned()));
        if old.is_empty() { Ok(0) } else { self.store.remove_jobs(&old).await }
    }

    /// Jobs that are over and too old.
    async fn outlived(&self) -> Result<Vec<SyncJob>> {
        let Some(days) = self.options.retention.days else { return Ok(Vec::new()) };
        let before = self.now() - TimeDelta::days(days.into());
        let is_older = json!({ "range": { "created_at": { "lt": timestamp(before) } } });
        let mut old = self.store.oldest_jobs(&over(&[is_older]), MOST).await?;
        // What is removed is checked here too, whatever a server makes of a range.
        old.retain(|job| job.created_at().is_some_and(|created| created < before));
        Ok(old)
    }

    /// Connectors with more jobs than are kept, and how many more.
    async fn surplus(&self) -> Result<Vec<(String, u64)>> {
        let Some(count) = self.options.retention.count.map(u64::from) else { return Ok(Vec::new()) };
        let more = self.store.more_jobs_than(count, &over(&[])).await?;
        Ok(more.into_iter().map(|(connector, found)| (connector, found - count)).collect())
    }

    /// The ids of the jobs that tell how a connector's last job of a type ended.
    async fn last_of_each_type(&self, connectors: &[Connector], old: &[SyncJob]) -> Result<HashSet<String>> {
        let gone = self.gone(connectors, old).await;
        let kinds: HashMap<(&str, JobType), &SyncJob> = old
            .iter()
            .filter_map(|job| {
                Some(((job.connector_id().filter(|id| !gone.contains(id))?, job.job_type()), job))
            })
            .collect();
        let mut last = HashSet::new();
        for (connector, job_type) in kinds.into_keys() {
            let of_type = json!({ "term": { "job_type": job_type.word() } });
            let newest = self.store.jobs(&over(&[of(connector), of_type]), Some(1)).await?;
            last.extend(newest.iter().map(|job| job.id().to_owned()));
        }
        Ok(last)
    }
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
