//! Which of several forms values get in JSON, as the settings say.

use connectors_core::config::{FieldType, FieldValue};
use serde_json::Value;

use super::LegacyUuid;

/// The years 1 to 9999, in milliseconds: those that a Python `datetime` has.
const PYTHON: std::ops::RangeInclusive<i64> = -62_135_596_800_000..=253_402_300_799_999;

/// The forms of values that can have several.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Forms {
    pub(crate) legacy: LegacyUuid,
    pub(crate) decimals: Decimals,
    pub(crate) dates: Dates,
}

/// How 128-bit decimals are written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Decimals {
    /// As numbers of JSON.
    #[default]
    Number,
    /// As text.
    Text,
}

/// How dates are written, in the words of PyMongo's `DatetimeConversion`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Dates {
    /// As ISO 8601; null outside of the years 0 to 9999.
    #[default]
    Iso,
    /// As ISO 8601; the nearest moment of the years 1 to 9999.
    Clamp,
    /// As ISO 8601; outside of the years 1 to 9999 as milliseconds.
    Auto,
    /// As milliseconds since 1970.
    Millis,
}

/// What is written of one date.
pub(super) enum Date {
    /// As ISO 8601, where there is such a form.
    Iso(i64),
    /// Its milliseconds.
    Millis(i64),
}

impl Dates {
    pub(super) fn of(self, millis: i64) -> Date {
        match self {
            Self::Iso => Date::Iso(millis),
            Self::Clamp => Date::Iso(millis.clamp(*PYTHON.start(), *PYTHON.end())),
            Self::Auto if PYTHON.contains(&millis) => Date::Iso(millis),
            Self::Auto | Self::Millis => Date::Millis(millis),
        }
    }
}

/// A decimal as a number of JSON that is never whole, so that no index takes its field for one of whole numbers; none for NaN,
/// and for what is larger than any double, which no index takes.
pub(super) fn number(mut written: String) -> Option<String> {
    if !written.parse::<f64>().is_ok_and(f64::is_finite) {
        return None;
    }
    if !written.contains(['.', 'E', 'e']) {
        written.push_str(".0");
    }
    Some(written)
}

impl Forms {
    /// Every combination, each at its place.
    fn all() -> impl Iterator<Item = Self> {
        let legacies = [LegacyUuid::InOrder, LegacyUuid::Java, LegacyUuid::CSharp];
        let decimals = [Decimals::Number, Decimals::Text];
        let dates = [Dates::Iso, Dates::Clamp, Dates::Auto, Dates::Millis];
        legacies.into_iter().flat_map(move |legacy| {
            decimals.into_iter().flat_map(move |decimals| {
                dates.into_iter().map(move |dates| Self { legacy, decimals, dates })
            })
        })
    }

    /// A byte that stands for these forms; 0 for the default.
    pub(crate) fn tag(self) -> u8 {
        Self::all().zip(0..).find_map(|(forms, tag)| (forms == self).then_some(tag)).unwrap_or_default()
    }

    /// The forms that a byte stands for.
    pub(crate) fn of_tag(tag: u8) -> Self {
        Self::all().nth(tag.into()).unwrap_or_default()
    }
}

impl From<LegacyUuid> for Forms {
    fn from(legacy: LegacyUuid) -> Self {
        Self { legacy, ..Self::default() }
    }
}

impl FieldValue for Decimals {
    const TYPE: FieldType = FieldType::Str;

    fn read(value: &Value) -> Result<Self, String> {
        match String::read(value)?.as_str() {
            "number" => Ok(Self::Number),
            "text" => Ok(Self::Text),
            _ => Err("expected number or text".into()),
        }
    }
}

impl FieldValue for Dates {
    const TYPE: FieldType = FieldType::Str;

    fn read(value: &Value) -> Result<Self, String> {
        match String::read(value)?.to_ascii_uppercase().as_str() {
            "DATETIME" => Ok(Self::Iso),
            "DATETIME_CLAMP" => Ok(Self::Clamp),
            "DATETIME_AUTO" => Ok(Self::Auto),
            "DATETIME_MS" => Ok(Self::Millis),
            _ => Err("expected DATETIME, DATETIME_CLAMP, DATETIME_AUTO or DATETIME_MS".into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_combination_has_a_tag_of_its_own_and_the_default_is_0() {
        assert_eq!((Forms::default().tag(), Forms::all().count()), (0, 24));
        for (forms, tag) in Forms::all().zip(0..) {
            assert_eq!((forms.tag(), Forms::of_tag(tag)), (tag, forms));
        }
    }
}
