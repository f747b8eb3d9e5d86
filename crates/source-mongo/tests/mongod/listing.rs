use bson::{DateTime, doc};
use connectors_core::{ErrorKind, Rules};
use futures::StreamExt as _;
use serde_json::json;

use crate::support::{Fixture, bodies, ids, listed, number_ids, rules, unique_ids};

#[tokio::test(flavor = "multi_thread")]
async fn a_document_is_indexed_with_its_fields() {
    let Some(fixture) = Fixture::new("fields").await else { return };
    let at = DateTime::from_millis(1_700_000_000_000);
    let document = doc! {"_id": "a", "id": 7, "name": "Ada", "at": at, "tags": ["x", {"y": 1}], "a.b": 2_i64};
    fixture.collection("people").insert_one(document).await.unwrap();
    let bodies = bodies(&*fixture.source("people"), &Rules::default()).await;
    let wanted = json!({
        "id_": 7, "name": "Ada", "at": "2023-11-14T22:13:20.000Z", "tags": ["x", {"y": 1}], "a_b": 2,
    });
    assert_eq!(bodies.into_iter().collect::<Vec<_>>(), [("a".to_owned(), wanted)]);
}

#[tokio::test(flavor = "multi_thread")]
async fn versions_change_with_the_content_and_only_then() {
    let Some(fixture) = Fixture::new("versions").await else { return };
    let people = fixture.collection("people");
    people.insert_many([doc! {"_id": 1, "n": 1}, doc! {"_id": 2, "n": 1}]).await.unwrap();
    let source = fixture.source("people");
    let versions = async || {
        let documents = listed(&*source, &Rules::default()).await;
        documents
            .into_iter()
            .map(|document| document.unwrap().into_parts().version.unwrap())
            .collect::<Vec<_>>()
    };
    let (first, again) = (versions().await, versions().await);
    assert_eq!(first, again);
    people.update_one(doc! {"_id": 2}, doc! {"$set": {"n": 2}}).await.unwrap();
    let changed = versions().await;
    assert_eq!(first[0], changed[0]);
    assert_ne!(first[1], changed[1]);
}

