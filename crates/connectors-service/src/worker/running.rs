//! A job that this worker has.

use std::collections::BTreeMap;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use chrono::{DateTime, Utc};
use connectors_core::elastic::Client;
use connectors_core::sync::Counters;
use tokio_util::sync::CancellationToken;

use crate::lock::lock;
use crate::protocol::{Counts, JobType, Record, SyncJob};

/// Why a job is stopped before its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Stop {
    /// The service ends; another worker goes on.
    Suspend,
    /// Somebody asked for it.
    Cancel,
    /// Its document was deleted.
    Deleted,
    /// Another worker has the job, or may have it by now: nothing may be written any more.
    Lost,
}

/// The stage of a job, for its document, the log and the watchdog.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stage {
    /// The source is made and reached.
    Connecting,
    /// The sync runs, and has stages of its own.
    Syncing,
    /// Its end is written.
    Ending,
}

/// A job that this worker has.
pub(super) struct RunningJob {
    pub(super) id: String,
    pub(super) connector: String,
    pub(super) job_type: JobType,
    pub(super) index: String,
    pub(super) counters: Counters,
    /// Asks the sync to end.
    pub(super) cancel: CancellationToken,
    /// Cancelled when the job is lost: the sync is cut off then.
    lost: CancellationToken,
    /// What was done before this worker took it.
    before: Counts,
    state: Mutex<State>,
}

struct State {
    record: Record,
    /// When its lease was last renewed in its document.
    renewed: DateTime<Utc>,
    stop: Option<Stop>,
    stage: Stage,
    client: Option<Client>,
    /// The stage and the sum of all counters as last read, and since when they are that.
    reached: (&'static str, u64),
    since: DateTime<Utc>,
    /// True once it is logged that it stands still.
    is_logged: bool,
}

impl RunningJob {
    pub(super) fn new(job: &SyncJob, connector: &str, now: DateTime<Utc>) -> Self {
        Self {
            id: job.id().to_owned(),
            connector: connector.to_owned(),
            job_type: job.job_type(),
            index: job.index_name().unwrap_or_default().to_owned(),
            counters: Counters::default(),
            cancel: CancellationToken::new(),
            lost: CancellationToken::new(),
            before: job.counts(),
            state: Mutex::new(State {
                record: job.0.clone(),
                renewed: now,
                stop: None,
                stage: Stage::Connecting,
                client: None,
                reached: ("connecting", 0),
                since: now,
                is_logged: false,
            }),
        }
    }

    /// Asks the sync to end. A stronger reason takes the place of a weaker one.
    pub(super) fn stop(&self, why: Stop) {
        let mut state = lock(&self.state);
        state.stop = state.stop.max(Some(why));
        self.cancel.cancel();
        if why == Stop::Lost {
            self.lost.cancel();
        }
    }

    /// Waits until the sync has to be cut off: at once when the job is lost, else a while after it was asked to end.
    pub(super) async fn must_abort(&self, grace: Duration) {
        let asked = async {
            self.cancel.cancelled().await;
            tokio::time::sleep(grace).await;
        };
        tokio::select! {
            () = self.lost.cancelled() => {}
            () = asked => {}
        }
    }

    pub(super) fn stopped(&self) -> Option<Stop> {
        lock(&self.state).stop
    }

    pub(super) fn enter(&self, stage: Stage) {
        lock(&self.state).stage = stage;
    }

    pub(super) fn stage(&self) -> Stage {
        lock(&self.state).stage
    }

    /// The word for the stage: while it syncs, that of the sync.
    pub(super) fn stage_word(&self) -> &'static str {
        match self.stage() {
            Stage::Connecting => "connecting",
            Stage::Syncing => self.counters.phase().word(),
            Stage::Ending => "ending",
        }
    }

    /// Keeps the connection that writes its documents, which counts what it sends.
    pub(super) fn use_client(&self, client: &Client) {
        lock(&self.state).client = Some(client.clone());
    }

    /// The connection that writes its documents, once there is one.
    pub(super) fn client(&self) -> Option<Client> {
        lock(&self.state).client.clone()
    }

    /// What the job has done so far, in this run and those before.
    pub(super) fn counts(&self) -> Counts {
        let (counters, before) = (&self.counters, self.before);
        let sent = self.client().map_or(0, |client| client.traffic().totals()[1]);
        Counts {
            indexed: before.indexed.saturating_add(counters.sent.load(Relaxed)),
            deleted: before.deleted.saturating_add(counters.deleted.load(Relaxed)),
            volume: before.volume.saturating_add(sent >> 20),
            total: None,
            listed: counters.listed.load(Relaxed),
            unchanged: counters.unchanged.load(Relaxed),
            failed: counters.failed.load(Relaxed),
        }
    }

    /// What was done before this worker took it.
    pub(super) fn before(&self) -> Counts {
        self.before
    }

    /// Its document as this worker last wrote or read it, and when its lease was last renewed there.
    pub(super) fn record(&self) -> (Record, DateTime<Utc>) {
        let state = lock(&self.state);
        (state.record.clone(), state.renewed)
    }

    /// Keeps the document as it was read.
    pub(super) fn read(&self, record: Record) {
        lock(&self.state).record = record;
    }

    /// Keeps the document with the renewal that was written into it.
    pub(super) fn renewed(&self, record: Record, at: DateTime<Utc>) {
        let mut state = lock(&self.state);
        (state.record, state.renewed) = (record, at);
    }

    /// For how long nothing was counted in one stage.
    pub(super) fn stalled_for(&self, now: DateTime<Utc>) -> chrono::Duration {
        let counters = &self.counters;
        let all =
            [&counters.listed, &counters.sent, &counters.unchanged, &counters.failed, &counters.deleted];
        let sum = all.iter().map(|counter| counter.load(Relaxed)).sum();
        let reached = (self.stage_word(), sum);
        let mut state = lock(&self.state);
        if state.reached != reached {
            (state.reached, state.since) = (reached, now);
            state.is_logged = false;
        }
        now - state.since
    }

    /// True the first time that it is asked since the last progress.
    pub(super) fn is_first_logged(&self) -> bool {
        !std::mem::replace(&mut lock(&self.state).is_logged, true)
    }
}

/// The jobs that this worker has, by id.
#[derive(Default)]
pub(super) struct RunningJobs(Mutex<BTreeMap<String, Arc<RunningJob>>>);

impl RunningJobs {
    /// All of them, by id.
    pub(super) fn all(&self) -> Vec<Arc<RunningJob>> {
        lock(&self.0).values().cloned().collect()
    }

    /// The one with this id.
    pub(super) fn get(&self, id: &str) -> Option<Arc<RunningJob>> {
        lock(&self.0).get(id).cloned()
    }

    /// True while one of them is for this connector.
    pub(super) fn is_busy(&self, connector: &str) -> bool {
        lock(&self.0).values().any(|job| job.connector == connector)
    }

    pub(super) fn insert(&self, job: Arc<RunningJob>) {
        lock(&self.0).insert(job.id.clone(), job);
    }

    pub(super) fn remove(&self, id: &str) {
        lock(&self.0).remove(id);
    }
}
