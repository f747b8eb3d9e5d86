//! The `_id` of a document as text.
//!
//! Object ids (hex) and texts stay as they are. Everything else is marked with its type, `$number:7`,
//! and so is a text that could be taken for one of these. What MongoDB holds to be equal gives the same
//! text (1, 1.0 and the decimal 1), everything else another.

use std::fmt::Write as _;

use sha2::{Digest as _, Sha256};

use super::{Elements, LegacyUuid, Malformed, Value, text};

/// Longer ids are hashed by whoever keeps them.
const LONG: usize = 512;

/// A server stores at most 200 levels.
const MAX_NESTING: usize = 256;

/// The id that stands for a value; different values never share one.
///
/// # Errors
/// When the bytes of an object are no BSON.
pub(crate) fn id_text(value: Value<'_>, legacy: LegacyUuid) -> Result<String, Malformed> {
    text_at(value, legacy, 0)
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
        Value::Int32(number) => format!("$number:{number}"),
        // Of at most 19 digits, which are all written out below too.
        Value::Int64(number) => format!("$number:{number}"),
        Value::Double(number) => number_text(&exact(number)),
        Value::Decimal(bytes) => number_text(&text::decimal(bytes)),
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

/// All digits of a double: it is compared with decimals by its exact value.
fn exact(number: f64) -> String {
    if number.is_finite() { format!("{number:.1074}") } else { number.to_string() }
}

/// `$number:` and the shortest exact decimal, whichever way the number was written.
fn number_text(written: &str) -> String {
    let (negative, magnitude) = match written.strip_prefix('-') {
        Some(magnitude) => ("-", magnitude),
        None => ("", written),
    };
    if magnitude.starts_with(['N', 'i', 'I']) {
        let name = if magnitude.starts_with('N') { "NaN".to_owned() } else { format!("{negative}Infinity") };
        return format!("$number:{name}");
    }
    let (digits, exponent) = scaled(magnitude);
    if digits.is_empty() {
        return "$number:0".to_owned();
    }
    format!("$number:{negative}{}", plain(&digits, exponent))
}

/// Without exponent where that stays short.
fn plain(digits: &str, exponent: i64) -> String {
    match usize::try_from(exponent) {
        Ok(zeros) if zeros < 20 => format!("{digits}{}", "0".repeat(zeros)),
        _ => format!("{digits}e{exponent}"),
    }
}

/// The digits without zeros around them, and the power of ten to multiply them with.
fn scaled(magnitude: &str) -> (String, i64) {
    let (mantissa, exponent) = magnitude.split_once(['E', 'e']).unwrap_or((magnitude, "0"));
    let exponent: i64 = exponent.parse().unwrap_or(0);
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits = format!("{whole}{fraction}");
    let kept = digits.trim_end_matches('0');
    let dropped = digits.len() - kept.len();
    let exponent = exponent - signed(fraction.len()) + signed(dropped);
    (kept.trim_start_matches('0').to_owned(), exponent)
}

fn signed(count: usize) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}
