//! The long-running service: looks at every connector in every tick, makes the jobs that are due, takes
//! jobs that wait, and keeps the documents of both up to date while they run.
//!
//! Three rounds go side by side, and none waits for a sync:
//!
//! - [`Worker::tick`] looks at connectors and jobs and starts what can start;
//! - [`Worker::beat`] renews the leases of running jobs, writes their progress and hears of cancels;
//! - [`Worker::heartbeat`] tells that the service is there.

mod allow;
mod attend;
mod beat;
mod claim;
mod cleanup;
mod clock;
mod connections;
mod drafts;
pub mod endpoints;
mod execute;
mod finish;
mod heal;
mod leftovers;
mod metrics;
mod options;
mod outcome;
mod queue;
mod retention;
mod running;
mod tally;
mod tick;
mod watchdog;

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use connectors_core::sync::Options as SyncOptions;
use connectors_core::{Context, Result};
use futures::StreamExt;
use tokio::sync::Notify;
use tokio::time::{MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::protocol::Store;
use crate::registry::Registry;

pub use allow::{Allow, Grant, Grantee};
use attend::Known;
use claim::Met;
pub use options::{Options, Retention, Served};
use running::{Running, Stop};
use tally::Tally;

/// Requests of one round at the same time.
const AT_ONCE: usize = 8;

/// One worker of the service.
pub struct Worker {
    store: Store,
    registry: Registry,
    context: Context,
    options: Options,
    sync: SyncOptions,
    /// What this worker remembers of connectors, by id.
    known: Mutex<HashMap<String, Known>>,
    /// Jobs that this worker has, by id.
    running: Mutex<BTreeMap<String, Arc<Running>>>,
    tally: Tally,
    /// How far the server's clock is ahead of ours.
    ahead: clock::Ahead,
    /// Stamps of running jobs that lie ahead, and when they were first met, by the job's id.
    met: Mutex<HashMap<String, Met>>,
    /// When documents of old jobs were last looked for, and nothing was left to remove.
    swept: Mutex<Option<DateTime<Utc>>>,
    /// When the folder of marks was last looked at.
    tidied: Mutex<Option<DateTime<Utc>>>,
    /// When the last look at everything ended.
    looked: Mutex<Instant>,
    tasks: TaskTracker,
    /// A slot became free.
    freed: Notify,
    stopping: CancellationToken,
}

impl Worker {
    /// A worker that has not looked at anything yet.
    pub fn new(
        store: Store,
        registry: Registry,
        context: Context,
        (options, sync): (Options, SyncOptions),
    ) -> Arc<Self> {
        let context = Context { roots: options.allow.roots(), ..context };
        Arc::new(Self {
            store,
            registry,
            context,
            options,
            sync,
            known: Mutex::default(),
            running: Mutex::default(),
            tally: Tally::default(),
            ahead: clock::Ahead::default(),
            met: Mutex::default(),
            swept: Mutex::default(),
            tidied: Mutex::default(),
            looked: Mutex::new(Instant::now()),
            tasks: TaskTracker::new(),
            freed: Notify::new(),
            stopping: CancellationToken::new(),
        })
    }

    /// Works until `stop` is cancelled; then running jobs are suspended, for another worker to go on. What a server
    /// or a source does wrong is told in logs and documents.
    pub async fn run(self: &Arc<Self>, stop: &CancellationToken) {
        tokio::select! {
            () = self.ticks(stop) => {}
            () = self.beats() => {}
            () = self.heartbeats() => {}
        }
        self.shut_down().await;
    }

    /// Ticks until `stop` is cancelled. A tick is never broken off: a job that it claimed has to be put down again.
    async fn ticks(self: &Arc<Self>, stop: &CancellationToken) {
        let mut rounds = rounds(self.options.idling);
        loop {
            tokio::select! {
                () = stop.cancelled() => return,
                _ = rounds.tick() => {}
                () = self.freed.notified() => {}
            }
            tokio::select! {
                biased;
                looked = self.tick() => self.looked(looked),
                () = self.stops_with(stop) => {}
            }
        }
    }

    /// Lets the tick that goes on know that no more jobs are to be taken; never ends.
    async fn stops_with(&self, stop: &CancellationToken) {
        stop.cancelled().await;
        self.stopping.cancel();
        std::future::pending().await
    }

    fn looked(&self, looked: Result<()>) {
        if let Err(error) = looked {
            tracing::warn!(%error, "looking at connectors and jobs failed; trying again");
        }
        *lock(&self.looked) = Instant::now();
    }

    async fn beats(self: &Arc<Self>) {
        let mut rounds = rounds(self.options.beat);
        loop {
            rounds.tick().await;
            self.beat().await;
        }
    }

    async fn heartbeats(self: &Arc<Self>) {
        let mut rounds = rounds(self.options.heartbeat);
        loop {
            rounds.tick().await;
            if let Err(error) = self.heartbeat().await {
                tracing::warn!(%error, "the signs of life were not written; trying again");
            }
        }
    }

    /// Suspends what runs and waits for it, renewing leases until the last job is put down.
    async fn shut_down(self: &Arc<Self>) {
        self.stopping.cancel();
        for running in self.all_running() {
            running.stop(Stop::Suspend);
        }
        self.tasks.close();
        tokio::select! {
            () = self.tasks.wait() => {}
            () = self.beats() => {}
        }
        self.close_connections().await;
    }

    /// Waits for everything that was begun so far.
    #[cfg(test)]
    pub(crate) async fn settle(&self) {
        self.tasks.close();
        self.tasks.wait().await;
        self.tasks.reopen();
    }

    /// For how long nothing was looked at.
    fn silence(&self) -> Duration {
        lock(&self.looked).elapsed()
    }

    /// The jobs that this worker has now.
    pub(crate) fn all_running(&self) -> Vec<Arc<Running>> {
        self.running().values().cloned().collect()
    }

    fn running(&self) -> MutexGuard<'_, BTreeMap<String, Arc<Running>>> {
        lock(&self.running)
    }

    fn known(&self) -> MutexGuard<'_, HashMap<String, Known>> {
        lock(&self.known)
    }
}

/// What a panic elsewhere left behind is as good as what it found: every change here is one assignment.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Awaits all of them, a few at a time, in no order.
async fn side_by_side<F: Future>(all: Vec<F>) -> Vec<F::Output> {
    futures::stream::iter(all).buffer_unordered(AT_ONCE).collect().await
}

fn rounds(every: Duration) -> tokio::time::Interval {
    let mut rounds = interval(every);
    rounds.set_missed_tick_behavior(MissedTickBehavior::Delay);
    rounds
}

#[cfg(test)]
mod tests;
