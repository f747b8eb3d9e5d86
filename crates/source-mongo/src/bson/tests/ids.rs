use std::collections::HashMap;

use super::*;

fn id(value: impl Into<Bson>) -> String {
    id_with(Plain::Scalars, value)
}

fn id_with(plain: Plain, value: impl Into<Bson>) -> String {
    let raw = RawDocumentBuf::try_from(&doc! {"_id": value.into()}).unwrap();
    let (_, value) = Elements::of(raw.as_bytes()).unwrap().next().unwrap().unwrap();
    id_text(value, (LegacyUuid::InOrder, plain)).unwrap()
}

fn decimal(text: &str) -> Bson {
    Bson::Decimal128(text.parse().unwrap())
}

#[test]
fn object_ids_and_texts_stay_as_they_are() {
    assert_eq!(id(ObjectId::from_bytes([0xab; 12])), "abababababababababababab");
    assert_eq!(id("order/7 ü"), "order/7 ü");
    for text in ["007", "1.0", "true", "null", "1e5", "2026-01-15"] {
        assert_eq!(id(text), text);
    }
}

#[test]
fn equal_numbers_have_one_id() {
    for (wanted, numbers) in [
        ("1", vec![Bson::Int32(1), Bson::Int64(1), Bson::Double(1.0), decimal("1"), decimal("1.00")]),
        ("0", vec![Bson::Int32(0), Bson::Double(-0.0), decimal("-0"), decimal("0E+3")]),
        ("-2500", vec![Bson::Int32(-2500), Bson::Double(-2500.0), decimal("-2.5E+3")]),
        ("0.5", vec![Bson::Double(0.5), decimal("0.5"), decimal("0.500")]),
        ("9007199254740993", vec![Bson::Int64(9_007_199_254_740_993), decimal("9007199254740993")]),
        (
            "1000000000000000000",
            vec![Bson::Int64(1_000_000_000_000_000_000), Bson::Double(1e18), decimal("1E+18")],
        ),
        (
            "-9223372036854775808",
            vec![
                Bson::Int64(i64::MIN),
                Bson::Double(-9_223_372_036_854_775_808.0),
                decimal("-9223372036854775808"),
            ],
        ),
        ("1e+19", vec![Bson::Double(1e19), decimal("1E+19"), decimal("10000000000000000000")]),
        ("nan", vec![Bson::Double(f64::NAN), decimal("NaN")]),
        ("-inf", vec![Bson::Double(f64::NEG_INFINITY), decimal("-Infinity")]),
        ("inf", vec![Bson::Double(f64::INFINITY), decimal("Infinity")]),
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
        "True".into(),
        "None".into(),
        0.1.into(),
        "0.1".into(),
        decimal("0.1"),
        f64::NAN.into(),
        "nan".into(),
        "-inf".into(),
        f64::NEG_INFINITY.into(),
        "1970-01-01 00:00:00".into(),
        "$string:1".into(),
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
    for plain in [Plain::Scalars, Plain::Texts] {
        let mut seen: HashMap<String, &Bson> = HashMap::new();
        for value in &values {
            if let Some(other) = seen.insert(id_with(plain, value.clone()), value) {
                panic!("{value:?} and {other:?} share an id");
            }
        }
    }
}

#[test]
fn scalars_or_texts_have_the_ids_that_python_prints() {
    for (scalar, plain, marked) in [
        (Bson::Int32(42), "42", "$number:42"),
        (Bson::Int32(-7), "-7", "$number:-7"),
        (0.5.into(), "0.5", "$number:5e-1"),
        (f64::INFINITY.into(), "inf", "$number:Infinity"),
        (true.into(), "True", "$bool:true"),
        (Bson::Null, "None", "$null"),
        (DateTime::from_millis(0).into(), "1970-01-01 00:00:00", "$date:1970-01-01T00:00:00.000Z"),
    ] {
        assert_eq!(id_with(Plain::Scalars, scalar.clone()), plain);
        assert_eq!(id_with(Plain::Scalars, plain), format!("$string:{plain}"));
        assert_eq!(id_with(Plain::Texts, scalar), marked);
        assert_eq!(id_with(Plain::Texts, plain), plain);
    }
}

#[test]
fn an_id_is_ambiguous_where_it_depends_on_the_others() {
    for value in [scalars(), composed()].concat() {
        let raw = RawDocumentBuf::try_from(&doc! {"_id": value.clone()}).unwrap();
        let (_, element) = Elements::of(raw.as_bytes()).unwrap().next().unwrap().unwrap();
        let differs = id_with(Plain::Scalars, value.clone()) != id_with(Plain::Texts, value.clone());
        assert_eq!(is_ambiguous(element), differs, "{value:?}");
    }
}

#[test]
fn ids_of_other_types_are_readable() {
    assert_eq!(id(DateTime::from_millis(i64::MAX)), "$date:9223372036854775807");
    assert_eq!(id(decimal("0.1")), "$number:1e-1", "no double is equal to it");
    assert_eq!(id(binary(BinarySubtype::Uuid, &UUID)), "$uuid:00010203-0405-0607-0809-0a0b0c0d0e0f");
    assert_eq!(id(doc! {"a": 1.0, "b": "x"}), r#"$object:["a","$number:1","b","x"]"#);
    assert_eq!(id(Bson::Symbol("x".into())), id("x"), "MongoDB holds them to be equal");
}

#[test]
fn a_text_that_is_no_utf8_keeps_its_bytes() {
    let values = [Value::String(b"a\xff"), Value::String(b"a\xfe")];
    let ids = values.map(|value| id_text(value, (LegacyUuid::InOrder, Plain::Scalars)).unwrap());
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
    assert_eq!(
        id_text(value, (LegacyUuid::InOrder, Plain::Scalars)),
        Err(Malformed("it is nested too deep"))
    );
}
