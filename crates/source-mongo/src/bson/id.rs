//! The `_id` of a document as text.
//!
//! Object ids (hex) and texts stay as they are; numbers, booleans, dates and null are as Python prints them. Everything else is
//! marked with its type, `$timestamp:1:2`. A text that reads as one of those scalars can't share its id, so one of the two is
//! marked as well: [`Plain`] says which. What MongoDB holds to be equal gives the same text (1, 1.0 and the decimal 1), everything
//! else another. Inside of objects everything but object ids and texts is marked.

use std::fmt::Write as _;

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::{Elements, LegacyUuid, Malformed, Value, number, plain_id, text};

/// Longer ids are hashed by whoever keeps them.
const LONG: usize = 512;

/// A server stores at most 200 levels.
const MAX_NESTING: usize = 256;

/// Which ids have no mark where a text reads as a scalar does.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Plain {
    /// `42` is the number, and `$string:42` the text.
    #[default]
    Scalars,
    /// `42` is the text, and `$number:42` the number.
    Texts,
}

/// The id that stands for a value; different values never share one.
///
/// # Errors
/// When the bytes of an object are no BSON.
pub(crate) fn id_text(value: Value<'_>, (legacy, plain): (LegacyUuid, Plain)) -> Result<String, Malformed> {
    match (plain, value) {
        (Plain::Texts, _) => text_at(value, legacy, 0),
        (Plain::Scalars, Value::String(bytes) | Value::Symbol(bytes)) => Ok(beside_scalars(bytes)),
        (Plain::Scalars, _) => plain_id::of(value).map_or_else(|| text_at(value, legacy, 0), Ok),
    }
}

/// Whether the id of a value depends on which ones have no mark.
pub(crate) fn is_ambiguous(value: Value<'_>) -> bool {
    match value {
        Value::String(bytes) | Value::Symbol(bytes) => std::str::from_utf8(bytes).is_ok_and(plain_id::is_one),
        _ => plain_id::of(value).is_some(),
    }
}

/// The id of a text where those of scalars have no mark.
fn beside_scalars(bytes: &[u8]) -> String {
    match std::str::from_utf8(bytes) {
        Ok(text) if plain_id::is_one(text) => format!("$string:{text}"),
        _ => string(bytes),
    }
}

/// The text of a value below so many objects and arrays.
fn text_at(value: Value<'_>, legacy: LegacyUuid, nesting: usize) -> Result<String, Malformed> {
    if nesting > MAX_NESTING {
        return Err(Malformed("it is nested too deep"));
    }
    let text = text_of(value, legacy, nesting)?;
    // Each level quotes the one inside, which doubles what is quoted already. An id of this length is hashed
    // in the end, so nothing is lost by doing it here.
    let is_long = nesting > 0 && text.len() > LONG;
    Ok(if is_long { format!("$sha256:{}", text::hex(&Sha256::digest(text.as_bytes()))) } else { text })
}

fn text_of(value: Value<'_>, legacy: LegacyUuid, nesting: usize) -> Result<String, Malformed> {
    Ok(match value {
        Value::ObjectId(bytes) => text::hex(bytes),
        Value::String(bytes) | Value::Symbol(bytes) => string(bytes),
        Value::Int32(_) | Value::Int64(_) | Value::Double(_) | Value::Decimal(_) => {
            number::marked(value).unwrap_or_default()
        }
        Value::Bool(yes) => format!("$bool:{yes}"),
        Value::Date(millis) => {
            format!("$date:{}", text::date(millis).map_or_else(|| millis.to_string(), text::ascii))
        }
        Value::Binary { subtype: 4, bytes } if bytes.len() == 16 => {
            format!("$uuid:{}", text::binary(4, bytes, legacy))
        }
        Value::Binary { subtype, bytes } => {
            format!("$binary:{subtype}:{}", text::binary(0, bytes, LegacyUuid::InOrder))
        }
        Value::Timestamp { seconds, increment } => format!("$timestamp:{seconds}:{increment}"),
        Value::Document(document) => format!("$object:{}", parts(document, true, (legacy, nesting))?),
        Value::Array(array) => format!("$array:{}", parts(array, false, (legacy, nesting))?),
        Value::Regex { pattern, options } => list("$regex", &[pattern, options]),
        Value::Code(code) => list("$code", &[code]),
        Value::CodeWithScope { code, scope } => list("$code", &[code, scope]),
        Value::DbPointer { namespace, id } => list("$pointer", &[namespace, id]),
        Value::Null => "$null".to_owned(),
        Value::Undefined => "$undefined".to_owned(),
        Value::MinKey => "$minkey".to_owned(),
        Value::MaxKey => "$maxkey".to_owned(),
    })
}

/// A text as it is, marked where it could be taken for another type's.
fn string(bytes: &[u8]) -> String {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return format!("$bytes:{}", text::hex(bytes));
    };
    let like_object_id =
        text.len() == 24 && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    if text.is_empty() || text.starts_with('$') || like_object_id {
        return format!("$string:{text}");
    }
    text.to_owned()
}

/// Bytes in a form that shows where each ends.
fn list(tag: &str, parts: &[&[u8]]) -> String {
    parts.iter().fold(tag.to_owned(), |mut text, part| {
        let _ = write!(text, ":{}", text::hex(part));
        text
    })
}

/// The elements as JSON, which shows where each ends; numbers inside in their canonical form too.
fn parts(document: &[u8], named: bool, (legacy, nesting): (LegacyUuid, usize)) -> Result<String, Malformed> {
    let mut parts = Vec::new();
    for element in Elements::of(document)? {
        let (name, value) = element?;
        if named {
            parts.push(string(name));
        }
        parts.push(text_at(value, legacy, nesting + 1)?);
    }
    Ok(serde_json::Value::from(parts).to_string())
}
