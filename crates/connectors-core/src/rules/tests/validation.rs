//! What is found wrong with rules.

use super::*;

/// The problems of rules, as `place: message`.
fn problems(rules: &[Value]) -> Vec<String> {
    let (_, problems) = Basic::read(rules);
    problems.into_iter().map(|RuleProblem { place, message }| format!("{place}: {message}")).collect()
}

/// A sound rule with one field changed.
fn with(field: &str, value: Value) -> Value {
    let mut rule = rule("r", 1, "include name equals x");
    rule[field] = value;
    rule
}

#[test]
fn every_problem_of_a_rule_is_told_with_its_fix() {
    let cases = [
        (with("id", Value::Null), "rule 1: `id` is missing or empty"),
        (with("id", json!("  ")), "rule 1: `id` is missing or empty"),
        (with("policy", json!("")), "r: `policy` is missing or empty"),
        (with("policy", json!("exlude")), "r: `policy` can't be `exlude`: did you mean `exclude`?"),
        (with("policy", json!("drop")), "r: `policy` can't be `drop`: must be one of include, exclude"),
        (with("field", json!("")), "r: `field` is missing or empty"),
        (with("field", json!(["a"])), "r: `field` must be a text"),
        (with("rule", json!("startswith")), "r: `rule` can't be `startswith`: did you mean `starts_with`?"),
        (with("rule", json!(">=")), "r: `rule` can't be `>=`: did you mean `"),
        (with("rule", json!("like")), "must be one of equals, contains, starts_with, ends_with, regex, >, <"),
        (with("value", json!("")), "r: `value` is missing or empty"),
        (with("value", Value::Null), "r: `value` is missing or empty"),
        (with("value", json!({"a": 1})), "r: `value` must be a text"),
        (with("order", Value::Null), "r: `order` is missing or empty"),
        (with("order", json!("first")), "r: `order` must be a whole number, and is first"),
        (with("order", json!(1.5)), "r: `order` must be a whole number, and is 1.5"),
        (rule("x", 1, "include name regex .*"), "x: `.*` matches every document"),
        (rule("x", 1, "include name REGEX (.*)"), "x: `(.*)` matches every document"),
        (rule("x", 1, "include name regex a(b"), "x: `a(b` is no regular expression: unclosed group"),
        (rule("x", 1, "include name regex a(?=b)"), "look-around"),
        (rule("x", 1, "include name regex a)|(b"), "x: `a)|(b` is no regular expression: unopened group"),
        (json!("include everything"), "rule 1: is not a rule; give an object"),
    ];
    for (rule, expected) in cases {
        let found = problems(std::slice::from_ref(&rule));
        assert_eq!(found.len(), 1, "{rule}: {found:?}");
        assert!(found[0].contains(expected), "{rule}: {found:?}");
    }
}

#[test]
fn all_problems_are_told_at_once() {
    let found = problems(&[json!({"id": "a"}), json!({"rule": "regx", "order": "x"}), json!(7)]);
    let places: Vec<&str> = found.iter().filter_map(|problem| problem.split(':').next()).collect();
    assert_eq!(
        places,
        ["a", "a", "a", "a", "a", "rule 2", "rule 2", "rule 2", "rule 2", "rule 2", "rule 2", "rule 3"]
    );
}

#[test]
fn rules_that_ask_the_same_are_both_reported() {
    let rules = [
        rule("a", 1, "include n equals 1"),
        rule("b", 2, "exclude n EQUALS 1"),
        rule("c", 3, "include n > 1"),
    ];
    let found = problems(&rules);
    assert_eq!(found.len(), 2);
    assert!(found[0].starts_with("a: ") && found[0].contains("those of b"), "{found:?}");
    assert!(found[1].starts_with("b: ") && found[1].contains("those of a"), "{found:?}");
}

#[test]
fn an_id_that_stands_twice_is_reported() {
    let found = problems(&[
        rule("a", 1, "include n equals 1"),
        rule("b", 2, "include n > 1"),
        rule("a", 3, "include n < 1"),
    ]);
    assert_eq!(found, ["a: rules 1 and 3 have this id; give each its own"]);
}

#[test]
fn sound_rules_have_no_problems() {
    let mut lenient = rule("b", 0, "EXCLUDE a.b > 5");
    lenient["value"] = json!(5);
    lenient["order"] = json!("2");
    let space = rule("c", 3, "exclude name contains  ");
    assert_eq!(space["value"], json!(" "));
    let rules = [rule("DEFAULT", 0, "include _ regex .*"), lenient, space];
    assert_eq!(problems(&rules), Vec::<String>::new());
    let basic = Basic::parse(&rules).unwrap();
    let read = &basic.rules()[0];
    assert_eq!((read.policy, read.operator, read.order), (Policy::Exclude, Operator::Greater, 2));
    assert_eq!((read.id.as_str(), read.field.as_str(), read.value.as_str()), ("b", "a.b", "5"));
}

#[test]
fn what_can_be_evaluated_is_used_beside_what_cannot() {
    let rules = [
        rule("bad", 1, "exclude n regex ("),
        rule("all", 2, "exclude n regex .*"),
        rule("unknown", 3, "include n like 1"),
    ];
    let (basic, problems) = Basic::read(&rules);
    assert_eq!(problems.len(), 3);
    assert_eq!(basic.rules().len(), 1, "a pattern that matches everything is refused, yet means something");
    assert!(!basic.admits("a", None, br#"{"n":1}"#) && basic.admits("a", None, b"{}"));
    assert_eq!(Basic::parse(&rules).unwrap_err(), problems);
}
