//! Compares a value of a document with that of a rule: a defined outcome for any two.

use std::cmp::Ordering;

use chrono::{DateTime, NaiveDate, NaiveDateTime, NaiveTime, Utc};
use regex::Regex;

/// A value of a document that is no list, no object and not null.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Scalar<'a> {
    Bool(bool),
    Number(Number),
    Text(&'a str),
}

/// A number, whole ones exact.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Number {
    Whole(i128),
    Float(f64),
}

impl Number {
    fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let float = || text.parse().ok().filter(|number: &f64| number.is_finite()).map(Self::Float);
        text.parse().ok().map(Self::Whole).or_else(float)
    }

    fn compare(self, other: Self) -> Option<Ordering> {
        match (self, other) {
            (Self::Whole(one), Self::Whole(other)) => Some(one.cmp(&other)),
            _ => self.as_float().partial_cmp(&other.as_float()),
        }
    }

    fn as_float(self) -> f64 {
        match self {
            Self::Whole(number) => number as f64,
            Self::Float(number) => number,
        }
    }
}

/// What a rule asks of a value.
#[derive(Debug, Clone)]
pub(super) enum Test {
    Equals(Operand),
    Greater(Operand),
    Less(Operand),
    Contains(String),
    StartsWith(String),
    EndsWith(String),
    Regex(Regex),
}

impl Test {
    pub(super) fn matches(&self, scalar: &Scalar<'_>) -> bool {
        match self {
            Self::Equals(operand) => operand.compared_with(scalar) == Some(Ordering::Equal),
            Self::Greater(operand) => operand.compared_with(scalar) == Some(Ordering::Greater),
            Self::Less(operand) => operand.compared_with(scalar) == Some(Ordering::Less),
            Self::Contains(text) => with_text(scalar, |value| value.contains(text.as_str())),
            Self::StartsWith(text) => with_text(scalar, |value| value.starts_with(text.as_str())),
            Self::EndsWith(text) => with_text(scalar, |value| value.ends_with(text.as_str())),
            Self::Regex(regex) => with_text(scalar, |value| matches_from_start(regex, value)),
        }
    }
}

/// The leftmost match is at the start if there is one there. A pattern put behind a `^` could close its group.
fn matches_from_start(regex: &Regex, text: &str) -> bool {
    regex.find(text).is_some_and(|found| found.start() == 0)
}

/// Looks at the value as the text that stands in the document.
fn with_text(scalar: &Scalar<'_>, look: impl FnOnce(&str) -> bool) -> bool {
    match scalar {
        Scalar::Text(text) => look(text),
        Scalar::Bool(yes) => look(if *yes { "true" } else { "false" }),
        Scalar::Number(Number::Whole(number)) => look(&number.to_string()),
        Scalar::Number(Number::Float(number)) => look(&serde_json::json!(number).to_string()),
    }
}

/// The value of a rule in each type that it can be read as.
#[derive(Debug, Clone)]
pub(super) struct Operand {
    text: String,
    number: Option<Number>,
    boolean: Option<bool>,
    date: Option<DateTime<Utc>>,
}

impl Operand {
    pub(super) fn new(text: &str) -> Self {
        Self {
            text: text.to_owned(),
            number: Number::parse(text),
            boolean: boolean(text),
            date: date(text.trim()).or_else(|| start_of(text.trim())),
        }
    }

    /// How the document's value stands to this one, in the document's type; none where this one can't be
    /// read as that type.
    fn compared_with(&self, scalar: &Scalar<'_>) -> Option<Ordering> {
        match scalar {
            Scalar::Bool(value) => Some(value.cmp(&self.boolean?)),
            Scalar::Number(value) => value.compare(self.number?),
            Scalar::Text(value) => match date(value) {
                Some(value) => Some(value.cmp(&self.date?)),
                None => Some((*value).cmp(self.text.as_str())),
            },
        }
    }
}

fn boolean(text: &str) -> Option<bool> {
    match text.trim().to_lowercase().as_str() {
        "true" | "yes" | "on" | "1" => Some(true),
        "false" | "no" | "off" | "0" => Some(false),
        _ => None,
    }
}

/// An ISO 8601 date, or date and time, which is UTC without an offset.
fn date(text: &str) -> Option<DateTime<Utc>> {
    let bytes = text.as_bytes();
    let may_be = bytes.len() >= 10 && bytes[4] == b'-' && bytes[7] == b'-' && bytes[0].is_ascii_digit();
    if !may_be {
        return None;
    }
    if let Ok(date) = NaiveDate::parse_from_str(text, "%Y-%m-%d") {
        return Some(date.and_time(NaiveTime::MIN).and_utc());
    }
    let with_offset = DateTime::parse_from_rfc3339(text).map(|date| date.to_utc()).ok();
    let naive = |form| NaiveDateTime::parse_from_str(text, form).map(|date| date.and_utc()).ok();
    with_offset.or_else(|| naive("%Y-%m-%dT%H:%M:%S%.f")).or_else(|| naive("%Y-%m-%d %H:%M:%S%.f"))
}

