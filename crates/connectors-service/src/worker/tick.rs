//! One look at all connectors and jobs.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use connectors_core::Result;

use super::clock::AHEAD;
use super::queue::{self, Slots, Waiting};
use super::{Worker, side_by_side};
use crate::protocol::{
    Connector, ConnectorStatus, JobStatus, JobType, Kind, Record, SyncJob, Trigger, last_scheduled_field,
    timestamp,
};
use crate::schedule::{self, CatchUp, Due, Look};

impl Worker {
    /// Looks at every connector and at every job that is not over, and begins what is to be done. What takes time
    /// is done by tasks: nothing here waits for a source.
    ///
    /// # Errors
    /// When the server can't be asked.
    pub(crate) async fn tick(self: &Arc<Self>) -> Result<()> {
        self.set_clock().await?;
        let connectors = self.store.connectors().await?;
        let mut jobs = self.store.jobs_in(&JobStatus::OPEN).await?;
        self.meet(&jobs);
        let ids: HashSet<&str> = connectors.iter().map(Connector::id).collect();
        let has_job = |id: &str| self.all_running().iter().any(|running| running.connector == id);
        self.forget(|id| ids.contains(id) || has_job(id)).await;
        let mine: Vec<&Connector> = connectors.iter().filter(|connector| self.serves(connector)).collect();
        mine.iter().for_each(|connector| self.attend(connector));
        let scheduled = mine.iter().map(|connector| self.schedule(connector, &jobs)).collect();
        let made = side_by_side(scheduled).await;
        for made in made {
            match made {
                Ok(made) => jobs.extend(made),
                Err(error) => {
                    tracing::warn!(%error, "the due jobs of a connector were not made; trying again")
                }
            }
        }
        self.clean_up(&connectors, &jobs).await;
        self.heal(&mine, &jobs).await;
        self.sweep(&connectors).await;
        self.tidy_marks().await;
        self.take_jobs(&mine, &jobs).await
    }

    /// True for a connector that this worker has the type of and is to serve.
    pub(super) fn serves(&self, connector: &Connector) -> bool {
        let only = &self.options.only;
        (only.is_empty() || only.contains_key(connector.id())) && self.source_of(connector).is_some()
    }

    /// Makes the jobs of a connector that are due. The id of a job tells connector, type and time, so that a run is
    /// made once, however many workers look; the connector's document then tells that it was made.
    async fn schedule(&self, connector: &Connector, jobs: &[SyncJob]) -> Result<Vec<SyncJob>> {
        let mut made = Vec::new();
        for job_type in JobType::ALL.iter().copied() {
            let is_open =
                |job: &SyncJob| job.connector_id() == Some(connector.id()) && job.job_type() == job_type;
            let waits = self.options.missed == CatchUp::Once && jobs.iter().any(is_open);
            let Some(due) = self.due(connector, job_type).filter(|_| !waits) else { continue };
            if !is_any(&due) {
                // From here on its runs count, those too that a restart before the first of them misses.
                if connector.last_scheduled(job_type).is_none() {
                    self.account(connector, job_type, due.until).await?;
                }
                continue;
            }
            // Another worker may have made them since the connector was read.
            let Some(current) = self.store.connector(connector.id()).await? else { continue };
            if let Some(due) = self.due(&current, job_type).filter(is_any) {
                made.extend(self.make_jobs(&current, job_type, &due).await?);
            }
        }
        Ok(made)
    }

    pub(super) async fn make_jobs(
        &self,
        connector: &Connector,
        job_type: JobType,
        due: &Due,
    ) -> Result<Vec<SyncJob>> {
        let mut made = Vec::new();
        for time in due.runs() {
            made.extend(self.make_job(connector, job_type, time).await?);
        }
        tracing::debug!(connector = connector.id(), %job_type, runs = made.len(), skipped = due.skipped, "due");
        if self.account(connector, job_type, due.until).await? {
            self.tally.count(due);
        }
        Ok(made)
    }

    /// Writes up to when the runs of a schedule are accounted for; false when another worker did so since the
    /// connector was read, and counts them.
    async fn account(&self, connector: &Connector, job_type: JobType, until: DateTime<Utc>) -> Result<bool> {
        let (field, last) = (last_scheduled_field(job_type), connector.last_scheduled(job_type));
        let first = |record: &Record| {
            let is_first = record.date(field) == last;
            Ok(is_first.then(|| serde_json::Map::from_iter([(field.to_owned(), timestamp(until))])))
        };
        Ok(self.store.change(Kind::Connector, connector.id(), first).await?.is_some())
    }

