use bson::doc;
use connectors_core::Rules;
use futures::StreamExt as _;
use serde_json::json;

use crate::mongod;
use crate::support::{Fixture, connect, ids, start};

#[tokio::test(flavor = "multi_thread")]
async fn nothing_changed_is_known_after_a_complete_listing() {
    let Some(fixture) = Fixture::new("quiet").await else { return };
    fixture.load("numbers", 1000).await;
    let (connection, other) = (fixture.source("numbers"), fixture.collection("other"));
    let source = connection.source();
    assert!(source.changed().await.unwrap(), "nothing is known before the first listing");
    ids(&*connection).await;
    assert!(!source.changed().await.unwrap());
    other.insert_one(doc! {}).await.unwrap();
    assert!(!source.changed().await.unwrap(), "another collection is none of its business");
    assert!(!source.changed().await.unwrap(), "an answer does not use itself up");
    fixture.collection("numbers").update_one(doc! {"_id": 7}, doc! {"$set": {"n": -1}}).await.unwrap();
    assert!(source.changed().await.unwrap());
    assert!(source.changed().await.unwrap(), "until it was listed");
    ids(&*connection).await;
    assert!(!source.changed().await.unwrap());
    source.close().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_during_the_listing_is_seen() {
    let Some(fixture) = Fixture::new("during").await else { return };
    fixture.load("numbers", 1000).await;
    let (connection, rules) = (fixture.source("numbers"), Rules::default());
    let mut documents = connection.source().documents(&rules);
    documents.next().await.unwrap().unwrap();
    fixture.collection("numbers").delete_one(doc! {"_id": 0}).await.unwrap();
    while documents.next().await.is_some() {}
    assert!(connection.source().changed().await.unwrap());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_listing_that_did_not_end_proves_nothing() {
    let Some(fixture) = Fixture::new("unended").await else { return };
    fixture.load("numbers", 1000).await;
    let (connection, rules) = (fixture.source("numbers"), Rules::default());
    ids(&*connection).await;
    let mut documents = connection.source().documents(&rules);
    documents.next().await.unwrap().unwrap();
    drop(documents);
    assert!(connection.source().changed().await.unwrap());
}

#[tokio::test(flavor = "multi_thread")]
async fn new_dropped_and_renamed_collections_are_changes() {
    let Some(fixture) = Fixture::new("structure").await else { return };
    for name in ["orders_1", "people"] {
        fixture.collection(name).insert_one(doc! {}).await.unwrap();
    }
    let connection = fixture.source("orders_*");
    let quiet = async || {
        ids(&*connection).await;
        !connection.source().changed().await.unwrap()
    };
    assert!(quiet().await);
    fixture.collection("people").insert_one(doc! {}).await.unwrap();
    assert!(!connection.source().changed().await.unwrap());
    fixture.collection("orders_2").insert_one(doc! {}).await.unwrap();
    assert!(connection.source().changed().await.unwrap());
    assert!(quiet().await);
    let rename = doc! {"renameCollection": "structure.people", "to": "structure.orders_3"};
    fixture.client.database("admin").run_command(rename).await.unwrap();
    assert!(connection.source().changed().await.unwrap());
    assert!(quiet().await);
    fixture.collection("orders_1").drop().await.unwrap();
    assert!(connection.source().changed().await.unwrap());
}

#[tokio::test(flavor = "multi_thread")]
async fn patterns_over_databases_are_watched_too() {
    let Some(fixture) = Fixture::new("watched_a").await else { return };
    fixture.collection("people").insert_one(doc! {}).await.unwrap();
    let mut values = fixture.values("people");
    values.insert("database".into(), json!("watched_*"));
    let connection = connect(&values);
    ids(&*connection).await;
    assert!(!connection.source().changed().await.unwrap());
    let other = fixture.client.database("watched_b");
    other.collection("people").insert_one(doc! {}).await.unwrap();
    assert!(connection.source().changed().await.unwrap());
    other.drop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_view_may_always_have_changed() {
    let Some(fixture) = Fixture::new("viewed").await else { return };
    fixture.load("numbers", 1000).await;
    fixture.database.run_command(doc! {"create": "view", "viewOn": "numbers", "pipeline": []}).await.unwrap();
    let connection = fixture.source("view");
    assert_eq!(ids(&*connection).await.len(), 1000);
    assert!(connection.source().changed().await.unwrap());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_single_server_may_always_have_changed() {
    let Some(server) = start(mongod::single("")).await else { return };
    let client = mongodb::Client::with_uri_str(format!("mongodb://{}", server.address())).await.unwrap();
    client.database("shop").collection("people").insert_one(doc! {"_id": "ada"}).await.unwrap();
    let values = json!({"host": server.address(), "database": "shop", "collection": "people"});
    let connection = connect(values.as_object().unwrap());
    assert_eq!(ids(&*connection).await, ["ada"]);
    assert!(connection.source().changed().await.unwrap());
    let error = connection.incremental().unwrap().cursor().await.unwrap_err();
    assert!(error.to_string().contains("need a replica set"), "{error}");
}
