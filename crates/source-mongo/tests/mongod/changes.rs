use base64::Engine as _;
use bson::{RawDocumentBuf, doc, rawdoc};
use connectors_core::{Change, Connection, Cursor, Error, ErrorKind, Rules};
use futures::StreamExt as _;
use serde_json::{Value, json};

use crate::mongod;
use crate::support::{Fixture, body, connect, ids, rules};

/// What a run of changes brought.
#[derive(Debug, Default)]
pub(crate) struct Run {
    pub(crate) upserts: Vec<(String, Value)>,
    pub(crate) deletes: Vec<String>,
    checkpoints: Vec<Cursor>,
    pub(crate) error: Option<Error>,
}

impl Run {
    fn cursor(&self) -> Cursor {
        self.checkpoints.last().expect("a run ends with a checkpoint").clone()
    }
}

async fn run_with(connection: &dyn Connection, from: Cursor, rules: &Rules) -> Run {
    let mut run = Run::default();
    let mut changes = connection.incremental().unwrap().changes(from, rules);
    while let Some(change) = changes.next().await {
        match change {
            Ok(Change::Upsert(document)) => run.upserts.push(body(document)),
            Ok(Change::Delete(id)) => run.deletes.push(id.into_string()),
            Ok(Change::Checkpoint(cursor)) => run.checkpoints.push(cursor),
            Err(error) => run.error = Some(error),
        }
    }
    run.upserts.sort_by(|one, other| one.0.cmp(&other.0));
    run.deletes.sort();
    run
}

pub(crate) async fn run(connection: &dyn Connection, from: Cursor) -> Run {
    run_with(connection, from, &Rules::default()).await
}

/// A document whose `_id` is of this type, with these bytes.
pub(crate) fn odd_id(kind: u8, value: &[u8]) -> RawDocumentBuf {
    let length = i32::try_from(value.len() + 10).unwrap().to_le_bytes();
    let bytes = [&length[..], &[kind], b"_id\0", value, &[0]].concat();
    RawDocumentBuf::from_bytes(bytes).unwrap()
}

pub(crate) async fn cursor(connection: &dyn Connection) -> Cursor {
    connection.incremental().unwrap().cursor().await.unwrap()
}

fn error(run: Run) -> Error {
    let error = run.error.expect("the run failed");
    assert!(error.to_string().contains("run a full sync"), "{error}");
    assert_eq!(error.kind(), ErrorKind::Unexpected);
    error
}

