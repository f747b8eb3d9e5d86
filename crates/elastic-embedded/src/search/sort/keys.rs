//! Keys: what a segment compares documents by, and what of it other segments understand.

use serde_json::{Number, Value};
use tantivy::SegmentReader;
use tantivy::columnar::{Column, StrColumn};

use super::{By, Missing, Resolved, Sort};
use crate::dates;
use crate::failure::{Failure, Result};
use crate::mapping::Kind;
use crate::search::score;
use crate::store::{Columns, sequence};

/// Beyond every other key: what has no value comes first or last.
const BEYOND: i128 = i128::MAX / 2;

/// A value that hits are compared by, the same in every segment.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::search) enum Part {
    Number(i128),
    Ascending(Place, Vec<u8>),
    Descending(std::cmp::Reverse<(Place, Vec<u8>)>),
}

/// Where a text stands among those of the other documents.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::search) enum Place {
    Before,
    Among,
    After,
}

/// A criterion in one segment: gives each document a key, the lesser the earlier.
pub(in crate::search) struct Keys {
    column: KeyColumn,
    descending: bool,
    greatest: bool,
    missing: i128,
    kind: Option<Kind>,
}

enum KeyColumn {
    Score,
    Sequence(Column<u64>),
    Whole(Column<i64>),
    Fraction(Column<f64>),
    Text(StrColumn),
    Empty,
}

impl Resolved {
    pub(in crate::search) fn keys(&self, segment: &SegmentReader) -> Result<Keys> {
        let Sort { by, descending, greatest, .. } = &self.sort;
        let column = match (by, &self.field) {
            (By::Score, _) => KeyColumn::Score,
            (_, Some((path, field))) => match Columns::open(segment, path, field)? {
                Columns::Whole(column) => KeyColumn::Whole(column),
                Columns::Fraction(column) => KeyColumn::Fraction(column),
                Columns::Text(column) => KeyColumn::Text(column),
                Columns::Empty => KeyColumn::Empty,
            },
            (_, None) => KeyColumn::Sequence(sequence(segment)?),
        };
        let missing = self.missing()?;
        Ok(Keys {
            column,
            descending: *descending,
            greatest: greatest.unwrap_or(*descending),
            missing,
            kind: self.kind(),
        })
    }

    pub(in crate::search) fn kind(&self) -> Option<Kind> {
        self.field.as_ref().map(|(_, field)| field.kind)
    }

    pub(in crate::search) fn is_text(&self) -> bool {
        self.kind() == Some(Kind::Keyword)
    }

    /// The key of a document without a value, before the direction is applied.
    fn missing(&self) -> Result<i128> {
        let Some(kind) = self.kind() else {
            return Ok(0);
        };
        let high = match &self.sort.missing {
            Missing::Last => !self.sort.descending,
            Missing::First => self.sort.descending,
            Missing::Value(value) if kind == Kind::Keyword => {
                return Err(Failure::unsupported(format!(
                    "the value {value} for documents without a keyword to sort by"
                )));
            }
            Missing::Value(value) => return missing_key(kind, value),
        };
        Ok(match (kind, high) {
            (Kind::Keyword, true) => BEYOND,
            (Kind::Keyword, false) => -BEYOND,
            (kind, true) if kind.is_fraction() => fraction_key(f64::INFINITY),
            (kind, false) if kind.is_fraction() => fraction_key(f64::NEG_INFINITY),
            (Kind::Integer | Kind::Short | Kind::Byte, true) => i32::MAX.into(),
            (Kind::Integer | Kind::Short | Kind::Byte, false) => i32::MIN.into(),
            (_, true) => i64::MAX.into(),
            (_, false) => i64::MIN.into(),
        })
    }

    /// The value of `search_after` as a number to compare with; for text see [`Keys::after_text`].
    pub(in crate::search) fn after_number(&self, value: &Value) -> Result<i128> {
        let key = match (&self.sort.by, self.kind()) {
            (By::Score, _) => fraction_key(value.as_f64().ok_or_else(|| bad_after(value))?),
            (_, Some(kind)) => key_of(kind, value)?,
            (_, None) => value.as_i64().ok_or_else(|| bad_after(value))?.into(),
        };
        Ok(if self.sort.descending { -key } else { key })
    }

    /// The value as the answer shows it.
    pub(in crate::search) fn show(&self, part: &Part) -> Value {
        match part {
            Part::Number(key) => self.show_number(*key),
            Part::Ascending(Place::Among, text)
            | Part::Descending(std::cmp::Reverse((Place::Among, text))) => {
                String::from_utf8_lossy(text).into()
            }
            _ => Value::Null,
        }
    }

    /// A key of [`Keys::key`] that is no text, as the answer shows it.
    pub(in crate::search) fn show_number(&self, key: i128) -> Value {
        let key = if self.sort.descending { -key } else { key };
        match (&self.sort.by, self.kind()) {
            (By::Score, _) => score(fraction_of(key) as f32),
            (_, Some(Kind::Float)) if fraction_of(key).is_finite() => score(fraction_of(key) as f32),
            (_, Some(kind)) if kind.is_fraction() => match fraction_of(key) {
                number if number.is_infinite() => if number > 0.0 { "Infinity" } else { "-Infinity" }.into(),
                number => Number::from_f64(number).map_or(Value::Null, Value::Number),
            },
            _ => (key as i64).into(),
        }
    }
}

