//! Ingest pipelines of real servers: what they drop, refuse and change is accounted for.
//!
//! `CONNECTORS_PIPELINE_URLS` names servers, with a comma between two; without it the embedded one is asked, which has no
//! pipelines.
#![allow(clippy::unwrap_used)]

use connectors_core::elastic::{Client, Request, Settings, index};
use connectors_core::sync::{
    Counters, DEFAULT_PIPELINE, Job, Options, Pipeline, Report, Status, failures, full, verify,
};
use connectors_core::{Connection, Context, Registered as _, Rules};
use connectors_testkit::Fixture as _;
use connectors_testkit::memory::{MemoryFixture, Record, SOURCE};
use elastic_embedded::{Options as EmbeddedOptions, Server};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;

/// Records in memory, and an index on some server.
struct World {
    fixture: MemoryFixture,
    connection: Box<dyn Connection>,
    client: Client,
    index: String,
    marks: TempDir,
}

impl World {
    async fn at(url: &str) -> Self {
        let client = Client::connect(Settings::new(url.parse().unwrap())).await.unwrap();
        let fixture = MemoryFixture::start().await.unwrap();
        for number in 0..10 {
            fixture.store().put(format!("r{number}"), Record::new(&json!({"n": number, "text": "a  b"})));
        }
        let connection = SOURCE.connect(&fixture.settings(), &Context::default()).unwrap();
        let index = format!("pipelines-{}", std::process::id());
        Self { fixture, connection, client, index, marks: TempDir::new().unwrap() }
    }

    async fn sync(&self, pipeline: &str) -> Report {
        let (context, counters, cancel) = (Context::default(), Counters::default(), CancellationToken::new());
        let pipeline = Pipeline::new(pipeline);
        let job = self.job((&context, &counters, &cancel), &pipeline);
        let report = full(&job).await;
        assert!(report.adds_up(), "{report:?}");
        report
    }

    async fn is_equal(&self, pipeline: &str) -> bool {
        let (context, counters, cancel) = (Context::default(), Counters::default(), CancellationToken::new());
        let pipeline = Pipeline::new(pipeline);
        let job = self.job((&context, &counters, &cancel), &pipeline);
        verify(&job).await.unwrap().is_equal()
    }

    fn job<'a>(
        &'a self,
        (context, counters, cancel): (&'a Context, &'a Counters, &'a CancellationToken),
        pipeline: &'a Pipeline,
    ) -> Job<'a> {
        Job {
            source: self.connection.source(),
            rules: const { &Rules::NONE },
            client: &self.client,
            index: &self.index,
            owner: None,
            context,
            marks: Some(self.marks.path()),
            pipeline: Some(pipeline),
            options: Options::default(),
            counters,
            fence: None,
            cancel,
        }
    }

    async fn define(&self, name: &str, processors: Value) {
        let request =
            Request::put(format!("/_ingest/pipeline/{name}")).body(&json!({"processors": processors}));
        self.client.call(&request).await.unwrap();
    }

    async fn source_of(&self, id: &str) -> Value {
        self.client.json(&Request::get(format!("/{}/_source/{id}", self.index))).await.unwrap()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn documents_go_through_the_pipeline_and_the_accounts_add_up() {
    let Ok(urls) = std::env::var("CONNECTORS_PIPELINE_URLS") else { return without_pipelines().await };
    for url in urls.split(',') {
        let world = World::at(url).await;
        let names = ["outer", "inner"].map(|name| format!("{}-{name}", world.index));
        through(&world, &names).await;
        world.client.call(&Request::delete(format!("/{}", world.index))).await.unwrap();
        for name in &names {
            world.client.call(&Request::delete(format!("/_ingest/pipeline/{name}"))).await.unwrap();
        }
    }
}

async fn through(world: &World, [outer, inner]: &[String; 2]) {
    world
        .define(
            inner,
            json!([
                {"drop": {"if": "ctx.n == 1 || ctx.n == 2"}},
                {"fail": {"if": "ctx.n == 3", "message": "three is refused"}},
                {"set": {"field": "added", "value": "one"}},
            ]),
        )
        .await;
    world.define(outer, json!([{"pipeline": {"name": inner}}])).await;

    let report = world.sync(outer).await;
    assert_eq!(
        (report.status, report.created, report.dropped, report.failed),
        (Status::Partial, 7, 2, 1),
        "{report:?}"
    );
    assert!(report.verified, "{report:?}");
    let failed = failures::list(&world.client, Some(&world.index)).await.unwrap();
    assert!(
        failed.len() == 1 && failed[0].id == "r3" && failed[0].reason.contains("three is refused"),
        "{failed:?}"
    );
    let document = world.source_of("r0").await;
    assert_eq!((&document["added"], &document["_reduce_whitespace"]), (&json!("one"), &json!(true)));

    changed(world, [outer, inner]).await;
}

/// A document that is let through now, and then a pipeline that does something else.
async fn changed(world: &World, [outer, inner]: [&str; 2]) {
    world.fixture.store().put("r3", Record::new(&json!({"n": 30})));
    let report = world.sync(outer).await;
    assert_eq!(
        (report.status, report.created, report.unchanged, report.dropped),
        (Status::Completed, 1, 7, 2)
    );
    assert!(world.is_equal(outer).await);

    world
        .define(
            inner,
            json!([
                {"drop": {"if": "ctx.n == 0 || ctx.n == 1"}},
                {"set": {"field": "added", "value": "two"}},
            ]),
        )
        .await;
    let report = world.sync(outer).await;
    let told = (report.created, report.updated, report.dropped, report.deleted);
    assert_eq!((report.status, told), (Status::Completed, (1, 7, 2, 1)), "{report:?}");
    assert_eq!(world.source_of("r2").await["added"], "two");
    let all = index::count(&world.client, &world.index, &json!({"match_all": {}})).await.unwrap();
    assert_eq!(all, 8);
    assert!(world.is_equal(outer).await);
}

/// The default is not taken, another one is told, on a server without any.
async fn without_pipelines() {
    let data = TempDir::new().unwrap();
    let server = Server::start(EmbeddedOptions::new(data.path().to_owned())).await.unwrap();
    let world = World::at(&server.url()).await;
    let report = world.sync(DEFAULT_PIPELINE).await;
    assert_eq!(
        (report.status, report.created, report.pipelines.len()),
        (Status::Completed, 10, 0),
        "{report:?}"
    );
    assert!(world.source_of("r0").await.get("_reduce_whitespace").is_none());
    let report = world.sync("mine").await;
    assert_eq!(report.status, Status::Failed);
    assert!(report.error.unwrap().contains("no ingest pipeline of this name"));
    let through = Request::put(format!("/{}/_doc/x", world.index)).query("pipeline", "mine").body(&json!({}));
    let refused = world.client.call(&through).await.unwrap_err().to_string();
    assert!(refused.contains("pipeline with id [mine] does not exist"), "{refused}");
    server.stop().await.unwrap();
}
