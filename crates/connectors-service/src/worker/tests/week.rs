//! A week on a driven clock: every run of every schedule is accounted for, whatever happens meanwhile.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use chrono::{DateTime, Datelike, TimeDelta, Timelike, Utc, Weekday};
use connectors_core::Registered;
use connectors_testkit::Fixture as _;
use connectors_testkit::memory::{MemoryFixture, SOURCE as MEMORY};
use futures::future::{join_all, select_all};
use serde_json::{Map, Value, json};
use tempfile::TempDir;

use super::place::{Place, SCRIPTED, Script, filled};
use crate::protocol::{JobStatus, JobType, Kind, NewConnector, Schedule};
use crate::worker::running::RunningJob;
use crate::worker::{Options, Worker};

/// Between two looks, in seconds.
const STEP: u64 = 1800;
/// Looks of a day.
const DAY: u64 = 24 * 3600 / STEP;
/// The first look of an hour of a day of the week; Monday is the first day.
const fn at(day: u64, hour: u64) -> u64 {
    day * DAY + hour * 3600 / STEP
}
/// Longer than any look takes: what stands still for so long hangs.
const PATIENCE: Duration = Duration::from_secs(60);
/// The connector whose source takes ten hours to list.
const SLOW: &str = "slow";

/// When something is due, by the calendar and without quartz expressions.
type Calendar = fn(DateTime<Utc>) -> bool;
type Plan = (JobType, &'static str, Calendar);

const NIGHTLY: Plan = (JobType::Full, "0 30 2 * * ?", |at| (at.hour(), at.minute()) == (2, 30));
const NOONS: Plan =
    (JobType::Full, "0 0 12 1/2 * ?", |at| at.day() % 2 == 1 && (at.hour(), at.minute()) == (12, 0));
const WORKDAYS: Plan = (JobType::Full, "0 15 7 ? * MON-FRI", |at| {
    at.weekday().number_from_monday() < 6 && (at.hour(), at.minute()) == (7, 15)
});
const OFTEN: Plan = (JobType::Full, "0 0 0/2 * * ?", |at| at.hour() % 2 == 0 && at.minute() == 0);
const CHANGES: Plan = (JobType::Incremental, "0 10 9 ? * 2,4,6", |at| {
    at.weekday().num_days_from_monday() % 2 == 0
        && at.weekday().number_from_monday() < 6
        && (at.hour(), at.minute()) == (9, 10)
});
const READERS: Plan = (JobType::AccessControl, "0 30 5 ? * TUE,SAT", |at| {
    matches!(at.weekday(), Weekday::Tue | Weekday::Sat) && (at.hour(), at.minute()) == (5, 30)
});

/// Twenty schedules of ten connectors.
const PLANS: [(&str, &[Plan]); 10] = [
    ("a", &[NOONS, CHANGES, READERS]),
    ("b", &[NOONS, CHANGES, READERS]),
    ("c", &[NOONS, CHANGES]),
    ("d", &[NIGHTLY, CHANGES, READERS]),
    ("e", &[NIGHTLY, CHANGES]),
    ("f", &[NIGHTLY, READERS]),
    ("g", &[WORKDAYS, CHANGES]),
    ("h", &[WORKDAYS]),
    ("i", &[READERS]),
    (SLOW, &[OFTEN]),
];

/// What a worker, or all of them, made of the runs that came due, and of the jobs that it had.
#[derive(Debug, Default, PartialEq, Eq)]
struct Sum {
    on_time: u64,
    caught_up: u64,
    skipped: u64,
    completed: u64,
    taken_over: u64,
}

impl Sum {
    fn add(&mut self, worker: &Worker) {
        let stats = &worker.stats;
        self.on_time += stats.on_time.load(Relaxed);
        self.caught_up += stats.caught_up.load(Relaxed);
        self.skipped += stats.skipped.load(Relaxed);
        self.completed += stats.ended(JobStatus::Completed);
        self.taken_over += stats.taken_over.load(Relaxed);
    }
}

/// The server, what it syncs, and the workers of the moment.
struct Week {
    place: Place,
    stores: Vec<MemoryFixture>,
    slow: Arc<Script>,
    workers: Vec<Arc<Worker>>,
    is_up: bool,
    past: Sum,
}

impl Week {
    async fn new() -> Self {
        let place = Place::of(in_memory()).await;
        let (mut stores, mut asked) = (Vec::new(), Vec::new());
        let slow = place.scripted(SLOW).await;
        place.store.delete(Kind::Connector, SLOW).await.unwrap();
        let named = Map::from_iter([("name".to_owned(), json!(slow.name()))]);
        for (id, plans) in PLANS {
            if id == SLOW {
                create(&place, id, (&SCRIPTED, named.clone()), plans).await;
                continue;
            }
            let store = filled(3).await;
            let mut settings = store.settings();
            settings.insert("use_document_level_security".into(), json!(true));
            create(&place, id, (&MEMORY, settings), plans).await;
            stores.push(store);
            asked.push(place.ask(id, JobType::Full).await);
        }
        slow.documents.store(20, Relaxed);
        let mut week = Self { place, stores, slow, workers: Vec::new(), is_up: true, past: Sum::default() };
        week.begin("first");
        week.watched(0, "the first syncs", async |week| week.look().await).await;
        for job in asked {
            assert_eq!(week.place.job(&job).await.status(), Some(JobStatus::Completed));
        }
        week
    }

    fn begin(&mut self, name: &str) {
        let second = Duration::from_secs;
        self.workers.push(self.place.worker_with(Options {
            worker: name.into(),
            idling: second(STEP),
            lease: second(3 * STEP),
            grace: Duration::from_millis(50),
            ..Options::default()
        }));
    }

    /// Ends the workers as SIGTERM does.
    async fn end(&mut self) {
        for worker in std::mem::take(&mut self.workers) {
            worker.shut_down().await;
            self.past.add(&worker);
        }
    }

    /// Half an hour: what happens to the servers and workers, then what the workers do.
    async fn step(&mut self, step: u64) {
        self.place.wait(STEP);
        self.slow.let_through(1);
        match step {
            _ if step == at(0, 1) || step == at(3, 4) => self.end().await,
            _ if step == at(0, 4) => self.begin("second"),
            _ if step == at(3, 7) => self.begin("third"),
            _ if step == at(4, 13) => self.begin("beside it"),
            _ if step == at(5, 13) => {
                self.end().await;
                self.begin("last");
            }
            // In the middle of the jobs that this look starts.
            _ if step == at(1, 5) + 1 => {
                self.tick().await;
                self.place.take_down().await;
                self.is_up = false;
            }
            _ if step == at(1, 7) + 1 => {
                self.place.bring_back().await;
                self.is_up = true;
            }
            _ => {}
        }
        join_all(self.workers.iter().map(|worker| worker.beat())).await;
        self.look().await;
    }

    /// Lets everything that is due or begun end, without any more time.
    async fn finish(&mut self) {
        loop {
            // A job that ends between a look and the question would leave the runs behind it unlooked at.
            let was_idle = self.is_idle().await;
            self.tick().await;
            if was_idle && self.is_idle().await {
                break;
            }
            if self.running().next().is_none() {
                continue;
            }
            self.slow.let_through(100);
            self.watched(7 * DAY, "the end", async |week| {
                select_all(week.workers.iter().map(|worker| Box::pin(worker.freed.notified()))).await;
            })
            .await;
        }
    }

    async fn tick(&self) {
        for looked in join_all(self.workers.iter().map(Worker::tick)).await {
            assert_eq!(looked.is_ok(), self.is_up, "{looked:?}");
        }
    }

    /// Looks, and again whenever a slot gets free, until only the slow source is read. While the server is away
    /// nothing ends.
    async fn look(&self) {
        self.tick().await;
        while self.is_up && self.running().any(|running| running.connector != SLOW) {
            select_all(self.workers.iter().map(|worker| Box::pin(worker.freed.notified()))).await;
            self.tick().await;
        }
    }

    fn running(&self) -> impl Iterator<Item = Arc<RunningJob>> {
        self.workers.iter().flat_map(|worker| worker.jobs.all())
    }

    /// Does something that is to end, and tells where everything stands if it does not.
    async fn watched(&mut self, step: u64, what: &str, done: impl AsyncFnOnce(&mut Self)) {
        if tokio::time::timeout(PATIENCE, done(self)).await.is_ok() {
            return;
        }
        let jobs: Vec<String> = self
            .running()
            .map(|job| format!("{} of {} is {}", job.id, job.connector, job.stage_word()))
            .collect();
        let (at, server) = (self.place.now().format("%A %H:%M"), if self.is_up { "up" } else { "down" });
        panic!("{what} hangs at step {step}, {at}; the server is {server}; jobs: {jobs:#?}");
    }

    /// The ids of all jobs that schedules made, by connector and type.
    async fn made(&self) -> BTreeMap<(String, JobType), BTreeSet<String>> {
        self.place.store.refresh(Kind::Job).await.unwrap();
        let scheduled = json!({ "term": { "trigger_method": "scheduled" } });
        let mut made = BTreeMap::<_, BTreeSet<String>>::new();
        for job in self.place.store.jobs(&scheduled, None).await.unwrap() {
            assert_eq!((job.status(), job.0.text("error")), (Some(JobStatus::Completed), None), "{job:?}");
            let key = (job.connector_id().unwrap().to_owned(), job.job_type());
            made.entry(key).or_default().insert(job.id().to_owned());
        }
        made
    }

    async fn is_idle(&self) -> bool {
        self.place.store.refresh(Kind::Job).await.unwrap();
        self.place.store.jobs_in(&JobStatus::OPEN).await.unwrap().is_empty()
    }
}

/// Where nothing waits for a disk, if the system has such a place.
fn in_memory() -> TempDir {
    let memory = Path::new("/dev/shm");
    if memory.is_dir() { TempDir::new_in(memory).unwrap() } else { TempDir::new().unwrap() }
}

async fn create(place: &Place, id: &str, of: (&dyn Registered, Map<String, Value>), plans: &[Plan]) {
    let schedule = |(job_type, interval, _): &Plan| {
        (*job_type, Schedule { enabled: true, interval: (*interval).to_owned() })
    };
    let (source, values) = of;
    let asked = NewConnector {
        name: id.into(),
        index_name: id.into(),
        values,
        schedules: plans.iter().map(schedule).collect(),
        ..NewConnector::default()
    };
    assert!(place.store.create(Kind::Connector, id, &asked.document(source, place.now())).await.unwrap());
}

/// The id of the job of each run that is due after one instant and not after another.
fn due((id, (job_type, _, is_due)): (&str, &Plan), span: (DateTime<Utc>, DateTime<Utc>)) -> BTreeSet<String> {
    let minutes =
        std::iter::successors(Some(span.0 + TimeDelta::minutes(1)), |at| Some(*at + TimeDelta::minutes(1)));
    minutes
        .take_while(|at| *at <= span.1)
        .filter(|at| is_due(*at))
        .map(|at| format!("{id}-{job_type}-{}", at.format("%Y%m%dT%H%M%SZ")))
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_run_of_a_week_is_accounted_for() {
    let mut week = Week::new().await;
    let start = week.place.now();
    for step in 1..=7 * DAY {
        week.watched(step, "the step", async |week| week.step(step).await).await;
    }
    let span = (start, week.place.now());
    week.finish().await;
    week.end().await;

    let made = week.made().await;
    let (mut all_due, mut all_made) = (0, 0);
    for (id, plans) in PLANS {
        for plan in plans {
            let (due, made) = (due((id, plan), span), &made[&(id.to_owned(), plan.0)]);
            assert_eq!(made.difference(&due).count(), 0, "{id} {}: a run that was not due", plan.0);
            all_due += due.len() as u64;
            all_made += made.len() as u64;
        }
    }
    let sum = &week.past;
    assert_eq!(sum.on_time + sum.caught_up, all_made, "{sum:?}");
    assert_eq!(sum.on_time + sum.caught_up + sum.skipped, all_due, "{sum:?}");
    assert_eq!(sum.completed, all_made + week.stores.len() as u64, "each job ended once: {sum:?}");
    for (what, count) in
        [("caught up", sum.caught_up), ("skipped", sum.skipped), ("taken over", sum.taken_over)]
    {
        assert!(count > 0, "the week has no run or job that is {what}: {sum:?}");
    }
    for (id, _) in PLANS {
        assert_eq!(week.place.count(id).await, if id == SLOW { 20 } else { 3 }, "{id}");
    }
}
