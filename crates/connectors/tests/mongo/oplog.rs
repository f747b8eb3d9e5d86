//! A record of changes that no longer reaches back to the last sync.

use std::path::Path;
use std::process::{Command, Output, Stdio};

use bson::{Document, Timestamp, doc};
use elastic_embedded::{Options, Server};
use mongodb::{Client, Collection};
use serde_json::{Value, json};

use crate::fixture::mongod::{self, Access};
use crate::is_left_out;

/// As many changes of large documents as it takes until the server's record begins behind this time.
async fn pass(client: &Client, until: Timestamp) {
    let filler = client.database("filler").collection::<Document>("files");
    let oplog = client.database("local").collection::<Document>("oplog.rs");
    let text = "x".repeat(900_000);
    loop {
        filler.insert_one(doc! {"text": &text}).await.unwrap();
        let first = oplog.find_one(doc! {}).sort(doc! {"$natural": 1}).await.unwrap().unwrap();
        if first.get_timestamp("ts").unwrap() > until {
            return;
        }
    }
}

async fn now(client: &Client) -> Timestamp {
    let answer = client.database("admin").run_command(doc! {"ping": 1}).await.unwrap();
    answer.get_timestamp("operationTime").unwrap()
}

/// The program in a folder with the settings, into this server.
async fn run(folder: &Path, es: &str, words: &str) -> (Output, Value) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_connectors"));
    command.current_dir(folder).args(["--es", es]).args(words.split(' ')).stdin(Stdio::null());
    command.args(["mongodb", "--settings", "s.json", "--index", "orders"]);
    let output = tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap();
    let report = serde_json::from_slice(&output.stdout).unwrap_or_default();
    (output, report)
}

async fn change(orders: &Collection<Document>) {
    orders.update_many(doc! {"_id": {"$lt": 10}}, doc! {"$inc": {"n": 1000}}).await.unwrap();
    orders.delete_many(doc! {"_id": {"$gte": 290}}).await.unwrap();
    orders.insert_many((300..305).map(|n| doc! {"_id": n, "n": n})).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_record_of_changes_that_was_passed_asks_for_a_full_sync_and_that_mends_all() {
    if is_left_out() {
        return;
    }
    let mongod = mongod::replica_set(4).start_program().await.unwrap();
    let access = Access::of(mongod.address()).await.unwrap();
    let client = Client::with_uri_str(&access.uri).await.unwrap();
    let orders = client.database("shop").collection::<Document>("orders");
    orders.insert_many((0..300).map(|n| doc! {"_id": n, "n": n})).await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let settings = json!({
        "host": access.host, "user": access.user, "password": access.password,
        "database": "shop", "collection": "orders", "direct_connection": true,
    });
    std::fs::write(folder.path().join("s.json"), settings.to_string()).unwrap();
    let es = Server::start(Options::new(folder.path().join("data"))).await.unwrap();
    let run = async |words: &str| run(folder.path(), &es.url(), words).await;

    assert_eq!(run("sync --json").await.1["created"], 300);
    change(&orders).await;
    pass(&client, now(&client).await).await;
    for words in ["sync --incremental --json", "follow --json"] {
        let (output, report) = run(words).await;
        assert_eq!(output.status.code(), Some(1), "{words}: {output:?}");
        let told = report["error"].as_str().unwrap_or_default();
        assert!(told.contains("oplog") && told.contains("run a full sync"), "{words}: {report}");
        assert_eq!((&report["deleted"], &report["updated"]), (&json!(0), &json!(0)), "{words}: {report}");
    }
    let (_, report) = run("sync --json").await;
    let accounts = ["created", "updated", "deleted"].map(|name| report[name].as_u64().unwrap());
    assert_eq!((accounts, &report["status"]), ([5, 10, 10], &json!("completed")), "{report}");
    orders.insert_one(doc! {"_id": 305, "n": 305}).await.unwrap();
    let (_, report) = run("sync --incremental --json").await;
    assert_eq!((&report["created"], &report["deleted"]), (&json!(1), &json!(0)), "it goes on from there");
    assert!(run("verify").await.0.status.success());
    es.stop().await.unwrap();
}
