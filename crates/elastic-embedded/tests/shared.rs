//! A server in a process of its own, which several use.
#![allow(clippy::unwrap_used)]

use std::fs::{File, Permissions};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;

use elastic_embedded::{Error, Options, Server, Shared};
use reqwest::{Client, Response};
use serde_json::{Value, json};

fn program(data: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_elastic-embedded"));
    command.arg(data).arg("shared");
    command
}

async fn open(data: &Path) -> Shared {
    let owned = data.to_owned();
    Shared::open(data, move || program(&owned)).await.unwrap()
}

/// Waits until no process serves the folder.
fn wait_for_end(data: &Path) {
    File::open(data.join("lock")).unwrap().lock().unwrap();
}

fn process(data: &Path) -> String {
    std::fs::read_to_string(data.join("lock")).unwrap().trim().to_owned()
}

fn kill(signal: &str, process: &str) {
    assert!(Command::new("kill").args([signal, process]).status().unwrap().success());
}

async fn send(shared: &Shared, path: &str, body: Option<Value>) -> reqwest::Result<Response> {
    let url = format!("{}{path}", shared.url());
    let client = Client::new();
    let request = body.map_or_else(|| client.get(&url), |body| client.put(&url).json(&body));
    request.header("authorization", format!("ApiKey {}", shared.token().unwrap())).send().await
}

/// Asks until there is an answer, as every client of the server does.
async fn answer(shared: &Shared, path: &str, body: Option<Value>) -> Value {
    loop {
        if let Ok(answer) = send(shared, path, body.clone()).await {
            return answer.json().await.unwrap();
        }
        tokio::task::yield_now().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_lives_as_long_as_anybody_uses_it() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let first = open(&data).await;
    let second = open(&data).await;
    assert_eq!(first.url(), second.url());
    assert_eq!(answer(&first, "/docs/_doc/1", Some(json!({"a": 1}))).await["result"], "created");
    let attached = Server::start(Options::new(&data)).await.unwrap();
    assert!(attached.attached() && attached.url() == first.url());
    first.close().await;
    attached.stop().await.unwrap();
    assert_eq!(answer(&second, "/docs/_doc/1", None).await["found"], true);
    let (serving, url) = (process(&data), second.url().to_owned());
    second.close().await;
    wait_for_end(&data);

    let third = open(&data).await;
    assert_eq!(third.url(), url, "a folder keeps its address");
    assert_ne!(process(&data), serving);
    assert_eq!(answer(&third, "/docs/_doc/1", None).await["found"], true);
    third.close().await;
    wait_for_end(&data);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_ended_is_there_again_at_its_address() {
    let folder = tempfile::tempdir().unwrap();
    let shared = open(folder.path()).await;
    for (at, signal) in ["-KILL", "-TERM", "-KILL"].into_iter().enumerate() {
        let path = format!("/docs/_doc/{at}");
        assert_eq!(answer(&shared, &path, Some(json!({"a": 1}))).await["result"], "created");
        let serving = process(folder.path());
        kill(signal, &serving);
        // A terminal that is closed ends nothing.
        while process(folder.path()) == serving {
            tokio::task::yield_now().await;
        }
        assert_eq!(answer(&shared, &path, None).await["found"], true, "after {signal}");
        kill("-HUP", &process(folder.path()));
    }
    let root = answer(&shared, "/", None).await;
    assert_eq!(root["cluster_uuid"], std::fs::read_to_string(folder.path().join("id")).unwrap());
    shared.close().await;
    wait_for_end(folder.path());
}

#[tokio::test(flavor = "multi_thread")]
async fn many_that_come_at_once_share_one_server() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().to_owned();
    for _ in 0..3 {
        let coming: Vec<_> = (0..8)
            .map(|_| {
                tokio::spawn({
                    let data = data.clone();
                    async move { open(&data).await }
                })
            })
            .collect();
        let mut urls = Vec::new();
        for shared in coming {
            let shared = shared.await.unwrap();
            assert_eq!(send(&shared, "/", None).await.unwrap().status(), 200);
            urls.push(shared.url().to_owned());
            shared.close().await;
        }
        urls.dedup();
        assert!(urls.len() <= 2, "one may have ended before the last came: {urls:?}");
    }
    wait_for_end(&data);
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_starts_a_server_is_told_why_it_does_not_start() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("indices"), "no folder").unwrap();
    let data = folder.path().to_owned();
    let error = Shared::open(&data.clone(), move || program(&data)).await.unwrap_err();
    assert!(matches!(&error, Error::Start { path, .. } if path == folder.path()), "{error}");
    assert!(error.to_string().contains("indices") || error.to_string().contains("exists"), "{error}");

    let silent = Shared::open(folder.path(), || Command::new("true")).await.unwrap_err();
    assert!(silent.to_string().contains("without a word"), "{silent}");
    let absent = Shared::open(folder.path(), || Command::new("/no/such/program")).await.unwrap_err();
    assert!(matches!(absent, Error::Launch { .. }), "{absent}");
}

#[tokio::test(flavor = "multi_thread")]
async fn only_who_can_read_the_token_is_answered() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::set_permissions(folder.path(), Permissions::from_mode(0o755)).unwrap();
    let shared = open(folder.path()).await;
    let token = shared.token().unwrap();
    let mode = |name: &str| std::fs::metadata(folder.path().join(name)).unwrap().mode() & 0o777;
    assert_eq!((mode(""), mode("token"), mode("address")), (0o700, 0o600, 0o600));
    for (given, status) in [
        (None, 401),
        (Some(format!("ApiKey {token}")), 200),
        (Some(format!("bearer {token}")), 200),
        (Some(format!("Basic {token}")), 401),
        (Some(format!("ApiKey {token}0")), 401),
        (Some("ApiKey ".to_owned()), 401),
        (Some(token.clone()), 401),
    ] {
        let mut request = Client::new().get(format!("{}/_cat/indices?format=json", shared.url()));
        if let Some(given) = &given {
            request = request.header("authorization", given);
        }
        let answer = request.send().await.unwrap();
        assert_eq!(answer.status(), status, "{given:?}");
        if status == 401 {
            assert_eq!(answer.headers()["www-authenticate"], "ApiKey");
            let answer: Value = answer.json().await.unwrap();
            assert_eq!(answer["error"]["type"], "security_exception");
            assert!(answer["error"]["reason"].as_str().unwrap().contains("[token]"), "{answer}");
        }
    }
    shared.close().await;
    wait_for_end(folder.path());
    let again = open(folder.path()).await;
    assert_eq!(again.token().unwrap(), token, "those who know it may go on");
    again.close().await;
}

#[test]
fn the_folder_of_somebody_else_is_refused_with_the_fix() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::set_permissions(folder.path(), Permissions::from_mode(0o700)).unwrap();
    let mut other = Command::new(env!("CARGO_BIN_EXE_elastic-embedded"));
    // Only the superuser can become somebody else.
    let Ok(output) = other.arg(folder.path()).uid(65_534).output() else { return };
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!output.status.success() && told.contains("is not open to this user: run as"), "{told}");
}
