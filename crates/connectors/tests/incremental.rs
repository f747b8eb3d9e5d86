//! Incremental syncs of a source in memory into the embedded server.
#![allow(clippy::unwrap_used)]

use connectors_core::elastic::{Client, Request, Settings};
use connectors_core::sync::{
    Counters, Job, Options, Report, Status, full, full_resumable, incremental, verify,
};
use connectors_core::{Connection, Context, Registered as _, Rules};
use connectors_testkit::Fixture as _;
use connectors_testkit::memory::{MemoryFixture, SOURCE};
use elastic_embedded::{Options as EmbeddedOptions, Server};
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;

/// A source with documents, and an index to keep equal to it.
struct World {
    fixture: MemoryFixture,
    connection: Box<dyn Connection>,
    client: Client,
    cancel: CancellationToken,
    _server: (Server, TempDir),
}

impl World {
    async fn with(count: usize) -> Self {
        let data = tempfile::tempdir().unwrap();
        let server = Server::start(EmbeddedOptions::new(data.path().to_owned())).await.unwrap();
        let client = Client::connect(Settings::new(server.url().parse().unwrap())).await.unwrap();
        let mut fixture = MemoryFixture::start().await.unwrap();
        fixture.load(count).await.unwrap();
        let connection = SOURCE.connect(&fixture.settings(), &Context::default()).unwrap();
        Self { fixture, connection, client, cancel: CancellationToken::new(), _server: (server, data) }
    }

    async fn full(&self) -> Report {
        full_resumable(
            &self.job(&Context::default(), &Counters::default()),
            self.connection.incremental().unwrap(),
        )
        .await
    }

    async fn incremental(&self) -> Report {
        incremental(
            &self.job(&Context::default(), &Counters::default()),
            self.connection.incremental().unwrap(),
        )
        .await
    }

    async fn is_equal(&self) -> bool {
        verify(&self.job(&Context::default(), &Counters::default())).await.unwrap().is_equal()
    }

    fn job<'a>(&'a self, context: &'a Context, counters: &'a Counters) -> Job<'a> {
        Job {
            source: self.connection.source(),
            rules: const { &Rules::NONE },
            client: &self.client,
            index: "docs",
            owner: None,
            context,
            marks: None,
            pipeline: None,
            options: Options::default(),
            counters,
            fence: None,
            cancel: &self.cancel,
        }
    }
}

fn accounts(report: &Report) -> [u64; 4] {
    [report.created, report.updated, report.deleted, report.failed]
}

#[tokio::test(flavor = "multi_thread")]
async fn changes_since_a_full_sync_are_applied_exactly() {
    let mut world = World::with(300).await;
    assert_eq!(world.full().await.status, Status::Completed);
    world.fixture.change(7).await.unwrap();
    world.fixture.remove(5).await.unwrap();
    world.fixture.add(3).await.unwrap();
    let report = world.incremental().await;
    assert_eq!((report.status, report.complete), (Status::Completed, true), "{report:?}");
    assert_eq!(accounts(&report), [3, 7, 5, 0]);
    assert!(world.is_equal().await);

    let nothing = world.incremental().await;
    assert_eq!((accounts(&nothing), nothing.status), ([0; 4], Status::Completed));
    world.fixture.change(1).await.unwrap();
    assert_eq!(accounts(&world.incremental().await), [0, 1, 0, 0], "it goes on where it ended");
    assert!(world.is_equal().await);
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_full_sync_before_the_error_asks_for_one() {
    let world = World::with(10).await;
    let report = world.incremental().await;
    assert_eq!(report.status, Status::Failed);
    assert!(report.error.unwrap().contains("run a full sync first"));
    let job = full(&world.job(&Context::default(), &Counters::default())).await;
    assert_eq!(job.status, Status::Completed);
    assert_eq!(world.incremental().await.status, Status::Failed, "a full sync without its cursor keeps none");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_index_made_anew_needs_a_full_sync_first() {
    let world = World::with(10).await;
    world.full().await;
    world.client.call(&Request::delete("/docs")).await.unwrap();
    let report = world.incremental().await;
    assert!(report.error.unwrap().contains("run a full sync first"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sync_that_was_stopped_before_it_began_keeps_its_place() {
    let mut world = World::with(50).await;
    world.full().await;
    world.fixture.change(5).await.unwrap();
    world.cancel.cancel();
    let stopped = world.incremental().await;
    assert_eq!((stopped.status, stopped.complete), (Status::Stopped, false));
    world.cancel = CancellationToken::new();
    assert_eq!(accounts(&world.incremental().await), [0, 5, 0, 0]);
    assert!(world.is_equal().await);
}
