//! The query string: Lucene's small language, as in `q=title:(quick OR brown) AND NOT fox`.

mod parse;
mod tokens;

use std::ops::Bound;

use serde_json::Value;
use tantivy::query::{BooleanQuery, Occur};

use self::parse::{Clause, Node};
pub(super) use self::parse::{Leaf, Term};
use super::full_text::{self, Asked, Weighted};
use super::range::{self, Ends};
use super::{BoxQuery, Context, all, constant, exact, exists, none, scan, value, with_boost};
use crate::analysis;
use crate::failure::{Failure, Result};
use crate::options::Options;

/// Where words without a field of their own are looked for, and how.
struct Defaults {
    fields: Vec<Weighted>,
    /// The only one of them, if it is named as such: an object may be too.
    field: Option<String>,
    lenient: bool,
    and: bool,
}

pub(super) fn read(context: Context<'_>, options: &mut Options<'_>) -> Result<BoxQuery> {
    let text = options
        .text("query")?
        .ok_or_else(|| Failure::parsing("query_string must be provided with a [query]"))?;
    let mut fields = full_text::weighted(&options.list("fields"))?;
    let field = options.text("default_field")?;
    fields.extend(field.map(|field| (field.to_owned(), None)));
    let field = field.filter(|field| fields.len() == 1 && !field.contains('*')).map(str::to_owned);
    let and = options.text("default_operator")?.is_some_and(|operator| operator.eq_ignore_ascii_case("and"));
    let lenient = options.flag("lenient")?.unwrap_or(fields.is_empty());
    options.flag("analyze_wildcard")?;
    whole(context, &parse::parse(text, and)?, &Defaults { fields, field, lenient, and })
}

pub(super) fn from_text(context: Context<'_>, text: &str, and: bool) -> Result<BoxQuery> {
    whole(
        context,
        &parse::parse(text, and)?,
        &Defaults { fields: Vec::new(), field: None, lenient: true, and },
    )
}

fn whole(context: Context<'_>, node: &Node, defaults: &Defaults) -> Result<BoxQuery> {
    Ok(build(context, node, defaults)?.unwrap_or_else(none))
}

/// The query of a node; `None` if nothing is left of its text, which then asks for nothing.
fn build(context: Context<'_>, node: &Node, defaults: &Defaults) -> Result<Option<BoxQuery>> {
    let (query, boost) = match node {
        Node::Leaf(leaf) => (build_leaf(context, leaf, defaults)?, leaf.boost),
        Node::Group(clauses, boost) => {
            let mut queries = Vec::new();
            for Clause { occur, node } in clauses {
                if let Some(query) = build(context, node, defaults)? {
                    let excluded = *occur == Occur::MustNot;
                    queries.push((*occur, if excluded { scan::beforehand(query) } else { query }));
                }
            }
            (group(queries), *boost)
        }
    };
    Ok(query.map(|query| with_boost(query, boost)))
}

fn group(mut clauses: Vec<(Occur, BoxQuery)>) -> Option<BoxQuery> {
    Some(match clauses.as_slice() {
        [] => return None,
        [(Occur::Must | Occur::Should, _)] => clauses.remove(0).1,
        clauses if clauses.iter().all(|(occur, _)| *occur == Occur::MustNot) => none_but_not(clauses),
        _ => Box::new(BooleanQuery::new(clauses)),
    })
}

fn none_but_not(clauses: &[(Occur, BoxQuery)]) -> BoxQuery {
    let mut clauses: Vec<_> = clauses.iter().map(|(occur, query)| (*occur, query.box_clone())).collect();
    clauses.push((Occur::Must, constant(all(), 0.0)));
    Box::new(BooleanQuery::new(clauses))
}

fn build_leaf(context: Context<'_>, leaf: &Leaf, defaults: &Defaults) -> Result<Option<BoxQuery>> {
    let default = defaults.field.as_deref();
    Ok(Some(match (leaf.field.as_deref(), &leaf.term) {
        (None, Term::Pattern(pattern)) if pattern == "*" && default.is_some() => {
            constant(default.map_or_else(none, |field| exists::having(context, field)), 1.0)
        }
        (Some("*") | None, Term::Pattern(pattern)) if pattern == "*" && defaults.are_all(leaf) => all(),
        (Some(field), Term::Pattern(pattern)) if pattern == "*" && !field.contains('*') => {
            constant(exists::having(context, field), 1.0)
        }
        (Some("_exists_"), Term::Words(field) | Term::Phrase(field, _)) => {
            constant(exists::having(context, field), 1.0)
        }
        (Some("_id"), Term::Words(id) | Term::Phrase(id, _)) => {
            exact::one(context, "_id", &Value::String(id.clone()))?
        }
        (Some(field), term) => return in_fields(context, term, &[(field.to_owned(), None)], defaults),
        (None, term) => return in_fields(context, term, &defaults.fields, defaults),
    }))
}

