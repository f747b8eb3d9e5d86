//! The range query.

use std::ops::Bound;
use std::sync::Arc;

use serde_json::Value;

use super::exists::having;
use super::number;
use super::refusal::{no_such_query, unindexed};
use super::scan::{self, Test};
use super::value::text;
use super::{BoxQuery, Context, constant, none, with_boost};
use crate::dates;
use crate::failure::{Failure, Result};
use crate::mapping::{Field, Kind, Number, Resolved};
use crate::options::Options;

/// Both ends of a range, as they were asked for.
#[derive(Debug, Clone, Copy)]
pub(super) struct Ends<'a> {
    pub(super) from: Bound<&'a Value>,
    pub(super) to: Bound<&'a Value>,
}

impl Ends<'_> {
    fn are_open(self) -> bool {
        matches!((self.from, self.to), (Bound::Unbounded, Bound::Unbounded))
    }
}

pub(super) fn range(context: Context<'_>, mut options: Options<'_>) -> Result<BoxQuery> {
    let outer = options.double("boost")?;
    let (name, body) = options.only()?;
    let mut options = Options::new("range", body)?;
    let from = match (options.take("gte"), options.take("gt")) {
        (Some(value), _) => Bound::Included(value),
        (None, Some(value)) => Bound::Excluded(value),
        (None, None) => Bound::Unbounded,
    };
    let to = match (options.take("lte"), options.take("lt")) {
        (Some(value), _) => Bound::Included(value),
        (None, Some(value)) => Bound::Excluded(value),
        (None, None) => Bound::Unbounded,
    };
    let shaped = [from, to].into_iter().any(|end| matches!(end, Bound::Included(value) | Bound::Excluded(value) if value.is_object() || value.is_array()));
    if shaped {
        return Err(Failure::parsing(format!("[range] query of [{name}] has an end that is no value")));
    }
    let boost = options.double("boost")?.or(outer);
    options.finish()?;
    let ends = Ends { from, to };
    let is_field = || name == "_id" || context.mapping.field(name).is_some();
    let query =
        if ends.are_open() && is_field() { having(context, name) } else { within(context, name, ends)? };
    Ok(with_boost(constant(query, 1.0), boost))
}

/// Documents with a value between the ends.
pub(super) fn within(context: Context<'_>, name: &str, ends: Ends<'_>) -> Result<BoxQuery> {
    if name == "_id" {
        return Err(no_such_query("Field [_id] of type [_id] does not support range queries".to_owned()));
    }
    let Some(resolved) = context.mapping.field(name) else {
        return Ok(none());
    };
    let Resolved { path, field } = &resolved;
    let (from, to);
    let ends = if field.kind == Kind::Date && (is_number(ends.from) || is_number(ends.to)) {
        (from, to) = (in_millis(ends.from)?, in_millis(ends.to)?);
        Ends { from: from.as_ref(), to: to.as_ref() }
    } else {
        ends
    };
    match field.kind {
        // The terms of a key lie between those of others: they have no end of their own.
        _ if ends.are_open() && context.mapping.is_key(name) => Ok(none()),
        _ if ends.are_open() => Ok(having(context, name)),
        Kind::Keyword | Kind::Text => strings(context, &resolved, ends),
        Kind::GeoPoint => {
            Err(no_such_query(format!("Field [{path}] of type [geo_point] does not support range queries")))
        }
        _ if !field.index && !field.doc_values => Err(unindexed(path)),
        kind if kind.is_fraction() => {
            let (from, to) = fractions(kind, ends)?;
            Ok(scan::values(path, field, Test::Fraction(from..=to)))
        }
        kind => {
            let (Some(from), Some(to)) = (lower(kind, ends.from)?, upper(kind, ends.to)?) else {
                return Ok(none());
            };
            Ok(scan::values(path, field, Test::Whole(from..=to)))
        }
    }
}

fn strings(context: Context<'_>, resolved: &Resolved<'_>, ends: Ends<'_>) -> Result<BoxQuery> {
    let Resolved { path, field } = resolved;
    if !field.index && !field.doc_values {
        return Err(unindexed(path));
    }
    let is_inside = between(field, ends);
    if !field.index {
        return Ok(scan::values(path, field, Test::Text(Arc::new(is_inside))));
    }
    let start = context.fields.string_term(path, field, "");
    Ok(scan::terms(start.field(), start.serialized_value_bytes().to_vec(), is_inside))
}

