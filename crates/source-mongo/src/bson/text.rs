//! Values that JSON has no type for, as text.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, Datelike as _, SecondsFormat};

use super::LegacyUuid;

/// Lowercase hex.
pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().flat_map(|byte| hex_digits(*byte)).map(char::from).collect()
}

/// The two digits of a byte.
pub(super) fn hex_digits(byte: u8) -> [u8; 2] {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    [DIGITS[usize::from(byte >> 4)], DIGITS[usize::from(byte & 15)]]
}

/// ISO 8601 in UTC with milliseconds; none outside of the years 0 to 9999, which have no such form.
pub(super) fn date(millis: i64) -> Option<String> {
    let date = DateTime::from_timestamp_millis(millis)?;
    (0..=9999).contains(&date.year()).then(|| date.to_rfc3339_opts(SecondsFormat::Millis, true))
}

/// UUIDs as UUID text, everything else in base64.
pub(super) fn binary(subtype: u8, bytes: &[u8], legacy: LegacyUuid) -> String {
    match (subtype, <[u8; 16]>::try_from(bytes)) {
        (4, Ok(uuid)) => uuid_text(uuid),
        (3, Ok(uuid)) => uuid_text(in_text_order(uuid, legacy)),
        _ => STANDARD.encode(bytes),
    }
}

/// The bytes of a legacy UUID in the order of its text.
fn in_text_order(mut uuid: [u8; 16], legacy: LegacyUuid) -> [u8; 16] {
    let reversed: &[std::ops::Range<usize>] = match legacy {
        LegacyUuid::InOrder => &[],
        LegacyUuid::Java => &[0..8, 8..16],
        LegacyUuid::CSharp => &[0..4, 4..6, 6..8],
    };
    for range in reversed {
        uuid[range.clone()].reverse();
    }
    uuid
}

fn uuid_text(uuid: [u8; 16]) -> String {
    let digits = hex(&uuid);
    format!("{}-{}-{}-{}-{}", &digits[..8], &digits[8..12], &digits[12..16], &digits[16..20], &digits[20..])
}

/// `/pattern/options`.
pub(super) fn regex(pattern: &[u8], options: &[u8]) -> String {
    format!("/{}/{}", String::from_utf8_lossy(pattern), String::from_utf8_lossy(options))
}

/// The decimal in the form that MongoDB itself prints.
pub(super) fn decimal(bytes: [u8; 16]) -> String {
    bson::Decimal128::from_bytes(bytes).to_string()
}
