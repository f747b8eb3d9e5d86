//! Drafts of rules.

use connectors_core::elastic::index;
use connectors_core::rules::Filtering;
use serde_json::{Value, json};

use super::place::{Place, SCRIPTED, filled, turn};
use crate::protocol::{JobStatus, JobType, Kind};

fn basic(field: &str, rule: &str, value: &str) -> Value {
    json!({"id": "mine", "policy": "exclude", "field": field, "rule": rule, "value": value, "order": 1})
}

/// Writes a draft as an editor of rules does.
async fn draft(place: &Place, rules: Vec<Value>, advanced: Value) {
    let before = place.read("c").await;
    let mut filtering = Filtering::read(before.0.value("filtering")).unwrap().unwrap();
    let mut whole = rules;
    whole.extend(Filtering::new(place.now()).draft.rules);
    filtering.edit(whole, advanced, place.now());
    place.change(Kind::Connector, "c", json!({"filtering": filtering.to_json()})).await;
}

async fn filtering(place: &Place) -> Value {
    place.read("c").await.filtering().clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_good_draft_is_in_force_for_the_next_job() {
    let place = Place::new().await;
    let fixture = filled(12).await;
    place.memory("c", &fixture, None).await;
    let worker = place.worker("w");
    turn(&worker).await;
    for (rules, advanced, left) in [
        (vec![], json!({"title": "Record 3"}), 1),
        (vec![basic("title", "equals", "Record 3")], json!({}), 11),
        (vec![], json!({}), 12),
    ] {
        draft(&place, rules, advanced.clone()).await;
        turn(&worker).await;
        let kept = filtering(&place).await;
        assert_eq!(kept["draft"]["validation"], json!({"state": "valid", "errors": []}), "{kept}");
        assert_eq!(kept["active"], kept["draft"]);
        assert_eq!(kept["active"]["advanced_snippet"]["value"], advanced);
        let job = place.ask("c", JobType::Full).await;
        turn(&worker).await;
        let job = place.job(&job).await;
        assert_eq!(job.status(), Some(JobStatus::Completed), "{job:?}");
        assert_eq!(place.count("c").await, left);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bad_draft_is_reported_and_leaves_the_active_rules_as_they_are() {
    let place = Place::new().await;
    let fixture = filled(2).await;
    place.memory("c", &fixture, None).await;
    let worker = place.worker("w");
    turn(&worker).await;
    let active = filtering(&place).await["active"].clone();
    for (rules, advanced, at, words) in [
        (vec![basic("title", "regex", "(")], json!({}), "mine", "no regular expression"),
        (vec![], json!({"title": ["a"]}), "advanced_snippet", "title: expected a text"),
    ] {
        draft(&place, rules, advanced).await;
        turn(&worker).await;
        let kept = filtering(&place).await;
        let validation = &kept["draft"]["validation"];
        assert_eq!(
            (&validation["state"], &validation["errors"][0]["ids"]),
            (&json!("invalid"), &json!([at]))
        );
        let message = validation["errors"][0]["messages"][0].as_str().unwrap();
        assert!(message.contains(words), "{message}");
        assert_eq!(kept["active"], active);
        let version = place.read("c").await.0.version;
        turn(&worker).await;
        assert_eq!(place.read("c").await.0.version, version, "judged once");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn advanced_rules_wait_for_a_source_and_are_refused_where_it_has_none() {
    let place = Place::new().await;
    place.connector("c", (&SCRIPTED, serde_json::Map::new()), None).await;
    let worker = place.worker("w");
    draft(&place, vec![], json!({"find": {}})).await;
    turn(&worker).await;
    assert_eq!(filtering(&place).await["draft"]["validation"]["state"], "edited", "there is no source yet");
    draft(&place, vec![basic("title", "equals", "x")], json!({})).await;
    turn(&worker).await;
    assert_eq!(filtering(&place).await["draft"]["validation"]["state"], "valid", "basic rules need none");

    let name = place.scripted("other").await.name().to_owned();
    place.change(Kind::Connector, "c", json!({"configuration": {"name": {"value": name}}})).await;
    draft(&place, vec![], json!({"find": {}})).await;
    turn(&worker).await;
    let validation = filtering(&place).await["draft"]["validation"].clone();
    assert_eq!(
        (&validation["state"], &validation["errors"][0]["ids"][0]),
        (&json!("invalid"), &json!("advanced_snippet"))
    );
    assert!(validation["errors"][0]["messages"][0].as_str().unwrap().contains("no rules of its own"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_whose_active_rules_can_not_be_evaluated_fails_and_names_each() {
    let place = Place::new().await;
    let fixture = filled(3).await;
    place.memory("c", &fixture, None).await;
    let script = place.scripted("scripted").await;
    script.let_through(100);
    let worker = place.worker("w");
    turn(&worker).await;
    let active = async |connector: &str, rules: Value, advanced: Value| {
        let active = json!({"rules": rules, "advanced_snippet": {"value": advanced}});
        let patch = json!({"filtering": [{"domain": "DEFAULT", "active": active, "draft": {}}]});
        place.change(Kind::Connector, connector, patch).await;
        let job = place.ask(connector, JobType::Full).await;
        turn(&worker).await;
        let job = place.job(&job).await;
        (job.status(), job.0.text("error").unwrap_or_default().to_owned())
    };
    let failed = Some(JobStatus::Error);
    let (status, error) = active("c", json!([basic("title", "regex", "(")]), json!({})).await;
    assert_eq!(status, failed, "{error}");
    assert!(error.contains("nothing is synced") && error.contains("mine: "), "{error}");
    let (status, error) = active("c", json!([]), json!({"title": []})).await;
    assert!(
        status == failed && error.contains("advanced_snippet: title: expected a text"),
        "{status:?} {error}"
    );
    let (status, error) = active("scripted", json!([]), json!({"a": 1})).await;
    assert!(status == failed && error.contains("this source has no rules of its own"), "{status:?} {error}");
    for index in ["c", "scripted"] {
        assert!(!index::exists(place.store.client(), index).await.unwrap(), "{index}: nothing was written");
    }
    let (status, error) = active("scripted", json!([]), json!({})).await;
    assert_eq!((status, error.as_str()), (Some(JobStatus::Completed), ""));
}
