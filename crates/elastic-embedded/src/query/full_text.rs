//! Full text: match, match_phrase, multi_match.

use serde_json::Value;
use tantivy::Term;
use tantivy::query::{BooleanQuery, DisjunctionMaxQuery, Occur, PhraseQuery, TermQuery};
use tantivy::schema::IndexRecordOption;

use super::fuzzy::{self, Fuzzy};
use super::{BoxQuery, Context, exact, minimum_should_match, none, refusal, value, with_boost};
use crate::analysis;
use crate::failure::{Failure, Result};
use crate::mapping::{Kind, Resolved};
use crate::options::Options;

/// How the words of a text are looked for.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Asked {
    pub(super) text: String,
    /// The same as it was asked for, for fields that hold no text.
    pub(super) value: Value,
    pub(super) and: bool,
    pub(super) phrase: bool,
    pub(super) slop: u32,
    pub(super) minimum: Option<Value>,
    pub(super) lenient: bool,
    pub(super) fuzzy: Option<Fuzzy>,
}

impl Asked {
    pub(super) fn words(text: impl Into<String>) -> Self {
        let text: String = text.into();
        Asked {
            value: text.clone().into(),
            text,
            and: false,
            phrase: false,
            slop: 0,
            minimum: None,
            lenient: false,
            fuzzy: None,
        }
    }

    pub(super) fn phrase(text: impl Into<String>) -> Self {
        Asked { phrase: true, ..Asked::words(text) }
    }

    fn read(options: &mut Options<'_>) -> Result<Self> {
        let query =
            options.take("query").ok_or_else(|| Failure::parsing("No text specified for text query"))?;
        let mut asked = Asked::words(value::text(query));
        asked.value = query.clone();
        asked.and = match options.text("operator")?.map(str::to_lowercase).as_deref() {
            Some("and") => true,
            None | Some("or") => false,
            Some(other) => {
                return Err(Failure::argument(format!(
                    "No enum constant org.elasticsearch.index.query.Operator.{}",
                    other.to_uppercase()
                )));
            }
        };
        asked.minimum = options.take("minimum_should_match").cloned();
        asked.lenient = options.flag("lenient")?.unwrap_or(false);
        asked.slop = options.count("slop")?.unwrap_or(0) as u32;
        asked.fuzzy = Fuzzy::read(options)?;
        Ok(if asked.lenient { asked.with_text_alone() } else { asked })
    }

    /// The same for a text in the place of a number, as the real one takes it where it can't ask for the exact value.
    fn with_text_alone(self) -> Self {
        Asked { value: self.text.clone().into(), ..self }
    }
}

/// A field with the weight of its score.
pub(super) type Weighted = (String, Option<f64>);

pub(super) fn matching(context: Context<'_>, options: Options<'_>) -> Result<BoxQuery> {
    on_one_field(context, options, false)
}

pub(super) fn phrase(context: Context<'_>, options: Options<'_>) -> Result<BoxQuery> {
    on_one_field(context, options, true)
}

fn on_one_field(context: Context<'_>, mut options: Options<'_>, phrase: bool) -> Result<BoxQuery> {
    let (field, body) = options.only()?;
    let (mut asked, boost) = asked_of(body)?;
    asked.phrase = phrase;
    if phrase && asked.fuzzy.is_some() {
        return Err(Failure::parsing("[match_phrase] query does not support [fuzziness]"));
    }
    Ok(with_boost(in_field(context, field, &asked)?, boost))
}

fn asked_of(body: &Value) -> Result<(Asked, Option<f64>)> {
    if !body.is_object() {
        return Ok((Asked { value: body.clone(), ..Asked::words(value::text(body)) }, None));
    }
    let mut options = Options::new("match", body)?;
    let (asked, boost) = (Asked::read(&mut options)?, options.double("boost")?);
    options.finish()?;
    Ok((asked, boost))
}

pub(super) fn multi_match(context: Context<'_>, options: &mut Options<'_>) -> Result<BoxQuery> {
    let mut asked = Asked::read(options)?.with_text_alone();
    let fields = weighted(&options.list("fields"))?;
    let kind = options.text("type")?.unwrap_or("best_fields");
    let tie = options.double("tie_breaker")?;
    asked.phrase = match kind {
        "best_fields" | "most_fields" => false,
        "phrase" => true,
        other => return Err(Failure::unsupported(format!("[multi_match] of type [{other}]"))),
    };
    if asked.phrase && asked.fuzzy.is_some() {
        return Err(Failure::parsing("Fuzziness not allowed for type [phrase]"));
    }
    let tie = if kind == "most_fields" { 1.0 } else { tie.unwrap_or(0.0) };
    in_fields(context, &fields, &asked, tie)
}

/// Reads fields such as `name^3`.
pub(super) fn weighted(fields: &[&Value]) -> Result<Vec<Weighted>> {
    let read = |field: &&Value| {
        let text = field
            .as_str()
            .ok_or_else(|| Failure::parsing(format!("a field must be a string but is {field}")))?;
        match text.split_once('^') {
            None => Ok((text.to_owned(), None)),
            Some((name, boost)) => match boost.parse() {
                Ok(boost) => Ok((name.to_owned(), Some(boost))),
                Err(_) => Err(Failure::argument(format!("the boost of [{text}] is no number"))),
            },
        }
    };
    fields.iter().map(read).collect()
}

