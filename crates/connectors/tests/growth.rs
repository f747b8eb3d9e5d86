//! What a process holds that goes on syncing: bytes that are allocated and not freed, which depend on no other process.
#![allow(clippy::unwrap_used)]

use std::path::Path;
use std::process::Command;

use connectors_core::config::Secret;
use connectors_core::elastic::{Auth, Client, Settings};
use connectors_core::sync::{Counters, Job, Options, Report, Status, full};
use connectors_core::{Connection, Context, Registered, Rules};
use connectors_testkit::CountingAllocator;
use elastic_embedded::Shared;
use serde_json::json;
use tokio_util::sync::CancellationToken;

#[global_allocator]
static HEAP: CountingAllocator = CountingAllocator::new();

const FILES: usize = 1000;
/// Syncs after which everything that is made once has been made, and all.
const SYNCS: (usize, usize) = (15, 45);
/// Far below one id of 32 bytes that each sync would keep of each document, or 1 KB of each sync.
const MOST: usize = 32 << 10;

/// The embedded server, in a process of its own.
async fn server(data: &Path) -> Shared {
    let folder = data.to_owned();
    let launch = move || {
        let mut command = Command::new(env!("CARGO_BIN_EXE_connectors"));
        command.args(["embedded-server", "--data"]).arg(&folder);
        command
    };
    Shared::open(data, launch).await.unwrap()
}

async fn sync(connection: &dyn Connection, client: &Client, marks: &Path) -> Report {
    let (context, counters, cancel) = (Context::default(), Counters::default(), CancellationToken::new());
    full(&Job {
        source: connection.source(),
        rules: const { &Rules::NONE },
        client,
        index: "docs",
        owner: None,
        context: &context,
        marks: Some(marks),
        pipeline: None,
        options: Options::default(),
        counters: &counters,
        fence: None,
        cancel: &cancel,
    })
    .await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_kept_from_sync_to_sync() {
    let place = tempfile::tempdir().unwrap();
    let [docs, data, marks] = ["docs", "data", "marks"].map(|name| place.path().join(name));
    std::fs::create_dir(&docs).unwrap();
    for number in 0..FILES {
        std::fs::write(docs.join(format!("{number}.txt")), format!("file {number}")).unwrap();
    }
    let server = server(&data).await;
    let mut elastic = Settings::new(server.url().parse().unwrap());
    elastic.auth = server.token().map_or(Auth::None, |token| Auth::ApiKey(Secret::new(token)));
    let client = Client::connect(elastic).await.unwrap();
    let settings = json!({ "directory": docs });
    let connection =
        source_directory::SOURCE.connect(settings.as_object().unwrap(), &Context::default()).unwrap();

    let mut held = Vec::with_capacity(SYNCS.1);
    for number in 0..SYNCS.1 {
        std::fs::write(docs.join("7.txt"), format!("changed {number} times")).unwrap();
        let report = sync(&*connection, &client, &marks).await;
        let written = if number == 0 { FILES as u64 } else { 1 };
        assert_eq!((report.status, report.created + report.updated), (Status::Completed, written));
        drop(report);
        held.push(HEAP.held());
    }
    // The least of several, as a task that ends a moment later only adds to one of them.
    let least = |sizes: &[usize]| sizes.iter().copied().min().unwrap();
    let later = &held[SYNCS.0..];
    let (before, after) = (least(&later[..10]), least(&later[later.len() - 10..]));
    assert!(after <= before + MOST, "from {before} to {after} bytes: {later:?}");
    server.close().await;
}
