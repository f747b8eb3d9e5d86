use serde_json::{Value, json};

use super::{FilterPath, wildcard};

fn filtered(path: &str, value: Value) -> Value {
    FilterPath::parse(path).apply(value.into()).into_value()
}

#[test]
fn keeps_and_leaves_out() {
    let answer = json!({"took": 1, "hits": {"total": 2, "hits": [{"_id": "a", "sort": [1]}, {"_id": "b"}]}});
    for (path, expected) in [
        ("took", json!({"took": 1})),
        ("hits.hits.sort", json!({"hits": {"hits": [{"sort": [1]}]}})),
        ("hits.hits._id,took", json!({"took": 1, "hits": {"hits": [{"_id": "a"}, {"_id": "b"}]}})),
        ("**._id", json!({"hits": {"hits": [{"_id": "a"}, {"_id": "b"}]}})),
        ("h*.tot*", json!({"hits": {"total": 2}})),
        ("-hits", json!({"took": 1})),
        ("hits,-hits.hits.sort", json!({"hits": {"total": 2, "hits": [{"_id": "a"}, {"_id": "b"}]}})),
        ("-**.sort", json!({"took": 1, "hits": {"total": 2, "hits": [{"_id": "a"}, {"_id": "b"}]}})),
        ("-hits.hits,-took", json!({"hits": {"total": 2}})),
        ("-hits.hits._id", json!({"took": 1, "hits": {"total": 2, "hits": [{"sort": [1]}]}})),
        ("-hits.hits._id,-hits.hits.sort", json!({"took": 1, "hits": {"total": 2}})),
        ("**.took", json!({})),
        ("hits.**.total", json!({})),
        ("hits.**.sort", json!({"hits": {"hits": [{"sort": [1]}]}})),
        ("-**.took,-hits", json!({"took": 1})),
        ("took,hits.**", answer.clone()),
        ("nothing", json!({})),
    ] {
        assert_eq!(filtered(path, answer.clone()), expected, "{path}");
    }
}

#[test]
fn tells_what_need_not_be_made() {
    let filter = FilterPath::parse("hits.hits.sort");
    assert!(filter.wants(&["hits", "hits", "sort"]));
    assert!(filter.wants(&["hits"]));
    assert!(!filter.wants(&["hits", "hits", "_source"]));
    assert!(!FilterPath::parse("-hits.hits._source").wants(&["hits", "hits", "_source"]));
    assert!(!FilterPath::parse("-**._source").wants(&["hits", "hits", "_source"]));
    assert!(FilterPath::parse("-**.hits").wants(&["hits"]));
    assert!(FilterPath::parse("**.sort").wants(&["hits", "hits", "_source"]));
    assert!(FilterPath::default().wants(&["anything"]));
}

#[test]
fn a_star_stands_for_any_characters() {
    assert!(wildcard("a*c", "abc") && wildcard("*", "") && wildcard("a**", "a") && wildcard("*b*", "abc"));
    assert!(!wildcard("a*c", "ab") && !wildcard("a", "ab") && !wildcard("*é", "e"));
}
