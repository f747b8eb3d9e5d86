use bson::doc;
use connectors_core::{ErrorKind, RuleProblem};
use serde_json::{Value, json};

use crate::support::{Fixture, connect, listed, rules, unique_ids};

#[tokio::test(flavor = "multi_thread")]
async fn rules_are_checked_here_and_by_the_server() {
    let Some(fixture) = Fixture::new("checked").await else { return };
    fixture.collection("people").insert_one(doc! {}).await.unwrap();
    let connection = fixture.source("people");
    let checked = async |rule: Value| -> Vec<RuleProblem> {
        connection.advanced_rules().unwrap().validate(&rules(rule)).await.unwrap()
    };
    assert!(checked(json!({"find": {"filter": {"n": {"$gt": 1}}}})).await.is_empty());
    assert!(checked(json!({"aggregate": {"pipeline": [{"$match": {"n": 1}}]}})).await.is_empty());
    let here = checked(json!({"find": {"filtr": {}}})).await;
    assert_eq!(here[0].place, "find.filtr");
    let there = checked(json!({"find": {"filter": {"n": {"$gtt": 1}}}})).await;
    assert_eq!(there[0].place, "find");
    assert!(there[0].message.contains("$gtt"), "{there:?}");
    let there = checked(json!({"aggregate": {"pipeline": [{"$mach": {}}]}})).await;
    assert!(there[0].place == "aggregate" && there[0].message.contains("$mach"), "{there:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn rules_that_can_not_be_checked_are_an_error() {
    let Some(fixture) = Fixture::new("unchecked").await else { return };
    let mut values = fixture.values("people");
    values.insert("password".into(), json!("wrong"));
    let connection = connect(&values);
    let checked = connection.advanced_rules().unwrap().validate(&rules(json!({"find": {}}))).await;
    assert_eq!(checked.unwrap_err().kind(), ErrorKind::Denied);
}

#[tokio::test(flavor = "multi_thread")]
async fn options_of_a_query_reach_the_server_in_either_spelling() {
    let Some(fixture) = Fixture::new("optional").await else { return };
    let people = fixture.collection("people");
    let names = ["ada", "Bob", "cy", "Dan"];
    people.insert_many(names.map(|name| doc! {"_id": name, "name": name, "age": 3})).await.unwrap();
    people.create_index(mongodb::IndexModel::builder().keys(doc! {"name": 1}).build()).await.unwrap();
    let connection = fixture.source("people");
    for (rule, wanted) in [
        (
            json!({"filter": {"name": "BOB"}, "collation": {"locale": "en", "strength": 1}, "projection": ["name"], "batch_size": 1}),
            vec!["Bob"],
        ),
        (
            json!({"min": {"name": "ada"}, "max": {"name": "cz"}, "hint": [["name", 1]], "sort": [["name", -1]], "allow_disk_use": true}),
            vec!["cy", "ada"],
        ),
        (
            json!({"filter": {"$expr": {"$eq": ["$name", "$$wanted"]}}, "let": {"wanted": "Dan"}, "max_time_ms": 60_000}),
            vec!["Dan"],
        ),
    ] {
        let rules = rules(json!({"find": rule}));
        assert!(connection.advanced_rules().unwrap().validate(&rules).await.unwrap().is_empty(), "{rule}");
        let listed = listed(connection.as_ref(), &rules).await;
        let found: Vec<String> =
            listed.into_iter().map(|listed| listed.unwrap().id().as_str().to_owned()).collect();
        assert_eq!(found, wanted, "{rule}");
    }
    for rule in [
        json!({"find": {"hint": "no_such_index"}}),
        json!({"aggregate": {"pipeline": [], "hint": "no_such_index"}}),
    ] {
        let refused = connection.advanced_rules().unwrap().validate(&rules(rule.clone())).await.unwrap();
        assert!(refused[0].message.contains("hint"), "the server says so of {rule}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn options_of_a_pipeline_reach_the_server_from_either_place() {
    let Some(fixture) = Fixture::new("piped").await else { return };
    let people = fixture.collection("people");
    people.insert_many(["ada", "Bob", "cy"].map(|name| doc! {"_id": name, "name": name})).await.unwrap();
    let connection = fixture.source("people");
    let by_variable = json!([{"$match": {"$expr": {"$eq": ["$name", "$$wanted"]}}}]);
    for (rule, wanted) in [
        (
            json!({"pipeline": by_variable, "let": {"wanted": "cy"}, "max_time_ms": 60_000, "batchSize": 1}),
            "cy",
        ),
        (
            json!({"pipeline": by_variable, "options": {"let": {"wanted": "ada"}, "allowDiskUse": true}}),
            "ada",
        ),
        (
            json!({"pipeline": [{"$match": {"name": "BOB"}}], "collation": {"locale": "en", "strength": 1}, "hint": "_id_", "comment": "ours"}),
            "Bob",
        ),
    ] {
        let rules = rules(json!({ "aggregate": rule }));
        let problems = connection.advanced_rules().unwrap().validate(&rules).await.unwrap();
        assert!(problems.is_empty(), "{rule}: {problems:?}");
        assert_eq!(unique_ids(listed(connection.as_ref(), &rules).await), [wanted], "{rule}");
    }
}
