//! Requests to a server, and a server in a process of its own.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use reqwest::Client;
use serde_json::{Value, json};

pub(crate) async fn get(url: &str, path: &str) -> Value {
    Client::new().get(format!("{url}{path}")).send().await.unwrap().json().await.unwrap()
}

pub(crate) async fn post(url: &str, path: &str, body: String) -> Value {
    let request =
        Client::new().post(format!("{url}{path}")).header("content-type", "application/json").body(body);
    request.send().await.unwrap().json().await.unwrap()
}

/// A bulk that indexes `{n}` under the ids `from..to`.
pub(crate) fn bulk(from: u64, to: u64) -> String {
    (from..to)
        .map(|n| format!("{}\n{}\n", json!({"index": {"_id": n.to_string()}}), json!({"n": n, "s": "word"})))
        .collect()
}

/// A server in a process of its own, and the first line that it prints.
pub(crate) fn spawn(folder: &Path) -> (Child, String) {
    let mut child = Command::new(env!("CARGO_BIN_EXE_elastic-embedded"))
        .arg(folder)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    (child, line.trim().to_owned())
}
