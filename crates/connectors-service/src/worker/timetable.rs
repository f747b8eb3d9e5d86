//! Schedules: which runs of a connector are due, and their jobs.

use std::collections::HashMap;
use std::sync::Mutex;

use chrono::{DateTime, TimeDelta, Utc};
use chrono_tz::Tz;
use connectors_core::{Capabilities, Result};

use super::clock::{MAX_AHEAD, ServerClock};
use super::options::Options;
use super::stats::Stats;
use crate::lock::lock;
use crate::protocol::{
    Connector, JobType, Kind, Record, Schedule, Store, SyncJob, Trigger, last_scheduled_field, timestamp,
};
use crate::schedule::{self, CatchUp, Due, Window};

/// What this worker knows of schedules.
pub(super) struct Timetable {
    clock: ServerClock,
    zone: Tz,
    /// What is done about missed runs.
    missed: CatchUp,
    /// How late a run still counts as on time.
    grace: TimeDelta,
    /// What each schedule was when it was last read, by connector and type of job.
    known: Mutex<HashMap<(String, JobType), Known>>,
}

/// The expression of a schedule, and since when it is that.
struct Known {
    interval: String,
    since: DateTime<Utc>,
}

impl Timetable {
    pub(super) fn new(clock: ServerClock, options: &Options) -> Self {
        Self {
            clock,
            zone: options.zone,
            missed: options.missed,
            grace: TimeDelta::from_std(options.idling * 2).unwrap_or_default(),
            known: Mutex::default(),
        }
    }

    /// Drops the connectors that are not kept.
    pub(super) fn retain(&self, is_kept: &impl Fn(&str) -> bool) {
        lock(&self.known).retain(|(id, _), _| is_kept(id));
    }

    /// What is due of one schedule; none where there is no schedule that can run.
    pub(super) fn due(&self, connector: &Connector, job_type: JobType) -> Option<Due> {
        let schedule = connector.schedule(job_type).filter(|schedule| schedule.enabled);
        let Some(schedule) = schedule else {
            lock(&self.known).remove(&(connector.id().to_owned(), job_type));
            return None;
        };
        if !connector.is_ready() {
            return None;
        }
        let expression: schedule::Expression = match schedule.interval.parse() {
            Ok(expression) => expression,
            Err(error) => {
                tracing::warn!(connector = connector.id(), %job_type, %error, "the schedule can't be used");
                return None;
            }
        };
        let now = self.clock.now();
        let last = self.accounted(connector, job_type, (&schedule.interval, now));
        Some(schedule::due(&expression, self.zone, self.missed, Window { last, now, grace: self.grace }))
    }

    /// Logs once why a schedule makes no jobs.
    fn refuse(&self, connector: &Connector, job_type: JobType, reason: &str) {
        let key = (connector.id().to_owned(), job_type);
        let schedule = connector.schedule(job_type).filter(|schedule| schedule.enabled);
        let mut known = lock(&self.known);
        let Some(Schedule { interval, .. }) = schedule else { return drop(known.remove(&key)) };
        let since = self.clock.now();
        if known.insert(key, Known { interval, since }).is_none() {
            tracing::warn!(connector = connector.id(), %job_type, reason, "the schedule makes no jobs");
        }
    }

    /// Up to when the runs of a schedule are accounted for. One that is new to this worker goes on from its last
    /// run; one that was changed while this worker runs begins now.
    fn accounted(
        &self,
        connector: &Connector,
        job_type: JobType,
        (interval, now): (&str, DateTime<Utc>),
    ) -> DateTime<Utc> {
        // A time far ahead was written by a wrong clock, and would hold up every run until then.
        let last = connector.last_scheduled(job_type).filter(|last| *last - now <= MAX_AHEAD);
        let mut known = lock(&self.known);
        let key = (connector.id().to_owned(), job_type);
        let since = match known.get(&key) {
            Some(known) if known.interval == interval => known.since,
            Some(_) => now,
            None => last.unwrap_or(now),
        };
        known.insert(key, Known { interval: interval.to_owned(), since });
        last.map_or(since, |last| last.max(since))
    }
}

/// Makes the jobs of a connector that are due, beside those that are `open`. The id of a job names connector, type and
/// time, so that a run is made once, however many workers look; the connector's document then says that it was made.
///
/// # Errors
/// When the server can't be asked.
pub(super) async fn make_due(
    store: &Store,
    timetable: &Timetable,
    stats: &Stats,
    (connector, can, open): (&Connector, Capabilities, &[SyncJob]),
) -> Result<Vec<SyncJob>> {
    let mut made = Vec::new();
    for job_type in JobType::ALL.iter().copied() {
        if let Some(reason) = connector.refuses(job_type, can) {
            timetable.refuse(connector, job_type, reason);
            continue;
        }
        let is_open =
            |job: &SyncJob| job.connector_id() == Some(connector.id()) && job.job_type() == job_type;
        let waits = timetable.missed == CatchUp::Once && open.iter().any(is_open);
        let Some(due) = timetable.due(connector, job_type).filter(|_| !waits) else { continue };
        if !is_any(&due) {
            // From here on its runs count, those too that a restart before the first of them misses.
            if connector.last_scheduled(job_type).is_none() {
                account(store, connector, job_type, due.until).await?;
            }
            continue;
        }
        // Another worker may have made them since the connector was read.
        let Some(current) = store.connector(connector.id()).await? else { continue };
        if let Some(due) = timetable.due(&current, job_type).filter(is_any) {
            made.extend(make(store, timetable, stats, (&current, job_type, &due)).await?);
        }
    }
    Ok(made)
}

/// Makes the jobs of a schedule that are due, and counts them unless another worker accounts for them.
pub(super) async fn make(
    store: &Store,
    timetable: &Timetable,
    stats: &Stats,
    (connector, job_type, due): (&Connector, JobType, &Due),
) -> Result<Vec<SyncJob>> {
    let mut made = Vec::new();
    for time in due.runs() {
        let id = format!("{}-{job_type}-{}", connector.id(), time.format("%Y%m%dT%H%M%SZ"));
        let asked = (job_type, Trigger::Scheduled);
        let document = SyncJob::document(connector, asked, timetable.clock.now());
        if store.create(Kind::Job, &id, &document).await? {
            made.extend(store.job(&id).await?);
        }
    }
    tracing::debug!(connector = connector.id(), %job_type, runs = made.len(), skipped = due.skipped, "due");
    if account(store, connector, job_type, due.until).await? {
        stats.count(due);
    }
    Ok(made)
}

/// Writes up to when the runs of a schedule are accounted for; false when another worker did so since the
/// connector was read, and counts them.
async fn account(
    store: &Store,
    connector: &Connector,
    job_type: JobType,
    until: DateTime<Utc>,
) -> Result<bool> {
    let (field, last) = (last_scheduled_field(job_type), connector.last_scheduled(job_type));
    let first = |record: &Record| {
        let is_first = record.date(field) == last;
        Ok(is_first.then(|| serde_json::Map::from_iter([(field.to_owned(), timestamp(until))])))
    };
    Ok(store.change(Kind::Connector, connector.id(), first).await?.is_some())
}

fn is_any(due: &Due) -> bool {
    due.skipped > 0 || due.runs().next().is_some()
}
