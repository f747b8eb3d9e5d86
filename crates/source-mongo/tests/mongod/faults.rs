//! Cursors that break in the middle, one test at a time: a server has one such fail point.

use bson::doc;
use connectors_core::{Document, ErrorKind, Parts, Result, Rules};
use futures::StreamExt as _;
use serde_json::{Value, json};
use tokio::sync::Mutex;

use crate::changes::{cursor, run};
use crate::support::{Fixture, number_ids, rules};

static ONE_AT_A_TIME: Mutex<()> = Mutex::const_new(());

/// A listing in which commands fail from the first document on.
async fn listed_while(
    fixture: &Fixture,
    rules: &Rules,
    mode: Value,
    failure: Value,
) -> Vec<Result<Document>> {
    let source = fixture.source("numbers");
    let mut documents = source.source().documents(rules);
    let mut listed = vec![documents.next().await.unwrap()];
    let mut data = failure;
    data["namespace"] = json!(format!("{}.numbers", fixture.database.name()));
    fixture.fail(mode, data).await;
    while let Some(document) = documents.next().await {
        listed.push(document);
    }
    fixture.fail(json!("off"), json!({})).await;
    listed
}

/// The ids of a listing that began anew once: first as far as it came, then all, each once.
fn passes(listed: Vec<Result<Document>>) -> (Vec<String>, Vec<String>) {
    let parts: Vec<_> = listed.into_iter().map(|document| document.unwrap().into_parts()).collect();
    let again = parts.iter().position(|parts| parts.restarts > 0).expect("it began anew");
    let pass = |parts: &[Parts], restarts| {
        assert!(parts.iter().all(|parts| parts.restarts == restarts));
        let mut ids: Vec<String> = parts.iter().map(|parts| parts.id.to_string()).collect();
        ids.sort();
        let listed = ids.len();
        ids.dedup();
        assert_eq!(ids.len(), listed, "an id was listed twice");
        ids
    };
    (pass(&parts[..again], 0), pass(&parts[again..], 1))
}

