//! The primary of three nodes is killed in the middle of what is read from it.

use std::io::{BufReader, Lines};
use std::process::{ChildStdout, Command, Stdio};
use std::sync::Arc;

use async_trait::async_trait;
use bson::{Document as Bson, doc};
use connectors_core::elastic::{Client, Settings};
use connectors_core::sync::{Counters, Job, Options, Report, Status, full_resumable, incremental, verify};
use connectors_core::{
    Change, Connection, Context, Cursor, Document, Incremental, Registered as _, Result, Rules, Source,
};
use elastic_embedded::{Options as EmbeddedOptions, Server};
use futures::StreamExt as _;
use futures::stream::BoxStream;
use serde_json::{Map, Value, json};
use tokio::sync::Mutex;
use tokio_util::sync::CancellationToken;

use crate::replica_set::ReplicaSet;
use crate::{end, is_left_out, spawn};

/// Of 1.5 kB each, so that far more is to come than a source reads ahead.
const DOCUMENTS: i64 = 16_000;

/// Where in the middle the primary is killed.
const MIDDLE: usize = 2_500;

const INDEX: &str = "items";

/// A source that loses its primary before it hands on its item of this number.
struct Interrupted {
    connection: Box<dyn Connection>,
    set: Arc<Mutex<ReplicaSet>>,
    at: Option<usize>,
}

impl Interrupted {
    fn hand_on<'a, T: Send + 'a>(&'a self, items: BoxStream<'a, T>) -> BoxStream<'a, T> {
        let hand_on = async move |(place, item)| {
            if Some(place) == self.at {
                self.set.lock().await.kill_primary().await.unwrap();
            }
            item
        };
        items.enumerate().then(hand_on).boxed()
    }

    fn changes_of(&self) -> &dyn Incremental {
        self.connection.incremental().unwrap()
    }
}

#[async_trait]
impl Source for Interrupted {
    async fn ping(&self) -> Result<()> {
        self.connection.source().ping().await
    }

    fn documents<'a>(&'a self, rules: &'a Rules) -> BoxStream<'a, Result<Document>> {
        self.hand_on(self.connection.source().documents(rules))
    }
}

#[async_trait]
impl Incremental for Interrupted {
    async fn cursor(&self) -> Result<Cursor> {
        self.changes_of().cursor().await
    }

    fn changes<'a>(&'a self, from: Cursor, rules: &'a Rules) -> BoxStream<'a, Result<Change>> {
        self.hand_on(self.changes_of().changes(from, rules))
    }
}

/// Three nodes, a server to write to, and what a job borrows.
struct World {
    set: Arc<Mutex<ReplicaSet>>,
    settings: Map<String, Value>,
    client: Client,
    context: Context,
    rules: Rules,
    counters: Counters,
    cancel: CancellationToken,
}

impl World {
    async fn new(es: &str) -> Self {
        let set = ReplicaSet::start().await.unwrap();
        let settings = json!({"host": set.uri(), "database": "shop", "collection": "items"});
        Self {
            set: Arc::new(Mutex::new(set)),
            settings: settings.as_object().unwrap().clone(),
            client: Client::connect(Settings::new(es.parse().unwrap())).await.unwrap(),
            context: Context::default(),
            rules: Rules::default(),
            counters: Counters::default(),
            cancel: CancellationToken::new(),
        }
    }

    async fn items(&self) -> mongodb::Collection<Bson> {
        self.set.lock().await.database("shop").collection("items")
    }

    /// Made on the server itself.
    async fn load(&self) {
        let seed = self.set.lock().await.database("shop").collection::<Bson>("seed");
        seed.insert_one(doc! {"_id": 0}).await.unwrap();
        let pipeline = [
            doc! {"$project": {"_id": {"$range": [0, DOCUMENTS]}}},
            doc! {"$unwind": "$_id"},
            doc! {"$set": {"n": 0, "text": "x".repeat(1_500)}},
            doc! {"$out": "items"},
        ];
        seed.aggregate(pipeline).await.unwrap();
    }

    fn source(&self, at: Option<usize>) -> Interrupted {
        let connection = source_mongo::SOURCE.connect(&self.settings, &self.context).unwrap();
        Interrupted { connection, set: self.set.clone(), at }
    }

    fn job<'a>(&'a self, source: &'a dyn Source) -> Job<'a> {
        Job {
            source,
            rules: &self.rules,
            client: &self.client,
            index: INDEX,
            owner: None,
            context: &self.context,
            marks: None,
            pipeline: None,
            options: Options::default(),
            counters: &self.counters,
            fence: None,
            cancel: &self.cancel,
        }
    }

    /// Has the killed node back, and compares.
    async fn is_equal_again(&self, report: &Report) {
        assert_eq!(report.status, Status::Completed, "{report:?}");
        self.set.lock().await.revive().await.unwrap();
        let source = self.source(None);
        let verified = verify(&self.job(&source)).await.unwrap();
        assert!(verified.is_equal(), "{verified:?}");
    }

    async fn full_read(&self) {
        let source = self.source(Some(MIDDLE));
        let report = full_resumable(&self.job(&source), &source).await;
        assert_eq!(report.created, DOCUMENTS as u64, "{report:?}");
        self.is_equal_again(&report).await;
    }

    async fn incremental(&self) {
        let items = self.items().await;
        items.update_many(doc! {"_id": {"$lt": 5_000}}, doc! {"$set": {"n": 1}}).await.unwrap();
        items.delete_many(doc! {"_id": {"$gte": 5_000, "$lt": 5_100}}).await.unwrap();
        let source = self.source(Some(MIDDLE));
        let report = incremental(&self.job(&source), &source).await;
        assert!(report.updated >= 5_000 && report.deleted == 100, "{report:?}");
        self.is_equal_again(&report).await;
    }

    async fn follow(&self, es: &str, folder: &std::path::Path) {
        std::fs::write(folder.join("s.json"), Value::from(self.settings.clone()).to_string()).unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_connectors"));
        command.current_dir(folder).args(["--es", es, "follow", "mongodb", "--settings", "s.json"]);
        command.args(["--index", INDEX, "--every", "0.05", "--json"]).stdin(Stdio::null());
        let (program, mut reports) = spawn(command);
        let items = self.items().await;
        for killed in [false, true] {
            if killed {
                self.set.lock().await.kill_primary().await.unwrap();
            }
            let new = (0..500).map(|n| doc! {"n": n});
            items.insert_many(new).await.unwrap();
            applied(&mut reports, 500);
        }
        assert_eq!(end(program), Some(0));
        self.is_equal_again(&Report::new(INDEX)).await;
    }
}

/// Reads reports until so many documents were created.
fn applied(reports: &mut Lines<BufReader<ChildStdout>>, documents: u64) {
    let mut created = 0;
    while created < documents {
        let report: Value = serde_json::from_str(&reports.next().unwrap().unwrap()).unwrap();
        created += report["created"].as_u64().unwrap();
    }
    assert_eq!(created, documents);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_index_is_equal_after_the_primary_is_killed_in_a_full_read_an_incremental_and_a_follow() {
    if is_left_out() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(EmbeddedOptions::new(folder.path().join("data"))).await.unwrap();
    let world = World::new(&server.url()).await;
    world.load().await;
    world.full_read().await;
    world.incremental().await;
    world.follow(&server.url(), folder.path()).await;
    server.stop().await.unwrap();
}
