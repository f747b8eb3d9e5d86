//! What a query looks for in the texts of fields, for highlighting.

use std::ops::Bound;
use std::sync::Arc;

use serde_json::Value;

use super::fuzzy::{self, Fuzzy};
use super::pattern::Pattern;
use super::query_string::{Leaf, Term};
use super::{Context, full_text, query_string, range, value};
use crate::analysis;
use crate::mapping::{Kind, Resolved};

/// What is looked for in one field.
#[derive(Clone)]
pub(crate) struct Fragment {
    pub(crate) field: String,
    pub(crate) wanted: Wanted,
}

/// The words of a text, or exact values, that are looked for.
#[derive(Clone)]
pub(crate) enum Wanted {
    Term(String),
    /// Words one after the other, with at most so many others among them.
    Phrase(Vec<String>, usize),
    Terms(Arc<dyn Fn(&str) -> bool + Send + Sync>),
}

/// What a query would mark, by field. Parts that can't be read mark nothing: building the query reports them.
pub(crate) fn fragments(context: Context<'_>, query: &Value) -> Vec<Fragment> {
    let mut found = Found { context, fragments: Vec::new() };
    found.query(query);
    found.fragments
}

/// What was found so far.
struct Found<'a> {
    context: Context<'a>,
    fragments: Vec<Fragment>,
}

