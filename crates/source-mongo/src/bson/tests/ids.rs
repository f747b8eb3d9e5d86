use std::collections::HashMap;

use super::*;

fn id(value: impl Into<Bson>) -> String {
    let raw = RawDocumentBuf::try_from(&doc! {"_id": value.into()}).unwrap();
    let (_, value) = Elements::of(raw.as_bytes()).unwrap().next().unwrap().unwrap();
    id_text(value, LegacyUuid::InOrder).unwrap()
}

fn decimal(text: &str) -> Bson {
    Bson::Decimal128(text.parse().unwrap())
}

#[test]
fn object_ids_and_texts_stay_as_they_are() {
    assert_eq!(id(ObjectId::from_bytes([0xab; 12])), "abababababababababababab");
    assert_eq!(id("order/7 ü"), "order/7 ü");
    assert_eq!(id("1"), "1");
}

#[test]
fn equal_numbers_have_one_id() {
    for (wanted, numbers) in [
        ("$number:1", vec![Bson::Int32(1), Bson::Int64(1), Bson::Double(1.0), decimal("1"), decimal("1.00")]),
        ("$number:0", vec![Bson::Int32(0), Bson::Double(-0.0), decimal("-0"), decimal("0E+3")]),
        ("$number:-2500", vec![Bson::Int32(-2500), Bson::Double(-2500.0), decimal("-2.5E+3")]),
        ("$number:5e-1", vec![Bson::Double(0.5), decimal("0.5"), decimal("0.500")]),
        ("$number:9007199254740993", vec![Bson::Int64(9_007_199_254_740_993), decimal("9007199254740993")]),
        (
            "$number:1000000000000000000",
            vec![Bson::Int64(1_000_000_000_000_000_000), Bson::Double(1e18), decimal("1E+18")],
        ),
        (
            "$number:-9223372036854775808",
            vec![
                Bson::Int64(i64::MIN),
                Bson::Double(-9_223_372_036_854_775_808.0),
                decimal("-9223372036854775808"),
            ],
        ),
        ("$number:NaN", vec![Bson::Double(f64::NAN), decimal("NaN")]),
        ("$number:-Infinity", vec![Bson::Double(f64::NEG_INFINITY), decimal("-Infinity")]),
        ("$number:Infinity", vec![Bson::Double(f64::INFINITY), decimal("Infinity")]),
    ] {
        for number in numbers {
            assert_eq!(id(number.clone()), wanted, "{number:?}");
        }
    }
    assert_ne!(id(0.1), id(decimal("0.1")), "MongoDB compares the exact values");
}

fn scalars() -> Vec<Bson> {
    vec![
        ObjectId::from_bytes([0xab; 12]).into(),
        "abababababababababababab".into(),
        "$string:abababababababababababab".into(),
        1.into(),
        "1".into(),
        "$number:1".into(),
        true.into(),
        "true".into(),
        "".into(),
        "$string:".into(),
        Bson::Null,
        "null".into(),
        Bson::Undefined,
        Bson::MinKey,
        Bson::MaxKey,
        DateTime::from_millis(0).into(),
        DateTime::from_millis(i64::MAX).into(),
        Bson::Int64(i64::MAX),
    ]
}

fn composed() -> Vec<Bson> {
    let regex = |pattern: &str, options: &str| {
        Bson::RegularExpression(Regex {
            pattern: pattern.try_into().unwrap(),
            options: options.try_into().unwrap(),
        })
    };
    vec![
        binary(BinarySubtype::Uuid, &UUID).into(),
        binary(BinarySubtype::UuidOld, &UUID).into(),
        binary(BinarySubtype::Generic, &UUID).into(),
        Timestamp { time: 1, increment: 2 }.into(),
        Timestamp { time: 12, increment: 0 }.into(),
        doc! {"a": 1}.into(),
        doc! {"a": "1"}.into(),
        doc! {"a": "1", "b": 2}.into(),
        doc! {"b": 2, "a": "1"}.into(),
        Bson::Array(vec!["a".into(), 1.into()]),
        Bson::JavaScriptCode("f".into()),
        JavaScriptCodeWithScope { code: "f".into(), scope: doc! {} }.into(),
        regex("a/b", "i"),
        regex("a", "bi"),
    ]
}

#[test]
fn different_values_never_share_an_id() {
    let values = [scalars(), composed()].concat();
    let mut seen: HashMap<String, &Bson> = HashMap::new();
    for value in &values {
        if let Some(other) = seen.insert(id(value.clone()), value) {
            panic!("{value:?} and {other:?} share an id");
        }
    }
}

#[test]
fn ids_of_other_types_are_readable() {
    assert_eq!(id(DateTime::from_millis(0)), "$date:1970-01-01T00:00:00.000Z");
    assert_eq!(id(binary(BinarySubtype::Uuid, &UUID)), "$uuid:00010203-0405-0607-0809-0a0b0c0d0e0f");
    assert_eq!(id(doc! {"a": 1.0, "b": "x"}), r#"$object:["a","$number:1","b","x"]"#);
    assert_eq!(id(Bson::Symbol("x".into())), id("x"), "MongoDB holds them to be equal");
}

#[test]
fn a_text_that_is_no_utf8_keeps_its_bytes() {
    let values = [Value::String(b"a\xff"), Value::String(b"a\xfe")];
    let ids = values.map(|value| id_text(value, LegacyUuid::InOrder).unwrap());
    assert_eq!(ids, ["$bytes:61ff", "$bytes:61fe"]);
}

#[test]
fn a_deeply_nested_id_stays_small_and_its_own() {
    let nested =
        |levels: usize, inner: Bson| (0..levels).fold(inner, |value, _| Bson::from(doc! {"a": value}));
    for levels in [10, 40, 100] {
        let one = id(nested(levels, Bson::Int32(1)));
        assert!(one.len() < 2048, "{}", one.len());
        assert_eq!(one, id(nested(levels, Bson::Double(1.0))));
        assert_ne!(one, id(nested(levels, Bson::Int32(2))));
        assert_ne!(one, id(nested(levels + 1, Bson::Int32(1))));
    }
    assert_eq!(id(doc! {"a": {"b": 1}}), r#"$object:["a","$object:[\"b\",\"$number:1\"]"]"#);
    let deeper = RawDocumentBuf::try_from(&doc! {"_id": nested(200, Bson::Null)}).unwrap();
    let mut bytes = deeper.as_bytes().to_vec();
    for _ in 0..100 {
        let length = i32::try_from(bytes.len() + 8).unwrap().to_le_bytes();
        bytes = [&length[..], b"\x03a\0", &bytes, &[0]].concat();
    }
    let (_, value) = Elements::of(&bytes).unwrap().next().unwrap().unwrap();
    assert_eq!(id_text(value, LegacyUuid::InOrder), Err(Malformed("it is nested too deep")));
}