#[tokio::test(flavor = "multi_thread")]
async fn inserts_updates_and_deletes_are_told_once() {
    let Some(fixture) = Fixture::new("told").await else { return };
    let people = fixture.collection("people");
    people.insert_many([doc! {"_id": "a", "n": 1}, doc! {"_id": "b"}, doc! {"_id": "c"}]).await.unwrap();
    let connection = fixture.source("people");
    let before = cursor(&*connection).await;
    people.insert_one(doc! {"_id": "d", "n": 4}).await.unwrap();
    for n in 2..5 {
        people.update_one(doc! {"_id": "a"}, doc! {"$set": {"n": n}}).await.unwrap();
    }
    people.replace_one(doc! {"_id": "b"}, doc! {"m": 2}).await.unwrap();
    people.delete_one(doc! {"_id": "c"}).await.unwrap();
    people.insert_one(doc! {"_id": "e"}).await.unwrap();
    people.delete_one(doc! {"_id": "e"}).await.unwrap();
    fixture.collection("other").insert_one(doc! {"_id": "x"}).await.unwrap();
    let first = run(&*connection, before).await;
    let upserts = [("a", json!({"n": 4})), ("b", json!({"m": 2})), ("d", json!({"n": 4}))];
    assert_eq!(first.upserts, upserts.map(|(id, body)| (id.to_owned(), body)));
    assert_eq!(first.deletes, ["c", "e"]);
    assert!(first.error.is_none());
    let second = run(&*connection, first.cursor()).await;
    assert!(second.upserts.is_empty() && second.deletes.is_empty(), "{second:?}");
    people.delete_one(doc! {"_id": "a"}).await.unwrap();
    assert_eq!(run(&*connection, second.cursor()).await.deletes, ["a"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_happens_during_a_listing_is_told_after_it() {
    let Some(fixture) = Fixture::new("between").await else { return };
    fixture.load("numbers", 1000).await;
    let (connection, rules) = (fixture.source("numbers"), Rules::default());
    let before = cursor(&*connection).await;
    let mut documents = connection.source().documents(&rules);
    documents.next().await.unwrap().unwrap();
    fixture.collection("numbers").delete_one(doc! {"_id": 500}).await.unwrap();
    while documents.next().await.is_some() {}
    assert_eq!(run(&*connection, before).await.deletes, ["500"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn many_changes_come_with_checkpoints_between() {
    let Some(fixture) = Fixture::new("many").await else { return };
    let numbers = fixture.collection("numbers");
    numbers.insert_one(doc! {"_id": -1}).await.unwrap();
    let connection = fixture.source("numbers");
    let before = cursor(&*connection).await;
    numbers.insert_many((0..3500).map(|n| doc! {"_id": n})).await.unwrap();
    let whole = run(&*connection, before.clone()).await;
    assert_eq!(whole.upserts.len(), 3500);
    assert!(whole.checkpoints.len() >= 4, "{}", whole.checkpoints.len());
    let rest = run(&*connection, whole.checkpoints[0].clone()).await;
    assert_eq!(rest.upserts.len(), 2500, "a run goes on where the checkpoint stands");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pattern_follows_all_of_its_collections() {
    let Some(fixture) = Fixture::new("followed").await else { return };
    for name in ["orders_1", "people"] {
        fixture.collection(name).insert_one(doc! {"_id": 0}).await.unwrap();
    }
    let connection = fixture.source("orders_*");
    let before = cursor(&*connection).await;
    for name in ["orders_1", "orders_2", "people"] {
        fixture.collection(name).insert_one(doc! {"_id": 1}).await.unwrap();
    }
    fixture.collection("orders_1").delete_one(doc! {"_id": 0}).await.unwrap();
    let run = run(&*connection, before).await;
    let ids: Vec<&str> = run.upserts.iter().map(|(id, _)| id.as_str()).collect();
    assert_eq!(ids, ["followed.orders_1/1", "followed.orders_2/1"]);
    assert_eq!(run.deletes, ["followed.orders_1/0"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn ids_keep_their_form_from_a_full_sync_to_the_next() {
    let Some(fixture) = Fixture::new("plain_ids").await else { return };
    let [texts, numbers] = ["texts", "numbers"].map(|name| fixture.collection(name));
    texts.insert_many(["1", "2"].map(|id| doc! {"_id": id})).await.unwrap();
    numbers.insert_many([1, 2].map(|id| doc! {"_id": id})).await.unwrap();
    let (of_texts, of_numbers) = (fixture.source("texts"), fixture.source("numbers"));
    let empty = fixture.source("later");
    let [after_texts, after_numbers, after_empty] =
        [cursor(&*of_texts).await, cursor(&*of_numbers).await, cursor(&*empty).await];
    assert_eq!([ids(&*of_texts).await, ids(&*of_numbers).await], [["1", "2"], ["1", "2"]]);

    // The other kind comes: what an index holds by now keeps its id, in this process and in another.
    texts.insert_one(doc! {"_id": 1}).await.unwrap();
    texts.update_one(doc! {"_id": "2"}, doc! {"$set": {"a": 1}}).await.unwrap();
    numbers.insert_one(doc! {"_id": "1"}).await.unwrap();
    numbers.update_one(doc! {"_id": 2}, doc! {"$set": {"a": 1}}).await.unwrap();
    fixture.collection("later").insert_one(doc! {"_id": 7}).await.unwrap();
    for (collection, connection, after, wanted) in [
        ("texts", of_texts, after_texts, ["$number:1", "2"].as_slice()),
        ("numbers", of_numbers, after_numbers, &["$string:1", "2"]),
        ("later", empty, after_empty, &["7"]),
    ] {
        for connection in [connection, fixture.source(collection)] {
            let followed = run(&*connection, after.clone()).await;
            let mut upserts: Vec<String> = followed.upserts.iter().map(|(id, _)| id.clone()).collect();
            upserts.sort();
            assert_eq!(upserts, wanted, "{collection}");
            let again = run(&*connection, followed.cursor()).await;
            assert!(again.upserts.is_empty() && again.deletes.is_empty(), "{collection}");
        }
    }
    // A cursor of a version that remembered none belongs to an index in which texts have no mark.
    let mut old = cursor(&*fixture.source("numbers")).await;
    old.0.as_object_mut().unwrap().remove("plain_ids");
    numbers.update_one(doc! {"_id": 2}, doc! {"$set": {"a": 2}}).await.unwrap();
    let followed = run(&*fixture.source("numbers"), old).await;
    assert_eq!(followed.upserts[0].0, "$number:2");

    // A full sync decides anew: scalars have no mark where there is one.
    for (collection, wanted) in
        [("texts", ["$string:1", "$string:2", "1"]), ("numbers", ["$string:1", "1", "2"])]
    {
        let connection = fixture.source(collection);
        cursor(&*connection).await;
        assert_eq!(ids(&*connection).await, wanted, "{collection}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rule_tells_what_is_indexed_and_what_no_longer_is() {
    let Some(fixture) = Fixture::new("ruled").await else { return };
    let people = fixture.collection("people");
    people.insert_many([doc! {"_id": "a", "n": 1}, doc! {"_id": "b", "n": 9}]).await.unwrap();
    let connection = fixture.source("people");
    let before = cursor(&*connection).await;
    people.update_one(doc! {"_id": "a"}, doc! {"$set": {"n": 9}}).await.unwrap();
    people.update_one(doc! {"_id": "b"}, doc! {"$set": {"n": 2, "m": 1}}).await.unwrap();
    let rule = rules(json!({"find": {"filter": {"n": {"$lt": 5}}, "projection": {"n": 1}}}));
    let run = run_with(&*connection, before.clone(), &rule).await;
    assert_eq!(run.upserts, [("b".to_owned(), json!({"n": 2}))]);
    assert_eq!(run.deletes, ["a"]);
    for rule in [json!({"find": {"limit": 1}}), json!({"aggregate": {"pipeline": []}}), json!({"fnd": {}})] {
        let refused = run_with(&*connection, before.clone(), &rules(rule)).await;
        assert_eq!(refused.error.unwrap().kind(), ErrorKind::Config);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn dropped_renamed_and_replaced_collections_ask_for_a_full_sync() {
    let Some(fixture) = Fixture::new("dropped_ones").await else { return };
    let admin = fixture.client.database("admin");
    for (collection, pattern) in [("people", "people"), ("people", "peop*")] {
        let people = fixture.collection(collection);
        let connection = fixture.source(pattern);
        people.insert_one(doc! {}).await.unwrap();
        let before = cursor(&*connection).await;
        people.drop().await.unwrap();
        let dropped = error(run(&*connection, before).await);
        assert!(dropped.to_string().contains("dropped_ones.people was dropped"), "{dropped}");
        people.insert_one(doc! {}).await.unwrap();
        let before = cursor(&*connection).await;
        let rename =
            doc! {"renameCollection": "dropped_ones.people", "to": "dropped_ones.away", "dropTarget": true};
        admin.run_command(rename).await.unwrap();
        let renamed = error(run(&*connection, before).await);
        assert!(renamed.to_string().contains("people was renamed to dropped_ones.away"), "{renamed}");
        for target in [&people, &fixture.collection("others")] {
            target.insert_one(doc! {}).await.unwrap();
        }
        let before = cursor(&*connection).await;
        let replace =
            doc! {"renameCollection": "dropped_ones.others", "to": "dropped_ones.people", "dropTarget": true};
        admin.run_command(replace).await.unwrap();
        let replaced = error(run(&*connection, before).await);
        assert!(replaced.to_string().contains("run a full sync"), "{replaced}");
        assert!(replaced.to_string().contains("dropped_ones.people"), "{replaced}");
        people.drop().await.unwrap();
    }
    let connection = fixture.source("*");
    let before = cursor(&*connection).await;
    fixture.database.drop().await.unwrap();
    error(run(&*connection, before).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_update_larger_than_a_message_is_followed() {
    let Some(fixture) = Fixture::new("huge").await else { return };
    let files = fixture.collection("files");
    let text = "x".repeat(9_000_000);
    files.insert_one(doc! {"_id": "f", "one": "x".repeat(6_000_000)}).await.unwrap();
    let connection = fixture.source("files");
    let before = cursor(&*connection).await;
    files.update_one(doc! {"_id": "f"}, doc! {"$set": {"two": &text}}).await.unwrap();
    let run = run(&*connection, before).await;
    assert!(run.error.is_none(), "{:?}", run.error);
    assert_eq!(run.upserts.len(), 1);
    assert_eq!(run.upserts[0].1["two"].as_str().map(str::len), Some(text.len()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cursor_that_can_not_be_used_asks_for_a_full_sync() {
    let Some(fixture) = Fixture::new("unusable").await else { return };
    fixture.collection("people").insert_one(doc! {}).await.unwrap();
    let connection = fixture.source("people");
    let Cursor(mut damaged) = cursor(&*connection).await;
    error(run(&*fixture.source("*"), Cursor(damaged.clone())).await);
    let token = bson::serialize_to_vec(&doc! {"_data": "zz"}).unwrap();
    damaged["resume_token"] = json!(base64::engine::general_purpose::STANDARD.encode(token));
    error(run(&*connection, Cursor(damaged)).await);
    error(run(&*connection, Cursor(json!({}))).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cursor_that_the_server_has_forgotten_asks_for_a_full_sync() {
    let Some(fixture) = Fixture::of_its_own(mongod::replica_set(4), "forgotten").await else { return };
    let files = fixture.collection("files");
    files.insert_one(doc! {}).await.unwrap();
    let connection = fixture.source("files");
    let old = cursor(&*connection).await;
    let first = async || {
        let oplog = fixture.client.database("local").collection::<bson::Document>("oplog.rs");
        let entry = oplog.find_one(doc! {}).sort(doc! {"$natural": 1}).await.unwrap().unwrap();
        entry.get_timestamp("ts").unwrap()
    };
    let (begin, text) =
        (fixture.client.database("admin").run_command(doc! {"ping": 1}).await.unwrap(), "x".repeat(900_000));
    while first().await <= begin.get_timestamp("operationTime").unwrap() {
        files.insert_one(doc! {"text": &text}).await.unwrap();
    }
    let lost = error(run(&*connection, old).await);
    assert!(lost.to_string().contains("oplog"), "{lost}");
}

#[tokio::test(flavor = "multi_thread")]
async fn ids_that_no_driver_can_write_are_followed_like_others() {
    let Some(fixture) = Fixture::new("odd_ids").await else { return };
    fixture.collection("odd").insert_one(doc! {"_id": 0}).await.unwrap();
    let connection = fixture.source("odd");
    let before = cursor(&*connection).await;
    let twice = &b"\x13\0\0\0\x10a\0\x01\0\0\0\x10a\0\x02\0\0\0\0"[..];
    for (kind, id) in [(0x03, twice), (0x02, &b"\x03\0\0\0x\xff\0"[..])] {
        let document = odd_id(kind, id);
        let insert = rawdoc! {"insert": "odd", "documents": [document.clone()]};
        fixture.database.run_raw_command(insert).await.unwrap();
        let change = rawdoc! {"q": document, "u": {"$set": {"n": 1}}};
        fixture.database.run_raw_command(rawdoc! {"update": "odd", "updates": [change]}).await.unwrap();
    }
    let run = run(&*connection, before).await;
    assert!(run.error.is_none() && run.deletes.is_empty(), "{run:?}");
    let ids = [r#"$bytes:78ff"#, r#"$object:["a","$number:1","a","$number:2"]"#];
    assert_eq!(run.upserts, ids.map(|id| (id.to_owned(), json!({"n": 1}))));
}

#[tokio::test(flavor = "multi_thread")]
async fn changed_documents_are_read_as_a_majority_has_them_and_a_lost_majority_is_told() {
    let Some(fixture) = Fixture::of_its_own(mongod::replica_set(64), "majority").await else { return };
    let people = fixture.collection("people");
    people.insert_one(doc! {"_id": "a", "n": 0}).await.unwrap();
    let mut values = fixture.values("people");
    let options = "serverSelectionTimeoutMS=1000&socketTimeoutMS=500";
    values.insert("host".into(), json!(format!("mongodb://{}/?{options}", fixture.access.host)));
    let connection = connect(&values);
    let before = cursor(&*connection).await;
    people.update_one(doc! {"_id": "a"}, doc! {"$set": {"n": 1}}).await.unwrap();
    let admin = fixture.client.database("admin");
    admin.run_command(doc! {"configureFailPoint": "disableSnapshotting", "mode": "alwaysOn"}).await.unwrap();
    let by_one =
        mongodb::options::WriteConcern::builder().w(mongodb::options::Acknowledgment::Nodes(1)).build();
    people.update_one(doc! {"_id": "a"}, doc! {"$set": {"n": 2}}).write_concern(by_one).await.unwrap();
    let run = run(&*connection, before).await;
    assert_eq!(run.upserts, [("a".to_owned(), json!({"n": 1}))]);
    let error = run.error.unwrap();
    assert_eq!(error.kind(), ErrorKind::Transient);
    assert!(error.to_string().contains("a majority of its members"), "{error}");
}
