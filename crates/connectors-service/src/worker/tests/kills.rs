//! Workers that are killed at random: each job ends once, and each index is equal to its source.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;
use std::sync::atomic::Ordering::SeqCst;

use tokio::runtime::{Builder, Runtime};

use super::place::{Place, Script, connect};
use crate::protocol::{JobStatus, JobType};
use crate::worker::{Options, Worker};

const JOBS: usize = 30;
const WORKERS: usize = 3;
const KILLS: usize = 12;

/// A worker in a runtime of its own, which can be shut down under it.
struct Killable {
    runtime: Option<Runtime>,
    worker: Arc<Worker>,
}

impl Killable {
    async fn new(place: &Place, name: &str) -> Self {
        let runtime = Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let url = place.store.client().settings().host.clone();
        let store = runtime.spawn(connect(url)).await.unwrap();
        let worker = place.worker_of(
            store,
            Options {
                worker: name.into(),
                content_slots: 3,
                grace: std::time::Duration::from_millis(50),
                ..Options::default()
            },
        );
        Self { runtime: Some(runtime), worker }
    }

    /// One round, on the worker's own threads. A server that is asked by a dying worker may fail it.
    async fn round(&self) {
        let (worker, runtime) = (self.worker.clone(), self.runtime.as_ref().unwrap());
        let round = runtime.spawn(async move {
            worker.beat().await;
            worker.tick().await.unwrap();
        });
        round.await.unwrap();
    }

    fn kill(&mut self) {
        self.runtime.take().unwrap().shutdown_background();
    }
}

impl Drop for Killable {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

/// Connectors with a job each, and the workers that are killed.
struct Siege {
    place: Place,
    sources: Vec<Arc<Script>>,
    jobs: Vec<String>,
    workers: Vec<Killable>,
    kills: usize,
    drawn: u64,
}

impl Siege {
    async fn new() -> Self {
        let place = Place::new().await;
        let mut siege =
            Self { place, sources: Vec::new(), jobs: Vec::new(), workers: Vec::new(), kills: 0, drawn: 0 };
        for number in 0..JOBS {
            siege.sources.push(siege.place.scripted(&format!("c{number}")).await);
        }
        for number in 0..WORKERS {
            siege.workers.push(Killable::new(&siege.place, &format!("w{number}")).await);
        }
        for worker in &siege.workers {
            worker.round().await;
            worker.worker.settle().await;
        }
        for number in 0..JOBS {
            siege.jobs.push(siege.place.ask(&format!("c{number}"), JobType::Full).await);
        }
        siege
    }

    /// The next number below `bound` of a row that is the same in every run.
    fn below(&mut self, bound: usize) -> usize {
        self.drawn += 1;
        let mut hasher = DefaultHasher::new();
        self.drawn.hash(&mut hasher);
        hasher.finish() as usize % bound
    }

    /// Every worker looks once, then one may be killed, and another takes its place.
    async fn round(&mut self) {
        for number in 0..JOBS {
            let count = self.below(4);
            self.sources[number].let_through(count);
        }
        futures::future::join_all(self.workers.iter().map(Killable::round)).await;
        if self.kills < KILLS && self.below(4) == 0 {
            let victim = self.below(WORKERS);
            self.workers[victim].kill();
            self.kills += 1;
            let heir = format!("w{victim}-{}", self.kills);
            self.workers[victim] = Killable::new(&self.place, &heir).await;
        }
        self.place.wait(30);
    }

    async fn is_over(&self) -> bool {
        let jobs = futures::future::join_all(self.jobs.iter().map(|id| self.place.job(id))).await;
        jobs.iter().all(|job| job.status().is_some_and(JobStatus::is_final))
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn jobs_of_killed_workers_end_once_and_whole() {
    let mut siege = Siege::new().await;
    let mut rounds = 0;
    while !siege.is_over().await {
        rounds += 1;
        assert!(rounds < 400, "they never end");
        siege.round().await;
    }
    assert!(siege.kills >= 5, "{} workers were killed", siege.kills);
    let mut takeovers = 0;
    for (number, id) in siege.jobs.iter().enumerate() {
        let (place, connector) = (&siege.place, format!("c{number}"));
        let job = place.job(id).await;
        assert_eq!((job.status(), job.0.text("error")), (Some(JobStatus::Completed), None), "{job:?}");
        assert_eq!(place.jobs(&connector).await.len(), 1, "no job was made twice");
        assert_eq!(place.count(&connector).await, siege.sources[number].documents.load(SeqCst));
        takeovers += job.takeovers();
    }
    assert!(takeovers > 0, "a kill met a running job");
}
