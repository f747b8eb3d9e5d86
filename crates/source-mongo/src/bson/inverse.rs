//! From the text of an id back to the `_id`.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bson::oid::ObjectId;
use bson::spec::BinarySubtype;
use bson::{Binary, Bson, DateTime, Timestamp, Uuid};

use super::{LegacyUuid, Plain, RawId, id_text, plain_id};

/// Types of which a text may be too long to be kept, in the words of `$type`.
const OF_ANY_LENGTH: &[&str] = &[
    "string",
    "symbol",
    "number",
    "object",
    "array",
    "binData",
    "regex",
    "javascript",
    "javascriptWithScope",
    "dbPointer",
];

/// Where the document of an id lies.
#[derive(Debug, PartialEq)]
pub(crate) enum Inverse {
    /// Under this `_id`, or one that the server holds to be equal.
    Value(RawId),
    /// Under some `_id` of one of these types, in the words of `$type`.
    Among(&'static [&'static str]),
}

/// What the text of an id stands for, where these ids have no mark.
pub(crate) fn inverse(text: &str, plain: Plain) -> Inverse {
    let candidates = candidates(text).into_iter().filter_map(RawId::of_value);
    // Only what leads to this very text is the value that it stands for.
    let mut equal = candidates.filter(|id| {
        let again = id.with_value(|value| id_text(value, (LegacyUuid::InOrder, plain)));
        again.is_some_and(|again| again.as_deref() == Ok(text))
    });
    equal.next().map_or_else(|| Inverse::Among(types(text)), Inverse::Value)
}

/// Values that the text may stand for.
fn candidates(text: &str) -> Vec<Bson> {
    let Some(marked) = text.strip_prefix('$') else {
        let as_object_id = ObjectId::parse_str(text).map(Bson::from).ok();
        return as_object_id.into_iter().chain([Bson::from(text)]).chain(scalars(text)).collect();
    };
    let one = match marked.split_once(':').unwrap_or((marked, "")) {
        ("number", digits) => return numbers(digits),
        ("string", text) => Some(text.into()),
        ("uuid", uuid) => Uuid::parse_str(uuid).ok().map(Bson::from),
        ("binary", binary) => self::binary(binary),
        ("bool", yes) => yes.parse().ok().map(Bson::Boolean),
        ("null", "") => Some(Bson::Null),
        ("date", date) => self::date(date),
        ("timestamp", timestamp) => self::timestamp(timestamp),
        ("minkey", "") => Some(Bson::MinKey),
        ("maxkey", "") => Some(Bson::MaxKey),
        _ => None,
    };
    one.into_iter().collect()
}

/// Values of the types whose ids have no mark.
fn scalars(text: &str) -> Vec<Bson> {
    match text {
        "True" => vec![Bson::Boolean(true)],
        "False" => vec![Bson::Boolean(false)],
        "None" => vec![Bson::Null],
        _ => match plain_id::as_date(text) {
            Some(millis) => vec![DateTime::from_millis(millis).into()],
            None => numbers(text),
        },
    }
}

/// As any type that has it: a server compares numbers by their value.
fn numbers(digits: &str) -> Vec<Bson> {
    let whole = digits.parse().ok().map(Bson::Int64);
    let double = digits.parse().ok().map(Bson::Double);
    let decimal = digits.parse().ok().map(Bson::Decimal128);
    [whole, double, decimal].into_iter().flatten().collect()
}

fn binary(text: &str) -> Option<Bson> {
    let (subtype, bytes) = text.split_once(':')?;
    let subtype: u8 = subtype.parse().ok()?;
    // The old subtype holds its length inside, and whether it is right can't be seen from here.
    let is_old = subtype == u8::from(BinarySubtype::BinaryOld);
    let bytes = STANDARD.decode(bytes).ok().filter(|_| !is_old)?;
    Some(Binary { subtype: subtype.into(), bytes }.into())
}

fn date(text: &str) -> Option<Bson> {
    let millis = text.parse().map(DateTime::from_millis);
    millis.or_else(|_| DateTime::parse_rfc3339_str(text)).ok().map(Bson::from)
}

fn timestamp(text: &str) -> Option<Bson> {
    let (time, increment) = text.split_once(':')?;
    Some(Timestamp { time: time.parse().ok()?, increment: increment.parse().ok()? }.into())
}

