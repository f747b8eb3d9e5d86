//! Queries: from the request's JSON to the engine's query.

mod exact;
mod exists;
mod fragments;
mod full_text;
mod fuzzy;
mod number;
mod pattern;
mod query_string;
mod range;
mod refusal;
mod scan;
mod value;

use serde_json::Value;
use tantivy::query::{
    AllQuery, BooleanQuery, BoostQuery, ConstScoreQuery, EmptyQuery, Occur, Query, TermSetQuery,
};

pub(crate) use self::fragments::{Fragment, Wanted, fragments};
pub(crate) use self::value::text;
use crate::failure::{Failure, Result};
use crate::mapping::Mapping;
use crate::options::Options;
use crate::store::Fields;

pub(crate) type BoxQuery = Box<dyn Query>;

const MAX_DEPTH: usize = 30;

/// What a query is read against.
#[derive(Clone, Copy)]
pub(crate) struct Context<'a> {
    pub(crate) mapping: &'a Mapping,
    pub(crate) fields: Fields,
    depth: usize,
}

impl<'a> Context<'a> {
    pub(crate) fn new(mapping: &'a Mapping, fields: Fields) -> Self {
        Context { mapping, fields, depth: 0 }
    }

    fn deeper(self) -> Result<Self> {
        if self.depth == MAX_DEPTH {
            return Err(Failure::argument(format!(
                "The nested depth of the query exceeds the maximum nested depth [{MAX_DEPTH}]"
            )));
        }
        Ok(Context { depth: self.depth + 1, ..self })
    }
}

/// Reads a query.
///
/// # Errors
/// 501 for a kind or an option that this server does not know, 400 for what makes no sense.
pub(crate) fn build(context: Context<'_>, value: &Value) -> Result<BoxQuery> {
    let context = context.deeper()?;
    let (kind, body) = single(value)?;
    let options = || Options::new(kind, body);
    match kind {
        "match_all" => boosted(options()?, |_| Ok(all())),
        "match_none" => boosted(options()?, |_| Ok(Box::new(EmptyQuery))),
        "bool" => boosted(options()?, |options| boolean(context, options)),
        "constant_score" => boosted(options()?, |options| {
            let filter = options
                .take("filter")
                .ok_or_else(|| Failure::parsing("[constant_score] requires a filter element"))?;
            Ok(constant(build(context, filter)?, 1.0))
        }),
        "ids" => boosted(options()?, |options| ids(context, options)),
        "exists" => boosted(options()?, |options| exists::exists(context, options)),
        "term" => exact::term(context, options()?),
        "terms" => boosted(options()?, |options| exact::terms(context, options)),
        "prefix" => exact::prefix(context, options()?),
        "wildcard" => exact::wildcard(context, options()?),
        "range" => range::range(context, options()?),
        "match" => full_text::matching(context, options()?),
        "match_phrase" => full_text::phrase(context, options()?),
        "multi_match" => boosted(options()?, |options| full_text::multi_match(context, options)),
        "query_string" => boosted(options()?, |options| query_string::read(context, options)),
        other => Err(Failure::unsupported(format!("the query [{other}]"))),
    }
}

/// Reads the text of `q=`.
pub(crate) fn from_text(context: Context<'_>, text: &str, and: bool) -> Result<BoxQuery> {
    query_string::from_text(context, text, and)
}

