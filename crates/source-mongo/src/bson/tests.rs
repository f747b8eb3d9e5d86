use bson::oid::ObjectId;
use bson::spec::BinarySubtype;
use bson::{
    Binary, Bson, DateTime, DbPointer, Decimal128, JavaScriptCodeWithScope, RawDocumentBuf, Regex, Timestamp,
    doc, rawdoc,
};
use serde_json::{Value as Json, json};

use super::*;

mod ids;
mod properties;

fn text(raw: &[u8]) -> String {
    String::from_utf8(to_json(raw, LegacyUuid::InOrder).unwrap()).unwrap()
}

fn walked(document: &bson::Document) -> Json {
    let raw = RawDocumentBuf::try_from(document).unwrap();
    serde_json::from_str(&text(raw.as_bytes())).unwrap()
}

fn value(value: impl Into<Bson>) -> Json {
    walked(&doc! {"v": value.into()})["v"].clone()
}

fn binary(subtype: BinarySubtype, bytes: &[u8]) -> Binary {
    Binary { subtype, bytes: bytes.to_vec() }
}

const UUID: [u8; 16] = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15];

#[test]
fn every_type_has_its_form() {
    let id = ObjectId::from_bytes([7; 12]);
    for (bson, wanted) in [
        (Bson::Double(1.5), json!(1.5)),
        (Bson::Double(1e300), json!(1e300)),
        (Bson::Double(-0.0), json!(-0.0)),
        (Bson::String("q\"\\\n\u{1}ü".into()), json!("q\"\\\n\u{1}ü")),
        (Bson::Document(doc! {"a": {"b": []}}), json!({"a": {"b": []}})),
        (Bson::Array(vec![1.into(), "x".into(), Bson::Null]), json!([1, "x", null])),
        (binary(BinarySubtype::Generic, b"\xff\x00\x10").into(), json!("/wAQ")),
        (binary(BinarySubtype::BinaryOld, b"ab").into(), json!("YWI=")),
        (binary(BinarySubtype::Uuid, &UUID).into(), json!("00010203-0405-0607-0809-0a0b0c0d0e0f")),
        (binary(BinarySubtype::Uuid, b"short").into(), json!("c2hvcnQ=")),
        (Bson::Undefined, Json::Null),
        (id.into(), json!("070707070707070707070707")),
        (true.into(), json!(true)),
        (DateTime::from_millis(1_700_000_000_123).into(), json!("2023-11-14T22:13:20.123Z")),
        (DateTime::from_millis(-1).into(), json!("1969-12-31T23:59:59.999Z")),
        (Bson::Null, Json::Null),
    ] {
        assert_eq!(value(bson.clone()), wanted, "{bson:?}");
    }
}

#[test]
fn names_and_shapes_that_change_are_told() {
    let told = |document: &bson::Document| {
        let raw = RawDocumentBuf::try_from(document).unwrap();
        write_json(raw.as_bytes(), Forms::default(), &mut Vec::new()).unwrap()
    };
    let pair = |from: &str, to: &str| (from.to_owned(), to.to_owned());
    let changed = told(&doc! {"_id": 1, "id": 2, "plain": {"a.b": 3, "a_b": 4}, "list": [{"": 5}]});
    assert_eq!(changed.count, 3);
    assert_eq!(changed.first, [pair("id", "id_"), pair("a.b", "a_b_"), pair("", "_")]);
    assert!(told(&doc! {"_id": 1, "plain": {"id": 2}}).is_empty());

    let nested = (0..25).fold(doc! {"a.b": 1}, |inner, _| doc! {"o": inner});
    let deep = told(&nested);
    assert_eq!((deep.as_text, deep.count), (1, 0), "names inside of text are no fields");
    let both = told(&doc! {"n": nested, "c.d": 1});
    assert_eq!(
        (both.as_text, both.count),
        (1, 1),
        "each is counted once, though the document is written twice"
    );
}

