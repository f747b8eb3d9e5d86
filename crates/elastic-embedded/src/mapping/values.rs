//! What a JSON value means for a field of a type.

use serde_json::Value;

use super::Kind;
use crate::dates;
use crate::failure::Failure;

/// A number as a field keeps it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Number {
    Whole(i64),
    Fraction(f64),
}

/// Reads a value for a numeric, date or boolean field.
///
/// # Errors
/// The cause, as the real one words it.
pub(crate) fn number(kind: Kind, value: &Value) -> Result<Number, Failure> {
    match kind {
        Kind::Double | Kind::ScaledFloat => fraction(value).map(Number::Fraction),
        Kind::Float => fraction(value).and_then(as_float).map(Number::Fraction),
        Kind::Boolean => boolean(value).map(|value| Number::Whole(value.into())),
        Kind::Date => date(value).map(Number::Whole),
        _ => whole(kind, value).map(Number::Whole),
    }
}

/// The number as the type `float` rounds it, still in 64 bits.
pub(crate) fn to_double(kind: Kind, value: f64) -> f64 {
    if kind == Kind::Float { f64::from(value as f32) } else { value }
}

fn whole(kind: Kind, value: &Value) -> Result<i64, Failure> {
    let exact = match value {
        Value::Number(number) => {
            number.as_i64().map(Ok).unwrap_or_else(|| truncated(number.as_f64().unwrap_or(f64::NAN), kind))
        }
        Value::String(text) => text.parse::<i64>().or_else(|_| {
            text.parse::<f64>().map_err(|_| not_a_number(text)).and_then(|value| truncated(value, kind))
        }),
        Value::Bool(_) => Err(cannot(kind, "boolean")),
        other => Err(cannot(kind, shape(other))),
    }?;
    let (least, greatest) = kind.bounds();
    if (least..=greatest).contains(&exact) { Ok(exact) } else { Err(out_of_range(&exact.to_string(), kind)) }
}

fn truncated(value: f64, kind: Kind) -> Result<i64, Failure> {
    // 2^63 is the first double beyond the range; every double below it fits.
    if !(-9_223_372_036_854_775_808.0..9_223_372_036_854_775_808.0).contains(&value) {
        return Err(out_of_range(&value.to_string(), kind));
    }
    Ok(value.trunc() as i64)
}

fn fraction(value: &Value) -> Result<f64, Failure> {
    let read = match value {
        Value::Number(number) => number.as_f64().unwrap_or(f64::NAN),
        Value::String(text) => text.trim().parse().map_err(|_| not_a_number(text))?,
        Value::Bool(_) => return Err(cannot(Kind::Double, "boolean")),
        other => return Err(cannot(Kind::Double, shape(other))),
    };
    if read.is_finite() {
        Ok(read)
    } else {
        Err(Failure::argument(
            "[double] supports only finite values, but got [".to_owned() + &read.to_string() + "]",
        ))
    }
}

fn as_float(value: f64) -> Result<f64, Failure> {
    let single = value as f32;
    if single.is_finite() {
        Ok(single.into())
    } else {
        Err(Failure::argument(format!("[float] supports only finite values, but got [{single}]")))
    }
}

fn boolean(value: &Value) -> Result<bool, Failure> {
    match value {
        Value::Bool(value) => Ok(*value),
        Value::String(text) if text == "true" => Ok(true),
        Value::String(text) if text.is_empty() || text == "false" => Ok(false),
        Value::String(text) => Err(only_booleans(text)),
        other => Err(only_booleans(&other.to_string())),
    }
}

/// A number is read as its digits are: `2024` is a year.
fn date(value: &Value) -> Result<i64, Failure> {
    let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    dates::parse(&text).ok_or_else(|| {
        Failure::argument(format!(
            "failed to parse date field [{text}] with format [strict_date_optional_time||epoch_millis]"
        ))
    })
}

fn only_booleans(text: &str) -> Failure {
    Failure::argument(format!("Failed to parse value [{text}] as only [true] or [false] are allowed."))
}

fn not_a_number(text: &str) -> Failure {
    Failure::argument(format!("For input string: \"{text}\""))
}

fn out_of_range(text: &str, kind: Kind) -> Failure {
    Failure::argument(format!("Value [{text}] is out of range for {} field", kind.name()))
}

fn cannot(kind: Kind, what: &str) -> Failure {
    Failure::argument(format!(
        "Cannot parse {what} as {}",
        if kind == Kind::Date { "date" } else { "number" }
    ))
}

fn shape(value: &Value) -> &'static str {
    match value {
        Value::Object(_) => "object",
        Value::Array(_) => "array",
        _ => "value",
    }
}
