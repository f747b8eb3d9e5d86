//! Another service of the protocol that claims jobs without a condition, also those that this one has. Against the server that
//! `CONNECTORS_SERVICE_URL` names, else the embedded one.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::Ordering::SeqCst;

use connectors_core::elastic::{Client, Request, index};
use serde_json::{Value, json};

use super::gate::Gate;
use super::place::{Place, Script, turn};
use super::{listed, until};
use crate::protocol::{JobStatus, JobType, Kind, SyncJob};
use crate::worker::{Options, Worker};

/// The connector and its index.
const NAME: &str = "rivals";

/// A service that looks at no version and at no worker.
struct Rival<'a>(&'a Client);

impl Rival<'_> {
    async fn write(&self, job: &str, fields: Value) {
        let path = format!("/{}/_update/{job}", Kind::Job.index());
        let request = Request::post(path).query("refresh", "true").body(&json!({ "doc": fields }));
        self.0.call(&request).await.unwrap();
    }

    async fn claim(&self, job: &str) {
        self.write(job, json!({"status": "in_progress", "worker_hostname": "rival"})).await;
    }

    /// Makes the index equal to a source of so many documents, and ends the job.
    async fn sync(&self, job: &str, documents: u64) {
        let mut lines = String::new();
        for number in 0..documents {
            lines +=
                &format!("{}\n{}\n", json!({"index": {"_id": format!("d{number}")}}), json!({"n": number}));
        }
        for number in documents..documents + 20 {
            lines += &format!("{}\n", json!({"delete": {"_id": format!("d{number}")}}));
        }
        let bulk = Request::post(format!("/{NAME}/_bulk")).query("refresh", "true").lines(lines.into());
        self.0.call(&bulk).await.unwrap();
        self.write(job, json!({"status": "completed", "completed_at": "2024-01-01T00:00:00+00:00"})).await;
    }
}

/// A connector, a worker behind a gate, and a rival.
struct World {
    place: Place,
    gate: Gate,
    worker: Arc<Worker>,
    script: Arc<Script>,
}

impl World {
    async fn new() -> Self {
        let place = Place::anywhere(&[NAME]).await;
        let script = place.scripted(NAME).await;
        let gate = Gate::before(&place).await;
        let options = Options { worker: "w".into(), ..Options::default() };
        let worker = place.worker_of(gate.store(0).await, options);
        turn(&worker).await;
        Self { place, gate, worker, script }
    }

    fn rival(&self) -> Rival<'_> {
        Rival(self.place.store.client())
    }

    /// The rival takes a job that this worker has claimed and has written nothing for.
    async fn lose_before_the_first_write(&self, job: &str) {
        let read = self.gate.hold(&format!("_doc/{job}"), 0);
        self.worker.tick().await.unwrap();
        read.arrived().await;
        self.lose(job).await;
        read.open();
        self.worker.settle().await;
    }

    /// The rival takes a job of which two documents were read.
    async fn lose_while_it_reads(&self, job: &str) {
        self.script.permits.forget_permits(usize::MAX >> 4);
        self.script.let_through(2);
        self.worker.tick().await.unwrap();
        until(async || listed(&self.worker) == 2).await;
        self.lose(job).await;
        // No beat comes meanwhile: the document is read before each write.
        self.script.let_through(100);
        self.worker.settle().await;
    }

    async fn run(&self) {
        self.script.let_through(100);
        turn(&self.worker).await;
    }

    async fn lose(&self, job: &str) {
        let ours = self.place.job(job).await;
        assert_eq!((ours.worker(), ours.status()), (Some("w"), Some(JobStatus::InProgress)));
        self.rival().claim(job).await;
    }

    async fn documents(&self) -> BTreeMap<String, Value> {
        let client = self.place.store.client();
        index::refresh(client, NAME).await.unwrap();
        let all = Request::post(format!("/{NAME}/_search")).body(&json!({"size": 100}));
        let found: Value = client.json(&all).await.unwrap();
        let hits = found["hits"]["hits"].as_array().unwrap();
        hits.iter()
            .map(|hit| (hit["_id"].as_str().unwrap().to_owned(), hit["_source"]["n"].clone()))
            .collect()
    }

    fn expected(&self) -> BTreeMap<String, Value> {
        let documents = 0..self.script.documents.load(SeqCst);
        documents.map(|number| (format!("d{number}"), json!(number))).collect()
    }
}

/// Whose the job is, its state, and who lost it.
fn seen(job: &SyncJob) -> (Option<&str>, Option<JobStatus>, Option<&str>) {
    (job.worker(), job.status(), job.text("metadata.lost_claim.worker"))
}

#[tokio::test(flavor = "multi_thread")]
async fn beside_a_service_that_claims_without_a_condition_the_index_is_right_after_each_of_ten_jobs() {
    let world = World::new().await;
    let mut lost = 0;
    for round in 0..10 {
        world.script.documents.store(10 + (round * 7) % 5, SeqCst);
        let id = world.place.ask(NAME, JobType::Full).await;
        match round % 3 {
            0 => world.lose_before_the_first_write(&id).await,
            1 => world.lose_while_it_reads(&id).await,
            _ => world.run().await,
        }
        if round % 3 < 2 {
            let job = world.place.job(&id).await;
            assert_eq!(seen(&job), (Some("rival"), Some(JobStatus::InProgress), Some("w")), "{round}");
            world.rival().sync(&id, world.script.documents.load(SeqCst)).await;
            lost += 1;
        }
        let job = world.place.job(&id).await;
        assert_eq!(job.status(), Some(JobStatus::Completed), "{round}: {job:?}");
        assert_eq!(world.documents().await, world.expected(), "{round}");
    }
    assert_eq!(lost, 7);
    world.place.forget(&[NAME]).await;
}
