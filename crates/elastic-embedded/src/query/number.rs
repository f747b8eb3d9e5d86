//! Numbers of a query, as the type of the field reads them.

use serde_json::Value;

use super::refusal::no_such_query;
use super::value::text;
use crate::failure::{Failure, Result};
use crate::mapping::{Field, Kind, Number, number, to_double};

/// How a value is asked for.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Asked {
    Alone,
    InList,
}

/// The number to look for in a field; `None` if no document can hold it, such as 1.5 in a field of whole numbers.
pub(super) fn exact(field: &Field, value: &Value, asked: Asked) -> Result<Option<Number>> {
    match field.kind {
        Kind::Boolean => boolean(value).map(Some),
        kind if kind.is_fraction() => {
            let double = to_double(kind, double(value)?);
            Ok(double.is_finite().then(|| Number::Fraction(field.scaled(double))))
        }
        _ => exact_whole(field, value, asked),
    }
}

fn exact_whole(field: &Field, value: &Value, asked: Asked) -> Result<Option<Number>> {
    let kind = field.kind;
    let within = |number: i64, (least, greatest): (i64, i64)| (least..=greatest).contains(&number);
    let parses = match value.as_i64().or_else(|| value.as_str()?.parse().ok()) {
        Some(whole) if within(whole, kind.bounds()) => return Ok(Some(Number::Whole(whole))),
        Some(whole) => within(whole, parsed_bounds(kind)),
        None => {
            let double = if kind == Kind::Long { plain_double(value)? } else { double(value)? };
            if double.fract() != 0.0 {
                return Ok(None);
            }
            if is_within(double, kind.bounds()) {
                return Ok(Some(Number::Whole(double as i64)));
            }
            is_within(double, parsed_bounds(kind))
        }
    };
    let refused = !parses && asked == Asked::InList && field.index;
    if refused { Err(out_of_range(value, kind)) } else { Ok(None) }
}

/// A boolean; an empty text is one in a document, but not here.
pub(super) fn boolean(value: &Value) -> Result<Number> {
    let refused =
        || no_such_query(format!("Can't parse boolean value [{}], expected [true] or [false]", text(value)));
    if value == "" {
        return Err(refused());
    }
    number(Kind::Boolean, value).map_err(|_| refused())
}

/// An end of a range over whole numbers, and whether it was whole already; a fraction is rounded.
pub(super) fn whole(kind: Kind, value: &Value, rounded: fn(f64) -> f64) -> Result<(i64, bool)> {
    let exact = value.as_i64().or_else(|| value.as_str()?.parse().ok());
    let double = match exact {
        Some(exact) => exact as f64,
        None if kind == Kind::Long => plain_double(value)?,
        None => double(value)?,
    };
    let bounds = parsed_bounds(kind);
    let fits = exact.map_or(is_within(double, bounds), |exact| (bounds.0..=bounds.1).contains(&exact));
    if !fits {
        return Err(out_of_range(value, kind));
    }
    Ok(match exact {
        Some(exact) => (exact, true),
        None => (rounded(double) as i64, double.fract() == 0.0),
    })
}

/// An end of a range over fractions.
pub(super) fn fraction(kind: Kind, value: &Value) -> Result<f64> {
    double(value).map(|double| to_double(kind, double))
}

/// The next greater number of the type; those of two zeros differ.
pub(super) fn next_up(kind: Kind, number: f64) -> f64 {
    match kind {
        _ if number == 0.0 && number.is_sign_negative() => 0.0,
        Kind::Float => f64::from((number as f32).next_up()),
        _ => number.next_up(),
    }
}

/// The next smaller number of the type.
pub(super) fn next_down(kind: Kind, number: f64) -> f64 {
    -next_up(kind, -number)
}

/// What the type's parser takes: short and byte are read as integers.
fn parsed_bounds(kind: Kind) -> (i64, i64) {
    if kind == Kind::Long { kind.bounds() } else { Kind::Integer.bounds() }
}

/// True if the whole number lies within the bounds. 2^63 is the first double beyond a `long`.
fn is_within(number: f64, (least, greatest): (i64, i64)) -> bool {
    number >= least as f64
        && (number < greatest as f64 || (greatest != i64::MAX && number == greatest as f64))
}

fn double(value: &Value) -> Result<f64> {
    value.as_f64().or_else(|| java_double(value.as_str()?)).ok_or_else(|| no_number(value))
}

/// The same without blanks, and without the letter of a type.
fn plain_double(value: &Value) -> Result<f64> {
    value.as_f64().or_else(|| value.as_str()?.parse().ok()).ok_or_else(|| no_number(value))
}

fn no_number(value: &Value) -> Failure {
    let cause =
        Failure::new(400, "number_format_exception", format!("For input string: \"{}\"", text(value)));
    Failure::new(400, "query_shard_exception", format!("failed to create query: {}", cause.reason()))
        .caused_by(cause)
}

/// Reads a number as Java does: with blanks around it, and the letter of a type after it.
fn java_double(text: &str) -> Option<f64> {
    let text = text.trim_matches(|character| character <= ' ');
    match text.trim_start_matches(['+', '-']) {
        "NaN" => return Some(f64::NAN),
        "Infinity" => return Some(if text.starts_with('-') { f64::NEG_INFINITY } else { f64::INFINITY }),
        _ => {}
    }
    let plain = text.strip_suffix(['d', 'D', 'f', 'F']).unwrap_or(text);
    let is_number = plain.bytes().all(|byte| byte.is_ascii_digit() || b".eE+-".contains(&byte));
    plain.parse().ok().filter(|_| is_number)
}

fn out_of_range(value: &Value, kind: Kind) -> Failure {
    let kind = if kind == Kind::Long { "a long" } else { "an integer" };
    no_such_query(format!("Value [{}] is out of range for {kind}", text(value)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_as_java_does() {
        for (text, number) in [(" 2 ", 2.0), ("1d", 1.0), ("-1.5E3f", -1500.0), ("+Infinity", f64::INFINITY)]
        {
            assert_eq!(java_double(text), Some(number), "{text}");
        }
        for text in ["", "inf", "1_0", "0x10", "d", "1dd", "1 2"] {
            assert_eq!(java_double(text), None, "{text}");
        }
    }

    #[test]
    fn the_neighbour_of_one_zero_is_the_other() {
        assert_eq!(next_up(Kind::Double, -0.0).to_bits(), 0.0_f64.to_bits());
        assert_eq!(next_down(Kind::Double, 0.0).to_bits(), (-0.0_f64).to_bits());
        assert_eq!(next_up(Kind::Float, 1.0), f64::from(1.0_f32.next_up()));
    }
}
