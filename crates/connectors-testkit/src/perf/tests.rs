//! What the commands of a performance program promise, each tried on another: the sink is the server.

use std::sync::{Arc, Mutex};

use connectors_core::{Context, Registered as _, Rules};
use futures::StreamExt as _;
use serde_json::{Value, json};

use super::*;
use crate::memory::{MemoryFixture, SOURCE};

/// A sink that records into a folder.
async fn sink(folder: &std::path::Path) -> (String, Arc<Mutex<sink::Sink>>) {
    sink::tests::start(false, Some(folder)).await
}

async fn put(url: &str, path: &str, body: &str) {
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let request = if path.ends_with("_bulk") {
        client.post(format!("{url}{path}"))
    } else {
        client.put(format!("{url}{path}"))
    };
    assert!(request.body(body.to_owned()).send().await.unwrap().status().is_success());
}

#[tokio::test]
async fn what_was_recorded_is_posted_as_it_came() {
    let (one, two) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let lines = "{\"index\":{\"_id\":\"a\"}}\n{\"x\":1}\n{\"index\":{\"_id\":\"b\"}}\n{\"x\":22}\n";
    let (url, state) = sink(one.path()).await;
    put(&url, "/docs", r#"{"mappings":{"properties":{}}}"#).await;
    put(&url, "/docs/_bulk", lines).await;
    sink::tests::close(&state);
    let (url, state) = sink::tests::start(true, Some(two.path())).await;
    let from = one.path().display();
    let mut words = Words::of(&format!("--es {url} --index again --from {from} --bulk 0 --window 1"));
    let error = post::run(&post::Options::of(&mut words).unwrap()).await.unwrap_err();
    // The documents have no marks, so that a sink that keeps them refuses: told, not swallowed.
    assert!(error.to_string().contains("a document without _sync"), "{error}");
    sink::tests::close(&state);
    let (url, state) = sink(two.path()).await;
    let options = post::Options {
        es: url,
        index: "again".into(),
        from: one.path().into(),
        pace: (1, 1),
        deletes: false,
    };
    let error = post::run(&options).await.unwrap_err();
    assert_eq!(error.to_string(), "2 documents were posted, and the index holds 0", "a sink without --keep");
    sink::tests::close(&state);
    for file in [post::INDEX, post::LINES, post::ENDS] {
        let read = |folder: &tempfile::TempDir| std::fs::read(folder.path().join(file)).unwrap();
        assert_eq!(read(&one), read(&two), "{file}");
    }
    assert_eq!(std::fs::read_to_string(two.path().join(post::LINES)).unwrap(), lines);
}

#[tokio::test]
async fn posting_counts_what_it_sent() {
    let folder = tempfile::tempdir().unwrap();
    let document = |id: &str| {
        let hash = xxhash_rust::xxh3::xxh3_64(id.as_bytes()).cast_signed();
        format!("{{\"index\":{{\"_id\":\"{id}\"}}}}\n{{\"_sync\":{{\"id\":{hash},\"mark\":1}}}}\n")
    };
    let lines = document("a") + &document("b");
    let (url, state) = sink(folder.path()).await;
    put(&url, "/docs", r#"{"mappings":{}}"#).await;
    put(&url, "/docs/_bulk", &lines).await;
    sink::tests::close(&state);
    let (es, _) = sink::tests::start(true, None).await;
    let options =
        post::Options { es, index: "again".into(), from: folder.path().into(), pace: (1, 2), deletes: false };
    let posted = post::run(&options).await.unwrap();
    let expected =
        post::Posted { created: 2, requests: 2, bytes_sent: lines.len() as u64, bytes_received: 32 };
    assert_eq!(posted, expected);
    let posted = post::run(&post::Options { deletes: true, ..options }).await.unwrap();
    let bytes_sent = 2 * "{\"delete\":{\"_id\":\"a\"}}\n".len() as u64;
    assert_eq!(posted, post::Posted { created: 0, requests: 2, bytes_sent, bytes_received: 32 });
}

#[tokio::test]
async fn draining_reads_every_document_and_its_body_if_asked() {
    let mut fixture = MemoryFixture::start().await.unwrap();
    fixture.load(50).await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("settings.json");
    std::fs::write(&file, json!(fixture.settings()).to_string()).unwrap();
    let listed = drain::run(&SOURCE, &file, false).await.unwrap();
    assert_eq!(listed, drain::Drained { documents: 50, bytes: 0 });
    let connection = SOURCE.connect(&fixture.settings(), &Context::default()).unwrap();
    let rules = Rules::default();
    let bodies = connection
        .source()
        .documents(&rules)
        .map(|document| document.unwrap().into_parts().body.into_bytes().unwrap().len() as u64);
    let bytes: u64 = bodies.collect::<Vec<_>>().await.into_iter().sum();
    assert_eq!(drain::run(&SOURCE, &file, true).await.unwrap(), drain::Drained { documents: 50, bytes });
}

/// The answers to some commands.
async fn told(input: &str) -> Vec<Value> {
    let mut fixture = MemoryFixture::start().await.unwrap();
    let answers = Mutex::new(Vec::new());
    let answer = |value: &Value| answers.lock().unwrap().push(value.clone());
    serve::commands(&mut fixture, input.as_bytes(), answer).await.unwrap();
    answers.into_inner().unwrap()
}

#[tokio::test]
async fn commands_change_the_backend_and_errors_do_not_end_it() {
    let answers = told("load 200\nchange 2\nload many\nremove 3\nwhat\nadd 4\n").await;
    let expected = [
        json!({"count": "200"}),
        json!({"count": 2}),
        json!({"error": "load many: `many` is no number"}),
        json!({"count": 3}),
        json!({"error": "what: no such command"}),
        json!({"count": 4}),
    ];
    assert_eq!(answers, expected);
}

#[tokio::test]
async fn an_index_that_lacks_documents_is_not_equal() {
    let (url, _) = sink::tests::start(true, None).await;
    let answers = told(&format!("load 2\ncount {url}/docs\ncompare {url}/docs\ndrop {url}/docs\n")).await;
    assert_eq!(answers[1], json!({"count": 0}));
    let error = answers[2]["error"].as_str().unwrap();
    assert!(error.contains("/docs: the document ") && error.ends_with("is not in the index"), "{error}");
    assert_eq!(answers[3], json!({}));
}

#[tokio::test]
async fn the_words_decide_and_what_is_missing_is_named() {
    let run = |words: &str| run::<MemoryFixture>(&SOURCE, Words::of(words));
    for (words, expected) in [
        ("", "say serve, post, sink or drain"),
        ("post --bulk some", "--bulk takes a number, not `some`"),
        ("post --es e --index i", "--from is needed, with a value"),
        ("drain --settings", "--settings is needed, with a value"),
        ("drain --settings /no/such/file", "No such file"),
    ] {
        let error = run(words).await.unwrap_err().to_string();
        assert!(error.contains(expected), "{words}: {error}");
    }
    assert_eq!(unknown_shape("huge", &["small"]), ExitCode::FAILURE);
}
