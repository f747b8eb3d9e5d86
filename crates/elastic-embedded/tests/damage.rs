//! Indices whose files were damaged, and what else may stand in the data folder.
#![allow(clippy::unwrap_used)]

use std::fs;
use std::path::{Path, PathBuf};

use elastic_embedded::{Options, Server};
use reqwest::{Client, Method};
use serde_json::{Value, json};

async fn send(server: &Server, (method, path): (Method, &str), body: Option<Value>) -> Value {
    let request = Client::new().request(method, format!("{}{path}", server.url()));
    let request = body.iter().fold(request, |request, body| request.json(body));
    request.send().await.unwrap().json().await.unwrap()
}

async fn get(server: &Server, path: &str) -> Value {
    send(server, (Method::GET, path), None).await
}

/// The folder of an index.
fn folder_of(data: &Path, name: &str) -> PathBuf {
    let folders = fs::read_dir(data.join("indices")).unwrap().map(|entry| entry.unwrap().path());
    let is_its = |folder: &PathBuf| fs::read_to_string(folder.join("name")).is_ok_and(|text| text == name);
    folders.into_iter().find(is_its).unwrap()
}

/// The largest file of a folder.
fn largest(folder: &Path) -> PathBuf {
    let files = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    files.max_by_key(|file| fs::metadata(file).unwrap().len()).unwrap()
}

fn damage(index: &Path, how: &str) {
    match how {
        "no description" => fs::remove_file(index.join("meta.json")).unwrap(),
        "a description without a name" => fs::write(index.join("meta.json"), "{}").unwrap(),
        "half a description" => fs::write(index.join("meta.json"), "{").unwrap(),
        "the engine's list" => fs::write(index.join("engine/meta.json"), "?").unwrap(),
        "a segment cut short" => fs::write(largest(&index.join("engine")), "x").unwrap(),
        "an empty segment" => fs::write(largest(&index.join("engine")), "").unwrap(),
        _ => fs::remove_dir_all(index.join("engine")).unwrap(),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_index_that_is_damaged_is_answered_for_and_the_others_are_served() {
    for how in [
        "no description",
        "half a description",
        "a description without a name",
        "the engine's list",
        "a segment cut short",
        "an empty segment",
    ] {
        let data = tempfile::tempdir().unwrap();
        let server = Server::start(Options::new(data.path())).await.unwrap();
        for path in ["/sound/_doc/1?refresh=true", "/hurt/_doc/1?refresh=true"] {
            let written = send(&server, (Method::PUT, path), Some(json!({"text": "a word"}))).await;
            assert_eq!(written["result"], "created", "{written}");
        }
        server.stop().await.unwrap();
        let folder = folder_of(data.path(), "hurt");
        damage(&folder, how);

        let server = Server::start(Options::new(data.path())).await.unwrap();
        assert_eq!(get(&server, "/sound/_search").await["hits"]["total"]["value"], 1, "{how}");
        assert_eq!(get(&server, "/*/_search").await["hits"]["total"]["value"], 1, "{how}");
        assert_eq!(get(&server, "/_cluster/health").await["status"], "red");
        let rows = get(&server, "/_cat/indices?format=json&h=index,health").await;
        let expected = json!([{"index": "hurt", "health": "red"}, {"index": "sound", "health": "green"}]);
        assert_eq!(rows, expected, "{how}");
        for request in [
            (Method::GET, "/hurt/_search"),
            (Method::GET, "/hurt"),
            (Method::PUT, "/hurt"),
            (Method::PUT, "/hurt/_doc/2"),
            (Method::GET, "/sound,hurt/_count"),
        ] {
            let answer = send(&server, request.clone(), Some(json!({}))).await;
            let reason = answer["error"]["reason"].as_str().unwrap_or_default();
            for told in ["[hurt] is damaged", &folder.display().to_string(), "DELETE /hurt"] {
                assert!(answer["status"] == 400 && reason.contains(told), "{how}, {request:?}: {answer}");
            }
        }
        assert_eq!(send(&server, (Method::DELETE, "/hurt"), None).await["acknowledged"], true);
        assert!(!folder.exists());
        let again = send(&server, (Method::PUT, "/hurt/_doc/1"), Some(json!({}))).await;
        assert_eq!(again["result"], "created", "{again}");
        assert_eq!(get(&server, "/_cluster/health").await["status"], "green");
        server.stop().await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn only_what_this_program_left_half_made_or_half_deleted_is_removed() {
    let data = tempfile::tempdir().unwrap();
    let indices = data.path().join("indices");
    for (folder, file) in [
        ("half", "half-made"),
        ("gone.deleted", "meta.json"),
        ("lost+found", "somebody's"),
        ("nothing", "log/0"),
    ] {
        let file = indices.join(folder).join(file);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(file, "x").unwrap();
    }
    let server = Server::start(Options::new(data.path())).await.unwrap();
    assert_eq!(get(&server, "/_cat/indices?format=json").await, json!([]));
    server.stop().await.unwrap();
    let left = |folder: &str| indices.join(folder).exists();
    assert!(!left("half") && !left("gone.deleted") && left("lost+found/somebody's") && left("nothing/log/0"));
}