impl Keys {
    pub(in crate::search) fn key(&self, doc: u32, score: f32) -> i128 {
        let key = match &self.column {
            KeyColumn::Score => fraction_key(score.into()),
            KeyColumn::Sequence(column) => column.first(doc).unwrap_or_default().into(),
            KeyColumn::Whole(column) => self.best(column, doc, i128::from),
            KeyColumn::Fraction(column) => self.best(column, doc, fraction_key),
            KeyColumn::Text(column) => self.best(column.ords(), doc, |ord| i128::from(ord) * 2),
            KeyColumn::Empty => self.missing,
        };
        if self.descending { -key } else { key }
    }

    /// The key of the value of a document that counts.
    fn best<T: PartialOrd + Copy + std::fmt::Debug + Send + Sync + 'static>(
        &self,
        column: &Column<T>,
        doc: u32,
        key: impl Fn(T) -> i128,
    ) -> i128 {
        let found = if column.get_cardinality() != tantivy::columnar::Cardinality::Multivalued {
            column.first(doc).map(key)
        } else if self.greatest {
            column.values_for_doc(doc).map(key).max()
        } else {
            column.values_for_doc(doc).map(key).min()
        };
        found.unwrap_or(self.missing)
    }

    /// A key as a value that other segments understand.
    pub(in crate::search) fn part(&self, key: i128) -> Result<Part> {
        if self.kind != Some(Kind::Keyword) {
            return Ok(Part::Number(key));
        }
        let ord = if self.descending { -key } else { key };
        let (place, text) = match &self.column {
            _ if ord >= BEYOND => (Place::After, Vec::new()),
            KeyColumn::Text(column) if ord >= 0 => {
                let mut text = Vec::new();
                column.dictionary().ord_to_term((ord / 2) as u64, &mut text)?;
                (Place::Among, text)
            }
            _ => (Place::Before, Vec::new()),
        };
        Ok(if self.descending {
            Part::Descending(std::cmp::Reverse((place, text)))
        } else {
            Part::Ascending(place, text)
        })
    }

    /// The key in this segment of the text that `search_after` names; it may lie between two terms.
    pub(in crate::search) fn after_text(&self, value: &Value) -> Result<i128> {
        let key = match (value, &self.column) {
            (Value::Null, _) => self.missing,
            (Value::String(text), KeyColumn::Text(column)) => ord_of(column, text.as_bytes())?,
            (Value::String(_), _) => 0,
            (Value::Number(_) | Value::Bool(_), column) => {
                let text = value.to_string();
                if let KeyColumn::Text(column) = column { ord_of(column, text.as_bytes())? } else { 0 }
            }
            (other, _) => return Err(bad_after(other)),
        };
        Ok(if self.descending { -key } else { key })
    }
}

/// Twice the ordinal of a term, or the odd number between those of its neighbours.
fn ord_of(column: &StrColumn, text: &[u8]) -> Result<i128> {
    let (mut low, mut high) = (0, column.dictionary().num_terms() as u64);
    let mut term = Vec::new();
    while low < high {
        let middle = low + (high - low) / 2;
        column.dictionary().ord_to_term(middle, &mut term)?;
        match term.as_slice().cmp(text) {
            std::cmp::Ordering::Less => low = middle + 1,
            std::cmp::Ordering::Equal => return Ok(i128::from(middle) * 2),
            std::cmp::Ordering::Greater => high = middle,
        }
    }
    Ok(i128::from(low) * 2 - 1)
}

/// The number that stands for a missing one; that of a date is milliseconds.
fn missing_key(kind: Kind, value: &Value) -> Result<i128> {
    let is_number = value.is_number() || value.as_str().is_some_and(|text| text.parse::<f64>().is_ok());
    match kind {
        _ if !is_number => {
            let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            Err(Failure::argument(format!("For input string: \"{text}\"")))
        }
        Kind::Date | Kind::Boolean => key_of(Kind::Long, value),
        kind => key_of(kind, value),
    }
}

/// A value in the request as the key of a number.
fn key_of(kind: Kind, value: &Value) -> Result<i128> {
    if kind.is_fraction() {
        let number = value.as_f64().or_else(|| value.as_str()?.replace("Infinity", "inf").parse().ok());
        let number = number.ok_or_else(|| bad_after(value))?;
        return Ok(fraction_key(if kind == Kind::Float { f64::from(number as f32) } else { number }));
    }
    let whole = match (kind, value) {
        (Kind::Boolean, Value::Bool(value)) => Some(i64::from(*value)),
        (Kind::Boolean, Value::String(text)) => text.parse::<bool>().ok().map(i64::from),
        (Kind::Date, Value::String(text)) => dates::parse(text),
        (_, Value::String(text)) => text.parse().ok(),
        (_, value) => value.as_i64().or_else(|| value.as_f64().map(|number| number as i64)),
    };
    whole.map(i128::from).ok_or_else(|| bad_after(value))
}

/// Orders fractions as whole numbers.
fn fraction_key(number: f64) -> i128 {
    let bits = number.to_bits() as i64;
    i128::from(if bits < 0 { i64::MIN.wrapping_sub(bits).wrapping_sub(1) } else { bits })
}

fn fraction_of(key: i128) -> f64 {
    let key = key as i64;
    let bits = if key < 0 { i64::MIN.wrapping_sub(key.wrapping_add(1)) } else { key };
    f64::from_bits(bits as u64)
}

fn bad_after(value: &Value) -> Failure {
    Failure::argument(format!("Failed to parse search_after value for the field to sort by: {value}"))
}

#[cfg(test)]
mod tests;
