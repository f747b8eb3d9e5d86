//! What a plan says, and what it writes.

use super::*;

const KEEP: Policy = Policy { undeclared: Undeclared::Keep, conflict: Conflict::Refuse };
const DELETE: Policy = Policy { undeclared: Undeclared::Delete, conflict: Conflict::Refuse };

/// Merges a partial update into a document, as the server does.
fn merge(document: &mut Value, update: &Value) {
    match (document, update) {
        (Value::Object(fields), Value::Object(changes)) => {
            changes
                .iter()
                .for_each(|(key, change)| merge(fields.entry(key.clone()).or_insert(Value::Null), change));
        }
        (place, change) => *place = change.clone(),
    }
}

fn plan(declared: &[Declared], existing: &[Existing]) -> Plan {
    Plan::new(declared.to_vec(), existing.to_vec(), KEEP).unwrap()
}

fn differences(plan: &Plan) -> Vec<String> {
    let change = plan.steps().iter().find_map(|step| match step {
        Step::Change { differences, .. } => Some(differences),
        _ => None,
    });
    let Some(differences) = change else { panic!("no change: {plan:?}") };
    differences.iter().map(|found| format!("{}: {} → {}", found.key, found.before, found.after)).collect()
}

#[test]
fn what_is_as_declared_is_left() {
    for text in [WHOLE, SMALL] {
        let declared = declared(text);
        let plan = plan(&declared, &[existing(&declared[0])]);
        assert!(plan.is_empty(), "{plan:?}");
        assert_eq!(plan.counts(), Counts { unchanged: 1, ..Counts::default() });
    }
}

#[test]
fn what_means_the_same_is_no_difference() {
    let declared = declared(WHOLE);
    let mut same = existing(&declared[0]);
    let configuration = &mut same.document["configuration"];
    configuration["rate"]["value"] = json!("7");
    configuration["spaces"]["value"] = json!("a,b");
    configuration["tls"]["value"] = Value::Null;
    configuration["ca"] = Value::Null;
    configuration["foreign"] = json!({"value": 1});
    let rule = &mut same.document["filtering"][0]["draft"]["rules"][0];
    rule["id"] = json!("another-id");
    rule["order"] = json!("12");
    assert!(plan(&declared, &[same]).is_empty());
}