/// The types of which an `_id` with this text is.
fn types(text: &str) -> &'static [&'static str] {
    let tag = text.strip_prefix('$').map(|marked| marked.split_once(':').map_or(marked, |(tag, _)| tag));
    match tag {
        Some("bytes" | "string") => &["string", "symbol"],
        Some("number") => &["number"],
        Some("bool") => &["bool"],
        Some("null") => &["null"],
        Some("date") => &["date"],
        Some("uuid" | "binary") => &["binData"],
        Some("object") => &["object"],
        Some("array") => &["array"],
        Some("regex") => &["regex"],
        Some("code") => &["javascript", "javascriptWithScope"],
        Some("pointer") => &["dbPointer"],
        Some("undefined") => &["undefined"],
        _ => OF_ANY_LENGTH,
    }
}

#[cfg(test)]
mod tests {
    use bson::doc;

    use super::*;

    fn text(value: Bson, plain: Plain) -> Option<String> {
        RawId::of_value(value)?.with_value(|value| id_text(value, (LegacyUuid::InOrder, plain)).unwrap())
    }

    /// Values of whose ids each leads back to itself.
    fn values() -> Vec<Bson> {
        let binary = |subtype: u8| Binary { subtype: subtype.into(), bytes: vec![1; 16] };
        vec![
            Bson::from(ObjectId::from_bytes([7; 12])),
            "order-7".into(),
            "".into(),
            "$number:1".into(),
            "42".into(),
            "0.5".into(),
            "nan".into(),
            "None".into(),
            "1970-01-01 00:00:00".into(),
            Bson::Int32(42),
            Bson::Double(1e19),
            Bson::Double(f64::INFINITY),
            DateTime::from_millis(1).into(),
            "abababababababababababab".into(),
            "ABABABABABABABABABABABAB".into(),
            Bson::Int64(i64::MIN),
            Bson::Double(0.1),
            Bson::Double(1e300),
            Bson::Double(f64::NAN),
            Bson::Double(f64::NEG_INFINITY),
            Bson::Decimal128("0.1".parse().unwrap()),
            Bson::Decimal128("9999999999999999999999999999999999E+6111".parse().unwrap()),
            Bson::Boolean(true),
            DateTime::from_millis(-1).into(),
            DateTime::from_millis(i64::MAX).into(),
            Bson::Null,
            Bson::MinKey,
            Bson::MaxKey,
            Timestamp { time: 1, increment: 2 }.into(),
            binary(0).into(),
            binary(3).into(),
            binary(4).into(),
            binary(128).into(),
        ]
    }

    #[test]
    fn ids_of_one_value_lead_back_to_it() {
        for value in values() {
            let wanted = match &value {
                // A server compares numbers by their value.
                Bson::Int32(number) => Bson::Int64((*number).into()),
                other => other.clone(),
            };
            let wanted = RawId::of_value(wanted).unwrap();
            for plain in [Plain::Scalars, Plain::Texts] {
                let id = text(value.clone(), plain).unwrap();
                assert_eq!(inverse(&id, plain), Inverse::Value(wanted.clone()), "{id}");
            }
        }
    }

    #[test]
    fn other_ids_are_looked_for_among_their_types() {
        let binary = Binary { subtype: BinarySubtype::BinaryOld, bytes: vec![1] };
        for (value, types) in [
            (doc! {"a": 1}.into(), &["object"][..]),
            (Bson::JavaScriptCode("f".into()), &["javascript", "javascriptWithScope"]),
            (binary.into(), &["binData"]),
            (Bson::Undefined, &["undefined"]),
        ] {
            for plain in [Plain::Scalars, Plain::Texts] {
                assert_eq!(inverse(&text(value.clone(), plain).unwrap(), plain), Inverse::Among(types));
            }
        }
        let inverse = |text| inverse(text, Plain::Scalars);
        assert_eq!(inverse("$hash:00"), Inverse::Among(OF_ANY_LENGTH));
        assert_eq!(inverse("$bytes:ff"), Inverse::Among(&["string", "symbol"]));
        assert_eq!(inverse("$number:1"), Inverse::Among(&["number"]), "no id has this text");
    }
}