impl Found<'_> {
    fn query(&mut self, query: &Value) {
        for (kind, body) in query.as_object().into_iter().flatten() {
            self.kind(kind, body);
        }
    }

    fn kind(&mut self, kind: &str, body: &Value) {
        match kind {
            "bool" => {
                for clause in ["must", "should", "filter"].iter().filter_map(|key| body.get(key)) {
                    let clauses = clause.as_array().map_or(std::slice::from_ref(clause), Vec::as_slice);
                    clauses.iter().for_each(|clause| self.query(clause));
                }
            }
            "constant_score" => body.get("filter").into_iter().for_each(|filter| self.query(filter)),
            "multi_match" => {
                let text = body.get("query").map(value::text).unwrap_or_default();
                let phrase = body.get("type").is_some_and(|kind| kind == "phrase");
                let slop = phrase.then(|| count(body, "slop"));
                if let Some(fuzzy) = Fuzzy::of(body) {
                    return patterns(body).iter().for_each(|field| self.alike(field, &text, fuzzy));
                }
                patterns(body).iter().for_each(|field| self.text(field, &text, slop));
            }
            "query_string" => {
                let text = body.get("query").map(value::text).unwrap_or_default();
                let fields = patterns(body);
                query_string::wanted(&text).iter().for_each(|leaf| self.leaf(leaf, &fields));
            }
            _ => {
                for (field, body) in body.as_object().into_iter().flatten() {
                    self.on_field(kind, field, body);
                }
            }
        }
    }

    /// A term of a query string, in the field that it names or in these.
    fn leaf(&mut self, leaf: &Leaf, fields: &[String]) {
        let fields = leaf.field.as_ref().map_or(fields, std::slice::from_ref);
        fields.iter().for_each(|field| self.term_of_text(field, &leaf.term));
    }

    fn term_of_text(&mut self, pattern: &str, term: &Term) {
        let context = self.context;
        let fields = || context.mapping.matching(pattern).into_iter().map(|resolved| resolved.path);
        match term {
            Term::Words(text) => self.text(pattern, text, None),
            Term::Phrase(text, slop) => self.text(pattern, text, Some(*slop as usize)),
            Term::Prefix(start) => {
                fields().for_each(|path| self.prefix(&path, &query_string::lower(context, &path, start)));
            }
            Term::Pattern(text) if text == "*" => {}
            Term::Pattern(text) => {
                fields().for_each(|path| self.wildcard(&path, &query_string::lower(context, &path, text)));
            }
            Term::Range(from, to) => fields().for_each(|path| {
                let [from, to] = [from, to].map(|end| query_string::lower_end(context, &path, end));
                self.range(&path, (from.as_ref(), to.as_ref()));
            }),
        }
    }

    /// A query of one field.
    fn on_field(&mut self, kind: &str, field: &str, body: &Value) {
        let value = ["query", "value"].iter().find_map(|key| body.get(key)).unwrap_or(body);
        let text = || value::text(value);
        match kind {
            "match" => match Fuzzy::of(body) {
                Some(fuzzy) => self.alike(field, &text(), fuzzy),
                None => self.text(field, &text(), None),
            },
            "match_phrase" => self.text(field, &text(), Some(count(body, "slop"))),
            "term" => self.exact(field, &text()),
            "terms" => {
                let values = value.as_array().into_iter().flatten();
                values.for_each(|value| self.exact(field, &value::text(value)));
            }
            "prefix" => self.prefix(field, &text()),
            "wildcard" => self.wildcard(field, &text()),
            "range" => {
                let end = |key: &str| body.get(key).filter(|end| !end.is_null());
                let from = end("gte").map(Bound::Included).or(end("gt").map(Bound::Excluded));
                let to = end("lte").map(Bound::Included).or(end("lt").map(Bound::Excluded));
                let open = Bound::Unbounded;
                self.range(field, (from.unwrap_or(open), to.unwrap_or(open)));
            }
            _ => {}
        }
    }

    /// The fields of a pattern whose texts may be marked.
    fn fields(&self, pattern: &str) -> Vec<Resolved<'_>> {
        let mut fields = self.context.mapping.matching(pattern);
        fields.retain(|resolved| matches!(resolved.field.kind, Kind::Text | Kind::Keyword));
        fields
    }

    /// Looks for the words of a text, or for a phrase of them.
    fn text(&mut self, pattern: &str, text: &str, slop: Option<usize>) {
        let mut found = Vec::new();
        for Resolved { path, field } in self.fields(pattern) {
            let wanted: Vec<Wanted> = match (field.kind, slop) {
                (Kind::Text, slop) => {
                    let words: Vec<String> =
                        analysis::words(text).into_iter().map(|word| word.text).collect();
                    match slop {
                        Some(slop) if words.len() > 1 => vec![Wanted::Phrase(words, slop)],
                        _ => words.into_iter().map(Wanted::Term).collect(),
                    }
                }
                (_, None) if field.split_queries => text
                    .split_whitespace()
                    .map(|word| Wanted::Term(field.normalized(word).into_owned()))
                    .collect(),
                _ => vec![Wanted::Term(field.normalized(text).into_owned())],
            };
            found.extend(wanted.into_iter().map(|wanted| Fragment { field: path.clone(), wanted }));
        }
        self.fragments.extend(found);
    }

    /// Looks for words that are spelled much like those of a text.
    fn alike(&mut self, pattern: &str, text: &str, fuzzy: Fuzzy) {
        let mut found = Vec::new();
        for Resolved { path, field } in self.fields(pattern) {
            found.extend(fuzzy::words(field, text).into_iter().map(|word| {
                let wanted = Wanted::Terms(Arc::new(move |term| fuzzy.accepts(&word, term)));
                Fragment { field: path.clone(), wanted }
            }));
        }
        self.fragments.extend(found);
    }

    fn exact(&mut self, pattern: &str, text: &str) {
        self.each(pattern, |resolved| Wanted::Term(resolved.field.normalized(text).into_owned()));
    }

    fn prefix(&mut self, pattern: &str, text: &str) {
        self.each(pattern, |resolved| {
            let start = resolved.field.normalized(text).into_owned();
            Wanted::Terms(Arc::new(move |term| term.starts_with(&start)))
        });
    }

    fn wildcard(&mut self, name: &str, text: &str) {
        if text.is_empty() {
            return;
        }
        self.each(name, |resolved| {
            let pattern = Pattern::read(&resolved.field.normalized(text));
            Wanted::Terms(Arc::new(move |term| pattern.matches(term)))
        });
    }

    fn range(&mut self, pattern: &str, (from, to): (Bound<&Value>, Bound<&Value>)) {
        if matches!((from, to), (Bound::Unbounded, Bound::Unbounded)) {
            return;
        }
        self.each(pattern, |resolved| {
            let is_inside = range::between(resolved.field, range::Ends { from, to });
            Wanted::Terms(Arc::new(move |term| is_inside(term.as_bytes())))
        });
    }

    fn each(&mut self, pattern: &str, wanted: impl Fn(&Resolved<'_>) -> Wanted) {
        let fields = self.fields(pattern);
        let found: Vec<_> = fields
            .iter()
            .map(|resolved| Fragment { field: resolved.path.clone(), wanted: wanted(resolved) })
            .collect();
        self.fragments.extend(found);
    }
}

fn count(body: &Value, key: &str) -> usize {
    body.get(key).and_then(Value::as_u64).unwrap_or(0) as usize
}

/// The fields of a query over several.
fn patterns(body: &Value) -> Vec<String> {
    let listed = body.get("fields").and_then(Value::as_array).into_iter().flatten();
    let one = body.get("default_field").into_iter();
    let names = full_text::weighted(&listed.chain(one).collect::<Vec<_>>()).unwrap_or_default();
    if names.is_empty() { vec!["*".to_owned()] } else { names.into_iter().map(|(name, _)| name).collect() }
}
