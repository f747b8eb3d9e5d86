//! Highlighting: fragments of a text with the words that were looked for marked.

mod passages;

use std::borrow::Cow;
use std::ops::Range;

use serde_json::Value;
use tantivy::tokenizer::Token;

use self::passages::{beginning, passages};
use crate::analysis;
use crate::failure::{Failure, Result};
use crate::mapping::{Field, Kind, Mapping};
use crate::options::Options;
use crate::query::{self, Context, Fragment, Wanted};
use crate::tree::Tree;

/// What is to be highlighted, and how.
#[derive(Debug)]
pub(crate) struct Highlight {
    fields: Vec<HighlightField>,
    query: Option<Value>,
}

#[derive(Debug, Clone)]
struct HighlightField {
    pattern: String,
    style: Style,
}

#[derive(Debug, Clone)]
struct Style {
    pre: String,
    post: String,
    size: usize,
    count: usize,
    no_match: usize,
    require_field_match: bool,
    by_score: bool,
}

impl Default for Style {
    fn default() -> Self {
        let (pre, post) = ("<em>".to_owned(), "</em>".to_owned());
        Style { pre, post, size: 100, count: 5, no_match: 0, require_field_match: true, by_score: false }
    }
}

impl Highlight {
    pub(super) fn read(value: &Value) -> Result<Self> {
        let mut options = Options::new("highlight", value)?;
        let style = Style::default().read(&mut options)?;
        let query = options.take("highlight_query").cloned();
        let mut fields = Vec::new();
        for entry in options.list("fields") {
            for (pattern, own) in entry
                .as_object()
                .ok_or_else(|| Failure::parsing("[fields] of [highlight] must be an object"))?
            {
                let mut own = Options::new(format!("highlight of {pattern}"), own)?;
                let style = style.clone().read(&mut own)?;
                own.finish()?;
                fields.push(HighlightField { pattern: pattern.clone(), style });
            }
        }
        options.finish()?;
        Ok(Highlight { fields, query })
    }

    /// # Errors
    /// Those of the query, if it is another than that of the search.
    pub(super) fn check(&self, context: Context<'_>) -> Result<()> {
        self.query.as_ref().map_or(Ok(()), |query| query::build(context, query).map(drop))
    }

    /// What its own query marks; `None` if it is that of the search.
    pub(super) fn fragments(&self, context: Context<'_>) -> Option<Vec<Fragment>> {
        self.query.as_ref().map(|query| query::fragments(context, query))
    }
}

impl Style {
    fn read(mut self, options: &mut Options<'_>) -> Result<Self> {
        let (pre, post) = (tag(options, "pre_tags")?, tag(options, "post_tags")?);
        if pre.is_some() && post.is_none() {
            return Err(Failure::parsing("pre_tags are set but post_tags are not set"));
        }
        self.pre = pre.unwrap_or(self.pre);
        self.post = post.unwrap_or(self.post);
        self.size = options.count("fragment_size")?.unwrap_or(self.size);
        self.count = options.count("number_of_fragments")?.unwrap_or(self.count);
        self.no_match = options.count("no_match_size")?.unwrap_or(self.no_match);
        self.require_field_match = options.flag("require_field_match")?.unwrap_or(self.require_field_match);
        self.by_score = match options.text("order")? {
            None => self.by_score,
            Some("score") => true,
            Some("none") => false,
            Some(other) => return Err(Failure::argument(format!("unknown highlight order [{other}]"))),
        };
        match options.text("type")? {
            None | Some("unified") => Ok(self),
            Some(other) => Err(Failure::unsupported(format!("the highlighter [{other}]"))),
        }
    }
}

/// The first of the tags of that name.
fn tag(options: &mut Options<'_>, key: &str) -> Result<Option<String>> {
    let Some(tags) = options.take(key) else { return Ok(None) };
    let first = if let Value::Array(tags) = tags { tags.first() } else { Some(tags) };
    match first {
        None => Err(Failure::argument("pre_tags or post_tags must not be empty")),
        Some(Value::String(tag)) => Ok(Some(tag.clone())),
        Some(other) => Err(Failure::parsing(format!("[{key}] must be strings but one is {other}"))),
    }
}

/// The `highlight` object of one document.
pub(super) fn mark(
    asked: &Highlight,
    fragments: &[Fragment],
    mapping: &Mapping,
    source: &Value,
) -> Vec<(Cow<'static, str>, Tree)> {
    let mut texts = Vec::new();
    leaves("", source, &mut texts);
    let mut marked = Vec::new();
    for HighlightField { pattern, style } in &asked.fields {
        for resolved in mapping.matching(pattern) {
            if !matches!(resolved.field.kind, Kind::Text | Kind::Keyword) {
                continue;
            }
            let is_meant =
                |fragment: &&Fragment| !style.require_field_match || fragment.field == resolved.path;
            let wanted: Vec<&Wanted> =
                fragments.iter().filter(is_meant).map(|fragment| &fragment.wanted).collect();
            let found = marked_texts(style, &wanted, (resolved.field, texts_of(&texts, &resolved.path)));
            if !found.is_empty() {
                marked.push((resolved.path.into(), Tree::from(found)));
            }
        }
    }
    marked
}

/// The texts of a field; a sub-field has those of its field.
fn texts_of<'a>(texts: &'a [(String, Vec<String>)], path: &str) -> &'a [String] {
    let at = |path: &str| texts.iter().find(|(other, _)| other == path).map(|(_, texts)| texts.as_slice());
    at(path).or_else(|| at(path.rsplit_once('.')?.0)).unwrap_or_default()
}