#[test]
fn the_other_types_have_their_form_too() {
    let scope = doc! {"n": 1};
    for (bson, wanted) in [
        (
            Regex { pattern: "^a/b".try_into().unwrap(), options: "i".try_into().unwrap() }.into(),
            json!("/^a/b/i"),
        ),
        (Bson::JavaScriptCode("f()".into()), json!("f()")),
        (Bson::Symbol("s".into()), json!("s")),
        (
            JavaScriptCodeWithScope { code: "f(n)".into(), scope }.into(),
            json!({"code": "f(n)", "scope": {"n": 1}}),
        ),
        (Bson::Int32(-7), json!(-7)),
        (
            Timestamp { time: 1_700_000_000, increment: 3 }.into(),
            json!({"time": "2023-11-14T22:13:20.000Z", "increment": 3}),
        ),
        (Bson::Int64(i64::MAX), json!(i64::MAX)),
        (Bson::Int64(9_007_199_254_740_993), json!(9_007_199_254_740_993_i64)),
        ("0.10".parse::<Decimal128>().unwrap().into(), json!(0.1)),
        (Bson::MinKey, json!("MinKey")),
        (Bson::MaxKey, json!("MaxKey")),
    ] {
        assert_eq!(value(bson.clone()), wanted, "{bson:?}");
    }
}

#[test]
fn numbers_that_json_lacks_become_null() {
    for number in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
        assert_eq!(value(number), Json::Null);
    }
}

#[test]
fn dates_beyond_the_years_0_to_9999_become_null() {
    const FIRST: i64 = -62_167_219_200_000;
    const LAST: i64 = 253_402_300_799_999;
    assert_eq!(value(DateTime::from_millis(FIRST)), json!("0000-01-01T00:00:00.000Z"));
    assert_eq!(value(DateTime::from_millis(LAST)), json!("9999-12-31T23:59:59.999Z"));
    for outside in [FIRST - 1, LAST + 1, i64::MIN, i64::MAX] {
        assert_eq!(value(DateTime::from_millis(outside)), Json::Null, "{outside}");
    }
}

#[test]
fn decimals_are_numbers_that_are_never_whole_or_text() {
    let written = |text: &str, decimals: Decimals| {
        let raw = RawDocumentBuf::try_from(&doc! {"v": text.parse::<Decimal128>().unwrap()}).unwrap();
        let json = to_json(raw.as_bytes(), Forms { decimals, ..Forms::default() }).unwrap();
        String::from_utf8(json).unwrap()
    };
    for (decimal, number) in [
        ("0.10", "0.10"),
        ("5", "5.0"),
        ("-5", "-5.0"),
        ("1E+3", "1E+3"),
        ("1234567890123456789012345678901234", "1234567890123456789012345678901234.0"),
        ("1E-6176", "1E-6176"),
        ("9.9E+6144", "null"),
        ("NaN", "null"),
        ("-Infinity", "null"),
    ] {
        let wanted = format!("{{\"v\":{number}}}");
        assert_eq!(written(decimal, Decimals::Number), wanted);
        assert!(serde_json::from_str::<serde::de::IgnoredAny>(&wanted).is_ok());
    }
    for text in ["0.10", "1E+3", "NaN"] {
        assert_eq!(written(text, Decimals::Text), format!("{{\"v\":\"{text}\"}}"));
    }
}

