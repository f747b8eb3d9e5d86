//! Documents looked up by their id: there as a listing yields them, or gone.

use std::collections::{BTreeMap, BTreeSet};

use bson::{Bson, RawBson, RawDocumentBuf, doc, rawdoc};
use connectors_core::{Connection, DocumentId, Error, ErrorKind, Found, Rules, Unlisted, Version};
use futures::StreamExt as _;
use proptest::prelude::Strategy as _;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::TestRunner;
use serde_json::{Value, json};

use crate::arbitrary;
use crate::changes::odd_id;
use crate::support::{Fixture, connect, listed, rules};

/// What a document is made of.
type Made = (Option<Version>, Option<String>, Value);

/// What lookups found.
#[derive(Debug, Default)]
struct Answers {
    there: BTreeMap<String, Made>,
    gone: BTreeSet<String>,
    errors: Vec<Error>,
}

fn made(document: connectors_core::Document) -> (String, Made) {
    let parts = document.into_parts();
    let body = serde_json::from_slice(&parts.body.into_bytes().unwrap()).unwrap();
    (parts.id.to_string(), (parts.version, parts.scope.as_deref().map(str::to_owned), body))
}

async fn look_up(connection: &dyn Connection, ids: &[(&str, Option<&str>)], rules: &Rules) -> Answers {
    let wanted: Vec<Unlisted> = ids
        .iter()
        .map(|(id, scope)| Unlisted { id: DocumentId::from(*id), scope: scope.map(str::to_owned) })
        .collect();
    let mut answers = Answers::default();
    let mut found = connection.source().lookup().unwrap().look_up(&wanted, rules);
    while let Some(found) = found.next().await {
        match found {
            Ok(Found::There(document)) => {
                let (id, made) = made(document);
                assert!(answers.there.insert(id.clone(), made).is_none(), "{id} is answered once");
            }
            Ok(Found::Gone(id)) => assert!(answers.gone.insert(id.to_string()), "{id} is answered once"),
            Err(error) => answers.errors.push(error),
        }
    }
    answers
}

async fn listing(connection: &dyn Connection, rules: &Rules) -> BTreeMap<String, Made> {
    listed(connection, rules).await.into_iter().map(|document| made(document.unwrap())).collect()
}

fn scoped(listing: &BTreeMap<String, Made>) -> Vec<(&str, Option<&str>)> {
    listing.iter().map(|(id, (_, scope, _))| (id.as_str(), scope.as_deref())).collect()
}

/// Ids of every type, and some that no driver can write.
fn ids() -> Vec<RawDocumentBuf> {
    let mut runner = TestRunner::default();
    let mut documents = Vec::new();
    for (_, values) in arbitrary::kinds() {
        for _ in 0..40 {
            let value = values.new_tree(&mut runner).unwrap().current();
            documents.extend(RawBson::try_from(value).ok().map(|value| rawdoc! {"_id": value}));
        }
    }
    for _ in 0..40 {
        let object = arbitrary::document().prop_map(|value| rawdoc! {"_id": value});
        documents.push(object.new_tree(&mut runner).unwrap().current());
    }
    let chosen: [Bson; 8] = [
        "x".repeat(600).into(),
        f64::from_bits(1).into(),
        0.1.into(),
        Bson::Decimal128("0.1".parse().unwrap()),
        Bson::Symbol("a symbol".into()),
        "".into(),
        "$number:1".into(),
        doc! {"a": "x".repeat(600)}.into(),
    ];
    documents.extend(chosen.map(|id| RawDocumentBuf::try_from(&doc! {"_id": id}).unwrap()));
    documents.extend([
        odd_id(0x03, b"\x13\0\0\0\x10a\0\x01\0\0\0\x10a\0\x02\0\0\0\0"),
        odd_id(0x02, b"\x03\0\0\0x\xff\0"),
    ]);
    documents
}

