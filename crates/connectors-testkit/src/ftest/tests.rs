//! What the end-to-end test promises of itself.

use connectors_core::{FieldKind, FieldSpec};
use serde_json::json;

use super::compare::difference;
use super::steps::hold;
use super::*;
use crate::Expected;

fn options(arguments: &[&str]) -> Result<Options, String> {
    Options::of(arguments.iter().map(|argument| (*argument).to_owned())).map_err(|error| error.to_string())
}

#[test]
fn the_command_line_is_read() {
    let read = options(&["--program", "p", "--es", "http://h", "--docs", "500", "--keep"]).unwrap();
    assert_eq!((read.es.as_str(), read.documents, read.keep), ("http://h", 500, true));
    let plain = options(&["--program", "p", "--es", "http://h/"]).unwrap();
    assert_eq!((plain.es.as_str(), plain.documents, plain.keep), ("http://h", 12_000, false));
    for (arguments, expected) in [
        (vec![], "--program PATH is needed"),
        (vec!["--program"], "--program takes a value"),
        (vec!["--program", "p", "--docs", "many"], "--docs takes a number"),
        (vec!["--program", "p"], "--es URL is needed"),
        (vec!["--program", "p", "--es", "h", "--docs", "7"], "from 100"),
        (vec!["--what"], "--what is no option"),
    ] {
        assert!(options(&arguments).unwrap_err().contains(expected), "{arguments:?}");
    }
}

#[test]
fn a_difference_is_shown_field_by_field() {
    let mut wanted = Expected::new(json!({"a": 1, "b": [2]}));
    wanted.content = Some(b"text".to_vec());
    assert_eq!(difference(&wanted, &json!({"a": 1, "b": [2], "body": "text", "more": true})), None);
    let shown = difference(&wanted, &json!({"a": 1, "b": [3]})).unwrap();
    assert_eq!(shown, "- b: [2]\n+ b: [3]\n- body: \"text\"\n+ body: null");
}

#[test]
fn accounts_must_be_exact() {
    let report = json!({"created": 3, "failed": 0, "status": "completed"});
    assert!(hold(&report, &[("created", 3)]).is_ok());
    assert!(
        hold(&report, &[("created", 4)]).unwrap_err().to_string().contains("created is 3, and must be 4")
    );
    let partial = json!({"created": 3, "failed": 0, "status": "partial"});
    assert!(hold(&partial, &[]).unwrap_err().to_string().contains("not completed"));
    let failed = json!({"failed": 1, "status": "completed"});
    assert!(hold(&failed, &[]).unwrap_err().to_string().contains("failed is 1"));
}

#[test]
fn an_index_that_does_not_hold_what_is_declared_is_told() {
    for (name, found) in
        [("mismatched", json!([{"field": "a"}])), ("ignored", json!({"fields": [{"field": "a"}]}))]
    {
        let report = json!({"failed": 0, "status": "completed", name: found});
        let error = hold(&report, &[]).unwrap_err().to_string();
        assert!(error.contains("does not hold what the source declares"), "{error}");
    }
}

#[test]
fn each_kind_of_field_has_its_type() {
    let kinds = [
        ("long", FieldKind::Integer),
        ("double", FieldKind::Number),
        ("scaled_float", FieldKind::Scaled(100)),
        ("boolean", FieldKind::Boolean),
        ("date", FieldKind::Date),
        ("keyword", FieldKind::Code),
        ("text", FieldKind::Label),
        ("text", FieldKind::Prose),
        ("flattened", FieldKind::Flattened),
        ("geo_point", FieldKind::GeoPoint),
    ];
    for (mapped, kind) in kinds {
        let field = FieldSpec::new("a.b", kind);
        let mapping = |name: &str| json!({"properties": {"a": {"properties": {"b": {"type": name}}}}});
        assert!(index::fits(&mapping(mapped), &field).is_ok(), "{kind}");
        let error = index::fits(&mapping("ip"), &field).unwrap_err().to_string();
        assert_eq!(error, format!("the field a.b is declared as {kind} and mapped as ip"));
    }
    assert!(
        index::fits(
            &json!({"properties": {"a": {"properties": {}}}}),
            &FieldSpec::new("a", FieldKind::Object)
        )
        .is_ok()
    );
    let error = index::fits(&json!({}), &FieldSpec::new("a", FieldKind::Object)).unwrap_err().to_string();
    assert!(error.ends_with("mapped as nothing"), "{error}");
}

#[tokio::test]
async fn a_program_that_is_not_there_is_named() {
    let options = options(&["--program", "no/such/program", "--es", "http://127.0.0.1:9"]).unwrap();
    let error = run::<crate::memory::MemoryFixture>(&crate::memory::SOURCE, &options).await.unwrap_err();
    assert!(error.to_string().contains("no/such/program"), "{error}");
}
