//! How drafts come into force.

use chrono::{DateTime, Utc};

use super::*;

fn at(seconds: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(seconds, 0).unwrap()
}

fn problem(place: &str, message: &str) -> RuleProblem {
    RuleProblem { place: place.into(), message: message.into() }
}

#[test]
fn a_draft_comes_into_force_only_when_it_is_valid() {
    let mut filtering = Filtering::new(at(0));
    let before = filtering.active.clone();
    filtering.edit(vec![rule("a", 1, "exclude n regex (")], json!({"find": {}}), at(60));
    assert!(filtering.is_edited());
    assert!(filtering.activate().unwrap_err().to_string().contains("not validated yet"));
    let (_, mut problems) = filtering.draft.read();
    problems.extend([problem("find", "is empty"), problem("a", "again"), problem("", "no place")]);
    filtering.validate(&problems);
    assert_eq!(filtering.draft.validation.state, State::Invalid);
    let errors = json!(filtering.draft.validation.errors);
    assert_eq!(errors[0]["ids"], json!(["a"]));
    assert_eq!(errors[0]["messages"].as_array().unwrap().len(), 2);
    assert_eq!(errors[1], json!({"ids": ["find"], "messages": ["is empty"]}));
    assert_eq!(errors[2], json!({"ids": [], "messages": ["no place"]}));
    assert!(filtering.activate().unwrap_err().to_string().contains("is invalid"));
    assert_eq!(filtering.active, before);
    filtering.edit(vec![rule("a", 1, "exclude n regex 1")], json!({}), at(120));
    assert_eq!(filtering.draft.validation.errors, Vec::<Value>::new());
    filtering.validate(&[]);
    filtering.activate().unwrap();
    assert_eq!(filtering.active, filtering.draft);
    let (rules, problems) = filtering.active.read();
    assert_eq!((rules.basic.rules().len(), rules.advanced, problems), (1, None, vec![]));
}

#[test]
fn rules_keep_the_dates_at_which_they_were_made_and_changed() {
    let mut filtering = Filtering::new(at(0));
    let (a, b) = (rule("a", 1, "exclude n equals 1"), rule("b", 2, "exclude n equals 2"));
    filtering.edit(vec![a.clone(), b, json!("no rule")], json!({"x": 1}), at(60));
    filtering.edit(vec![a, rule("b", 3, "exclude n equals 2")], json!({"x": 1}), at(120));
    let dates = |rule: &Value| [rule["created_at"].clone(), rule["updated_at"].clone()];
    assert_eq!(dates(&filtering.draft.rules[0]), [json!(at(60)), json!(at(60))]);
    assert_eq!(dates(&filtering.draft.rules[1]), [json!(at(60)), json!(at(120))]);
    assert_eq!(dates(&json!(filtering.draft.advanced_snippet)), [json!(at(0)), json!(at(60))]);
}

#[test]
fn documents_of_other_services_are_read_and_kept() {
    let set = json!({"rules": [], "advanced_snippet": {"value": {"find": {}}, "by": "x"}, "validation": {"state": "edited", "errors": []}});
    let document = json!({"domain": "DEFAULT", "active": set, "draft": set, "more": 1});
    for given in [document.clone(), json!([document]), json!([document, 7])] {
        let filtering = Filtering::read(&given).unwrap().unwrap();
        assert_eq!(filtering.to_json(), json!([document]));
        assert_eq!(filtering.active.read().0.advanced, Some(json!({"find": {}})));
        assert!(filtering.is_edited());
    }
    for given in [json!(null), json!([])] {
        assert_eq!(Filtering::read(&given).unwrap(), None);
        assert_eq!(RuleSet::of_job(&given).unwrap(), None);
    }
    let sparse = json!({"active": {"rules": null, "advanced_snippet": null, "validation": {"state": null}}, "draft": null});
    let sparse = Filtering::read(&sparse).unwrap().unwrap();
    assert_eq!((sparse.domain.as_str(), sparse.active.read().0.fingerprint()), ("DEFAULT", 0));
    let error = Filtering::read(&json!({"active": {"rules": 7}})).unwrap_err().to_string();
    assert!(error.contains("`filtering` can't be read"), "{error}");
}

#[test]
fn a_job_holds_rules_without_a_draft() {
    let job = json!({
        "rules": [rule("DEFAULT", 0, "include _ regex .*"), rule("a", 1, "exclude n equals 1")],
        "advanced_snippet": {"value": []}, "validation": {"state": "valid", "errors": []}, "warnings": [],
    });
    for given in [job.clone(), json!([job])] {
        let (rules, problems) = RuleSet::of_job(&given).unwrap().unwrap().read();
        assert_eq!((rules.basic.rules().len(), rules.advanced, problems.len()), (1, None, 0));
    }
}

#[test]
fn a_new_connector_has_the_catch_all_in_both_places() {
    let json = Filtering::new(at(0)).to_json();
    assert_eq!(json[0]["active"], json[0]["draft"]);
    assert_eq!(json[0]["active"]["rules"][0]["id"], "DEFAULT");
    assert_eq!(json[0]["active"]["advanced_snippet"]["value"], json!({}));
    assert_eq!(json[0]["active"]["validation"], json!({"state": "valid", "errors": []}));
    assert!(!Filtering::read(&json).unwrap().unwrap().is_edited());
}