impl Defaults {
    /// True if the leaf names its field, or every field is meant.
    fn are_all(&self, leaf: &Leaf) -> bool {
        leaf.field.is_some() || self.fields.iter().all(|(name, _)| name == "*")
    }
}

fn in_fields(
    context: Context<'_>,
    term: &Term,
    fields: &[Weighted],
    defaults: &Defaults,
) -> Result<Option<BoxQuery>> {
    let Defaults { lenient, and, .. } = *defaults;
    let asked = match term {
        Term::Words(text) => Asked { lenient, and, ..Asked::words(text) },
        Term::Phrase(text, slop) => Asked { lenient, slop: *slop, ..Asked::phrase(text) },
        Term::Prefix(start) => {
            return union(context, (fields, lenient), |name| {
                exact::starting(context, name, &lower(context, name, start))
            })
            .map(Some);
        }
        Term::Pattern(pattern) => {
            return union(context, (fields, lenient), |name| match pattern.as_str() {
                "*" => Ok(exists::having(context, name)),
                _ if context.mapping.is_key(name) => Ok(none()),
                _ => exact::fitting(context, name, &lower(context, name, pattern)),
            })
            .map(Some);
        }
        Term::Range(from, to) => {
            return union(context, (fields, lenient), |name| {
                let (from, to) = (lower_end(context, name, from), lower_end(context, name, to));
                range::within(context, name, Ends { from: from.as_ref(), to: to.as_ref() })
            })
            .map(Some);
        }
    };
    if full_text::asks_for_nothing(context, fields, &asked) {
        return Ok(None);
    }
    full_text::in_fields(context, fields, &asked, 0.0).map(Some)
}

/// Matches in any of the fields. Fields that can't take the term are left out if that is allowed.
fn union(
    context: Context<'_>,
    (fields, lenient): (&[Weighted], bool),
    query: impl Fn(&str) -> Result<BoxQuery>,
) -> Result<BoxQuery> {
    let every = [("*".to_owned(), None)];
    let fields = if fields.is_empty() { &every } else { fields };
    let mut queries = Vec::new();
    for (pattern, boost) in fields {
        let found = context.mapping.matching(pattern).into_iter().map(|resolved| resolved.path);
        for name in found.chain((pattern == "_id").then(|| pattern.clone())) {
            match query(&name) {
                Ok(query) => queries.push(with_boost(query, *boost)),
                Err(failure) if failure.status() == 501 || !(lenient || pattern == "*") => {
                    return Err(failure);
                }
                Err(_) => {}
            }
        }
    }
    Ok(if queries.is_empty() { none() } else { constant(Box::new(BooleanQuery::union(queries)), 1.0) })
}

pub(super) fn lower_end(context: Context<'_>, name: &str, end: &Bound<Value>) -> Bound<Value> {
    end.clone().map(|end| lower(context, name, &value::text(&end)).into())
}

/// Patterns meet analysed text in lower case, as its words are.
pub(super) fn lower(context: Context<'_>, name: &str, text: &str) -> String {
    let analysed =
        context.mapping.field(name).is_some_and(|resolved| resolved.field.kind == crate::mapping::Kind::Text);
    if analysed { analysis::lower(text) } else { text.to_owned() }
}

/// The terms of a query string that a document may hold; those that are excluded, and a text that is no query, give none.
pub(super) fn wanted(text: &str) -> Vec<Leaf> {
    let mut leaves = Vec::new();
    if let Ok(node) = parse::parse(text, false) {
        collect(node, &mut leaves);
    }
    leaves
}

fn collect(node: Node, leaves: &mut Vec<Leaf>) {
    match node {
        Node::Leaf(leaf) => leaves.push(leaf),
        Node::Group(clauses, _) => {
            let positive = clauses.into_iter().filter(|clause| clause.occur != Occur::MustNot);
            positive.for_each(|clause| collect(clause.node, leaves));
        }
    }
}
