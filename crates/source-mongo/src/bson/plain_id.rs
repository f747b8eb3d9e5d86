//! Ids of scalars without a mark of their type, as Python prints them: those that an index of elastic/connectors has.

use chrono::{DateTime, Datelike as _, NaiveDateTime};

use super::{Value, number};

/// Written so by `str()` of a Python `datetime`; a fraction stands behind it where there is one.
const DATE: &str = "%Y-%m-%d %H:%M:%S";

/// The id of a number, a boolean, a date or null; none for what has no such form.
pub(super) fn of(value: Value<'_>) -> Option<String> {
    match value {
        Value::Bool(true) => Some("True".to_owned()),
        Value::Bool(false) => Some("False".to_owned()),
        Value::Null => Some("None".to_owned()),
        Value::Date(millis) => date(millis),
        number => number::plain(number),
    }
}

/// True for a text that is the id of such a value, and so can be that of no text.
pub(super) fn is_one(text: &str) -> bool {
    match text.as_bytes() {
        [b'0'..=b'9' | b'-', ..] => number::is_plain(text) || as_date(text).is_some(),
        [b'T' | b'F' | b'N' | b'n' | b'i', ..] => {
            matches!(text, "True" | "False" | "None" | "nan" | "inf")
        }
        _ => false,
    }
}

/// The milliseconds of a date that is written so.
pub(super) fn as_date(text: &str) -> Option<i64> {
    let read = NaiveDateTime::parse_from_str(text, &format!("{DATE}%.f")).ok()?;
    let millis = read.and_utc().timestamp_millis();
    (date(millis).as_deref() == Some(text)).then_some(millis)
}

/// In UTC, without a zone; none outside of the years 1 to 9999, which Python does not have.
fn date(millis: i64) -> Option<String> {
    let date = DateTime::from_timestamp_millis(millis).filter(|date| (1..=9999).contains(&date.year()))?;
    let fraction = match date.timestamp_subsec_millis() {
        0 => String::new(),
        millis => format!(".{millis:03}000"),
    };
    Some(format!("{}{fraction}", date.format(DATE)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_written_as_python_does() {
        for (millis, wanted) in [
            (0, Some("1970-01-01 00:00:00")),
            (-1, Some("1969-12-31 23:59:59.999000")),
            (1_768_435_200_123, Some("2026-01-15 00:00:00.123000")),
            (-62_135_596_800_000, Some("0001-01-01 00:00:00")),
            (-62_135_596_800_001, None),
            (253_402_300_800_000, None),
            (i64::MAX, None),
        ] {
            assert_eq!(date(millis).as_deref(), wanted);
            assert_eq!(wanted.and_then(as_date), wanted.map(|_| millis));
        }
        for text in [
            "1970-01-01",
            "1970-01-01T00:00:00",
            "1970-01-01 00:00:00.0",
            "1970-01-01 00:00:00.5",
            "1970-1-1 00:00:00",
        ] {
            assert_eq!(as_date(text), None, "{text}");
            assert!(!is_one(text), "{text}");
        }
    }
}
