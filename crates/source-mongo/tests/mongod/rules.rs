use bson::doc;
use connectors_core::{ErrorKind, RuleProblem};
use serde_json::{Value, json};

use crate::support::{Fixture, connect, rules};

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
