//! The worker: looks at every connector in every tick, makes the jobs that are due, takes jobs that wait, and keeps
//! the documents of both up to date while they run.
//!
//! Three loops run side by side, and none waits for a sync:
//!
//! - a tick looks at connectors and jobs and starts what can start;
//! - a beat renews the leases of running jobs, writes their progress and stops those that are to be cancelled;
//! - a heartbeat writes that the service is there.
//!
//! Each step is a function of its own module, over the values that it is handed; this module alone knows all of them.

mod allow;
mod arrivals;
mod assignment;
mod beat;
mod check;
mod claim;
mod cleanup;
mod clock;
mod concurrent;
mod connections;
mod execute;
mod finish;
mod form;
mod leases;
mod leftovers;
mod lost;
mod metrics;
mod options;
mod orphans;
mod outcome;
mod periodic;
mod queue;
mod reconcile;
mod retention;
mod rules;
mod running;
mod stats;
mod timetable;
mod watchdog;

use std::collections::{BTreeMap, HashSet};
use std::fmt;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use connectors_core::sync::Options as SyncOptions;
use connectors_core::{Context, Registered, Result, caught};
use tokio::sync::Notify;
use tokio::time::{MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::Instrument;

use crate::lock::lock;
use crate::protocol::{Connector, JobStatus, Store, SyncJob};
use crate::registry::Registry;

pub use allow::{Allow, Grant, Grantee};
pub use options::{Options, Retention, Served};

use arrivals::Arrivals;
use assignment::Assignment;
use check::Checks;
use claim::{Claim, claim};
use clock::ServerClock;
use connections::Connections;
use execute::{Resources, execute};
use finish::{End, Retries};
use leases::Leases;
use periodic::Periodic;
use queue::{LastServed, Slots};
use retention::Sweep;
use running::{RunningJob, RunningJobs, Stage, Stop};
use stats::Stats;
use timetable::Timetable;

/// One worker of the service.
pub struct Worker {
    resources: Arc<Resources>,
    leases: Leases,
    timetable: Timetable,
    checks: Checks,
    arrivals: Arrivals,
    jobs: RunningJobs,
    last_served: LastServed,
    stats: Stats,
    sweep: Sweep,
    tidying: Periodic,
    retries: Retries,
    slots: Slots,
    options: Options,
    /// When the last tick ended.
    last_tick: Mutex<Instant>,
    tasks: TaskTracker,
    /// A slot became free, or a job was made.
    freed: Notify,
}

impl Worker {
    /// A worker that has not looked at anything yet.
    pub fn new(
        store: Store,
        registry: Registry,
        context: Context,
        (options, sync): (Options, SyncOptions),
    ) -> Arc<Self> {
        let clock = ServerClock::new(context.clock.clone());
        Arc::new(Self {
            leases: Leases::new(clock.clone(), options.worker.clone(), options.lease),
            timetable: Timetable::new(clock.clone(), &options),
            checks: Checks::new(options.check),
            arrivals: Arrivals::default(),
            jobs: RunningJobs::default(),
            last_served: LastServed::default(),
            stats: Stats::default(),
            sweep: Sweep::new(options.retention),
            tidying: Periodic::every(leftovers::EVERY),
            retries: Retries { pause: options.retry_pause, stopping: CancellationToken::new() },
            slots: Slots { content: options.content_slots, access: options.access_slots },
            last_tick: Mutex::new(Instant::now()),
            tasks: TaskTracker::new(),
            freed: Notify::new(),
            resources: Arc::new(Resources {
                store,
                clock,
                assignment: Assignment::new(registry, options.only.clone(), options.native),
                connections: Connections::new(context, options.secrets.clone(), options.allow.clone()),
                marks: options.marks.clone(),
                options: sync,
            }),
            options,
        })
    }

    /// Works until `stop` is cancelled; then running jobs are suspended, for another worker to go on. What a server
    /// or a source does wrong is logged and written into documents.
    pub async fn run(self: &Arc<Self>, stop: &CancellationToken) {
        tokio::select! {
            () = self.ticks(stop) => {}
            () = self.beats() => {}
            () = self.heartbeats() => {}
            () = self.arrivals() => {}
        }
        self.shut_down().await;
    }

    /// Ticks until `stop` is cancelled. A tick is never broken off: a job that it claimed has to be put back.
    async fn ticks(self: &Arc<Self>, stop: &CancellationToken) {
        let mut intervals = intervals(self.options.idling);
        loop {
            tokio::select! {
                () = stop.cancelled() => return,
                _ = intervals.tick() => {}
                () = self.freed.notified() => {}
            }
            tokio::select! {
                biased;
                ticked = self.tick() => self.ticked(ticked),
                () = self.stops_with(stop) => {}
            }
        }
    }

    /// Makes the tick that goes on claim no more jobs once `stop` is cancelled; never ends.
    async fn stops_with(&self, stop: &CancellationToken) {
        stop.cancelled().await;
        self.retries.stopping.cancel();
        std::future::pending().await
    }

    fn ticked(&self, result: Result<()>) {
        if let Err(error) = result {
            tracing::warn!(%error, "looking at connectors and jobs failed; trying again");
        }
        *lock(&self.last_tick) = Instant::now();
    }

    async fn beats(&self) {
        let mut intervals = intervals(self.options.beat);
        loop {
            intervals.tick().await;
            self.beat().await;
        }
    }

    /// Looks at once where somebody made a job. A look that fails is made again by the next tick.
    async fn arrivals(&self) {
        let mut intervals = intervals(self.options.arrivals);
        loop {
            intervals.tick().await;
            match self.arrivals.has_new(&self.resources.store).await {
                Ok(true) => self.freed.notify_one(),
                Ok(false) => {}
                Err(error) => tracing::debug!(%error, "whether there are new jobs was not seen"),
            }
        }
    }

    async fn heartbeats(&self) {
        let mut intervals = intervals(self.options.heartbeat);
        loop {
            intervals.tick().await;
            if let Err(error) = self.heartbeat().await {
                tracing::warn!(%error, "when connectors were last seen was not written; trying again");
            }
        }
    }

    /// Suspends what runs and waits for it, renewing leases until the end of the last job is written.
    async fn shut_down(&self) {
        self.retries.stopping.cancel();
        self.jobs.all().iter().for_each(|job| job.stop(Stop::Suspend));
        self.tasks.close();
        tokio::select! {
            () = self.tasks.wait() => {}
            () = self.beats() => {}
        }
        self.resources.connections.retain(&|_: &str| false).await;
    }

    /// Looks at every connector and at every job that is not over, and begins what is to be done. What takes time
    /// is done by tasks: nothing here waits for a source.
    ///
    /// # Errors
    /// When the server can't be asked.
    async fn tick(self: &Arc<Self>) -> Result<()> {
        let Resources { store, clock, assignment, .. } = &*self.resources;
        clock.synchronize(store).await?;
        let connectors = store.connectors().await?;
        let mut open = store.jobs_in(&JobStatus::OPEN).await?;
        self.leases.observe(&open);
        self.forget_deleted(&connectors).await;
        assignment.report_unknown(&connectors);
        let served: Vec<&Connector> =
            connectors.iter().filter(|connector| assignment.serves(connector)).collect();
        self.stats.observe(&served);
        served.iter().for_each(|connector| self.check(connector));
        open.extend(self.make_due(&served, &open).await);
        self.correct(&connectors, &served, &open).await;
        self.start_jobs(&served, &open).await
    }

    async fn forget_deleted(&self, connectors: &[Connector]) {
        let ids: HashSet<&str> = connectors.iter().map(Connector::id).collect();
        let is_kept = |id: &str| ids.contains(id) || self.jobs.is_busy(id);
        self.resources.assignment.retain(&is_kept);
        self.timetable.retain(&is_kept);
        self.checks.retain(&is_kept);
        self.last_served.retain(&is_kept);
        self.stats.retain(&is_kept);
        self.resources.connections.retain(&is_kept).await;
    }

    /// Checks a connector in a task of its own, unless one does so already or one of its jobs runs: a job finds out
    /// by itself whether the configuration is good.
    fn check(self: &Arc<Self>, connector: &Connector) {
        let Some(source) = self.resources.assignment.source_of(connector) else { return };
        let now = self.resources.clock.now();
        if self.jobs.is_busy(connector.id()) || !self.checks.begin(connector, source, now) {
            return;
        }
        let (worker, connector) = (self.clone(), connector.clone());
        self.tasks.spawn(async move {
            let Resources { store, connections, .. } = &*worker.resources;
            let check = check::check(store, connections, &worker.checks, (&connector, source));
            let checked = caught(check).await;
            if let Err(error) = &checked {
                tracing::warn!(connector = connector.id(), %error, "checking a connector failed; trying again");
            }
            worker.checks.end(connector.id(), &checked);
        });
    }

    /// Makes the jobs of these connectors that are due. A failure is logged and tried again in the next tick.
    async fn make_due(&self, served: &[&Connector], open: &[SyncJob]) -> Vec<SyncJob> {
        let store = &self.resources.store;
        let due = |connector| {
            let can = self.resources.assignment.source_of(connector).map(Registered::capabilities);
            let asked = (connector, can.unwrap_or_default(), open);
            timetable::make_due(store, &self.timetable, &self.stats, asked)
        };
        let mut made = Vec::new();
        for result in concurrent::all(served.iter().copied().map(due).collect()).await {
            match result {
                Ok(jobs) => made.extend(jobs),
                Err(error) => {
                    tracing::warn!(%error, "the due jobs of a connector were not made; trying again");
                }
            }
        }
        made
    }

    /// Corrects what other workers left behind, and removes what is old.
    async fn correct(&self, connectors: &[Connector], served: &[&Connector], open: &[SyncJob]) {
        let Resources { store, clock, connections, marks, .. } = &*self.resources;
        cleanup::end_abandoned(store, &self.leases, &self.jobs, (connectors, open)).await;
        reconcile::reconcile(store, served, open, clock.now()).await;
        retention::sweep(store, &self.sweep, connectors, clock.now()).await;
        if let Some(folder) = marks {
            leftovers::tidy(store, &connections.context, (folder, &self.tidying), clock.now()).await;
        }
    }

    /// Gives free slots to jobs that wait, and to those whose worker went away.
    async fn start_jobs(self: &Arc<Self>, served: &[&Connector], open: &[SyncJob]) -> Result<()> {
        let running = self.jobs.all();
        let slots = self.slots.free(&running);
        let starting = queue::starting((served, open), (&self.leases, &self.last_served), &running, slots);
        for job in starting {
            if self.retries.stopping.is_cancelled() {
                break;
            }
            if let Some(claim) = claim(&self.resources.store, &self.leases, job).await? {
                self.start(claim);
            }
        }
        Ok(())
    }

    /// Runs a claimed job in a task of its own.
    fn start(self: &Arc<Self>, claim: Claim) {
        let Claim { job, connector, is_takeover } = claim;
        self.stats.taken_over.fetch_add(is_takeover.into(), Relaxed);
        let now = self.resources.clock.now();
        let running = Arc::new(RunningJob::new(&job, connector.id(), now));
        if self.retries.stopping.is_cancelled() {
            running.stop(Stop::Suspend);
        }
        self.jobs.insert(running.clone());
        self.last_served.set(connector.id(), now);
        let span = tracing::info_span!(
            "job",
            connector = running.connector,
            job = running.id,
            index = running.index
        );
        let worker = self.clone();
        self.tasks.spawn(async move { worker.run_job((job, connector), &running).await }.instrument(span));
    }

    /// Runs a job to its end, and writes how it ended.
    async fn run_job(&self, job: (SyncJob, Connector), running: &Arc<RunningJob>) {
        tracing::info!(job_type = %running.job_type, "the job starts");
        let Resources { store, clock, .. } = &*self.resources;
        let outcome = execute(&self.resources, job, running, self.options.grace).await;
        running.enter(Stage::Ending);
        let end = End { job: running, outcome: &outcome, at: clock.now() };
        if outcome.status == JobStatus::Completed {
            self.stats.complete(&running.connector, end.at);
        }
        if let Some(status) = finish::end_job(store, &self.leases, &end, &self.retries).await {
            self.stats.end(status);
            finish::end_connector(store, &self.leases, (&end, status), &self.retries).await;
        }
        self.stats.leave(&self.jobs, running);
        self.freed.notify_one();
    }

    /// Writes the progress of running jobs where it is due, stops those that are to be cancelled, and those
    /// whose lease is lost or could be by now.
    async fn beat(&self) {
        let running = self.jobs.all();
        if running.is_empty() {
            return;
        }
        let Resources { store, clock, connections, .. } = &*self.resources;
        beat::stop_expired(&self.leases, &running);
        beat::stop_canceled(store, &self.leases, &running, self.options.progress).await;
        watchdog::watch(&running, connections, self.options.stalled_after, clock.now());
        beat::renew(store, &self.leases, &running, self.options.progress).await;
    }

    async fn heartbeat(&self) -> Result<()> {
        let Resources { store, clock, assignment, .. } = &*self.resources;
        beat::check_in(store, assignment, clock.now()).await
    }

    /// How long ago the last tick ended.
    pub(crate) fn since_last_tick(&self) -> Duration {
        lock(&self.last_tick).elapsed()
    }

    /// False once ticks have stopped.
    pub(crate) fn is_alive(&self) -> bool {
        self.since_last_tick() < self.options.idling * 3
    }

    /// Asks the server for what every tick reads, in less time than a lease is renewed in.
    ///
    /// # Errors
    /// When it can't be read.
    pub(crate) async fn is_ready(&self) -> Result<()> {
        concurrent::within(self.options.progress, self.resources.store.check()).await
    }

    /// The connectors that can't be used, with the reasons that their last checks found.
    pub(crate) fn connectors_in_error(&self) -> BTreeMap<String, String> {
        self.checks.errors()
    }

    /// What the worker does, in the text format of Prometheus.
    ///
    /// # Errors
    /// Never: a text takes whatever is written into it.
    pub(crate) fn metrics(&self) -> Result<String, fmt::Error> {
        metrics::text(&self.stats, &self.jobs, self.resources.clock.now())
    }
}

fn intervals(period: Duration) -> tokio::time::Interval {
    let mut intervals = interval(period);
    intervals.set_missed_tick_behavior(MissedTickBehavior::Delay);
    intervals
}

#[cfg(test)]
mod tests;
