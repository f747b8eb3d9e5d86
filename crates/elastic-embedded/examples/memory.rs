//! What requests make the server hold in memory at most: a query of many clauses, and bodies that are not finished, each sent to
//! a server of its own in another process.
//! `cargo run --release --package elastic-embedded --example memory -- [CLAUSES [BODIES [MIB]]]`
#![allow(clippy::unwrap_used, clippy::print_stdout)]

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use elastic_embedded::{Options, Server};
use futures::StreamExt;
use reqwest::{Body, Client, StatusCode};
use serde_json::json;

const SERVE: &str = "serve";
const MIB: usize = 1 << 20;

#[tokio::main]
async fn main() {
    let mut arguments = std::env::args().skip(1).peekable();
    if arguments.next_if(|first| first == SERVE).is_some() {
        return serve(&arguments.next().unwrap()).await;
    }
    let mut number = |default| arguments.next().and_then(|number| number.parse().ok()).unwrap_or(default);
    let (clauses, bodies, mib) = (number(200_000_usize), number(12_usize), number(99_usize));
    let server = Started::start();
    let (before, status) = (server.peak(), query(&server.url, clauses).await);
    println!(
        "a query of {clauses} clauses: {status}, peak {before} MiB before and {} MiB after",
        server.peak()
    );
    let server = Started::start();
    let (before, refused) = (server.peak(), unfinished(&server.url, bodies, mib).await);
    println!(
        "{bodies} unfinished bodies of {mib} MiB: {refused} refused, peak {before} MiB before and {} MiB after",
        server.peak()
    );
}

/// The server of another process.
async fn serve(data: &str) {
    let server = Server::start(Options::new(data)).await.unwrap();
    println!("{}", server.url());
    std::future::pending::<()>().await;
}

/// A server in a process of its own, which ends with this.
struct Started {
    process: Child,
    url: String,
    _data: tempfile::TempDir,
}

impl Started {
    fn start() -> Self {
        let data = tempfile::tempdir().unwrap();
        let mut command = Command::new(std::env::current_exe().unwrap());
        let mut process = command.arg(SERVE).arg(data.path()).stdout(Stdio::piped()).spawn().unwrap();
        let mut url = String::new();
        BufReader::new(process.stdout.take().unwrap()).read_line(&mut url).unwrap();
        Started { process, url: url.trim().to_owned(), _data: data }
    }

    /// The most memory that its process had, in MiB.
    fn peak(&self) -> usize {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.process.id())).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
        line.trim().trim_end_matches(" kB").parse::<usize>().unwrap() / 1024
    }
}

impl Drop for Started {
    fn drop(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }
}

async fn query(url: &str, clauses: usize) -> StatusCode {
    let client = Client::new();
    let made =
        client.put(format!("{url}/a/_doc/1?refresh=true")).json(&json!({"n": 1})).send().await.unwrap();
    assert!(made.status().is_success());
    let query = json!({"bool": {"should": vec![json!({"term": {"n": 1}}); clauses]}});
    client.post(format!("{url}/a/_search")).json(&json!({"query": query})).send().await.unwrap().status()
}

/// Sends bodies whose last byte never comes: how many are refused before.
async fn unfinished(url: &str, bodies: usize, mib: usize) -> usize {
    let taken = Arc::new(AtomicUsize::new(0));
    let requests: Vec<_> = (0..bodies)
        .map(|_| {
            let taken = taken.clone();
            let pieces = futures::stream::iter(0..mib).map(move |_| {
                taken.fetch_add(1, Ordering::Relaxed);
                Ok::<_, std::io::Error>(vec![b' '; MIB])
            });
            let request =
                Client::new().post(format!("{url}/a/_bulk")).header("content-type", "application/x-ndjson");
            tokio::spawn(request.body(Body::wrap_stream(pieces.chain(futures::stream::pending()))).send())
        })
        .collect();
    let mut before = usize::MAX;
    while before != taken.load(Ordering::Relaxed) {
        before = taken.load(Ordering::Relaxed);
        tokio::time::sleep(Duration::from_secs(2)).await;
    }
    requests.iter().filter(|request| request.is_finished()).count()
}
