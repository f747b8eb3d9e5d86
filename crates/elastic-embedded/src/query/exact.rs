//! Queries for exact values: term, terms, prefix, wildcard.

use std::ops::Bound;
use std::sync::Arc;

use serde_json::Value;
use tantivy::Term;
use tantivy::query::{BooleanQuery, TermQuery, TermSetQuery};
use tantivy::schema::IndexRecordOption;

use super::fuzzy::Fuzzy;
use super::number::{self, Asked};
use super::pattern::Pattern;
use super::range::{self, Ends};
use super::refusal::{no_such_query, unindexed};
use super::scan::{self, Test};
use super::value::text;
use super::{BoxQuery, Context, constant, none, with_boost};
use crate::failure::{Failure, Result};
use crate::mapping::{Field, Kind, Number, Resolved};
use crate::options::Options;

pub(super) fn term(context: Context<'_>, mut options: Options<'_>) -> Result<BoxQuery> {
    let boost = options.double("boost")?;
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
        values.iter().try_for_each(check_id)?;
        let terms = values.iter().map(|value| context.fields.id_term(&text(value)));
        return Ok(constant(Box::new(TermSetQuery::new(terms)), 1.0));
    }
    let Some(field) = context.mapping.field(name) else {
        return Ok(none());
    };
    Ok(constant(any(context, &field, (values, Asked::InList))?, 1.0))
}

fn check_id(value: &Value) -> Result<()> {
    if value == "" { Err(no_such_query("Ids can't be empty".to_owned())) } else { Ok(()) }
}

/// Documents that hold one exact value.
pub(super) fn one(context: Context<'_>, name: &str, value: &Value) -> Result<BoxQuery> {
    if name == "_id" {
        check_id(value)?;
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
    any(context, &Resolved { path, field }, (std::slice::from_ref(value), Asked::Alone))
}

/// Documents that hold any of the values.
fn any(
    context: Context<'_>,
    resolved: &Resolved<'_>,
    (values, asked): (&[Value], Asked),
) -> Result<BoxQuery> {
    if values.is_empty() {
        return Ok(none());
    }
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
        _ if !field.index && !field.doc_values => Err(unindexed(path)),
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
        _ => any_number(path, field, (values, asked)),
    }
}

fn any_number(path: &str, field: &Field, (values, asked): (&[Value], Asked)) -> Result<BoxQuery> {
    let (mut wholes, mut fractions) = (Vec::new(), Vec::new());
    for value in values {
        match number::exact(field, value, asked)? {
            Some(Number::Whole(number)) => wholes.push(number),
            Some(Number::Fraction(number)) => fractions.push(number),
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
    let Some(resolved) = searched(context, name, "wildcard")? else {
        return Ok(none());
    };
    if context.mapping.is_key(name) {
        let reason = "[wildcard] queries are not currently supported on keyed [flattened] fields.";
        return Err(no_such_query(reason.to_owned()));
    }
    // Not even an empty text fits an empty pattern.
    if pattern.is_empty() {
        return Ok(none());
    }
    let (head, rest) = Pattern::read(&resolved.field.normalized(pattern)).split();
    Ok(beginning(context, &resolved, &head, move |term| {
        std::str::from_utf8(term).is_ok_and(|term| rest.matches(term))
    }))
}

/// Documents with a term that is spelled much like a word.
pub(super) fn alike(context: Context<'_>, resolved: &Resolved<'_>, (word, fuzzy): (&str, Fuzzy)) -> BoxQuery {
    let owned = word.to_owned();
    beginning(context, resolved, fuzzy.head(word), move |rest| {
        std::str::from_utf8(rest).is_ok_and(|rest| fuzzy.accepts_rest(&owned, rest))
    })
}

/// The field whose terms a query of that kind may look through; `None` if there is none.
fn searched<'a>(context: Context<'a>, name: &str, kind: &str) -> Result<Option<Resolved<'a>>> {
    let refused = |path: &str, type_name: &str| {
        let reason = format!(
            "Can only use {kind} queries on keyword, text and wildcard fields - not on [{path}] which is of type [{type_name}]"
        );
        Err(Failure::new(400, "query_shard_exception", reason))
    };
    if name == "_id" {
        return refused(name, name);
    }
    let Some(resolved) = context.mapping.field(name) else {
        return Ok(None);
    };
    let Resolved { path, field } = &resolved;
    if !matches!(field.kind, Kind::Keyword | Kind::Text) {
        return refused(path, field.kind.name());
    }
    if field.index || field.doc_values { Ok(Some(resolved)) } else { Err(unindexed(path)) }
}

/// Documents with a term of that beginning whose rest is accepted.
fn beginning(
    context: Context<'_>,
    resolved: &Resolved<'_>,
    prefix: &str,
    accept: impl Fn(&[u8]) -> bool + Send + Sync + 'static,
) -> BoxQuery {
    let Resolved { path, field } = resolved;
    if !field.index {
        let prefix = field.normalized(prefix).into_owned().into_bytes();
        let is_wanted = move |term: &[u8]| term.strip_prefix(prefix.as_slice()).is_some_and(&accept);
        return scan::values(path, field, Test::Text(Arc::new(is_wanted)));
    }
    let term = context.fields.string_term(path, field, prefix);
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
    options.finish()?;
    Ok((value, boost))
}