/// The best of several fields; all fields if none is named.
pub(super) fn in_fields(
    context: Context<'_>,
    fields: &[Weighted],
    asked: &Asked,
    tie: f64,
) -> Result<BoxQuery> {
    let every = [("*".to_owned(), None)];
    let fields = if fields.is_empty() { &every } else { fields };
    let mut asked = asked.clone();
    asked.lenient |= fields.iter().any(|(name, _)| name == "*");
    let mut queries = Vec::new();
    for (pattern, boost) in fields {
        if pattern == "_id" {
            queries.push(with_boost(in_field(context, pattern, &asked)?, *boost));
        }
        for resolved in context.mapping.matching(pattern) {
            if pattern.contains('*') && !resolved.field.index && !resolved.field.doc_values {
                continue;
            }
            queries.push(with_boost(in_field(context, &resolved.path, &asked)?, *boost));
        }
    }
    Ok(match queries.len() {
        0 => none(),
        1 => queries.remove(0),
        _ => Box::new(DisjunctionMaxQuery::with_tie_breaker(queries, tie as f32)),
    })
}

/// True if no word is left of the text in any of the fields, and so nothing is asked for.
pub(super) fn asks_for_nothing(context: Context<'_>, fields: &[Weighted], asked: &Asked) -> bool {
    let mut found = fields.iter().flat_map(|(pattern, _)| context.mapping.matching(pattern)).peekable();
    found.peek().is_some()
        && analysis::words(&asked.text).is_empty()
        && found.all(|resolved| resolved.field.kind == Kind::Text)
}

/// The words of a text in one field.
pub(super) fn in_field(context: Context<'_>, name: &str, asked: &Asked) -> Result<BoxQuery> {
    let Some(Resolved { path, field }) = context.mapping.field(name) else {
        return if name == "_id" { exact::one(context, name, &asked.value) } else { Ok(none()) };
    };
    if let Some(fuzzy) = &asked.fuzzy {
        return alike(context, &Resolved { path, field }, (asked, fuzzy));
    }
    if field.split_queries && field.index && !asked.phrase {
        let words = asked.text.split_whitespace().map(|word| context.fields.string_term(&path, field, word));
        return some_of(asked, words.collect());
    }
    if field.kind != Kind::Text {
        let exact = exact::one(context, &path, &asked.value);
        return if asked.lenient { exact.or_else(|_| Ok(none())) } else { exact };
    }
    let words = analysis::words(&asked.text);
    if !field.index && !words.is_empty() {
        return if asked.lenient { Ok(none()) } else { Err(refusal::unindexed(&path)) };
    }
    let term = |word: &str| context.fields.string_term(&path, field, word);
    if asked.phrase && words.len() > 1 {
        let terms = words.iter().map(|word| (word.position, term(&word.text))).collect();
        return Ok(Box::new(PhraseQuery::new_with_offset_and_slop(terms, asked.slop)));
    }
    some_of(asked, words.iter().map(|word| term(&word.text)).collect())
}

/// The words of a text, or ones that are spelled much like them, in one field.
fn alike(
    context: Context<'_>,
    resolved: &Resolved<'_>,
    (asked, fuzzy): (&Asked, &Fuzzy),
) -> Result<BoxQuery> {
    let Resolved { path, field } = resolved;
    if !matches!(field.kind, Kind::Text | Kind::Keyword) || !field.index {
        if asked.lenient {
            return Ok(none());
        }
        let kind = field.kind.name();
        return Err(refusal::no_such_query(format!(
            "Can only use fuzzy queries on keyword and text fields - not on [{path}] which is of type [{kind}]"
        )));
    }
    let one = |word: &String| -> BoxQuery { exact::alike(context, resolved, (word, *fuzzy)) };
    some_clauses(asked, fuzzy::words(field, &asked.text).iter().map(one).collect())
}

/// As many of the terms as are asked for.
fn some_of(asked: &Asked, terms: Vec<Term>) -> Result<BoxQuery> {
    let one = |term| -> BoxQuery { Box::new(TermQuery::new(term, IndexRecordOption::WithFreqs)) };
    some_clauses(asked, terms.into_iter().map(one).collect())
}

fn some_clauses(asked: &Asked, queries: Vec<BoxQuery>) -> Result<BoxQuery> {
    let occur = if asked.and { Occur::Must } else { Occur::Should };
    let mut clauses: Vec<_> = queries.into_iter().map(|query| (occur, query)).collect();
    Ok(match (clauses.len(), &asked.minimum) {
        (0, _) => none(),
        (1, _) => clauses.remove(0).1,
        (count, Some(minimum)) if !asked.and => Box::new(BooleanQuery::with_minimum_required_clauses(
            clauses,
            minimum_should_match(minimum, count)?.max(1),
        )),
        _ => Box::new(BooleanQuery::new(clauses)),
    })
}
