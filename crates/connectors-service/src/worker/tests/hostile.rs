//! Sources that panic, names that are reserved, and documents that nobody wrote by the protocol.

use std::sync::atomic::Ordering::SeqCst;

use serde_json::{Value, json};

use super::place::{PANIC, Place, turn};
use crate::pattern::Pattern;
use crate::protocol::{ConnectorStatus, JobStatus, JobType, Kind};
use crate::secrets::Secrets;
use crate::worker::{Allow, Grant, Grantee, Options};

#[tokio::test(flavor = "multi_thread")]
async fn a_panic_of_a_check_is_the_error_of_its_connector_which_is_checked_again() {
    let place = Place::new().await;
    let (script, well) = (place.scripted("c").await, place.scripted("well").await);
    *script.ping.lock().unwrap() = Some(PANIC.into());
    let worker = place.worker("w");
    turn(&worker).await;
    let connector = place.read("c").await;
    assert_eq!(connector.status(), Some(ConnectorStatus::Error));
    assert!(connector.0.text("error").unwrap().contains(&format!("(panic: {PANIC})")));
    assert_eq!(
        (place.read("well").await.status(), well.pinged.load(SeqCst)),
        (Some(ConnectorStatus::Connected), 1)
    );
    *script.ping.lock().unwrap() = None;
    place.wait(3600);
    turn(&worker).await;
    assert_eq!(place.read("c").await.status(), Some(ConnectorStatus::Connected), "it is still attended");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_into_an_index_of_the_program_fails_and_says_why() {
    for index in [".connectors-failures", ".elastic-connectors-v1", "A", "a/b"] {
        let place = Place::new().await;
        place.scripted("c").await.let_through(10);
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
        let script = place.scripted("c").await;
        script.is_away.store(true, SeqCst);
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

/// What the operator allows: a secret for one connector, one folder, one domain.
fn bounded(folder: &std::path::Path) -> Options {
    let pattern = |text: &str| vec![Pattern::new(text).unwrap()];
    let grant = Grant { to: Grantee::Connector("good".into()), names: pattern("secret:mine*") };
    let allow = Allow {
        secrets: Some(vec![grant]),
        paths: Some(vec![folder.join("open")]),
        hosts: Some(pattern("*.example.com")),
    };
    Options {
        worker: "w".into(),
        allow,
        secrets: Secrets::new(Some(folder.join("secrets"))),
        ..Options::default()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_may_write_connectors_gets_no_secret_path_or_host_that_is_not_allowed() {
    let folder = tempfile::TempDir::new().unwrap();
    for part in ["open/sub", "closed", "secrets"] {
        std::fs::create_dir_all(folder.path().join(part)).unwrap();
    }
    for secret in ["mine", "theirs"] {
        std::fs::write(folder.path().join("secrets").join(secret), "hunter22").unwrap();
    }
    std::os::unix::fs::symlink(folder.path().join("closed"), folder.path().join("open/out")).unwrap();
    let at = |path: &str| folder.path().join(path).display().to_string();
    for (id, setting, value, refused) in [
        ("good", "note", "${secret:mine}".to_owned(), None),
        ("good", "note", "x ${secret:theirs}".to_owned(), Some("service.allow.secrets")),
        ("bad", "note", "${secret:mine}".to_owned(), Some("service.allow.secrets")),
        ("bad", "note", "${CONNECTORS_SECRET_ANY}".to_owned(), Some("service.allow.secrets")),
        ("good", "folder", at("open/sub"), None),
        ("good", "folder", "/etc".to_owned(), Some("service.allow.paths")),
        ("good", "folder", at("open/out"), Some("service.allow.paths")),
        ("good", "folder", at("open/../closed"), Some("service.allow.paths")),
        ("good", "server", "mongodb://u:p@a.example.com:1,b.example.com/x".to_owned(), None),
        ("good", "server", "http://evil.org/?.example.com".to_owned(), Some("service.allow.hosts")),
        ("good", "server", "http://a.example.com@evil.org".to_owned(), Some("service.allow.hosts")),
        ("good", "server", "http://evil.org\\@a.example.com".to_owned(), Some("can't be told for certain")),
    ] {
        let place = Place::new().await;
        place.scripted(id).await;
        place.change(Kind::Connector, id, json!({ "configuration": { setting: { "value": value } } })).await;
        turn(&place.worker_with(bounded(folder.path()))).await;
        let connector = place.read(id).await;
        let error = connector.0.text("error").unwrap_or_default();
        match refused {
            None => assert_eq!(connector.status(), Some(ConnectorStatus::Connected), "{value}: {error}"),
            Some(words) => {
                assert_eq!(connector.status(), Some(ConnectorStatus::Error), "{value}");
                assert!(error.contains(words) && !error.contains("hunter22"), "{value}: {error}");
            }
        }
    }
}