    async fn make_job(
        &self,
        connector: &Connector,
        job_type: JobType,
        time: DateTime<Utc>,
    ) -> Result<Option<SyncJob>> {
        let id = format!("{}-{job_type}-{}", connector.id(), time.format("%Y%m%dT%H%M%SZ"));
        let document = SyncJob::document(connector, (job_type, Trigger::Scheduled), self.now());
        if !self.store.create(Kind::Job, &id, &document).await? {
            return Ok(None);
        }
        self.store.job(&id).await
    }

    /// What is due of one schedule; none where there is no schedule that can run.
    pub(super) fn due(&self, connector: &Connector, job_type: JobType) -> Option<Due> {
        let schedule = connector.schedule(job_type).filter(|schedule| schedule.enabled);
        let Some(schedule) = schedule else {
            self.known().entry(connector.id().to_owned()).or_default().schedules.remove(&job_type);
            return None;
        };
        if !is_ready(connector) {
            return None;
        }
        let expression: schedule::Schedule = match schedule.interval.parse() {
            Ok(expression) => expression,
            Err(error) => {
                tracing::warn!(connector = connector.id(), %job_type, %error, "the schedule can't be used");
                return None;
            }
        };
        let look = Look {
            last: self.since(connector, job_type, &schedule.interval),
            now: self.now(),
            grace: TimeDelta::from_std(self.options.idling * 2).unwrap_or_default(),
        };
        Some(schedule::due(&expression, self.options.zone, self.options.missed, look))
    }

    /// Up to when the runs of a schedule are accounted for. One that is new to this worker goes on from its last
    /// run; one that was changed under its eyes begins now.
    fn since(&self, connector: &Connector, job_type: JobType, interval: &str) -> DateTime<Utc> {
        let now = self.now();
        // A time far ahead was written by a wrong clock, and would hold up every run until then.
        let last = connector.last_scheduled(job_type).filter(|last| *last - now <= AHEAD);
        let mut known = self.known();
        let schedules = &mut known.entry(connector.id().to_owned()).or_default().schedules;
        let since = match schedules.get(&job_type) {
            Some((before, since)) if before == interval => *since,
            Some(_) => now,
            None => last.unwrap_or(now),
        };
        schedules.insert(job_type, (interval.to_owned(), since));
        last.map_or(since, |last| last.max(since))
    }

    /// Gives free slots to jobs that wait, and to those whose worker went away.
    async fn take_jobs(self: &Arc<Self>, mine: &[&Connector], jobs: &[SyncJob]) -> Result<()> {
        let ready: HashSet<&str> =
            mine.iter().filter(|connector| is_ready(connector)).map(|connector| connector.id()).collect();
        let running = self.all_running();
        let mut busy: HashSet<&str> = running.iter().map(|running| running.connector.as_str()).collect();
        busy.extend(jobs.iter().filter(|job| self.is_held(job)).filter_map(SyncJob::connector_id));
        let waiting = jobs.iter().filter(|job| self.may_start(job)).filter_map(|job| {
            let connector = job.connector_id().filter(|id| ready.contains(id))?;
            Some(Waiting { job: job.id(), connector, job_type: job.job_type(), since: job.created_at() })
        });
        for next in queue::next(waiting.collect(), &busy, &self.served(), self.free_slots()) {
            if self.stopping.is_cancelled() {
                break;
            }
            let Some(job) = jobs.iter().find(|job| job.id() == next.job) else { continue };
            if let Some((job, connector)) = self.claim(job).await? {
                self.start(job, connector);
            }
        }
        Ok(())
    }

    /// True for a job that a living worker has.
    fn is_held(&self, job: &SyncJob) -> bool {
        job.status().is_some_and(JobStatus::is_running) && !self.is_idle(job)
    }

    fn may_start(&self, job: &SyncJob) -> bool {
        match job.status() {
            Some(JobStatus::Pending | JobStatus::Suspended) => !job.rests(self.now()),
            Some(JobStatus::InProgress) => self.is_idle(job) && job.takeovers() < super::claim::TAKEOVERS,
            _ => false,
        }
    }

    fn served(&self) -> HashMap<String, DateTime<Utc>> {
        let known = self.known();
        known.iter().filter_map(|(id, known)| Some((id.clone(), known.served?))).collect()
    }

    fn free_slots(&self) -> Slots {
        let running = self.all_running();
        let access = running.iter().filter(|running| running.job_type == JobType::AccessControl).count();
        Slots {
            content: self.options.content_slots.saturating_sub(running.len() - access),
            access: self.options.access_slots.saturating_sub(access),
        }
    }
}

fn is_any(due: &Due) -> bool {
    due.skipped > 0 || due.runs().next().is_some()
}

/// False while a connector waits for its form or for a person.
fn is_ready(connector: &Connector) -> bool {
    !matches!(connector.status(), None | Some(ConnectorStatus::Created | ConnectorStatus::NeedsConfiguration))
}
