//! Queries for exact values: term, terms, exists, prefix, wildcard.

use std::ops::Bound;

use serde_json::Value;
use tantivy::Term;
use tantivy::query::{BooleanQuery, TermQuery, TermSetQuery};
use tantivy::schema::IndexRecordOption;

use super::range::{self, Ends};
use super::scan::{self, Test};
use super::{BoxQuery, Context, constant, none, with_boost};
use crate::failure::{Failure, Result};
use crate::filter_path;
use crate::mapping::{Field, Kind, Number, Resolved, number, to_double};
use crate::options::Options;

pub(super) fn term(context: Context<'_>, mut options: Options<'_>) -> Result<BoxQuery> {
    let boost = options.double("boost")?;
    options.text("_name")?;
    let (field, body) = options.only()?;
    let (value, inner) = value_of("term", "value", body)?;
    Ok(with_boost(one(context, field, value)?, inner.or(boost)))
}

pub(super) fn terms(context: Context<'_>, options: &mut Options<'_>) -> Result<BoxQuery> {
    let (name, values) = options.only()?;
    let Some(values) = values.as_array() else {
        return Err(Failure::unsupported(format!(
            "[terms] of the field [{name}] with a lookup in place of a list"
        )));
    };
    if name == "_id" {
        let terms = values.iter().map(|value| context.fields.id_term(&text(value)));
        return Ok(constant(Box::new(TermSetQuery::new(terms)), 1.0));
    }
    let Some(field) = context.mapping.field(name) else {
        return Ok(none());
    };
    Ok(constant(any(context, &field, values)?, 1.0))
}

/// Documents that hold one exact value.
pub(super) fn one(context: Context<'_>, name: &str, value: &Value) -> Result<BoxQuery> {
    if name == "_id" {
        return Ok(constant(
            Box::new(TermQuery::new(context.fields.id_term(&text(value)), IndexRecordOption::Basic)),
            1.0,
        ));
    }
    let Some(Resolved { path, field }) = context.mapping.field(name) else {
        return Ok(none());
    };
    if matches!(field.kind, Kind::Keyword | Kind::Text) && field.index {
        let term = context.fields.string_term(&path, field, &text(value));
        return Ok(Box::new(TermQuery::new(term, IndexRecordOption::WithFreqs)));
    }
    any(context, &Resolved { path, field }, std::slice::from_ref(value))
}

fn any(context: Context<'_>, resolved: &Resolved<'_>, values: &[Value]) -> Result<BoxQuery> {
    let Resolved { path, field } = resolved;
    let strings = || values.iter().map(text);
    match field.kind {
        Kind::Keyword | Kind::Text if field.index => {
            let terms: Vec<Term> =
                strings().map(|text| context.fields.string_term(path, field, &text)).collect();
            Ok(Box::new(TermSetQuery::new(terms)))
        }
        Kind::Text => Err(unindexed(path)),
        Kind::GeoPoint => Err(no_such_query(format!(
            "Geometry fields do not support exact searching, use dedicated geometry queries instead: [{path}]"
        ))),
        _ if !field.doc_values => Err(unindexed(path)),
        Kind::Keyword => Ok(scan::values(
            path,
            field,
            Test::AnyText(strings().map(|text| field.normalized(&text).into_owned()).collect()),
        )),
        Kind::Date => {
            // A date without a time means the whole day.
            let ends = |value| Ends { from: Bound::Included(value), to: Bound::Included(value) };
            let days: Result<Vec<_>> =
                values.iter().map(|value| range::within(context, path, ends(value))).collect();
            Ok(Box::new(BooleanQuery::union(days?)))
        }
        _ => any_number(path, field, values),
    }
}

fn any_number(path: &str, field: &Field, values: &[Value]) -> Result<BoxQuery> {
    let (mut wholes, mut fractions) = (Vec::new(), Vec::new());
    for value in values {
        match exact_number(field.kind, value)? {
            Some(Number::Whole(number)) => wholes.push(number),
            Some(Number::Fraction(number)) => fractions.push(field.scaled(to_double(field.kind, number))),
            None => {}
        }
    }
    wholes.sort_unstable();
    Ok(match (wholes.as_slice(), fractions.as_slice()) {
        ([], []) => none(),
        ([one], []) => scan::values(path, field, Test::Whole(*one..=*one)),
        ([], [one]) => scan::values(path, field, Test::Fraction(*one..=*one)),
        (_, []) => scan::values(path, field, Test::AnyWhole(wholes)),
        _ => scan::values(path, field, Test::AnyFraction(fractions)),
    })
}

/// The number to look for; `None` if no document can hold it, such as 1.5 in a field of whole numbers.
fn exact_number(kind: Kind, value: &Value) -> Result<Option<Number>> {
    let fraction = value.as_f64().or_else(|| value.as_str()?.parse().ok());
    if kind.is_whole()
        && kind != Kind::Date
        && kind != Kind::Boolean
        && fraction.is_some_and(|number| number.fract() != 0.0)
    {
        return Ok(None);
    }
    number(kind, value).map(Some).map_err(|cause| {
        if kind.is_whole() && kind != Kind::Date && cause.reason().contains("out of range") {
            return cause;
        }
        Failure::new(400, "query_shard_exception", format!("failed to create query: {}", cause.reason()))
            .caused_by(cause)
    })
}

