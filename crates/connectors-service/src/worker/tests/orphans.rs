//! Jobs whose connectors a search does not show.

use super::gate::Gate;
use super::place::{Place, turn};
use crate::protocol::{JobStatus, JobType};
use crate::worker::Options;

const NOTHING: (u16, &str) = (200, r#"{"hits": {"hits": []}}"#);
const CONNECTORS: &str = "POST /.elastic-connectors/_search";

#[tokio::test(flavor = "multi_thread")]
async fn a_connector_that_a_search_does_not_show_keeps_its_jobs() {
    let place = Place::new().await;
    let [running, waiting] = [place.scripted("running").await, place.scripted("waiting").await];
    let gate = Gate::before(&place).await;
    let options = Options { worker: "w".into(), content_slots: 1, ..Options::default() };
    let worker = place.worker_of(gate.store(0).await, options);
    turn(&worker).await;
    let first = place.ask("running", JobType::Full).await;
    place.wait(1);
    let jobs = [first, place.ask("waiting", JobType::Full).await];
    worker.tick().await.unwrap();
    assert_eq!(place.job(&jobs[0]).await.status(), Some(JobStatus::InProgress));

    gate.answer(CONNECTORS, 1, NOTHING);
    worker.tick().await.unwrap();
    assert!(worker.jobs.all().iter().all(|running| running.stopped().is_none()));
    assert_eq!(place.job(&jobs[1]).await.status(), Some(JobStatus::Pending));
    gate.answer(CONNECTORS, 1, NOTHING);
    gate.answer("GET /.elastic-connectors/_doc", 2, (503, "{}"));
    worker.tick().await.unwrap();
    assert_eq!(place.job(&jobs[1]).await.status(), Some(JobStatus::Pending), "it could not be looked up");
    for script in [&running, &waiting] {
        script.let_through(100);
    }
    worker.settle().await;
    turn(&worker).await;
    for job in &jobs {
        assert_eq!(place.job(job).await.status(), Some(JobStatus::Completed));
    }
}
