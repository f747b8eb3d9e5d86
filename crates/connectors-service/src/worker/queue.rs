//! Which waiting jobs get the free slots.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex};

use chrono::{DateTime, Utc};

use super::leases::Leases;
use super::running::RunningJob;
use crate::lock::lock;
use crate::protocol::{Connector, JobType, SyncJob};

/// A job that could start.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Waiting<'a> {
    pub(super) job: &'a str,
    pub(super) connector: &'a str,
    pub(super) job_type: JobType,
    pub(super) since: Option<DateTime<Utc>>,
}

/// Jobs at the same time, by what they write.
#[derive(Debug, Clone, Copy)]
pub(super) struct Slots {
    pub(super) content: usize,
    pub(super) access: usize,
}

impl Slots {
    /// Those that these jobs leave free.
    pub(super) fn free(self, running: &[Arc<RunningJob>]) -> Self {
        let access = running.iter().filter(|job| job.job_type == JobType::AccessControl).count();
        Self {
            content: self.content.saturating_sub(running.len() - access),
            access: self.access.saturating_sub(access),
        }
    }
}

/// When connectors last got a slot, by id.
#[derive(Debug, Default)]
pub(super) struct LastServed(Mutex<HashMap<String, DateTime<Utc>>>);

impl LastServed {
    /// A job of the connector starts now.
    pub(super) fn set(&self, connector: &str, now: DateTime<Utc>) {
        lock(&self.0).insert(connector.to_owned(), now);
    }

    /// Drops the connectors that are not kept.
    pub(super) fn retain(&self, is_kept: &impl Fn(&str) -> bool) {
        lock(&self.0).retain(|id, _| is_kept(id));
    }

    fn all(&self) -> HashMap<String, DateTime<Utc>> {
        lock(&self.0).clone()
    }
}

/// The ids of the open jobs of these connectors that start now, in order, with so many free slots. A connector has one job
/// at a time, here or with another living worker.
pub(super) fn starting<'a>(
    (served, open): (&[&Connector], &'a [SyncJob]),
    (leases, last): (&Leases, &LastServed),
    running: &[Arc<RunningJob>],
    free: Slots,
) -> Vec<&'a SyncJob> {
    let ready: HashSet<&str> =
        served.iter().filter(|connector| connector.is_ready()).map(|connector| connector.id()).collect();
    let mut busy: HashSet<&str> = running.iter().map(|job| job.connector.as_str()).collect();
    busy.extend(open.iter().filter(|job| leases.is_held(job)).filter_map(SyncJob::connector_id));
    let waiting = open.iter().filter(|job| leases.may_take(job)).filter_map(|job| {
        let connector = job.connector_id().filter(|id| ready.contains(id))?;
        Some(Waiting { job: job.id(), connector, job_type: job.job_type(), since: job.created_at() })
    });
    let next = next(waiting.collect(), &busy, &last.all(), free);
    next.iter().filter_map(|next| open.iter().find(|job| job.id() == next.job)).collect()
}

/// The jobs that start now, in order. A connector has one job at a time; those that were served longest ago come
/// first, then jobs that wait longest.
fn next<'a>(
    mut waiting: Vec<Waiting<'a>>,
    busy: &HashSet<&str>,
    served: &HashMap<String, DateTime<Utc>>,
    mut free: Slots,
) -> Vec<Waiting<'a>> {
    waiting.sort_by_key(|job| (served.get(job.connector).copied(), job.since, job.job));
    let mut taken = HashSet::new();
    waiting.retain(|job| {
        let slots = if job.job_type == JobType::AccessControl { &mut free.access } else { &mut free.content };
        let starts = *slots > 0 && !busy.contains(job.connector) && taken.insert(job.connector);
        if starts {
            *slots -= 1;
        }
        starts
    });
    waiting
}

#[cfg(test)]
mod tests {
    use super::*;

    fn job<'a>(job: &'a str, connector: &'a str, since: i64) -> Waiting<'a> {
        Waiting { job, connector, job_type: JobType::Full, since: DateTime::from_timestamp(since, 0) }
    }

    fn names(chosen: &[Waiting<'_>]) -> Vec<String> {
        chosen.iter().map(|waiting| waiting.job.to_owned()).collect()
    }

    #[test]
    fn a_connector_with_many_jobs_does_not_starve_others() {
        let waiting = vec![job("a1", "a", 1), job("a2", "a", 2), job("a3", "a", 3), job("b1", "b", 4)];
        let chosen = next(waiting, &HashSet::new(), &HashMap::new(), Slots { content: 3, access: 0 });
        assert_eq!(names(&chosen), ["a1", "b1"]);
    }

    #[test]
    fn who_was_served_longest_ago_comes_first() {
        let at = |second| DateTime::from_timestamp(second, 0).unwrap();
        let served = HashMap::from([("a".to_owned(), at(20)), ("b".to_owned(), at(10))]);
        let waiting = vec![job("a1", "a", 1), job("b1", "b", 2), job("c1", "c", 3)];
        let chosen = next(waiting.clone(), &HashSet::new(), &served, Slots { content: 2, access: 0 });
        assert_eq!(names(&chosen), ["c1", "b1"]);
        let chosen = next(waiting, &HashSet::from(["c"]), &served, Slots { content: 1, access: 0 });
        assert_eq!(names(&chosen), ["b1"], "a connector that has a job waits");
    }

    #[test]
    fn access_control_has_slots_of_its_own() {
        let access = Waiting { job_type: JobType::AccessControl, ..job("x", "x", 9) };
        let waiting = vec![job("a1", "a", 1), job("b1", "b", 2), access];
        let chosen = next(waiting, &HashSet::new(), &HashMap::new(), Slots { content: 1, access: 1 });
        assert_eq!(names(&chosen), ["a1", "x"]);
    }
}
