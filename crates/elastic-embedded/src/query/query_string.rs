//! The query string: Lucene's small language, as in `q=title:(quick OR brown) AND NOT fox`.

mod parse;

use std::ops::Bound;

use serde_json::Value;
use tantivy::query::{BooleanQuery, Occur};

use self::parse::{Clause, Leaf, Node, Term};
use super::full_text::{self, Asked, Fragment, Wanted, Weighted};
use super::range::{self, Ends};
use super::{BoxQuery, Context, all, constant, exact, none, with_boost};
use crate::failure::{Failure, Result};
use crate::options::Options;

/// Where words without a field of their own are looked for, and how.
struct Defaults {
    fields: Vec<Weighted>,
    lenient: bool,
    and: bool,
}

pub(super) fn read(context: Context<'_>, options: &mut Options<'_>) -> Result<BoxQuery> {
    let text = options
        .text("query")?
        .ok_or_else(|| Failure::parsing("query_string must be provided with a [query]"))?;
    let mut fields = full_text::weighted(&options.list("fields"))?;
    if let Some(field) = options.text("default_field")? {
        fields.push((field.to_owned(), None));
    }
    let and = options.text("default_operator")?.is_some_and(|operator| operator.eq_ignore_ascii_case("and"));
    let lenient = options.flag("lenient")?.unwrap_or(fields.is_empty());
    options.flag("analyze_wildcard")?;
    build(context, &parse::parse(text, and)?, &Defaults { fields, lenient, and })
}

pub(super) fn from_text(context: Context<'_>, text: &str, and: bool) -> Result<BoxQuery> {
    build(context, &parse::parse(text, and)?, &Defaults { fields: Vec::new(), lenient: true, and })
}

fn build(context: Context<'_>, node: &Node, defaults: &Defaults) -> Result<BoxQuery> {
    match node {
        Node::Leaf(leaf) => Ok(with_boost(build_leaf(context, leaf, defaults)?, leaf.boost)),
        Node::Group(clauses, boost) => {
            let clauses = clauses
                .iter()
                .map(|Clause { occur, node, .. }| Ok((*occur, build(context, node, defaults)?)))
                .collect::<Result<Vec<_>>>()?;
            Ok(with_boost(group(clauses), *boost))
        }
    }
}

fn group(mut clauses: Vec<(Occur, BoxQuery)>) -> BoxQuery {
    match clauses.as_slice() {
        [] => none(),
        [(Occur::Must | Occur::Should, _)] => clauses.remove(0).1,
        clauses if clauses.iter().all(|(occur, _)| *occur == Occur::MustNot) => none_but_not(clauses),
        _ => Box::new(BooleanQuery::new(clauses)),
    }
}

fn none_but_not(clauses: &[(Occur, BoxQuery)]) -> BoxQuery {
    let mut clauses: Vec<_> = clauses.iter().map(|(occur, query)| (*occur, query.box_clone())).collect();
    clauses.push((Occur::Must, constant(all(), 0.0)));
    Box::new(BooleanQuery::new(clauses))
}

fn build_leaf(context: Context<'_>, leaf: &Leaf, defaults: &Defaults) -> Result<BoxQuery> {
    match (leaf.field.as_deref(), &leaf.term) {
        (Some("*"), Term::Pattern(pattern)) if pattern == "*" => Ok(all()),
        (None, Term::Pattern(pattern)) if pattern == "*" => Ok(all()),
        (Some("_exists_"), Term::Words(field) | Term::Phrase(field, _)) => {
            Ok(constant(exact::having(context, field), 1.0))
        }
        (Some("_id"), Term::Words(id) | Term::Phrase(id, _)) => {
            exact::one(context, "_id", &Value::String(id.clone()))
        }
        (Some(field), term) => in_fields(context, term, &[(field.to_owned(), None)], defaults),
        (None, term) => in_fields(context, term, &defaults.fields, defaults),
    }
}

fn in_fields(
    context: Context<'_>,
    term: &Term,
    fields: &[Weighted],
    defaults: &Defaults,
) -> Result<BoxQuery> {
    let Defaults { lenient, and, .. } = *defaults;
    match term {
        Term::Words(text) => {
            full_text::in_fields(context, fields, &Asked { lenient, and, ..Asked::words(text) }, 0.0)
        }
        Term::Phrase(text, slop) => {
            full_text::in_fields(context, fields, &Asked { lenient, slop: *slop, ..Asked::phrase(text) }, 0.0)
        }
        Term::Pattern(pattern) => union(context, fields, |name| match pattern.strip_suffix('*') {
            Some("") => Ok(exact::having(context, name)),
            Some(start) if !start.contains('*') => {
                exact::starting(context, name, &lower(context, name, start))
            }
            _ => exact::fitting(context, name, &lower(context, name, pattern)),
        }),
        Term::Range(from, to) => union(context, fields, |name| {
            range::within(context, name, Ends { from: as_ref(from), to: as_ref(to) })
        }),
    }
}

/// Matches in any of the fields. Fields that can't take the term are left out unless they were named.
fn union(
    context: Context<'_>,
    fields: &[Weighted],
    query: impl Fn(&str) -> Result<BoxQuery>,
) -> Result<BoxQuery> {
    let every = [("*".to_owned(), None)];
    let fields = if fields.is_empty() { &every } else { fields };
    let mut queries = Vec::new();
    for (pattern, boost) in fields {
        for resolved in context.mapping.matching(pattern) {
            match query(&resolved.path) {
                Ok(query) => queries.push(with_boost(query, *boost)),
                Err(failure) if failure.status() == 501 || !pattern.contains('*') => return Err(failure),
                Err(_) => {}
            }
        }
    }
    Ok(if queries.is_empty() { none() } else { constant(Box::new(BooleanQuery::union(queries)), 1.0) })
}

/// Patterns meet analysed text in lower case, as its words are.
fn lower(context: Context<'_>, name: &str, text: &str) -> String {
    let analysed =
        context.mapping.field(name).is_some_and(|resolved| resolved.field.kind == crate::mapping::Kind::Text);
    if analysed { text.to_lowercase() } else { text.to_owned() }
}

fn as_ref(bound: &Bound<Value>) -> Bound<&Value> {
    bound.as_ref()
}

/// What the text would mark in the given fields.
pub(super) fn fragments(text: &str, fields: &[String]) -> Vec<Fragment> {
    let mut found = Vec::new();
    if let Ok(node) = parse::parse(text, false) {
        collect(&node, fields, &mut found);
    }
    found
}

fn collect(node: &Node, fields: &[String], found: &mut Vec<Fragment>) {
    match node {
        Node::Group(clauses, _) => {
            let positive = clauses.iter().filter(|clause| clause.occur != Occur::MustNot);
            positive.for_each(|clause| collect(&clause.node, fields, found));
        }
        Node::Leaf(Leaf { field, term, .. }) => {
            let (text, wanted) = match term {
                Term::Words(text) => (text, full_text::wanted(text, false)),
                Term::Phrase(text, _) => (text, full_text::wanted(text, true)),
                Term::Pattern(text) => match text.strip_suffix('*') {
                    Some(start) if !start.is_empty() && !start.contains('*') => {
                        (text, Wanted::Beginning(start.to_lowercase()))
                    }
                    _ => return,
                },
                Term::Range(..) => return,
            };
            let own = field.clone().into_iter();
            let fields: Vec<_> = if field.is_some() { own.collect() } else { fields.to_vec() };
            found.extend(fields.into_iter().map(|field| Fragment {
                field,
                text: text.clone(),
                wanted: wanted.clone(),
            }));
        }
    }
}
