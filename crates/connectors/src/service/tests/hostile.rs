//! Sources that panic, names that are reserved, and documents that nobody wrote by the protocol.

use std::sync::atomic::Ordering::SeqCst;

use serde_json::{Value, json};

use super::place::{PANIC, Place, turn};
use crate::protocol::{ConnectorStatus, JobStatus, JobType, Kind};

#[tokio::test(flavor = "multi_thread")]
async fn a_panic_of_a_check_is_the_error_of_its_connector_which_is_checked_again() {
    let place = Place::new().await;
    let (told, well) = (place.told("c").await, place.told("well").await);
    *told.ping.lock().unwrap() = Some(PANIC.into());
    let worker = place.worker("w");
    turn(&worker).await;
    let connector = place.read("c").await;
    assert_eq!(connector.status(), Some(ConnectorStatus::Error));
    assert!(connector.0.text("error").unwrap().contains(&format!("(panic: {PANIC})")));
    assert_eq!(
        (place.read("well").await.status(), well.pinged.load(SeqCst)),
        (Some(ConnectorStatus::Connected), 1)
    );
    *told.ping.lock().unwrap() = None;
    place.wait(3600);
    turn(&worker).await;
    assert_eq!(place.read("c").await.status(), Some(ConnectorStatus::Connected), "it is still attended");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_into_an_index_of_the_program_fails_and_says_why() {
    for index in [".connectors-failures", ".elastic-connectors-v1", "A", "a/b"] {
        let place = Place::new().await;
        place.told("c").await.let_through(10);
        place.change(Kind::Connector, "c", json!({ "index_name": index })).await;
        let job = place.ask("c", JobType::Full).await;
        turn(&place.worker("w")).await;
        let job = place.job(&job).await;
        assert_eq!(job.status(), Some(JobStatus::Error), "{index}");
        let error = job.0.text("error").unwrap();
        assert!(
            error.contains("the index name can't be used") && error.contains("choose another"),
            "{error}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn numbers_and_dates_of_a_document_that_no_worker_wrote_end_no_worker() {
    let most = u64::MAX;
    let (never, text) = ("9999-12-31T23:59:59Z", "soon");
    let counts = |value: Value| {
        json!({
            "indexed_document_count": value, "deleted_document_count": value, "indexed_document_volume": value,
            "metadata": { "tries": value, "takeovers": value, "listed": value, "try_at": never },
            "created_at": text, "started_at": never,
        })
    };
    for value in [json!(most >> 1), json!(-1), json!("x"), json!([1]), json!({ "a": 1 })] {
        let place = Place::new().await;
        let told = place.told("c").await;
        told.is_away.store(true, SeqCst);
        let job = place.ask("c", JobType::Full).await;
        // What a real server's mapping would refuse, the worker may still read from another one.
        let patch = counts(value.clone()).as_object().unwrap().clone();
        if place.store.change(Kind::Job, &job, |_| Ok(Some(patch.clone()))).await.is_err() {
            continue;
        }
        let worker = place.worker("w");
        turn(&worker).await;
        assert!(worker.metrics().is_ok(), "{value}");
        assert!(place.job(&job).await.status().is_some(), "{value}");
    }
}