/// Where a document is changed, how the plan tells it, and the part that is written.
type Case = ((&'static str, Value), &'static str, &'static str);

fn cases() -> [Case; 13] {
    let change = |path: &'static str, value: Value| (path, value);
    [
        (change("/name", json!("Old")), "name: Old → Pages", "name"),
        (change("/index_name", json!("old")), "index: old → search-pages", "index_name"),
        (change("/language", Value::Null), "language: none → en", "language"),
        (change("/pipeline/name", json!("p")), "pipeline: p → mine", "pipeline"),
        (change("/configuration/rate/value", json!(6)), "settings.rate: 6 → 7", "configuration"),
        (change("/configuration/tls/value", json!(true)), "settings.tls: true → false", "configuration"),
        (change("/configuration/token/value", json!("old")), "settings.token: *** → ***", "configuration"),
        (
            change("/configuration/url/value", json!("https://wiki")),
            "settings.url: https://wiki → https://***@wiki",
            "configuration",
        ),
        (
            change("/scheduling/full/interval", json!("0 0 3 * * ?")),
            "schedule.full: 0 0 3 * * ? → 0 0 2 * * ?",
            "scheduling",
        ),
        (change("/scheduling/full/enabled", json!(false)), "schedule.full: off → 0 0 2 * * ?", "scheduling"),
        (
            change("/scheduling/access_control/enabled", json!(true)),
            "schedule.access_control: 0 0 0 * * ? → off",
            "scheduling",
        ),
        (
            change("/filtering/0/draft/rules/0/value", json!("Old")),
            "rules.basic: exclude title starts_with Old → exclude title starts_with Draft",
            "filtering",
        ),
        (
            change("/filtering/0/draft/advanced_snippet/value", json!({})),
            "rules.advanced: none → {\"space\":{\"not\":\"archive\"}}",
            "filtering",
        ),
    ]
}

#[test]
fn each_difference_is_reported_and_carried_out_alone() {
    let declared = declared(WHOLE);
    for ((path, value), expected, part) in cases() {
        let mut old = existing(&declared[0]);
        *old.document.pointer_mut(path).unwrap() = value;
        let plan = plan(&declared, &[old.clone()]);
        assert_eq!(differences(&plan), [expected]);
        let Step::Change { differences, .. } = &plan.steps()[0] else { unreachable!() };
        let update = declared[0].update(&old, differences, now());
        assert_eq!(update.keys().collect::<Vec<_>>(), [part], "{path}");
        merge(&mut old.document, &update.into());
        let again = self::plan(&declared, &[old]);
        assert!(again.is_empty(), "{path}: {again:?}");
    }
}

#[test]
fn what_is_no_longer_declared_goes_back_to_its_default() {
    let (before, after) = (declared(WHOLE), declared(&SMALL.replace("small", "pages")));
    let mut document = existing(&before[0]);
    let plan = plan(&after, &[document.clone()]);
    let told = differences(&plan);
    for expected in [
        "settings.rate: 7 → 5",
        "settings.token: *** → none",
        "schedule.full: 0 0 2 * * ? → off",
        "rules.basic: exclude title starts_with Draft → none",
    ] {
        assert!(told.iter().any(|line| line == expected), "{told:?}");
    }
    assert!(!told.iter().any(|line| line.starts_with("language") || line.starts_with("pipeline")));
    let Step::Change { differences, .. } = &plan.steps()[0] else { unreachable!() };
    let update = after[0].update(&document, differences, now());
    assert_eq!(update["filtering"][0]["active"]["rules"].as_array().unwrap().len(), 1, "the catch-all stays");
    assert_eq!(update["filtering"][0]["draft"]["validation"]["state"], "valid");
    merge(&mut document.document, &update.into());
    assert!(self::plan(&after, &[document]).is_empty());
}

#[test]
fn advanced_rules_wait_for_the_worker() {
    let filtering = &declared(WHOLE)[0].filtering(&Value::Null, now())[0];
    assert_eq!(filtering["draft"]["validation"]["state"], "edited");
    assert_eq!(filtering["active"]["rules"].as_array().unwrap().len(), 1);
}

#[test]
fn what_a_plan_shows_holds_no_secret() {
    let whole = declared(WHOLE);
    let mut old = existing(&declared(&SMALL.replace("small", "changed"))[0]);
    old.document["configuration"]["token"]["value"] = json!("stored-secret");
    let mut changed = declared(&SMALL.replace("small", "changed"));
    changed[0].settings.insert("token".into(), json!("${secret:wiki}"));
    let gone = existing(&declared(&SMALL.replace("small", "gone"))[0]);
    let all = [whole, changed].concat();
    let plan = Plan::new(all, vec![gone, old], DELETE).unwrap();
    let [Step::Delete(gone), Step::Create(pages), Step::Change { declared, .. }] = plan.steps() else {
        panic!("{plan:?}")
    };
    assert_eq!((gone.id.as_str(), gone.service_type(), gone.index()), ("gone", "wiki", "search-gone"));
    let expected = [
        ("index", "search-pages"),
        ("language", "en"),
        ("name", "Pages"),
        ("pipeline", "mine"),
        ("rules.advanced", "{\"space\":{\"not\":\"archive\"}}"),
        ("rules.basic", "exclude title starts_with Draft"),
        ("schedule.full", "0 0 2 * * ?"),
        ("schedule.incremental", "0 0/5 * * * ?"),
        ("settings.rate", "7"),
        ("settings.spaces", "a,b"),
        ("settings.tls", "false"),
        ("settings.token", "***"),
        ("settings.url", "https://***@wiki"),
    ];
    assert_eq!(pages.properties(), expected.map(|(key, value)| (key.to_owned(), value.to_owned())));
    assert_eq!(declared.id, "changed");
    assert_eq!(differences(&plan), ["settings.token: *** → ${secret:wiki}"]);
    assert_eq!(plan.counts(), Counts { created: 1, changed: 1, deleted: 1, ..Counts::default() });
    assert!(!plan.is_empty());
}

#[test]
fn a_secret_that_changes_is_reported_without_being_shown() {
    let declared = declared(WHOLE);
    let mut old = existing(&declared[0]);
    old.document["configuration"]["token"]["value"] = json!("other");
    assert_eq!(differences(&plan(&declared, &[old])), ["settings.token: *** → ***"]);
}

#[test]
fn what_no_file_declares_is_kept_unless_it_is_to_go() {
    let declared = declared(SMALL);
    let other = existing(&self::declared(&SMALL.replace("small", "other"))[0]);
    let kept = plan(&declared, std::slice::from_ref(&other));
    assert_eq!(kept.counts(), Counts { created: 1, kept: 1, ..Counts::default() });
    let plan = Plan::new(vec![], vec![other], DELETE).unwrap();
    assert!(matches!(plan.steps(), [Step::Delete(existing)] if existing.id == "other"));
}

#[test]
fn what_cannot_be_is_refused() {
    let declared = declared(SMALL);
    let mut other = existing(&declared[0]);
    other.document["service_type"] = json!("dir");
    let refused = |existing: Existing, undeclared| {
        Plan::new(declared.clone(), vec![existing], Policy { undeclared, conflict: Conflict::Refuse })
    };
    let error = refused(other.clone(), Undeclared::Keep).unwrap_err().to_string();
    assert!(error.contains("small: its type is `dir` and can't become `wiki`"), "{error}");
    other.id = "other".into();
    let error = refused(other.clone(), Undeclared::Keep).unwrap_err().to_string();
    assert!(error.contains("the index `search-small` is that of the connector `other`"), "{error}");
    assert!(refused(other, Undeclared::Delete).is_ok(), "it goes first");
}

#[test]
fn a_plan_does_not_hold_where_what_people_keep_was_changed() {
    let existing = existing(&declared(SMALL)[0]);
    let mut document = existing.document.as_object().unwrap().clone();
    document.insert("last_seen".into(), json!("2026-01-01T00:00:00Z"));
    assert_eq!(existing.changed_in(&document), [""; 0], "the service tells that it is there");
    document.insert("name".into(), json!("another name"));
    document.insert("index_name".into(), json!("another-index"));
    assert_eq!(existing.changed_in(&document), ["name", "index_name"]);
}