#[test]
fn dates_take_the_form_that_the_setting_names() {
    const FIRST: i64 = -62_135_596_800_000;
    const LAST: i64 = 253_402_300_799_999;
    for (dates, before, within, after) in [
        (Dates::Iso, json!("0000-12-31T23:59:59.999Z"), json!("1970-01-01T00:00:00.000Z"), Json::Null),
        (
            Dates::Clamp,
            json!("0001-01-01T00:00:00.000Z"),
            json!("1970-01-01T00:00:00.000Z"),
            json!("9999-12-31T23:59:59.999Z"),
        ),
        (Dates::Auto, json!(FIRST - 1), json!("1970-01-01T00:00:00.000Z"), json!(LAST + 1)),
        (Dates::Millis, json!(FIRST - 1), json!(0), json!(LAST + 1)),
    ] {
        let forms = Forms { dates, ..Forms::default() };
        for (millis, wanted) in [(FIRST - 1, before), (0, within), (LAST + 1, after)] {
            let raw = RawDocumentBuf::try_from(&doc! {"v": DateTime::from_millis(millis)}).unwrap();
            let json: Json = serde_json::from_slice(&to_json(raw.as_bytes(), forms).unwrap()).unwrap();
            assert_eq!(json["v"], wanted, "{dates:?}");
        }
    }
    let raw = RawDocumentBuf::try_from(&doc! {"v": Timestamp { time: 0, increment: 1 }}).unwrap();
    let forms = Forms { dates: Dates::Millis, ..Forms::default() };
    let json: Json = serde_json::from_slice(&to_json(raw.as_bytes(), forms).unwrap()).unwrap();
    assert_eq!(json["v"]["time"], "1970-01-01T00:00:00.000Z", "no date");
}

#[test]
fn pointers_are_references() {
    let reference = doc! {"$ref": "people", "$id": ObjectId::from_bytes([1; 12]), "$db": "shop"};
    let wanted = json!({"$ref": "people", "$id": "010101010101010101010101", "$db": "shop"});
    assert_eq!(value(reference), wanted);
    let pointer: DbPointer = serde_json::from_value(
        json!({"$dbPointer": {"$ref": "people", "$id": {"$oid": "010101010101010101010101"}}}),
    )
    .unwrap();
    assert_eq!(value(Bson::DbPointer(pointer)), json!({"$ref": "people", "$id": "010101010101010101010101"}));
}

#[test]
fn legacy_uuids_follow_the_stated_order() {
    let raw = RawDocumentBuf::try_from(&doc! {"v": binary(BinarySubtype::UuidOld, &UUID)}).unwrap();
    for (legacy, wanted) in [
        (LegacyUuid::InOrder, "00010203-0405-0607-0809-0a0b0c0d0e0f"),
        (LegacyUuid::Java, "07060504-0302-0100-0f0e-0d0c0b0a0908"),
        (LegacyUuid::CSharp, "03020100-0504-0706-0809-0a0b0c0d0e0f"),
    ] {
        let json: Json = serde_json::from_slice(&to_json(raw.as_bytes(), legacy).unwrap()).unwrap();
        assert_eq!(json["v"], wanted);
    }
}

#[test]
fn the_id_and_names_of_the_framework_give_way() {
    let walked = walked(&doc! {"_id": 1, "id": 2, "_timestamp": 3, "id_": 4, "inner": {"_id": 5, "id": 6}});
    assert_eq!(walked, json!({"id__": 2, "_timestamp_": 3, "id_": 4, "inner": {"_id": 5, "id": 6}}));
}

#[test]
fn names_that_an_index_refuses_are_changed_and_stay_apart() {
    let walked = walked(&doc! {"": 1, " ": 2, "a.b": 3, "a_b": 4, ".": 5, "_": 6, "a..b": 7});
    assert_eq!(walked, json!({"__": 1, "___": 2, "a_b_": 3, "a_b": 4, "____": 5, "_": 6, "a__b": 7}));
}

