//! How a job's end is written, when answers are lost and writes are refused.

use std::sync::Arc;
use std::time::Duration;

use serde_json::json;

use super::gate::Gate;
use super::place::{Place, turn};
use crate::protocol::{Connector, JobStatus, JobType, Kind};
use crate::worker::{Options, Worker};

/// A connector with a job that waits, and a worker behind a gate that is about to run it.
async fn about_to_run(tries: usize) -> (Place, Gate, Arc<Worker>, String) {
    let place = Place::new().await;
    place.scripted("c").await.let_through(100);
    turn(&place.worker("first")).await;
    let gate = Gate::before(&place).await;
    let store = gate.store(tries).await;
    let worker = place.worker_of(
        store,
        Options { worker: "w".into(), retry_pause: Duration::from_millis(1), ..Options::default() },
    );
    let job = place.ask("c", JobType::Full).await;
    (place, gate, worker, job)
}

fn state_of(connector: &Connector) -> (Option<&str>, u64) {
    (connector.0.text("last_sync_status"), connector.0.count("last_indexed_document_count"))
}

#[tokio::test(flavor = "multi_thread")]
async fn an_end_whose_answer_was_lost_is_recognised_and_written_to_the_connector() {
    for tries in [1, 0] {
        let (place, gate, worker, job) = about_to_run(tries).await;
        // The first write takes the job, the second ends it.
        let taken = gate.hold(&format!("_update/{job}"), 0);
        let turning = tokio::spawn({
            let worker = worker.clone();
            async move { turn(&worker).await }
        });
        taken.arrived().await;
        gate.lose_answer(&format!("_update/{job}"));
        taken.open();
        turning.await.unwrap();
        assert_eq!(place.job(&job).await.status(), Some(JobStatus::Completed));
        assert_eq!(state_of(&place.read("c").await), (Some("completed"), 10), "{tries} further tries");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connector_that_can_not_be_written_is_written_later() {
    let (place, gate, worker, job) = about_to_run(0).await;
    let taken = gate.hold("_update/c", 0);
    let turning = tokio::spawn({
        let worker = worker.clone();
        async move { turn(&worker).await }
    });
    taken.arrived().await;
    gate.answer(
        "_update/c",
        1,
        (403, r#"{"error": {"reason": "index [x] blocked", "type": "cluster_block_exception"}}"#),
    );
    taken.open();
    turning.await.unwrap();
    assert_eq!(place.job(&job).await.status(), Some(JobStatus::Completed));
    assert_eq!(state_of(&place.read("c").await), (Some("completed"), 10));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connector_left_in_progress_without_an_open_job_is_mended_by_a_tick() {
    let place = Place::new().await;
    place.scripted("c").await.let_through(100);
    let worker = place.worker("w");
    turn(&worker).await;
    let job = place.ask("c", JobType::Full).await;
    turn(&worker).await;
    let left =
        json!({"last_sync_status": "in_progress", "last_indexed_document_count": 0, "last_synced": null});
    place.change(Kind::Connector, "c", left).await;
    let other = place.ask("c", JobType::Full).await;
    place.change(Kind::Job, &other, json!({"status": "in_progress", "worker_hostname": "alive"})).await;
    turn(&worker).await;
    assert_eq!(state_of(&place.read("c").await), (Some("in_progress"), 0), "a job is open");

    place.store.delete(Kind::Job, &other).await.unwrap();
    turn(&worker).await;
    let connector = place.read("c").await;
    assert_eq!(state_of(&connector), (Some("completed"), 10));
    assert_eq!(connector.0.date("last_synced"), place.job(&job).await.0.date("completed_at"));

    place.store.delete(Kind::Job, &job).await.unwrap();
    let left = json!({"last_access_control_sync_status": "in_progress"});
    place.change(Kind::Connector, "c", left).await;
    turn(&worker).await;
    let connector = place.read("c").await;
    assert_eq!(connector.0.text("last_access_control_sync_status"), Some("error"));
    let error = connector.0.text("last_access_control_sync_error").unwrap_or_default();
    assert!(error.contains("start another sync"), "{error}");
    assert_eq!(state_of(&connector), (Some("completed"), 10), "the other status is left alone");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connector_whose_job_every_worker_dropped_says_so() {
    let place = Place::new().await;
    place.scripted("c").await;
    let worker = place.worker("w");
    turn(&worker).await;
    let job = place.ask("c", JobType::Full).await;
    let dropped = json!({"status": "in_progress", "worker_hostname": "gone", "metadata": {"takeovers": 5}});
    place.change(Kind::Job, &job, dropped).await;
    place.change(Kind::Connector, "c", json!({"last_sync_status": "in_progress"})).await;
    place.wait(400);
    turn(&worker).await;
    turn(&worker).await;
    let connector = place.read("c").await;
    assert_eq!(connector.0.text("last_sync_status"), Some("error"));
    assert!(
        connector.0.text("last_sync_error").unwrap_or_default().contains("every worker"),
        "{connector:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cancel_that_comes_before_the_end_is_written_is_not_overwritten_by_completed() {
    let (place, gate, worker, job) = about_to_run(0).await;
    // The first write takes the job, the second ends it.
    let ends = gate.hold(&format!("_update/{job}"), 1);
    let turning = tokio::spawn({
        let worker = worker.clone();
        async move { turn(&worker).await }
    });
    ends.arrived().await;
    let asked = place.store.cancel_job(&job, place.now()).await.unwrap().unwrap();
    assert_eq!(asked.status(), Some(JobStatus::Canceling));
    ends.open();
    turning.await.unwrap();
    assert_eq!(place.job(&job).await.status(), Some(JobStatus::Canceled));
    assert_eq!(state_of(&place.read("c").await), (Some("canceled"), 10), "what was written is counted");
}
