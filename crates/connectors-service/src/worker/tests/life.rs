//! The life of connectors.

use serde_json::{Map, json};
use std::sync::Arc;
use std::sync::atomic::Ordering::SeqCst;
use tempfile::TempDir;

use super::place::{Place, SCRIPTED, Script, filled, turn};
use crate::protocol::{ConnectorStatus, JobStatus, JobType, Kind};
use crate::secrets::Secrets;
use crate::worker::{Options, Worker};
use connectors_core::sync::failures;
use connectors_testkit::Fixture as _;

#[tokio::test(flavor = "multi_thread")]
async fn a_created_connector_gets_its_form_and_waits_for_values() {
    let place = Place::new().await;
    let bare = json!({
        "name": "n", "service_type": "scripted", "index_name": "docs", "status": "created", "configuration": {},
        "created_at": "2024-01-01T00:00:00Z", "somebody": {"else": 1},
    });
    place.store.create(Kind::Connector, "c", bare.as_object().unwrap()).await.unwrap();
    let worker = place.worker("w");
    turn(&worker).await;
    let connector = place.read("c").await;
    assert_eq!(connector.status(), Some(ConnectorStatus::NeedsConfiguration));
    assert_eq!(connector.configuration()["name"]["label"], "Name");
    assert_eq!(connector.0.value("features.incremental_sync.enabled"), &json!(false));
    assert_eq!(connector.0.value("somebody.else"), &json!(1), "what others wrote stays");

    turn(&worker).await;
    assert_eq!(place.read("c").await.0.version, connector.0.version, "nothing is written twice");
}

#[tokio::test(flavor = "multi_thread")]
async fn values_are_tried_when_they_change_and_when_their_check_is_due() {
    let place = Place::new().await;
    let script = place.scripted("c").await;
    let worker = place.worker("w");
    turn(&worker).await;
    turn(&worker).await;
    assert_eq!(place.read("c").await.status(), Some(ConnectorStatus::Connected));
    assert_eq!(script.pinged.load(SeqCst), 1, "not in every tick");

    *script.ping.lock().unwrap() = Some("the password is wrong".into());
    place.wait(3601);
    turn(&worker).await;
    let connector = place.read("c").await;
    assert_eq!(connector.status(), Some(ConnectorStatus::Error));
    assert!(connector.0.text("error").unwrap().contains("the password is wrong"));

    *script.ping.lock().unwrap() = None;
    place.change(Kind::Connector, "c", json!({"configuration": {"note": {"value": "new"}}})).await;
    turn(&worker).await;
    let connector = place.read("c").await;
    assert_eq!((connector.status(), connector.0.text("error")), (Some(ConnectorStatus::Connected), None));
    assert_eq!(script.made.load(SeqCst), 2, "made anew for other values, and only then");
    assert_eq!(script.closed.load(SeqCst), 1, "the old one is closed");
}