#[test]
fn of_duplicate_names_the_last_one_counts() {
    let mut raw = RawDocumentBuf::new();
    for (name, number) in [(c("a"), 1), (c("b"), 2), (c("a"), 3)] {
        raw.append(name, number);
    }
    assert_eq!(text(raw.as_bytes()), r#"{"b":2,"a":3}"#);
    let mut wide = RawDocumentBuf::new();
    for number in 0..40 {
        wide.append(c(&format!("f{}", number % 20)), number);
    }
    let json: Json = serde_json::from_str(&text(wide.as_bytes())).unwrap();
    assert_eq!((json.as_object().unwrap().len(), &json["f0"]), (20, &json!(20)));
}

fn c(name: &str) -> bson::raw::CString {
    name.to_owned().try_into().unwrap()
}

#[test]
fn long_names_are_cut_and_stay_apart() {
    let (one, other) = ("ä".repeat(400), format!("{}b", "ä".repeat(399)));
    let walked = walked(&doc! {one.as_str(): 1, other.as_str(): 2});
    let names: Vec<&String> = walked.as_object().unwrap().keys().collect();
    assert_eq!(names.len(), 2);
    assert!(names.iter().all(|name| name.len() <= 512 && name.starts_with("äää")), "{names:?}");
}

#[test]
fn text_that_is_no_utf8_is_mended() {
    let raw = b"\x10\0\0\0\x02\xffk\0\x03\0\0\0a\xff\0\0";
    assert_eq!(text(raw), "{\"\u{fffd}k\":\"a\u{fffd}\"}");
}

fn nested(levels: usize) -> bson::Document {
    (0..levels).fold(doc! {"leaf": 1}, |inner, _| doc! {"o": inner})
}

/// The number of names on the longest way to a value.
fn depth(json: &Json) -> usize {
    match json {
        Json::Object(fields) => 1 + fields.values().map(depth).max().unwrap_or(0),
        Json::Array(items) => items.iter().map(depth).max().unwrap_or(0),
        _ => 0,
    }
}

#[test]
fn objects_below_the_depth_of_a_mapping_become_text() {
    assert_eq!(depth(&walked(&nested(19))), 20, "the deepest that an index takes stays as it is");
    let deep = walked(&nested(60));
    assert_eq!(depth(&deep), 20);
    let text = (0..20).fold(&deep, |object, _| &object["o"]).as_str().unwrap();
    let inner: Json = serde_json::from_str(text).unwrap();
    assert_eq!(depth(&inner), 41);
    let in_array = (0..19).fold(doc! {"o": [{"leaf": 1}]}, |inner, _| doc! {"o": inner});
    assert_eq!(depth(&walked(&in_array)), 20);
    let composed =
        (0..19).fold(doc! {"t": Timestamp { time: 0, increment: 1 }}, |inner, _| doc! {"o": inner});
    assert_eq!(depth(&walked(&composed)), 20, "values of several parts become text there too");
}

#[test]
fn bytes_that_are_no_document_are_an_error() {
    let good = rawdoc! {"a": 1, "b": "text", "c": {"d": [1, 2]}};
    let bytes = good.as_bytes();
    for end in 0..bytes.len() {
        assert!(to_json(&bytes[..end], LegacyUuid::InOrder).is_err(), "cut at {end}");
    }
    let cases: [&[u8]; 5] = [
        b"\x0c\0\0\0\x55a\0\x01\0\0\0\0",
        b"\x05\0\0\0\x01",
        b"\xff\xff\xff\xff\0",
        b"\x10\0\0\0\x02a\0\xff\xff\xff\xffabc\0",
        b"\x05\0\0\0\0extra",
    ];
    for bytes in cases {
        assert!(to_json(bytes, LegacyUuid::InOrder).is_err(), "{bytes:?}");
    }
}

#[test]
fn nesting_that_no_server_stores_is_refused() {
    let array = (0..300).fold(Bson::Array(vec![]), |inner, _| Bson::Array(vec![inner]));
    let raw = RawDocumentBuf::try_from(&doc! {"a": array}).unwrap();
    let error = to_json(raw.as_bytes(), LegacyUuid::InOrder).unwrap_err();
    assert_eq!(error.to_string(), "the bytes are no valid BSON: it is nested too deep");
}

#[test]
fn dates_are_written_as_chrono_writes_them() {
    let around = |millis: i64| (-3..=3).map(move |near| millis + near);
    let places = [-62_167_219_200_000, -1, 0, 951_782_400_000, 1_709_251_199_999, 253_402_300_799_990];
    for millis in places.into_iter().flat_map(around) {
        let date = chrono::DateTime::from_timestamp_millis(millis).unwrap();
        let year = chrono::Datelike::year(&date);
        let expected =
            (0..=9999).contains(&year).then(|| date.to_rfc3339_opts(chrono::SecondsFormat::Millis, true));
        assert_eq!(text::date(millis).map(text::ascii), expected, "{millis}");
    }
}