fn marked_texts(style: &Style, wanted: &[&Wanted], (field, texts): (&Field, &[String])) -> Vec<String> {
    let exact = field.kind == Kind::Keyword;
    let texts: Vec<_> =
        texts.iter().filter(|text| field.keeps(text)).map(|text| field.normalized(text)).collect();
    let mut found: Vec<(usize, String)> = Vec::new();
    for (at, text) in texts.iter().enumerate() {
        // Nothing is marked at the very end of all values.
        if text.is_empty() && at + 1 == texts.len() {
            continue;
        }
        let hits = if exact { whole(text, wanted) } else { hits(style, &analysis::words(text), wanted) };
        if hits.is_empty() {
            continue;
        }
        let size = if style.count == 0 || exact { usize::MAX } else { style.size };
        for passage in passages(text, &hits, size) {
            let inside: Vec<_> =
                hits.iter().filter(|hit| passage.start <= hit.start && hit.end <= passage.end).collect();
            found.push((inside.len(), tagged(style, text, passage, &inside)));
        }
    }
    if style.by_score {
        found.sort_by_key(|(count, _)| std::cmp::Reverse(*count));
    }
    found.truncate(if style.count == 0 { usize::MAX } else { style.count });
    if found.is_empty() && style.no_match > 0 {
        let first = texts.iter().find(|text| !text.is_empty());
        found.extend(first.map(|text| (0, beginning(text, style.no_match).to_owned())));
    }
    found.into_iter().map(|(_, text)| shown(style, text)).filter(|text| !text.chars().all(is_blank)).collect()
}

/// A fragment without the white space around it; a whole text keeps it.
fn shown(style: &Style, text: String) -> String {
    if style.count == 0 { text } else { text.trim_matches(|character| character <= ' ').to_owned() }
}

/// White space, but for what holds words together.
fn is_blank(character: char) -> bool {
    character.is_whitespace() && !matches!(character, '\u{85}' | '\u{a0}' | '\u{2007}' | '\u{202f}')
}

/// Byte ranges of the words that were looked for, in order. A phrase is one, unless fields need not match: then its words
/// are.
fn hits(style: &Style, tokens: &[Token], wanted: &[&Wanted]) -> Vec<Range<usize>> {
    let mut hits = Vec::new();
    for (at, token) in tokens.iter().enumerate() {
        for wanted in wanted {
            let places = match wanted {
                Wanted::Term(word) if *word == token.text => vec![at],
                Wanted::Terms(accept) if accept(&token.text) => vec![at],
                Wanted::Phrase(words, slop) => phrase(tokens, at, (words, *slop)),
                _ => continue,
            };
            let places = if style.require_field_match {
                places.first().zip(places.last()).into_iter().map(|(first, last)| (*first, *last)).collect()
            } else {
                places.into_iter().map(|place| (place, place)).collect::<Vec<_>>()
            };
            hits.extend(
                places.into_iter().map(|(first, last)| tokens[first].offset_from..tokens[last].offset_to),
            );
        }
    }
    hits.sort_by_key(|hit: &Range<usize>| (hit.start, hit.end));
    hits.dedup();
    hits
}

/// The places of the words of a phrase that begins at a place; none if it does not.
fn phrase(tokens: &[Token], at: usize, (words, slop): (&[String], usize)) -> Vec<usize> {
    let mut places = Vec::with_capacity(words.len());
    let mut next = at;
    for (order, word) in words.iter().enumerate() {
        let left = if order == 0 { 0 } else { slop - (next - at - order) };
        let found = tokens[next..].iter().take(left + 1).position(|token| token.text == *word);
        let Some(found) = found else { return Vec::new() };
        places.push(next + found);
        next += found + 1;
    }
    places
}

/// An exact value is marked as a whole, or not at all.
fn whole(value: &str, wanted: &[&Wanted]) -> Vec<Range<usize>> {
    let hit = wanted.iter().any(|wanted| match wanted {
        Wanted::Term(term) => term == value,
        Wanted::Terms(accept) => accept(value),
        Wanted::Phrase(..) => false,
    });
    if hit { std::iter::once(0..value.len()).collect() } else { Vec::new() }
}

/// The text of a passage with its hits marked; of two that overlap, the second is marked from the end of the first.
fn tagged(style: &Style, text: &str, passage: Range<usize>, hits: &[&Range<usize>]) -> String {
    let mut out = String::new();
    let mut from = passage.start;
    for hit in hits {
        if hit.end <= from && !hit.is_empty() {
            continue;
        }
        let start = hit.start.max(from);
        out.push_str(&text[from..start]);
        out.push_str(&style.pre);
        out.push_str(&text[start..hit.end]);
        out.push_str(&style.post);
        from = hit.end;
    }
    out.push_str(&text[from..passage.end]);
    out
}

/// Every value of a source as a text, by its path.
fn leaves(path: &str, value: &Value, found: &mut Vec<(String, Vec<String>)>) {
    match value {
        Value::Null => {}
        Value::Array(items) => items.iter().for_each(|item| leaves(path, item, found)),
        Value::Object(members) => {
            for (name, value) in members {
                let below = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
                leaves(&below, value, found);
            }
        }
        value => match found.iter_mut().find(|(other, _)| other == path) {
            Some((_, texts)) => texts.push(query::text(value)),
            None => found.push((path.to_owned(), vec![query::text(value)])),
        },
    }
}
