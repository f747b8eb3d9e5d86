//! A job that this worker has.

use std::sync::Mutex;
use std::sync::atomic::Ordering::Relaxed;

use chrono::{DateTime, Utc};
use connectors_core::sync::Counters;
use tokio_util::sync::CancellationToken;

use super::lock;
use crate::protocol::{Counts, JobType, Record, SyncJob};

/// Why a job is stopped before its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Stop {
    /// The service ends; another worker goes on.
    Suspend,
    /// Somebody asked for it.
    Cancel,
    /// Another worker has the job, or may have it by now: nothing may be written any more.
    Lost,
}

/// Where a job stands, for its document, the log and the watchdog.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stage {
    /// The source is made and reached.
    Connecting,
    /// Documents are listed, compared and written.
    Syncing,
    /// What came of it is written down.
    Ending,
}

impl Stage {
    /// The word for it.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Connecting => "connecting",
            Self::Syncing => "syncing",
            Self::Ending => "ending",
        }
    }
}

/// A job that this worker has.
pub(crate) struct Running {
    pub(crate) id: String,
    pub(crate) connector: String,
    pub(crate) job_type: JobType,
    pub(crate) index: String,
    pub(crate) counters: Counters,
    /// Asks the sync to end.
    pub(super) cancel: CancellationToken,
    /// What was done before this worker took it.
    before: Counts,
    state: Mutex<State>,
}

struct State {
    record: Record,
    /// When its document last told that this worker is alive.
    alive: DateTime<Utc>,
    stop: Option<Stop>,
    stage: Stage,
    /// The sum of all counters, and since when it is that.
    progress: (u64, DateTime<Utc>),
    /// True once somebody was told that it stands still.
    is_told: bool,
}

impl Running {
    pub(super) fn new(job: &SyncJob, connector: &str, now: DateTime<Utc>) -> Self {
        Self {
            id: job.id().to_owned(),
            connector: connector.to_owned(),
            job_type: job.job_type(),
            index: job.index_name().unwrap_or_default().to_owned(),
            counters: Counters::default(),
            cancel: CancellationToken::new(),
            before: job.counts(),
            state: Mutex::new(State {
                record: job.0.clone(),
                alive: now,
                stop: None,
                stage: Stage::Connecting,
                progress: (0, now),
                is_told: false,
            }),
        }
    }

    /// Asks the sync to end. A stronger reason takes the place of a weaker one.
    pub(super) fn stop(&self, why: Stop) {
        let mut state = lock(&self.state);
        state.stop = state.stop.max(Some(why));
        self.cancel.cancel();
    }

    pub(super) fn stopped(&self) -> Option<Stop> {
        lock(&self.state).stop
    }

    pub(super) fn enter(&self, stage: Stage) {
        lock(&self.state).stage = stage;
    }

    pub(crate) fn stage(&self) -> Stage {
        lock(&self.state).stage
    }

    /// What the job has done so far, in this run and those before.
    pub(crate) fn counts(&self) -> Counts {
        Counts { indexed: self.before.indexed + self.counters.sent.load(Relaxed), ..self.before }
    }

    /// What was done before this worker took it.
    pub(super) fn before(&self) -> Counts {
        self.before
    }

    /// Its document as this worker last wrote or read it, and when that told a sign of life.
    pub(super) fn record(&self) -> (Record, DateTime<Utc>) {
        let state = lock(&self.state);
        (state.record.clone(), state.alive)
    }

    /// Keeps the document as it was read.
    pub(super) fn read(&self, record: Record) {
        lock(&self.state).record = record;
    }

    /// Keeps the document with the sign of life that was written into it.
    pub(super) fn renewed(&self, record: Record, at: DateTime<Utc>) {
        let mut state = lock(&self.state);
        (state.record, state.alive) = (record, at);
    }

    /// For how long nothing was counted.
    pub(crate) fn still_since(&self, now: DateTime<Utc>) -> chrono::Duration {
        let counters = &self.counters;
        let all = [&counters.listed, &counters.sent, &counters.unchanged, &counters.failed];
        let sum = all.iter().map(|counter| counter.load(Relaxed)).sum();
        let mut state = lock(&self.state);
        if state.progress.0 != sum {
            state.progress = (sum, now);
            state.is_told = false;
        }
        now - state.progress.1
    }

    /// True the first time that it is asked since the last progress.
    pub(super) fn is_first_told(&self) -> bool {
        !std::mem::replace(&mut lock(&self.state).is_told, true)
    }
}