pub(super) fn exists(context: Context<'_>, options: &mut Options<'_>) -> Result<BoxQuery> {
    let name =
        options.text("field")?.ok_or_else(|| Failure::parsing("[exists] must be provided with a [field]"))?;
    Ok(constant(having(context, name), 1.0))
}

/// Documents with a value in the field, or in any field below the object of that name.
pub(super) fn having(context: Context<'_>, name: &str) -> BoxQuery {
    if name == "_id" {
        return super::all();
    }
    let below = format!("{name}.*");
    let fields: Vec<_> = match context.mapping.matching(name) {
        found if found.is_empty() => context.mapping.matching(&below),
        found => found,
    };
    let queries: Vec<BoxQuery> = fields.iter().map(|resolved| present(context, resolved)).collect();
    match queries.len() {
        0 => none(),
        _ => Box::new(BooleanQuery::union(queries)),
    }
}

fn present(context: Context<'_>, resolved: &Resolved<'_>) -> BoxQuery {
    let Resolved { path, field } = resolved;
    if field.kind == Kind::Text {
        let term = Term::from_field_text(context.fields.present, path);
        return Box::new(TermQuery::new(term, IndexRecordOption::Basic));
    }
    scan::values(path, field, Test::Present)
}

pub(super) fn prefix(context: Context<'_>, mut options: Options<'_>) -> Result<BoxQuery> {
    let boost = options.double("boost")?;
    let (field, body) = options.only()?;
    let (value, inner) = value_of("prefix", "value", body)?;
    Ok(with_boost(starting(context, field, &text(value))?, inner.or(boost)))
}

/// Documents with a term of that beginning.
pub(super) fn starting(context: Context<'_>, name: &str, prefix: &str) -> Result<BoxQuery> {
    let field = searched(context, name, "prefix")?;
    Ok(field.map_or_else(none, |field| beginning(context, &field, prefix, |_| true)))
}

pub(super) fn wildcard(context: Context<'_>, mut options: Options<'_>) -> Result<BoxQuery> {
    let boost = options.double("boost")?;
    let (field, body) = options.only()?;
    let (value, inner) = value_of("wildcard", "value", body)?;
    Ok(with_boost(fitting(context, field, &text(value))?, inner.or(boost)))
}

/// Documents with a term that fits a pattern of `*` and `?`.
pub(super) fn fitting(context: Context<'_>, name: &str, pattern: &str) -> Result<BoxQuery> {
    if pattern.contains(['?', '\\']) {
        return Err(Failure::unsupported(format!("the wildcard pattern [{pattern}]: only * is known")));
    }
    let head = pattern.split('*').next().unwrap_or_default().to_owned();
    let rest = pattern[head.len()..].to_owned();
    let Some(field) = searched(context, name, "wildcard")? else {
        return Ok(none());
    };
    Ok(beginning(context, &field, &head, move |term| {
        std::str::from_utf8(term).is_ok_and(|term| filter_path::wildcard(&rest, term))
    }))
}

/// The field whose terms a query of that kind may look through; `None` if there is none.
fn searched<'a>(context: Context<'a>, name: &str, kind: &str) -> Result<Option<Resolved<'a>>> {
    let Some(resolved) = context.mapping.field(name) else {
        return Ok(None);
    };
    let Resolved { path, field } = &resolved;
    if !matches!(field.kind, Kind::Keyword | Kind::Text) {
        return Err(Failure::new(
            400,
            "query_shard_exception",
            format!(
                "Can only use {kind} queries on keyword, text and wildcard fields - not on [{path}] which is of type [{}]",
                field.kind.name()
            ),
        ));
    }
    if field.index { Ok(Some(resolved)) } else { Err(unindexed(path)) }
}

fn beginning(
    context: Context<'_>,
    resolved: &Resolved<'_>,
    prefix: &str,
    accept: impl Fn(&[u8]) -> bool + Send + Sync + 'static,
) -> BoxQuery {
    let term = context.fields.string_term(&resolved.path, resolved.field, prefix);
    scan::terms(term.field(), term.serialized_value_bytes().to_vec(), accept)
}

/// The value of `{"field": value}` or `{"field": {"value": value, "boost": n}}`.
fn value_of<'a>(kind: &str, key: &str, body: &'a Value) -> Result<(&'a Value, Option<f64>)> {
    if !body.is_object() {
        return Ok((body, None));
    }
    let mut options = Options::new(kind, body)?;
    let boost = options.double("boost")?;
    let value = options.take(key).ok_or_else(|| Failure::argument("value cannot be null"))?;
    options.text("_name")?;
    options.finish()?;
    Ok((value, boost))
}

/// A value as the text that a string field holds.
pub(super) fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// A query that a field's type does not answer.
pub(super) fn no_such_query(reason: String) -> Failure {
    let cause = Failure::argument(reason);
    Failure::new(400, "query_shard_exception", format!("failed to create query: {}", cause.reason()))
        .caused_by(cause)
}

pub(super) fn unindexed(path: &str) -> Failure {
    Failure::new(
        400,
        "query_shard_exception",
        format!(
            "failed to create query: Cannot search on field [{path}] since it is not indexed nor has doc values."
        ),
    )
}
