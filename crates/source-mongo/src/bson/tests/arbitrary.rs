//! Random values and documents of every type.

use bson::oid::ObjectId;
use bson::{
    Binary, Bson, DateTime, Decimal128, JavaScriptCodeWithScope, RawBson, RawDocumentBuf, Regex, Timestamp,
    doc,
};
use proptest::prelude::*;
use proptest::strategy::Union;

/// Values that an index maps alike, under a name for what they are.
pub(crate) fn kinds() -> Vec<(&'static str, BoxedStrategy<Bson>)> {
    let odd = prop_oneof![Just(f64::NAN), Just(f64::INFINITY), Just(f64::NEG_INFINITY)];
    let times = prop_oneof![any::<i64>(), 0_i64..4_000_000_000_000];
    vec![
        ("double", prop_oneof![any::<f64>(), odd].prop_map(Bson::Double).boxed()),
        ("text", any::<String>().prop_map(Bson::String).boxed()),
        ("symbol", any::<String>().prop_map(Bson::Symbol).boxed()),
        ("code", any::<String>().prop_map(Bson::JavaScriptCode).boxed()),
        ("scoped", scoped().boxed()),
        ("binary", binary().boxed()),
        ("oid", any::<[u8; 12]>().prop_map(|bytes| Bson::ObjectId(ObjectId::from_bytes(bytes))).boxed()),
        ("flag", any::<bool>().prop_map(Bson::Boolean).boxed()),
        ("date", times.prop_map(|millis| Bson::DateTime(DateTime::from_millis(millis))).boxed()),
        ("regex", regex().boxed()),
        (
            "whole",
            prop_oneof![any::<i32>().prop_map(Bson::Int32), any::<i64>().prop_map(Bson::Int64)].boxed(),
        ),
        (
            "decimal",
            any::<[u8; 16]>().prop_map(|bytes| Bson::Decimal128(Decimal128::from_bytes(bytes))).boxed(),
        ),
        ("timestamp", timestamp().boxed()),
        ("nothing", prop_oneof![Just(Bson::Null), Just(Bson::Undefined)].boxed()),
        ("key", prop_oneof![Just(Bson::MinKey), Just(Bson::MaxKey)].boxed()),
    ]
}

fn binary() -> impl Strategy<Value = Bson> {
    let subtypes = prop_oneof![Just(0_u8), Just(2), Just(3), Just(4), Just(5), any::<u8>()];
    (subtypes, prop_oneof![any::<[u8; 16]>().prop_map(Vec::from), any::<Vec<u8>>()])
        .prop_map(|(subtype, bytes)| Bson::Binary(Binary { subtype: subtype.into(), bytes }))
}

fn regex() -> impl Strategy<Value = Bson> {
    ("[^\0]{0,8}", "[imsx]{0,3}").prop_filter_map("a zero byte", |(pattern, options): (String, String)| {
        let (pattern, options) = (pattern.try_into().ok()?, options.try_into().ok()?);
        Some(Bson::RegularExpression(Regex { pattern, options }))
    })
}

fn scoped() -> impl Strategy<Value = Bson> {
    (any::<String>(), any::<i64>()).prop_map(|(code, n)| {
        Bson::JavaScriptCodeWithScope(JavaScriptCodeWithScope { code, scope: doc! {"n": n} })
    })
}

fn timestamp() -> impl Strategy<Value = Bson> {
    any::<(u32, u32)>().prop_map(|(time, increment)| Bson::Timestamp(Timestamp { time, increment }))
}

fn name() -> impl Strategy<Value = String> {
    prop_oneof!["[a-c._ ]{0,3}", Just("_id".to_owned()), Just("id".to_owned()), "[^\0]{0,6}", "x{500,600}"]
}

fn object(value: impl Strategy<Value = RawBson> + 'static) -> impl Strategy<Value = RawDocumentBuf> {
    prop::collection::vec((name(), value), 0..12).prop_map(|fields| {
        let mut document = RawDocumentBuf::new();
        for (name, value) in fields {
            // Without a zero byte every name will do.
            let _ = name.try_into().map(|name: bson::raw::CString| document.append(name, value));
        }
        document
    })
}

/// Documents of any shape: also with duplicate names, which only the raw form can hold.
pub(crate) fn document() -> impl Strategy<Value = RawDocumentBuf> {
    let scalar = Union::new(kinds().into_iter().map(|(_, values)| values));
    let scalar = scalar.prop_filter_map("it can't be written", |value| RawBson::try_from(value).ok());
    let value = scalar.prop_recursive(24, 32, 4, |inner| {
        let array = prop::collection::vec(inner.clone(), 0..5).prop_map(|items| {
            let mut array = bson::RawArrayBuf::new();
            items.into_iter().for_each(|item| array.push(item));
            RawBson::Array(array)
        });
        prop_oneof![object(inner).prop_map(RawBson::Document), array]
    });
    object(value)
}
