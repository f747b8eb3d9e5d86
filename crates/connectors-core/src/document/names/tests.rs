use proptest::prelude::*;
use serde_json::{Map, Value, json};

use super::*;

fn fitted(json: &str, level: Level<'_>) -> (String, Renames) {
    let (bytes, renames) = fitting(Bytes::copy_from_slice(json.as_bytes()), level).unwrap();
    (String::from_utf8(bytes.to_vec()).unwrap(), renames)
}

#[test]
fn two_fields_never_become_one() {
    for (json, expected) in [
        (r#"{"id":1,"id_":2}"#, r#"{"id__":1,"id_":2}"#),
        (r#"{"id_":2,"id":1,"id__":3}"#, r#"{"id_":2,"id___":1,"id__":3}"#),
        (r#"{"a.b":1,"a_b":2}"#, r#"{"a_b_":1,"a_b":2}"#),
        (r#"{"a.b":1,"a":{"b":2}}"#, r#"{"a_b":1,"a":{"b":2}}"#),
        (r#"{"":1,"_":2," ":3}"#, r#"{"__":1,"_":2,"___":3}"#),
        (r#"{"x":[{"":1,"id":2},{"c.":3}]}"#, r#"{"x":[{"_":1,"id":2},{"c_":3}]}"#),
        (r#"{"_sync":1,"_sync_":{"_sync":2}}"#, r#"{"_sync__":1,"_sync_":{"_sync":2}}"#),
        (r#"{"\u0069d":1}"#, r#"{"id_":1}"#),
        (r#"{"a":1,"b":2,"a":3}"#, r#"{"b":2,"a":3}"#),
        (r#"{"body":1,"body_":2}"#, r#"{"body":1,"body_":2}"#),
    ] {
        assert_eq!(fitted(json, Level::ROOT).0, expected, "{json}");
    }
    let with_content = Level { reserved: &["body"], ..Level::ROOT };
    assert_eq!(
        fitted(r#"{"body":1,"body_":{"body":2}}"#, with_content).0,
        r#"{"body__":1,"body_":{"body":2}}"#
    );
}

#[test]
fn what_can_stay_comes_back_in_the_same_buffer() {
    for json in [
        "{}",
        r#"{"name":"\"id\":","a":{"id":1,"_id":2},"x_y":[[],{},[{"a":1},{"a":2}]],"é":null}"#,
        r#"{"text":"ends in \\","n":-1.5e3,"quoted":"{\"a.b\":1}"}"#,
    ] {
        let bytes = Bytes::copy_from_slice(json.as_bytes());
        let place = bytes.as_ptr();
        let (fitted, renames) = fitting(bytes, Level::ROOT).unwrap();
        assert!(fitted.as_ptr() == place && renames.is_empty(), "{json}");
    }
}

#[test]
fn long_names_are_cut_and_stay_apart() {
    let (one, other) = (format!("{}1", "é".repeat(400)), format!("{}2", "é".repeat(400)));
    let (fitted, renames) = fitted(&json!({one.clone(): 1, other: 2}).to_string(), Level::ROOT);
    let fields: Map<String, Value> = serde_json::from_str(&fitted).unwrap();
    assert!(fields.len() == 2 && fields.keys().all(|name| name.len() <= MAX_BYTES), "{fitted}");
    assert_eq!((renames.count, &renames.first[0].0), (2, &one));
}

fn nested(levels: usize, innermost: &str) -> String {
    format!("{}{innermost}{}", r#"{"a":"#.repeat(levels), "}".repeat(levels))
}

#[test]
fn objects_deeper_than_a_mapping_become_text() {
    let fits = nested(MAX_OBJECTS + 1, "1");
    assert_eq!(fitted(&fits, Level::ROOT), (fits.clone(), Renames::default()));
    let (deeper, renames) = fitted(&nested(MAX_OBJECTS + 1, r#"{"b":[{"c":1}]}"#), Level::ROOT);
    assert_eq!(deeper, nested(MAX_OBJECTS + 1, r#""{\"b\":[{\"c\":1}]}""#));
    assert_eq!((renames.as_text, renames.is_empty()), (1, false));
    let arrays = format!(r#"{{"a.":{}{}}}"#, "[".repeat(MAX_NESTING + 1), "]".repeat(MAX_NESTING + 1));
    let error = fitting(arrays.into(), Level::ROOT).unwrap_err();
    assert!(error.to_string().contains("nested too deep (levels: 256)"), "{error}");
}

#[test]
fn what_is_no_object_is_an_error() {
    for json in [r#"{"a":"#, r#"{"a"#, "{}}", r#"{"id":}"#] {
        let error = fitting(Bytes::copy_from_slice(json.as_bytes()), Level::ROOT).unwrap_err();
        assert!(error.to_string().contains("not a JSON object"), "{json}");
    }
    assert!(fitting(Bytes::from_static(b"{\"id\xff\":1}"), Level::ROOT).is_err());
}

#[test]
fn renames_of_documents_add_up() {
    let mut all = Renames::default();
    for _ in 0..3 {
        all.add(fitted(r#"{"id":1,"a.":2,"b.":3,"c.":4,"d.":5,"e.":6}"#, Level::ROOT).1);
    }
    assert_eq!((all.count, all.first.len()), (18, SHOWN));
    assert_eq!(all.first[0], ("id".into(), "id_".into()));
}

/// Names that must change, names that others become, and names that stay.
fn name() -> impl Strategy<Value = String> {
    prop_oneof![
        "[a-c._ ]{0,3}",
        prop::sample::select(vec![
            "id", "id_", "id__", "_id", "_id_", "_sync", "a.b", "a_b", "", "_", "é\"\\"
        ])
        .prop_map(str::to_owned),
    ]
}

fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![Just(json!(1)), Just(json!("a\"}{[\\")), Just(Value::Null)];
    leaf.prop_recursive(4, 24, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..3).prop_map(Value::from),
            prop::collection::btree_map(name(), inner, 0..5)
                .prop_map(|fields| Value::Object(fields.into_iter().collect())),
        ]
    })
}

/// The same values under names that all fit, and as many at every level.
fn is_faithful(given: &Value, made: &Value, level: Level<'_>) -> bool {
    match (given, made) {
        (Value::Object(given), Value::Object(made)) => {
            let fits = |name: &String| level.stays(name.as_bytes()).is_some();
            let stay = given.iter().filter(|(name, _)| fits(name));
            given.len() == made.len()
                && made.keys().all(fits)
                && stay.into_iter().all(|(name, value)| is_faithful(value, &made[name], Level::BELOW))
        }
        (Value::Array(given), Value::Array(made)) => {
            given.len() == made.len()
                && given.iter().zip(made).all(|(given, made)| is_faithful(given, made, Level::BELOW))
        }
        (given, made) => given == made,
    }
}

proptest! {
    #[test]
    fn every_field_is_kept_under_a_name_that_fits(
        fields in prop::collection::btree_map(name(), value(), 0..6),
    ) {
        let given = Value::Object(fields.into_iter().collect());
        let text = given.to_string();
        let (made, renames) = fitted(&text, Level::ROOT);
        let read: Value = serde_json::from_str(&made).unwrap();
        prop_assert!(is_faithful(&given, &read, Level::ROOT), "{} {}", given, made);
        prop_assert_eq!(renames.is_empty(), made == text);
        prop_assert_eq!(fitted(&made, Level::ROOT), (made.clone(), Renames::default()), "what fits stays");
    }
}
