//! What rules promise.

mod evaluation;
mod filtering;
mod validation;

use super::*;
use serde_json::json;

/// A rule of this id, order and policy, written as `field operator value`.
fn rule(id: &str, order: i64, text: &str) -> Value {
    let mut parts = text.splitn(4, ' ');
    let mut next = || parts.next().unwrap();
    let (policy, field, operator, value) = (next(), next(), next(), next());
    json!({"id": id, "policy": policy, "field": field, "rule": operator, "value": value, "order": order})
}

/// Rules in this order.
fn basic(rules: &[&str]) -> Basic {
    let rules: Vec<Value> =
        rules.iter().zip(1..).map(|(text, order)| rule(&format!("r{order}"), order, text)).collect();
    Basic::parse(&rules).unwrap()
}

#[test]
fn changed_rules_have_another_fingerprint() {
    let fingerprints = [
        Rules::NONE,
        Rules::advanced(json!({"a": 1})),
        Rules::advanced(json!({"a": 2})),
        Rules { basic: basic(&["exclude a equals 1"]), advanced: None },
        Rules { basic: basic(&["exclude a equals 1"]), advanced: Some(json!({"a": 1})) },
        Rules { basic: basic(&["include a equals 1"]), advanced: None },
        Rules { basic: basic(&["exclude b equals 1"]), advanced: None },
        Rules { basic: basic(&["exclude a > 1"]), advanced: None },
        Rules { basic: basic(&["exclude a equals 2"]), advanced: None },
        Rules { basic: basic(&["exclude a equals 1", "include b equals 1"]), advanced: None },
        Rules { basic: basic(&["include b equals 1", "exclude a equals 1"]), advanced: None },
    ]
    .map(|rules| rules.fingerprint());
    let distinct: std::collections::HashSet<u64> = fingerprints.into_iter().collect();
    assert_eq!(distinct.len(), fingerprints.len(), "{fingerprints:?}");
    assert_eq!(fingerprints[0], 0, "without rules");
    assert_eq!(
        fingerprints[1],
        hash(br#"{"a":1}"#),
        "advanced rules alone keep the number that marks were made with"
    );
}

#[test]
fn names_dates_and_the_catch_all_are_no_part_of_the_fingerprint() {
    let one = Basic::parse(&[rule("a", 1, "exclude x equals 1"), rule("b", 2, "include y > 2")]).unwrap();
    let mut renamed = rule("c", 70, "EXCLUDE x EQUALS 1");
    renamed["updated_at"] = json!("2026-01-01T00:00:00Z");
    let default = rule("DEFAULT", 0, "exclude _ regex .*");
    let other = Basic::parse(&[rule("b", 80, "include y > 2"), default.clone(), renamed]).unwrap();
    let fingerprint = |basic: Basic| Rules { basic, advanced: None }.fingerprint();
    assert_eq!(fingerprint(one), fingerprint(other));
    assert_eq!(fingerprint(Basic::parse(&[default]).unwrap()), 0);
}