/// The first instant of a year, or of a month.
fn start_of(text: &str) -> Option<DateTime<Utc>> {
    let (year, month) = text.split_once('-').unwrap_or((text, "01"));
    let is_plain = year.len() == 4 && month.len() == 2;
    is_plain.then(|| date(&format!("{year}-{month}-01"))).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ordering(value: Scalar<'_>, operand: &str) -> Option<Ordering> {
        Operand::new(operand).compared_with(&value)
    }

    fn whole(number: i128) -> Scalar<'static> {
        Scalar::Number(Number::Whole(number))
    }

    #[test]
    fn values_are_compared_in_the_documents_type() {
        use Ordering::{Equal, Greater, Less};
        let float = |number| Scalar::Number(Number::Float(number));
        let cases = [
            (whole(10), "9", Some(Greater)),
            (whole(10), "10.0", Some(Equal)),
            (whole(10), " 1e1 ", Some(Equal)),
            (whole(9_007_199_254_740_993), "9007199254740992", Some(Greater)),
            (whole(-1), "0", Some(Less)),
            (float(0.5), "0.50", Some(Equal)),
            (float(0.5), "1", Some(Less)),
            (whole(10), "ten", None),
            (whole(10), "", None),
            (whole(10), "NaN", None),
            (whole(10), "inf", None),
            (whole(1), "true", None),
            (Scalar::Bool(true), "TRUE", Some(Equal)),
            (Scalar::Bool(true), "no", Some(Greater)),
            (Scalar::Bool(false), "1", Some(Less)),
            (Scalar::Bool(true), "maybe", None),
            (Scalar::Text("10"), "9", Some(Less)),
            (Scalar::Text("b"), "a", Some(Greater)),
            (Scalar::Text("B"), "a", Some(Less)),
            (Scalar::Text(" a"), "a", Some(Less)),
            (Scalar::Text("true"), "TRUE", Some(Greater)),
        ];
        for (value, operand, expected) in cases {
            assert_eq!(ordering(value, operand), expected, "{value:?} with {operand:?}");
        }
    }

    #[test]
    fn dates_are_instants() {
        use Ordering::{Equal, Greater, Less};
        let cases = [
            ("2023-01-18T17:18:56Z", "2023-01-18T18:18:56+01:00", Some(Equal)),
            ("2023-01-18T17:18:56.000Z", "2023-01-18 17:18:56", Some(Equal)),
            ("2023-01-18T00:00:00", "2023-01-18", Some(Equal)),
            ("2023-01-18", "2023", Some(Greater)),
            ("2023-01-18", "2023-02", Some(Less)),
            ("2023-01-18T23:00:00-05:00", "2023-01-19T03:59:59Z", Some(Greater)),
            ("2023-01-18", "yesterday", None),
            ("2023-01-18", "5", None),
            ("2023-13-18", "2023-12", Some(Greater)),
            ("2023-01-18 (draft)", "2023-01-18", Some(Greater)),
        ];
        for (value, operand, expected) in cases {
            assert_eq!(ordering(Scalar::Text(value), operand), expected, "{value} with {operand}");
        }
    }

    #[test]
    fn texts_inside_are_looked_for_in_what_stands_in_the_document() {
        let regex = |pattern: &str| Test::Regex(Regex::new(pattern).unwrap());
        let cases = [
            (Test::Contains("23".into()), whole(1234), true),
            (Test::StartsWith("0.".into()), Scalar::Number(Number::Float(0.25)), true),
            (Test::EndsWith("ue".into()), Scalar::Bool(true), true),
            (Test::StartsWith("fa".into()), Scalar::Bool(true), false),
            (Test::EndsWith(".pdf".into()), Scalar::Text("a.pdf"), true),
            (Test::EndsWith(".pdf".into()), Scalar::Text("a.PDF"), false),
            (regex("b"), Scalar::Text("abc"), false),
            (regex("a|x"), Scalar::Text("abc"), true),
            (regex("x|b"), Scalar::Text("abc"), false),
            (regex(".*c$"), Scalar::Text("abc"), true),
            (regex("(?m)^b"), Scalar::Text("a\nb"), false),
            (regex("(?x) a # no b"), Scalar::Text("abc"), true),
        ];
        for (test, value, expected) in cases {
            assert_eq!(test.matches(&value), expected, "{test:?} on {value:?}");
        }
    }
}