#[tokio::test(flavor = "multi_thread")]
async fn values_that_a_person_takes_away_are_waited_for_again() {
    let place = Place::new().await;
    place.connector("c", (&SCRIPTED, Map::new()), None).await;
    let worker = place.worker("w");
    turn(&worker).await;
    assert_eq!(place.read("c").await.status(), Some(ConnectorStatus::NeedsConfiguration));
    let job = place.ask("c", JobType::Full).await;
    turn(&worker).await;
    assert_eq!(place.job(&job).await.status(), Some(JobStatus::Pending), "it waits with its connector");
    place.change(Kind::Connector, "c", json!({"configuration": {"name": {"value": "nobody"}}})).await;
    turn(&worker).await;
    assert_eq!(place.read("c").await.status(), Some(ConnectorStatus::Error));
    turn(&worker).await;
    let job = place.job(&job).await;
    assert_eq!(job.status(), Some(JobStatus::Error));
    assert!(job.0.text("error").unwrap().contains("no scripted source of this name"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connector_of_another_program_is_left_alone() {
    let place = Place::new().await;
    let theirs = json!({"service_type": "sharepoint", "index_name": "docs", "status": "created"});
    place.store.create(Kind::Connector, "c", theirs.as_object().unwrap()).await.unwrap();
    let before = place.read("c").await;
    let job = place.ask("c", JobType::Full).await;
    let worker = place.worker("w");
    turn(&worker).await;
    worker.heartbeat().await.unwrap();
    assert_eq!(place.read("c").await, before);
    assert_eq!(place.job(&job).await.status(), Some(JobStatus::Pending));
}

#[tokio::test(flavor = "multi_thread")]
async fn signs_of_life_are_written_for_connectors_that_are_served() {
    let place = Place::new().await;
    place.memory("c", &filled(1).await, None).await;
    let worker = place.worker("w");
    place.wait(77);
    worker.heartbeat().await.unwrap();
    assert_eq!(place.read("c").await.0.date("last_seen"), Some(place.now()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_source_stays_in_memory_and_is_asked_what_changed() {
    let place = Place::new().await;
    let mut fixture = filled(5).await;
    place.memory("c", &fixture, None).await;
    let worker = place.worker("w");
    // Only the source that listed before is certain that nothing changed; another one would be listed again.
    for (listed, indexed) in [(5, 5), (0, 0)] {
        let job = place.ask("c", JobType::Full).await;
        turn(&worker).await;
        turn(&worker).await;
        let job = place.job(&job).await;
        assert_eq!(job.status(), Some(JobStatus::Completed), "{job:?}");
        assert_eq!((job.counts().listed, job.counts().indexed), (listed, indexed), "{job:?}");
    }
    fixture.add(2).await.unwrap();
    let job = place.ask("c", JobType::Incremental).await;
    turn(&worker).await;
    assert_eq!(place.job(&job).await.counts().indexed, 2);
    assert_eq!(place.count("c").await, 7);
}

/// The scripted source `c`, a setting of which is a file with this secret, and a worker that finds the file.
async fn scripted_with_secret(place: &Place, secret: &str) -> (Arc<Script>, Arc<Worker>, TempDir) {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("scripted"), format!("{secret}\n")).unwrap();
    let script = place.scripted("c").await;
    let note = json!({"configuration": {"note": {"value": "${secret:scripted}"}}});
    place.change(Kind::Connector, "c", note).await;
    let secrets = Secrets::new(Some(folder.path().to_owned()));
    (script, place.worker_with(Options { secrets, ..Options::default() }), folder)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_secret_in_the_words_of_a_source_is_masked_in_documents() {
    let place = Place::new().await;
    let (script, worker, _folder) = scripted_with_secret(&place, "pass-of-the-scripted-source").await;
    *script.ping.lock().unwrap() = Some("no way in for pass-of-the-scripted-source".into());
    turn(&worker).await;
    let connector = place.read("c").await;
    assert!(connector.0.text("error").unwrap().contains("no way in for ***"), "{connector:?}");
    let job = place.ask("c", JobType::Full).await;
    turn(&worker).await;
    let job = place.job(&job).await;
    assert_eq!(job.status(), Some(JobStatus::Error));
    assert!(job.0.text("error").unwrap().contains("no way in for ***"), "{job:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_secret_in_what_a_document_failed_of_is_masked_where_failures_are_kept() {
    let place = Place::new().await;
    let (script, worker, _folder) = scripted_with_secret(&place, "pass-of-a-broken-document").await;
    *script.broken.lock().unwrap() = Some("not for pass-of-a-broken-document".into());
    script.documents.store(1, SeqCst);
    script.let_through(1);
    place.ask("c", JobType::Full).await;
    turn(&worker).await;
    let failures = failures::list(place.store.client(), Some("c")).await.unwrap();
    let reasons: Vec<&str> = failures.iter().map(|failure| failure.reason.as_str()).collect();
    assert_eq!(reasons, ["not for ***"]);
}