async fn insert(fixture: &Fixture, documents: Vec<RawDocumentBuf>) {
    for document in documents {
        // Some values the server takes for no `_id`, and some ids are equal.
        let _ = fixture.database.run_raw_command(rawdoc! {"insert": "any", "documents": [document]}).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn ids_of_every_type_lead_to_the_document_that_a_listing_yields_until_it_is_deleted() {
    for pattern in ["any", "an?"] {
        let Some(fixture) = Fixture::new("looked_up").await else { return };
        insert(&fixture, ids()).await;
        let (connection, rules) = (fixture.source(pattern), Rules::default());
        let listed = listing(&*connection, &rules).await;
        assert!(listed.len() > 300, "{}", listed.len());
        let ends_with = |end: &str| listed.keys().any(|id| id.ends_with(end));
        assert!(ends_with("$bytes:78ff") && ends_with(r#"$object:["a","$number:1","a","$number:2"]"#));
        let answers = look_up(&*connection, &scoped(&listed), &rules).await;
        assert!(
            answers.errors.is_empty() && answers.gone.is_empty(),
            "{:?} {:?}",
            answers.errors,
            answers.gone
        );
        assert_eq!(answers.there, listed);
        fixture.collection("any").delete_many(doc! {"$sampleRate": 0.5}).await.unwrap();
        let left = listing(&*connection, &rules).await;
        let answers = look_up(&*connection, &scoped(&listed), &rules).await;
        assert!(answers.errors.is_empty(), "{:?}", answers.errors);
        let deleted = listed.keys().filter(|id| !left.contains_key(*id)).cloned().collect::<BTreeSet<_>>();
        assert!(!deleted.is_empty() && !left.is_empty());
        assert_eq!((answers.gone, answers.there), (deleted, left));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_no_listing_of_these_settings_yields_is_gone() {
    let Some(fixture) = Fixture::new("looked_beside").await else { return };
    fixture.load("orders_1", 1000).await;
    fixture.load("people", 1000).await;
    let rules = Rules::default();
    let (one, many) = (fixture.source("orders_1"), fixture.source("orders_*"));
    let scope = Some("looked_beside/orders_1");
    let there = "looked_beside.orders_1/7";
    for (connection, id, scope, is_there) in [
        (&one, "7", scope, true),
        (&one, "7", None, true),
        (&one, there, scope, false),
        (&one, "7", Some("looked_beside/people"), false),
        (&many, there, scope, true),
        (&many, there, None, true),
        (&many, "7", scope, false),
        (&many, "looked_beside.orders_2/7", Some("looked_beside/orders_2"), false),
    ] {
        let answers = look_up(&**connection, &[(id, scope)], &rules).await;
        assert!(answers.errors.is_empty(), "{:?}", answers.errors);
        assert_eq!(
            (answers.there.len(), answers.gone.len()),
            if is_there { (1, 0) } else { (0, 1) },
            "{id} {scope:?}"
        );
    }
    let answers = look_up(&*many, &[("no scope at all", None)], &rules).await;
    assert!(answers.gone.is_empty() && answers.errors.len() == 1, "{answers:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn rules_say_what_is_there() {
    let Some(fixture) = Fixture::new("looked_ruled").await else { return };
    fixture.load("numbers", 1000).await;
    fixture.collection("numbers").insert_one(doc! {"_id": {"a": 1}, "n": 3}).await.unwrap();
    let connection = fixture.source("numbers");
    let all = listing(&*connection, &Rules::default()).await;
    for rule in [
        json!({"find": {"filter": {"n": {"$lt": 5}}, "projection": {"name": 0}}}),
        json!({"find": {"sort": {"n": -1}, "skip": 2, "limit": 4}}),
        json!({"aggregate": {"pipeline": [{"$sort": {"n": 1}}, {"$limit": 5}, {"$project": {"double": {"$add": ["$n", "$n"]}}}]}}),
        json!({"aggregate": {"pipeline": [{"$group": {"_id": {"rest": {"$mod": ["$n", 3]}}, "sum": {"$sum": "$n"}}}]}}),
    ] {
        let rules = rules(rule);
        let listed = listing(&*connection, &rules).await;
        let ids: BTreeMap<_, _> =
            all.iter().chain(&listed).map(|(id, made)| (id.clone(), made.clone())).collect();
        let answers = look_up(&*connection, &scoped(&ids), &rules).await;
        assert!(answers.errors.is_empty(), "{:?}", answers.errors);
        let gone = ids.keys().filter(|id| !listed.contains_key(*id)).cloned().collect::<BTreeSet<_>>();
        assert_eq!((answers.there, answers.gone), (listed, gone));
    }
    let answers = look_up(&*connection, &scoped(&all), &rules(json!({"find": {"filtr": {}}}))).await;
    assert!(answers.gone.is_empty() && answers.errors[0].kind() == ErrorKind::Config, "{answers:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn views_and_single_servers_are_asked_too() {
    let Some(fixture) = Fixture::new("looked_view").await else { return };
    fixture.load("numbers", 1000).await;
    let view = doc! {"create": "view", "viewOn": "numbers", "pipeline": [{"$match": {"n": {"$lt": 10}}}]};
    fixture.database.run_command(view).await.unwrap();
    let view = fixture.source("view");
    let scope = Some("looked_view/view");
    let answers = look_up(&*view, &[("7", scope), ("70", scope)], &Rules::default()).await;
    assert_eq!((answers.there.len(), answers.gone.len(), answers.errors.len()), (1, 1, 0), "{answers:?}");
    let Some(server) = crate::support::start(crate::mongod::single("")).await else { return };
    let client = mongodb::Client::with_uri_str(format!("mongodb://{}", server.address())).await.unwrap();
    client.database("shop").collection("people").insert_one(doc! {"_id": "ada"}).await.unwrap();
    let values = json!({"host": server.address(), "database": "shop", "collection": "people"});
    let scope = Some("shop/people");
    let single = connect(values.as_object().unwrap());
    let answers =
        look_up(&*single, &[("ada", scope), ("bob", scope), ("$bytes:ff", scope)], &Rules::default()).await;
    assert_eq!((answers.there.len(), answers.gone.len(), answers.errors.len()), (1, 2, 0), "{answers:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dropped_collection_is_gone_and_one_that_may_not_be_seen_is_not() {
    let Some(fixture) = Fixture::new("looked_rights").await else { return };
    fixture.collection("kept").insert_one(doc! {"_id": "x"}).await.unwrap();
    let admin = fixture.client.database("admin");
    let reader = |name: &'static str, privileges: Vec<bson::Document>| {
        let (admin, mut values) = (admin.clone(), fixture.values("*"));
        values.insert("user".into(), json!(name));
        values.insert("password".into(), json!("pw"));
        async move {
            for command in [doc! {"dropUser": name}, doc! {"dropRole": name}] {
                let _ = admin.run_command(command).await;
            }
            admin
                .run_command(doc! {"createRole": name, "privileges": privileges, "roles": []})
                .await
                .unwrap();
            admin.run_command(doc! {"createUser": name, "pwd": "pw", "roles": [name]}).await.unwrap();
            connect(&values)
        }
    };
    let resource = |collection: &str| doc! {"db": "looked_rights", "collection": collection};
    let list = doc! {"resource": resource(""), "actions": ["listCollections"]};
    let find = doc! {"resource": resource("kept"), "actions": ["find"]};
    let ids =
        ["kept", "dropped"].map(|name| (format!("looked_rights.{name}/x"), format!("looked_rights/{name}")));
    let ids: Vec<_> = ids.iter().map(|(id, scope)| (id.as_str(), Some(scope.as_str()))).collect();
    for (name, privileges, there, gone, errors) in [
        ("lister", vec![list.clone(), find.clone()], 1, 1, vec![]),
        ("finder", vec![find], 1, 0, vec!["looked_rights/dropped"]),
        ("blind", vec![list], 0, 1, vec!["looked_rights/kept"]),
        ("nobody", vec![], 0, 0, vec!["looked_rights/dropped", "looked_rights/kept"]),
    ] {
        let connection = reader(name, privileges).await;
        let answers = look_up(&*connection, &ids, &Rules::default()).await;
        assert_eq!((answers.there.len(), answers.gone.len()), (there, gone), "{name}: {answers:?}");
        let scopes: Vec<_> = answers.errors.iter().map(|error| error.scope().unwrap()).collect();
        assert_eq!(scopes, errors, "{name}");
        assert!(answers.errors.iter().all(|error| error.kind() == ErrorKind::Denied), "{answers:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_document_that_a_listing_could_pass_over_is_there() {
    let Some(fixture) = Fixture::new("looked_passed").await else { return };
    let numbers = fixture.collection("numbers");
    fixture.load("numbers", 2000).await;
    let (connection, scope) = (fixture.source("numbers"), Some("looked_passed/numbers"));
    for n in 0..50 {
        numbers.delete_one(doc! {"_id": n}).await.unwrap();
        numbers.insert_one(doc! {"_id": n, "again": true}).await.unwrap();
        let id = n.to_string();
        let answers = look_up(&*connection, &[(&id, scope)], &Rules::default()).await;
        assert_eq!(answers.there[&id].2, json!({"again": true}), "{answers:?}");
    }
}