#[tokio::test(flavor = "multi_thread")]
async fn patterns_take_collections_with_their_names_in_the_ids() {
    let Some(fixture) = Fixture::new("patterns").await else { return };
    for name in ["orders_1", "orders_2", "people"] {
        fixture.collection(name).insert_one(doc! {"_id": name}).await.unwrap();
    }
    let view = doc! {"create": "orders_view", "viewOn": "people", "pipeline": []};
    fixture.database.run_command(view).await.unwrap();
    assert_eq!(
        ids(&*fixture.source("orders_*")).await,
        ["patterns.orders_1/orders_1", "patterns.orders_2/orders_2", "patterns.orders_view/people"]
    );
    let all = ids(&*fixture.source("*")).await;
    assert_eq!(all.len(), 4, "the system.views that the view brought is not taken: {all:?}");
    let mut values = fixture.values("people");
    values.insert("database".into(), json!("patt?rns"));
    assert_eq!(ids(&*crate::support::connect(&values)).await, ["patterns.people/people"]);
    let documents = listed(&*fixture.source("people"), &Rules::default()).await;
    let parts = documents.into_iter().next().unwrap().unwrap().into_parts();
    assert_eq!((parts.scope.as_deref(), parts.id.as_str()), (Some("patterns/people"), "people"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_large_collection_of_mixed_ids_is_listed_once_and_whole() {
    const COUNT: i32 = 120_000;
    let Some(fixture) = Fixture::new("large").await else { return };
    let others = fixture.load_mixed("mixed", COUNT).await;
    let ids = ids(&*fixture.source("mixed")).await;
    assert_eq!(ids.len(), usize::try_from(COUNT).unwrap() + others);
    assert!(number_ids(COUNT).iter().all(|id| ids.binary_search(id).is_ok()));
}

#[tokio::test(flavor = "multi_thread")]
async fn views_time_series_and_odd_collections_are_listed() {
    let Some(fixture) = Fixture::new("kinds").await else { return };
    fixture.load("numbers", 2000).await;
    for create in [
        doc! {"create": "view", "viewOn": "numbers", "pipeline": [{"$match": {"n": {"$lt": 10}}}]},
        doc! {"create": "series", "timeseries": {"timeField": "at"}},
        doc! {"create": "clustered", "clusteredIndex": {"key": {"_id": 1}, "unique": true}},
        doc! {"create": "collated", "collation": {"locale": "en", "strength": 2}},
        doc! {"create": "capped", "capped": true, "size": 1_000_000},
    ] {
        fixture.database.run_command(create).await.unwrap();
    }
    for name in ["clustered", "collated", "capped"] {
        fixture
            .collection(name)
            .insert_many([doc! {"_id": "b"}, doc! {"_id": "A"}, doc! {"_id": 3}])
            .await
            .unwrap();
        assert_eq!(ids(&*fixture.source(name)).await, ["3", "A", "b"], "{name}");
    }
    assert_eq!(ids(&*fixture.source("view")).await, number_ids(10));
    let series = fixture.collection("series");
    series.insert_many((0..30).map(|n| doc! {"at": DateTime::from_millis(n), "n": n})).await.unwrap();
    assert_eq!(ids(&*fixture.source("series")).await.len(), 30);
}

#[tokio::test(flavor = "multi_thread")]
async fn documents_without_id_are_told() {
    let Some(fixture) = Fixture::new("idless").await else { return };
    fixture.load("numbers", 1000).await;
    let pipeline =
        doc! {"create": "view", "viewOn": "numbers", "pipeline": [{"$limit": 1}, {"$unset": "_id"}]};
    fixture.database.run_command(pipeline).await.unwrap();
    let documents = listed(&*fixture.source("view"), &Rules::default()).await;
    assert_eq!(documents.len(), 1);
    let error = documents.into_iter().next().unwrap().unwrap_err();
    assert!(error.to_string().contains("keep _id in its projection"), "{error}");
    assert_eq!(error.scope(), Some("idless/view"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_collection_that_is_not_there_is_no_empty_listing() {
    let Some(fixture) = Fixture::new("absent").await else { return };
    fixture.collection("people").insert_one(doc! {}).await.unwrap();
    let documents = listed(&*fixture.source("peple"), &Rules::default()).await;
    let error = documents.into_iter().next().unwrap().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Missing);
    assert_eq!(error.scope(), None, "nothing may be deleted for it");
    assert!(error.to_string().contains("did you mean `people`?"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn dropping_a_listing_ends_its_cursors() {
    let Some(fixture) = Fixture::new("dropped").await else { return };
    fixture.load("numbers", 30_000).await;
    let (source, rules) = (fixture.source("numbers"), Rules::default());
    let mut documents = source.source().documents(&rules);
    documents.next().await.unwrap().unwrap();
    drop(documents);
    let open = || async {
        let pipeline = [
            doc! {"$currentOp": {"idleCursors": true}},
            doc! {"$match": {"cursor.originatingCommand.find": "numbers", "ns": "dropped.numbers"}},
        ];
        let found = fixture.client.database("admin").aggregate(pipeline).await.unwrap();
        found.count().await
    };
    while open().await > 0 {
        tokio::task::yield_now().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn rules_narrow_the_listing() {
    let Some(fixture) = Fixture::new("narrowed").await else { return };
    fixture.load("numbers", 12_000).await;
    let source = fixture.source("numbers");
    let filter = rules(json!({"find": {"filter": {"n": {"$lt": 6000}}, "projection": {"n": 1}}}));
    let found = bodies(&*source, &filter).await;
    assert_eq!(found.len(), 6000);
    assert_eq!(found["7"], json!({"n": 7}));
    let limited = rules(json!({"find": {"sort": {"n": -1}, "skip": 1, "limit": 2}}));
    let found = unique_ids(listed(&*source, &limited).await);
    assert_eq!(found, ["11997", "11998"]);
    let pipeline =
        json!([{"$match": {"n": {"$gte": 11990}}}, {"$project": {"double": {"$multiply": ["$n", 2]}}}]);
    let found = bodies(&*source, &rules(json!({"aggregate": {"pipeline": pipeline}}))).await;
    assert_eq!(found.len(), 10);
    assert_eq!(found["11990"], json!({"double": 23_980}));
    let wrong = listed(&*source, &rules(json!({"find": {"filtr": {}}}))).await;
    assert_eq!(wrong.into_iter().next().unwrap().unwrap_err().kind(), ErrorKind::Config);
}