async fn is_complete_after(name: &str, rules: Rules, failure: Value) {
    let _alone = ONE_AT_A_TIME.lock().await;
    let Some(fixture) = Fixture::new(name).await else { return };
    fixture.load("numbers", 40_000).await;
    let listed = listed_while(&fixture, &rules, json!({"times": 2}), failure).await;
    let (first, again) = passes(listed);
    assert!((1..40_000).contains(&first.len()), "{}", first.len());
    assert_eq!(again, number_ids(40_000));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_cursor_is_taken_up() {
    is_complete_after("lost_cursor", Rules::default(), json!({"failCommands": ["getMore"], "errorCode": 43}))
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_cursor_is_taken_up() {
    is_complete_after(
        "killed_cursor",
        Rules::default(),
        json!({"failCommands": ["getMore"], "errorCode": 237}),
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broken_connection_is_taken_up() {
    let failure = json!({"failCommands": ["getMore", "find"], "closeConnection": true});
    is_complete_after("broken_connection", Rules::default(), failure).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_primary_that_steps_down_is_survived() {
    let failure = json!({"failCommands": ["getMore"], "errorCode": 10107});
    is_complete_after("stepped_down", Rules::default(), failure).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_filtered_listing_is_taken_up_too() {
    let filter = rules(json!({"find": {"filter": {"n": {"$gte": 0}}}}));
    is_complete_after("filtered_lost", filter, json!({"failCommands": ["getMore"], "errorCode": 43})).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn ids_of_all_types_are_taken_up_behind_the_last() {
    let _alone = ONE_AT_A_TIME.lock().await;
    let Some(fixture) = Fixture::new("lost_mixed").await else { return };
    let others = fixture.load_mixed("numbers", 20_000).await;
    let failure = json!({"failCommands": ["getMore"], "errorCode": 43});
    let listed = listed_while(&fixture, &Rules::default(), json!({"times": 4}), failure).await;
    let (_, again) = passes(listed);
    assert_eq!(again.len(), 20_000 + others);
    assert!(number_ids(20_000).iter().all(|id| again.binary_search(id).is_ok()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clustered_collection_is_taken_up() {
    let _alone = ONE_AT_A_TIME.lock().await;
    let Some(fixture) = Fixture::new("lost_cluster").await else { return };
    let create = doc! {"create": "numbers", "clusteredIndex": {"key": {"_id": 1}, "unique": true}};
    fixture.database.run_command(create).await.unwrap();
    fixture.collection("numbers").insert_many((0..20_000).map(|n| doc! {"_id": n})).await.unwrap();
    let failure = json!({"failCommands": ["getMore"], "errorCode": 43});
    let listed = listed_while(&fixture, &Rules::default(), json!({"times": 3}), failure).await;
    assert_eq!(passes(listed).1, number_ids(20_000));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lasting_failure_is_an_error_and_never_an_end() {
    let _alone = ONE_AT_A_TIME.lock().await;
    let Some(fixture) = Fixture::new("lasting").await else { return };
    fixture.load("numbers", 40_000).await;
    let failure = json!({"failCommands": ["getMore", "find"], "errorCode": 43});
    let listed = listed_while(&fixture, &Rules::default(), json!("alwaysOn"), failure).await;
    let (documents, errors): (Vec<_>, Vec<_>) = listed.into_iter().partition(Result::is_ok);
    assert!(documents.len() < 40_000, "{}", documents.len());
    // One for each part of the collection that was not through when the failure began.
    assert!(!errors.is_empty());
    for error in errors.into_iter().map(Result::unwrap_err) {
        assert_eq!((error.kind(), error.scope()), (ErrorKind::Transient, Some("lasting/numbers")));
        assert!(error.to_string().contains("could not read lasting.numbers"), "{error}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_ordered_rule_can_not_be_taken_up_and_says_so() {
    let _alone = ONE_AT_A_TIME.lock().await;
    let Some(fixture) = Fixture::new("ordered").await else { return };
    fixture.load("numbers", 40_000).await;
    let failure = json!({"failCommands": ["getMore"], "errorCode": 43});
    let rules = rules(json!({"find": {"sort": {"n": 1}}}));
    let mut listed = listed_while(&fixture, &rules, json!({"times": 1}), failure).await;
    assert_eq!(listed.pop().unwrap().unwrap_err().kind(), ErrorKind::Transient);
}

#[tokio::test(flavor = "multi_thread")]
async fn one_broken_collection_leaves_the_others_whole() {
    let _alone = ONE_AT_A_TIME.lock().await;
    let Some(fixture) = Fixture::new("beside").await else { return };
    fixture.load("numbers", 1000).await;
    fixture.load("broken", 1000).await;
    let data = json!({"failCommands": ["find"], "errorCode": 13, "namespace": "beside.broken"});
    fixture.fail(json!("alwaysOn"), data).await;
    let source = fixture.source("*");
    let listed: Vec<Result<Document>> = source.source().documents(&Rules::default()).collect().await;
    fixture.fail(json!("off"), json!({})).await;
    let (documents, errors): (Vec<_>, Vec<_>) = listed.into_iter().partition(Result::is_ok);
    assert_eq!(documents.len(), 1000);
    let error = errors.into_iter().next().unwrap().unwrap_err();
    assert_eq!((error.kind(), error.scope()), (ErrorKind::Denied, Some("beside/broken")));
}

#[tokio::test(flavor = "multi_thread")]
async fn changes_are_taken_up_behind_the_last_checkpoint() {
    let _alone = ONE_AT_A_TIME.lock().await;
    for (name, failing) in
        [("looked_up_again", "find"), ("opened_again", "aggregate"), ("fed_again", "getMore")]
    {
        let Some(fixture) = Fixture::new(name).await else { return };
        let numbers = fixture.collection("numbers");
        numbers.insert_one(doc! {"_id": 0}).await.unwrap();
        let source = fixture.source("numbers");
        let before = cursor(&*source).await;
        numbers.insert_many((1..1500).map(|n| doc! {"_id": n})).await.unwrap();
        numbers.delete_one(doc! {"_id": 0}).await.unwrap();
        // More often than the driver tries again by itself.
        let data =
            json!({"failCommands": [failing], "errorCode": 10107, "namespace": format!("{name}.numbers")});
        fixture.fail(json!({"times": 3}), data).await;
        let run = run(&*source, before).await;
        fixture.fail(json!("off"), json!({})).await;
        assert!(run.error.is_none(), "{failing}: {:?}", run.error);
        assert_eq!((run.upserts.len(), run.deletes), (1499, vec!["0".to_owned()]), "{failing}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_fails_for_good_is_asked_six_times_and_no_layer_multiplies_that() {
    let _alone = ONE_AT_A_TIME.lock().await;
    let Some(fixture) = Fixture::new("six_times").await else { return };
    fixture.load("numbers", 1000).await;
    let source = fixture.source("numbers");
    let before = cursor(&*source).await;
    fixture.collection("numbers").delete_one(doc! {"_id": 0}).await.unwrap();
    fixture.collection("numbers").insert_one(doc! {"_id": -1}).await.unwrap();
    let off = doc! {"configureFailPoint": "failCommand", "mode": "off"};
    let entered = async || {
        let told = fixture.client.database("admin").run_command(off.clone()).await.unwrap();
        told.get_i32("count").map_or_else(|_| told.get_i64("count").unwrap(), i64::from)
    };
    // The server counts on from one mode to the next.
    let mut counted = entered().await;
    for (what, failing, code) in [
        ("ping", "find", 11602),
        ("listing", "find", 91),
        ("cursor", "aggregate", 11602),
        ("changes", "aggregate", 91),
        ("changes", "find", 11602),
    ] {
        let data = json!({"failCommands": [failing], "errorCode": code, "namespace": "six_times.numbers"});
        fixture.fail(json!("alwaysOn"), data).await;
        let error = match what {
            "ping" => source.source().ping().await.err(),
            "listing" => {
                source
                    .source()
                    .documents(&Rules::default())
                    .filter_map(async |one| one.err())
                    .boxed()
                    .next()
                    .await
            }
            "cursor" => source.incremental().unwrap().cursor().await.err(),
            _ => run(&*source, before.clone()).await.error,
        };
        assert_eq!(error.map(|error| error.kind()), Some(ErrorKind::Transient), "{what} {failing}");
        let count = entered().await;
        assert_eq!(count - std::mem::replace(&mut counted, count), 6, "{what} {failing}");
    }
}
