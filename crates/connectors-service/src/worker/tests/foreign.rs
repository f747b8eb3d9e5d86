//! Connectors and jobs as other services and tools leave them: what is not ours is left alone, what is switched off is not done.

use connectors_core::ErrorKind;
use connectors_testkit::Fixture as _;
use serde_json::json;

use super::gate::Gate;
use super::place::{Place, SCRIPTED, filled, turn};
use super::until;
use crate::jobs;
use crate::protocol::{JobStatus, JobType, Kind, strict};
use crate::registry::Registry;
use crate::worker::Options;

#[tokio::test(flavor = "multi_thread")]
async fn connectors_of_the_hosted_service_are_served_only_where_that_is_set() {
    let place = Place::new().await;
    let script = place.scripted("c").await;
    script.let_through(100);
    place.change(Kind::Connector, "c", json!({"is_native": true})).await;
    let job = place.ask("c", JobType::Full).await;
    turn(&place.worker("w")).await;
    assert_eq!(place.job(&job).await.status(), Some(JobStatus::Pending));
    assert_eq!(script.pinged.load(std::sync::atomic::Ordering::SeqCst), 0, "nor is it checked");
    let worker = place.worker_with(Options { native: true, ..Options::default() });
    turn(&worker).await;
    assert_eq!(place.job(&job).await.status(), Some(JobStatus::Completed));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connector_of_a_type_that_this_program_lacks_is_reported_once_and_left_alone() {
    let place = Place::new().await;
    place.scripted("known").await;
    place.scripted("c").await;
    place.change(Kind::Connector, "c", json!({"service_type": "sharepoint"})).await;
    let before = place.store.connector("c").await.unwrap().unwrap();
    let worker = place.worker("w");
    let connectors = place.store.connectors().await.unwrap();
    let assignment = &worker.resources.assignment;
    assert_eq!(assignment.newly_unknown(&connectors), [("c", "sharepoint")]);
    assert!(assignment.newly_unknown(&connectors).is_empty(), "once");
    turn(&worker).await;
    let after = place.store.connector("c").await.unwrap().unwrap();
    assert_eq!(after.configuration(), before.configuration());
    place.change(Kind::Connector, "c", json!({"service_type": "notion"})).await;
    let connectors = place.store.connectors().await.unwrap();
    assert_eq!(assignment.newly_unknown(&connectors), [("c", "notion")], "another type is news");
    assignment.retain(&|_: &str| false);
    assert_eq!(assignment.newly_unknown(&connectors), [("c", "notion")], "one that was removed is forgotten");
    let named = Options {
        only: [("known".to_owned(), crate::worker::Served::default())].into(),
        ..Options::default()
    };
    assert!(
        place.worker_with(named).resources.assignment.newly_unknown(&connectors).is_empty(),
        "none of its own"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn features_that_the_source_lacks_are_switched_off_and_those_of_others_stay() {
    let place = Place::new().await;
    place.scripted("c").await.let_through(100);
    let features = json!({
        "incremental_sync": {"enabled": true}, "sync_rules": {"basic": {"enabled": false}},
        "native_connector_api_keys": {"enabled": true}, "theirs": {"enabled": true},
    });
    place.change(Kind::Connector, "c", json!({"features": features})).await;
    turn(&place.worker("w")).await;
    let connector = place.store.connector("c").await.unwrap().unwrap();
    let told = |name: &str| connector.0.value(&format!("features.{name}.enabled")).clone();
    let names = [
        "incremental_sync",
        "sync_rules.basic",
        "sync_rules.advanced",
        "native_connector_api_keys",
        "theirs",
    ];
    assert_eq!(names.map(told), [false, false, false, true, true].map(|is_on| json!(is_on)));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_removed_connector_gets_neither_form_nor_job() {
    let place = Place::new().await;
    place.scripted_at("c", Some("0 * * * * ?")).await.let_through(100);
    place.change(Kind::Connector, "c", json!({"deleted": true, "status": "created"})).await;
    let worker = place.worker("w");
    turn(&worker).await;
    place.wait(120);
    turn(&worker).await;
    assert!(place.jobs("c").await.is_empty());
    assert!(place.store.connectors().await.unwrap().is_empty(), "nor is it listed");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_that_its_source_can_not_do_is_refused_by_whoever_makes_or_runs_it() {
    let place = Place::new().await;
    place.scripted("c").await;
    let schedule = json!({"enabled": true, "interval": "0 * * * * ?"});
    let schedules = json!({"scheduling": {"incremental": schedule, "access_control": schedule}});
    place.change(Kind::Connector, "c", schedules).await;
    let worker = place.worker("w");
    turn(&worker).await;
    place.wait(300);
    turn(&worker).await;
    assert!(place.jobs("c").await.is_empty(), "no schedule makes one");

    let registry = Registry::new([&SCRIPTED as &dyn connectors_core::Registered]);
    for (job_type, reason) in [
        (JobType::Incremental, "can't tell what changed"),
        (JobType::AccessControl, "does not know who may read"),
    ] {
        let refused = jobs::start(&place.store, &registry, ("c", job_type), place.now()).await.unwrap_err();
        assert!(refused.kind() == ErrorKind::Config && refused.to_string().contains(reason), "{refused}");
        let job = place.ask("c", job_type).await;
        turn(&worker).await;
        let job = place.job(&job).await;
        assert_eq!(job.status(), Some(JobStatus::Error));
        assert!(job.text("error").unwrap().contains(reason), "{job:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_features_switch_off_is_not_done() {
    let place = Place::new().await;
    let fixture = filled(5).await;
    place.memory("c", &fixture, None).await;
    let worker = place.worker("w");
    turn(&worker).await;
    let exclude = json!({"id": "mine", "policy": "exclude", "field": "title", "rule": "equals", "value": "Record 3", "order": 0});
    let set = json!({
        "rules": [exclude], "advanced_snippet": {"value": {"title": "Record 4"}},
        "validation": {"state": "valid", "errors": []},
    });
    place.change(Kind::Connector, "c", json!({"filtering": [{"active": set, "draft": set}]})).await;
    let (on, off) = (json!({"enabled": true}), json!({"enabled": false}));
    for (features, left) in [
        (json!({"sync_rules": {"basic": on, "advanced": on}}), 1),
        (json!({"sync_rules": {"basic": on, "advanced": off}}), 4),
        (json!({"sync_rules": {"basic": off, "advanced": off}}), 5),
        (json!({"filtering_rules": false, "filtering_advanced_config": false, "sync_rules": null}), 5),
        (json!({"filtering_rules": true, "filtering_advanced_config": false, "sync_rules": null}), 4),
    ] {
        place.change(Kind::Connector, "c", json!({"features": features})).await;
        let job = place.ask("c", JobType::Full).await;
        turn(&worker).await;
        assert_eq!(place.job(&job).await.status(), Some(JobStatus::Completed), "{features}");
        assert_eq!(place.count("c").await, left, "{features}");
    }
    let switched_off = json!({"features": {"incremental_sync": off, "document_level_security": off}});
    place.change(Kind::Connector, "c", switched_off).await;
    for job_type in [JobType::Incremental, JobType::AccessControl] {
        let job = place.ask("c", job_type).await;
        turn(&worker).await;
        assert!(place.job(&job).await.text("error").unwrap().contains("switched off"), "{job_type}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_text_is_extracted_where_the_pipeline_of_the_connector_says_so() {
    let place = Place::new().await;
    let fixture = filled(6).await;
    let with_text: Vec<String> =
        fixture.expected().filter(|(_, expected)| expected.content.is_some()).map(|(id, _)| id).collect();
    assert!(!with_text.is_empty());
    place.memory("c", &fixture, None).await;
    let worker = place.worker("w");
    let named = json!("search-default-ingestion");
    // Switched on, the next sync reads them, though nothing changed in the source.
    for (name, is_on) in [(&named, false), (&named, true), (&json!(null), false), (&json!(null), true)] {
        let pipeline = json!({"pipeline": {"name": name, "extract_binary_content": is_on}});
        place.change(Kind::Connector, "c", pipeline.clone()).await;
        let job = place.ask("c", JobType::Full).await;
        turn(&worker).await;
        let job = place.job(&job).await;
        assert_eq!(job.status(), Some(JobStatus::Completed), "{pipeline}: {job:?}");
        assert_eq!(place.count("c").await, 6, "{pipeline}");
        for id in &with_text {
            let document = place.document("c", id).await;
            assert!(document["title"].is_string(), "{pipeline}: {document}");
            assert_eq!(document.get("body").is_some(), is_on, "{pipeline}: {document}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_that_is_deleted_while_it_runs_ends_and_its_connector_says_why() {
    let place = Place::new().await;
    let script = place.scripted("c").await;
    let worker = place.worker("w");
    turn(&worker).await;
    let before = place.ask("c", JobType::Full).await;
    script.let_through(10);
    turn(&worker).await;
    assert_eq!(place.job(&before).await.status(), Some(JobStatus::Completed));

    let job = place.ask("c", JobType::Full).await;
    script.let_through(3);
    worker.tick().await.unwrap();
    until(async || super::listed(&worker) == 3).await;
    place.store.delete(Kind::Job, &job).await.unwrap();
    place.wait(11);
    worker.beat().await;
    worker.settle().await;
    let connector = place.read("c").await;
    assert_eq!(connector.text("last_sync_status"), Some("error"));
    let error = connector.text("last_sync_error").unwrap();
    assert!(error.contains("deleted while it ran") && error.contains("start another sync"), "{error}");
    turn(&worker).await;
    assert_eq!(place.read("c").await.text("last_sync_status"), Some("error"), "not that of the job before");
    assert!(worker.jobs.all().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_a_worker_writes_can_be_read_by_a_stricter_service() {
    let place = Place::new().await;
    let fixture = filled(5).await;
    place.memory("c", &fixture, Some("0 * * * * ?")).await;
    place.change(Kind::Connector, "c", json!({"status": "created", "configuration": {}})).await;
    let read = async || {
        strict::connector(&place.read("c").await.0.fields).unwrap();
        for job in place.jobs("c").await {
            strict::job(&job.0.fields).unwrap();
        }
    };
    let worker = place.worker("w");
    turn(&worker).await;
    read().await;
    for (name, value) in fixture.settings() {
        place.change(Kind::Connector, "c", json!({"configuration": {name: {"value": value}}})).await;
    }
    for job_type in JobType::ALL {
        place.ask("c", *job_type).await;
        place.wait(60);
        turn(&worker).await;
        read().await;
    }
    assert!(place.jobs("c").await.iter().any(|job| job.status() == Some(JobStatus::Completed)));
}

/// As another service claims: without a condition.
async fn claimed_by_another(place: &Place, job: &str) {
    let theirs = json!({"worker_hostname": "theirs", "status": "in_progress", "last_seen": place.now()});
    place.change(Kind::Job, job, theirs).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_that_another_service_claims_before_the_first_write_is_left_to_it() {
    let place = Place::new().await;
    let gate = Gate::before(&place).await;
    let script = place.scripted("c").await;
    let ours = place.worker_of(gate.store(0).await, Options { worker: "ours".into(), ..Options::default() });
    turn(&ours).await;
    script.let_through(100);
    let id = place.ask("c", JobType::Full).await;
    // Once the job is claimed its document is read again, before the sync begins.
    let read = gate.hold(&format!("_doc/{id}"), 0);
    ours.tick().await.unwrap();
    read.arrived().await;
    claimed_by_another(&place, &id).await;
    read.open();
    ours.settle().await;
    let job = place.job(&id).await;
    assert_eq!((job.status(), job.worker()), (Some(JobStatus::InProgress), Some("theirs")));
    assert_eq!(job.0.text("metadata.lost_claim.worker"), Some("ours"));
    let index = connectors_core::elastic::index::find(place.store.client(), "c").await.unwrap();
    assert!(index.is_none(), "nothing was written");
    assert!(strict::job(&job.0.fields).is_ok(), "and their reader takes it");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_that_another_service_claims_while_it_runs_is_given_up_and_says_so() {
    let place = Place::new().await;
    let script = place.scripted("c").await;
    let ours = place.worker("ours");
    turn(&ours).await;
    let id = place.ask("c", JobType::Full).await;
    script.let_through(3);
    ours.tick().await.unwrap();
    let running = ours.jobs.all().remove(0);
    until(async || running.counts().listed == 3).await;
    claimed_by_another(&place, &id).await;
    place.wait(11);
    ours.beat().await;
    ours.settle().await;
    let job = place.job(&id).await;
    assert_eq!((job.status(), job.worker()), (Some(JobStatus::InProgress), Some("theirs")));
    assert_eq!(
        (job.0.text("metadata.lost_claim.worker"), job.0.count("metadata.lost_claim.listed")),
        (Some("ours"), 3)
    );
    assert!(ours.jobs.all().is_empty());
}
