//! Values that JSON has no type for, as text.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, Datelike as _, Timelike as _};

use super::LegacyUuid;

/// Lowercase hex.
pub(super) fn hex(bytes: &[u8]) -> String {
    let mut digits = vec![0; 2 * bytes.len()];
    fill_hex(&mut digits, bytes);
    ascii(digits)
}

/// Digits and punctuation as text, which they always are.
pub(super) fn ascii(digits: impl Into<Vec<u8>>) -> String {
    String::from_utf8(digits.into()).unwrap_or_default()
}

/// The hex of an object id.
pub(super) fn object_id(bytes: &[u8]) -> [u8; 24] {
    let mut digits = [0; 24];
    fill_hex(&mut digits, bytes);
    digits
}

fn fill_hex(digits: &mut [u8], bytes: &[u8]) {
    for (pair, byte) in digits.chunks_exact_mut(2).zip(bytes) {
        pair.copy_from_slice(&hex_digits(*byte));
    }
}

/// The two digits of a byte.
fn hex_digits(byte: u8) -> [u8; 2] {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    [DIGITS[usize::from(byte >> 4)], DIGITS[usize::from(byte & 15)]]
}

/// ISO 8601 in UTC with milliseconds; none outside of the years 0 to 9999, which have no such form.
pub(super) fn date(millis: i64) -> Option<[u8; 24]> {
    let date = DateTime::from_timestamp_millis(millis)?;
    let year = u32::try_from(date.year()).ok().filter(|year| *year <= 9999)?;
    let millis = date.timestamp_subsec_millis();
    let mut text = *b"0000-00-00T00:00:00.000Z";
    let parts = [
        (0, year / 100),
        (2, year % 100),
        (5, date.month()),
        (8, date.day()),
        (11, date.hour()),
        (14, date.minute()),
        (17, date.second()),
        (20, millis / 10),
    ];
    for (place, number) in parts {
        (text[place], text[place + 1]) = (digit(number / 10), digit(number));
    }
    text[22] = digit(millis);
    Some(text)
}

/// The last digit of a number.
fn digit(number: u32) -> u8 {
    b'0' + (number % 10) as u8
}

/// UUIDs as UUID text, everything else in base64.
pub(super) fn binary(subtype: u8, bytes: &[u8], legacy: LegacyUuid) -> String {
    match (subtype, <[u8; 16]>::try_from(bytes)) {
        (4, Ok(uuid)) => ascii(uuid_text(uuid)),
        (3, Ok(uuid)) => ascii(uuid_text(in_text_order(uuid, legacy))),
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

fn uuid_text(uuid: [u8; 16]) -> [u8; 36] {
    let mut text = *b"00000000-0000-0000-0000-000000000000";
    for (digits, bytes) in [(0..8, 0..4), (9..13, 4..6), (14..18, 6..8), (19..23, 8..10), (24..36, 10..16)] {
        fill_hex(&mut text[digits], &uuid[bytes]);
    }
    text
}

/// `/pattern/options`.
pub(super) fn regex(pattern: &[u8], options: &[u8]) -> String {
    format!("/{}/{}", String::from_utf8_lossy(pattern), String::from_utf8_lossy(options))
}

/// The decimal in the form that MongoDB itself prints.
pub(super) fn decimal(bytes: [u8; 16]) -> String {
    usual_decimal(u128::from_le_bytes(bytes))
        .unwrap_or_else(|| bson::Decimal128::from_bytes(bytes).to_string())
}

/// Decimals with up to 19 digits and some of them behind the point, as amounts have them; the library's way, which
/// takes every one apart bit by bit, is ten times slower.
fn usual_decimal(bits: u128) -> Option<String> {
    const SIGN: u128 = 1 << 127;
    const COEFFICIENT: u128 = (1 << 113) - 1;
    const BIAS: u32 = 6176;
    // Set together, they are the mark of infinities, NaN and coefficients of another layout.
    const UNUSUAL: u128 = 0b11 << 125;
    let coefficient = u64::try_from(bits & COEFFICIENT).ok()?;
    let places = BIAS.checked_sub((bits >> 113) as u32 & 0x3fff)?;
    let mut text = coefficient.to_string();
    let whole = i64::try_from(text.len()).ok()? - i64::from(places);
    if bits & UNUSUAL == UNUSUAL || whole < -5 {
        return None;
    }
    if places > 0 {
        let zeros = usize::try_from(1 - whole).unwrap_or(0);
        text.insert_str(0, &"0".repeat(zeros));
        text.insert(text.len() - places as usize, '.');
    }
    if bits & SIGN != 0 {
        text.insert(0, '-');
    }
    Some(text)
}