/// True for terms of a string field between the ends.
pub(super) fn between(field: &Field, ends: Ends<'_>) -> impl Fn(&[u8]) -> bool + Send + Sync + use<> {
    let owned =
        |bound: Bound<&Value>| bound.map(|value| field.normalized(&text(value)).into_owned().into_bytes());
    let (from, to) = (owned(ends.from), owned(ends.to));
    move |term: &[u8]| {
        let above = match &from {
            Bound::Included(from) => term >= from.as_slice(),
            Bound::Excluded(from) => term > from.as_slice(),
            Bound::Unbounded => true,
        };
        above
            && match &to {
                Bound::Included(to) => term <= to.as_slice(),
                Bound::Excluded(to) => term < to.as_slice(),
                Bound::Unbounded => true,
            }
    }
}

fn fractions(kind: Kind, ends: Ends<'_>) -> Result<(f64, f64)> {
    let end = |bound: Bound<&Value>, open: f64, inside: fn(Kind, f64) -> f64| match bound {
        Bound::Included(value) => number::fraction(kind, value),
        Bound::Excluded(value) => number::fraction(kind, value).map(|end| inside(kind, end)),
        Bound::Unbounded => Ok(open),
    };
    Ok((end(ends.from, f64::NEG_INFINITY, number::next_up)?, end(ends.to, f64::INFINITY, number::next_down)?))
}

/// The least whole number in the range; `None` if there is none.
fn lower(kind: Kind, bound: Bound<&Value>) -> Result<Option<i64>> {
    match bound {
        Bound::Unbounded => Ok(Some(i64::MIN)),
        Bound::Included(value) => whole(kind, value, Round::Up(false)).map(|(number, _)| Some(number)),
        Bound::Excluded(value) => whole(kind, value, Round::Up(true))
            .map(|(number, exact)| if exact { number.checked_add(1) } else { Some(number) }),
    }
}

/// The greatest whole number in the range; `None` if there is none.
fn upper(kind: Kind, bound: Bound<&Value>) -> Result<Option<i64>> {
    match bound {
        Bound::Unbounded => Ok(Some(i64::MAX)),
        Bound::Included(value) => whole(kind, value, Round::Down(true)).map(|(number, _)| Some(number)),
        Bound::Excluded(value) => whole(kind, value, Round::Down(false))
            .map(|(number, exact)| if exact { number.checked_sub(1) } else { Some(number) }),
    }
}

/// Where a fraction goes to reach the inside of the range, and whether a date is taken to its end.
#[derive(Clone, Copy)]
enum Round {
    Up(bool),
    Down(bool),
}

/// A bound as a whole number, rounded to the inside, and whether it was whole already.
fn whole(kind: Kind, value: &Value, round: Round) -> Result<(i64, bool)> {
    let (Round::Up(to_end) | Round::Down(to_end)) = round;
    if matches!(kind, Kind::Date | Kind::Boolean) {
        return special(kind, value, to_end).map(|number| (number, true));
    }
    number::whole(kind, value, if matches!(round, Round::Up(_)) { f64::ceil } else { f64::floor })
}

fn is_number(bound: Bound<&Value>) -> bool {
    matches!(bound, Bound::Included(value) | Bound::Excluded(value) if value.is_number())
}

/// An end of a range over dates whose other end is a number: both are milliseconds then.
fn in_millis(bound: Bound<&Value>) -> Result<Bound<Value>> {
    let read = |value: &Value| match value.as_str() {
        Some(text) if !is_math(text) => {
            dates::parse_millis(text).map(Value::from).ok_or_else(|| no_date(text, "epoch_millis"))
        }
        _ => Ok(value.clone()),
    };
    Ok(match bound {
        Bound::Included(value) => Bound::Included(read(value)?),
        Bound::Excluded(value) => Bound::Excluded(read(value)?),
        Bound::Unbounded => Bound::Unbounded,
    })
}

/// True for dates that are computed.
fn is_math(text: &str) -> bool {
    text.starts_with("now") || text.contains("||")
}

fn special(kind: Kind, value: &Value, to_end: bool) -> Result<i64> {
    match (kind, value.as_str()) {
        (Kind::Date, Some("now")) => Ok(crate::identity::millis() as i64),
        (Kind::Date, Some(text)) if is_math(text) => {
            Err(Failure::unsupported(format!("date math: [{text}]")))
        }
        (Kind::Date, Some(text)) => {
            let read = if to_end { dates::parse_end(text) } else { dates::parse(text) };
            read.ok_or_else(|| no_date(text, "strict_date_optional_time||epoch_millis"))
        }
        // A number in a query is milliseconds, whatever its digits.
        (Kind::Date, None) => {
            let text = text(value);
            dates::parse_millis(&text).ok_or_else(|| no_date(&text, "epoch_millis"))
        }
        _ => match number::boolean(value)? {
            Number::Whole(number) => Ok(number),
            Number::Fraction(number) => Ok(number as i64),
        },
    }
}

fn no_date(text: &str, format: &str) -> Failure {
    Failure::new(
        400,
        "parse_exception",
        format!("failed to parse date field [{text}] with format [{format}]"),
    )
}
