//! Which documents rules let through.

use chrono::DateTime;

use super::*;

/// Whether the rules admit a document with this body.
fn admits(rules: &[&str], body: &Value) -> bool {
    basic(rules).admits("doc-1", None, body.to_string().as_bytes())
}

/// `field operator value`, and whether it matches in the body of the test below.
const CASES: &[(&str, bool)] = &[
    ("name equals Report.pdf", true),
    ("name equals report.pdf", false),
    ("name contains port", true),
    ("name starts_with Rep", true),
    ("name starts_with port", false),
    ("name ends_with .pdf", true),
    ("name regex R.*f$", true),
    ("name regex eport", false),
    ("name > Ra", true),
    ("name < Ra", false),
    ("name > 5", true),
    ("size equals 1500", true),
    ("size equals 1500.0", true),
    ("size > 200", true),
    ("size < 200", false),
    ("size < text", false),
    ("size > text", false),
    ("size contains 50", true),
    ("ratio < 0.75", true),
    ("ratio equals .5", true),
    ("public equals True", true),
    ("public equals yes", true),
    ("public equals Report", false),
    ("public > false", true),
    ("none equals null", false),
    ("none regex .+", false),
    ("empty equals x", false),
    ("empty < x", true),
    ("made > 2023-01-18", true),
    ("made < 2023-01-18T18:18:57+01:00", true),
    ("made equals 2023-01-18T17:18:56.000+00:00", true),
    ("made > then", false),
    ("made starts_with 2023-01", true),
    ("missing equals x", false),
    ("missing < x", false),
    ("missing regex x?", false),
    ("numbers > 19", true),
    ("numbers > 20", false),
    ("sizes equals x", true),
    ("lists equals 2", true),
    ("owner equals Ada", false),
    ("owner.name equals Ada", true),
    ("owner.tags equals b", true),
    ("owner.name.first equals Ada", false),
    ("parts.n equals 2", true),
    ("parts.n equals 3", false),
    ("parts equals 3", true),
    ("dotted.name equals literal", true),
    ("deep.er.est equals 7", true),
    ("quo\"te contains \t", true),
    ("big > 18446744073709551614", true),
    ("big equals 18446744073709551614", false),
    ("id equals doc-1", true),
    ("_id starts_with doc", true),
    ("_timestamp > 2000", false),
];

#[test]
fn each_operator_matches_what_it_says() {
    let body = json!({
        "name": "Report.pdf", "size": 1500, "ratio": 0.5, "public": true, "none": null, "empty": "",
        "made": "2023-01-18T17:18:56Z", "sizes": [1, "x"], "numbers": [1, 20], "lists": [[1], [2]], "owner": {"name": "Ada", "tags": ["a", "b"]},
        "parts": [{"n": 1}, {"n": 2, "name": "two"}, 3], "dotted.name": "literal", "deep": {"er.est": 7},
        "quo\"te": "ta\tb", "big": 18_446_744_073_709_551_615_u64,
    });
    for (text, matches) in CASES {
        assert_eq!(admits(&[&format!("exclude {text}")], &body), !*matches, "exclude {text}");
        let rules = [&format!("include {text}"), "exclude id regex .+"];
        assert_eq!(admits(&rules, &body), *matches, "include {text}");
    }
}

#[test]
fn the_first_rule_that_matches_decides_and_without_one_all_is_wanted() {
    let body = json!({"kind": "note", "draft": true, "n": 5});
    let cases: [(&[&str], bool); 7] = [
        (&[], true),
        (&["exclude kind equals page"], true),
        (&["include kind equals page"], true),
        (&["exclude kind equals note", "include n > 1"], false),
        (&["include n > 1", "exclude kind equals note"], true),
        (&["include n > 7", "exclude kind equals note"], false),
        (&["exclude n > 7", "exclude other equals x", "include draft equals true", "exclude n > 1"], true),
    ];
    for (rules, expected) in cases {
        assert_eq!(admits(rules, &body), expected, "{rules:?}");
    }
}

#[test]
fn order_decides_not_the_place_in_the_list() {
    let (low, high) = (rule("low", 1, "include n equals 1"), rule("high", 2, "exclude n regex 1"));
    let default = rule("DEFAULT", 0, "exclude _ regex .*");
    for rules in [[&low, &high, &default], [&high, &default, &low], [&default, &high, &low]] {
        let rules: Vec<Value> = rules.into_iter().cloned().collect();
        let basic = Basic::parse(&rules).unwrap();
        assert!(basic.admits("a", None, br#"{"n":1}"#), "{rules:?}");
        assert_eq!(basic.decide("a", None, br#"{"n":1}"#).unwrap().id, "low");
        assert_eq!(basic.decide("a", None, br#"{"n":10}"#).unwrap().id, "high");
        assert!(basic.decide("a", None, br#"{"n":2}"#).is_none(), "the catch-all is not evaluated");
        assert!(basic.admits("a", None, br#"{"n":2}"#));
    }
}

#[test]
fn the_documents_own_time_is_a_field() {
    let basic = basic(&["exclude _timestamp < 2023"]);
    let at = |seconds| DateTime::from_timestamp(seconds, 0);
    assert!(!basic.admits("a", at(0), b"{}"));
    assert!(basic.admits("a", at(1_700_000_000), b"{}"));
    assert!(basic.admits("a", None, b"{}"));
}

#[test]
fn what_is_not_wanted_is_not_looked_at() {
    let basic = basic(&["exclude a equals 1"]);
    let huge = r#"{"b":{"a":1,"c":[1e999999]},"d":"\ud83d\ude00","a":2}"#;
    assert!(basic.admits("x", None, huge.as_bytes()), "a number that no type holds stands in another field");
    assert!(!basic.admits("x", None, br#"{"b":[{"a":2}],"a":1}"#));
}

#[test]
fn a_body_that_is_no_json_is_let_through_to_fail_where_it_is_written() {
    let basic = basic(&["exclude a equals 1", "exclude id regex x"]);
    for body in [&b""[..], b"{", b"{\"a\":1", b"{\"a\":1,}", b"\xff"] {
        assert!(basic.admits("x", None, body), "{body:?}");
    }
    let deep = format!("{{\"a\":{}1{}}}", "[".repeat(4000), "]".repeat(4000));
    assert!(basic.admits("x", None, deep.as_bytes()));
}