/// Reads a query that may have a boost, and refuses what nothing has read.
fn boosted(
    mut options: Options<'_>,
    read: impl FnOnce(&mut Options<'_>) -> Result<BoxQuery>,
) -> Result<BoxQuery> {
    let boost = options.double("boost")?;
    let query = read(&mut options)?;
    options.finish()?;
    Ok(with_boost(query, boost))
}

fn with_boost(query: BoxQuery, boost: Option<f64>) -> BoxQuery {
    match boost {
        Some(boost) if boost != 1.0 => Box::new(BoostQuery::new(query, boost as f32)),
        _ => query,
    }
}

/// A query kind and its body: the only member of the object.
fn single(value: &Value) -> Result<(&str, &Value)> {
    let members = value
        .as_object()
        .ok_or_else(|| Failure::parsing("[_na] query malformed, must start with start_object"))?;
    let mut members = members.iter();
    match (members.next(), members.next()) {
        (Some((kind, body)), None) => Ok((kind, body)),
        (None, _) => Err(Failure::argument("query malformed, empty clause found")),
        (Some((kind, _)), Some(_)) => Err(Failure::parsing(format!(
            "[{kind}] malformed query, expected [END_OBJECT] but found [FIELD_NAME]"
        ))),
    }
}

fn ids(context: Context<'_>, options: &mut Options<'_>) -> Result<BoxQuery> {
    let terms = options.list("values").into_iter().map(|id| {
        let text = id.as_str().map_or_else(|| id.to_string(), str::to_owned);
        context.fields.id_term(&text)
    });
    Ok(constant(Box::new(TermSetQuery::new(terms)), 1.0))
}

fn boolean(context: Context<'_>, options: &mut Options<'_>) -> Result<BoxQuery> {
    let mut clauses = clauses(context, options)?;
    let count = |wanted: Occur| clauses.iter().filter(|(occur, _)| *occur == wanted).count();
    let (musts, shoulds) = (count(Occur::Must), count(Occur::Should));
    let minimum = match options.take("minimum_should_match") {
        Some(value) => minimum_should_match(value, shoulds)?,
        None => usize::from(musts == 0 && shoulds > 0),
    };
    let adjusts = options.flag("adjust_pure_negative")?.unwrap_or(true);
    if clauses.is_empty() {
        return Ok(all());
    }
    if musts == 0 && shoulds == 0 {
        if !adjusts {
            return Ok(none());
        }
        clauses.push((Occur::Must, constant(all(), 0.0)));
        return Ok(Box::new(BooleanQuery::new(clauses)));
    }
    if minimum > shoulds {
        return Ok(Box::new(EmptyQuery));
    }
    // Where nothing else must match, one of the optional clauses must, whatever the minimum.
    if shoulds == 0 || minimum == 0 {
        return Ok(Box::new(BooleanQuery::new(clauses)));
    }
    Ok(Box::new(BooleanQuery::with_minimum_required_clauses(clauses, minimum)))
}

fn clauses(context: Context<'_>, options: &mut Options<'_>) -> Result<Vec<(Occur, BoxQuery)>> {
    let mut clauses: Vec<(Occur, BoxQuery)> = Vec::new();
    for (key, occur, scores) in [
        ("must", Occur::Must, true),
        ("filter", Occur::Must, false),
        ("must_not", Occur::MustNot, false),
        ("should", Occur::Should, true),
    ] {
        for clause in options.list(key) {
            let query = build(context, clause)?;
            clauses.push((
                occur,
                match occur {
                    Occur::MustNot => scan::beforehand(query),
                    _ if scores => query,
                    _ => constant(query, 0.0),
                },
            ));
        }
    }
    Ok(clauses)
}

/// How many of `clauses` optional clauses must match.
fn minimum_should_match(value: &Value, clauses: usize) -> Result<usize> {
    let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let bad = || Failure::unsupported(format!("minimum_should_match: {value}"));
    let wanted = match text.strip_suffix('%') {
        Some(percent) => {
            let percent: i64 = percent.parse().map_err(|_| bad())?;
            let part = (clauses as i64 * percent.abs()) / 100;
            if percent < 0 { clauses as i64 - part } else { part }
        }
        None => {
            let number: i64 = text.parse().map_err(|_| bad())?;
            if number < 0 { clauses as i64 + number } else { number }
        }
    };
    Ok(wanted.max(0) as usize)
}

/// Every document, with the score 1. Without the constant, the engine would leave its score out of a sum.
fn all() -> BoxQuery {
    constant(Box::new(AllQuery), 1.0)
}

fn none() -> BoxQuery {
    Box::new(EmptyQuery)
}

fn constant(query: BoxQuery, score: f32) -> BoxQuery {
    Box::new(ConstScoreQuery::new(query, score))
}
