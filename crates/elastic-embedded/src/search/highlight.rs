//! Highlighting: fragments of a text with the words that were looked for marked.

mod passages;

use std::borrow::Cow;
use std::ops::Range;

use serde_json::Value;
use tantivy::tokenizer::Token;

use self::passages::{beginning, passages};
use super::request::Request;
use crate::analysis;
use crate::failure::{Failure, Result};
use crate::filter_path::wildcard;
use crate::mapping::{Kind, Mapping};
use crate::options::Options;
use crate::query::{Context, Fragment, Wanted};
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

    /// What the query marks.
    pub(super) fn fragments(&self, context: Context<'_>, request: &Request) -> Vec<Fragment> {
        match &self.query {
            Some(query) => crate::query::fragments(context, query),
            None => super::fetch::fragments_of(context, request),
        }
    }
}

impl Style {
    fn read(mut self, options: &mut Options<'_>) -> Result<Self> {
        if let Some(Value::String(tag)) = options.list("pre_tags").first() {
            self.pre.clone_from(tag);
        }
        if let Some(Value::String(tag)) = options.list("post_tags").first() {
            self.post.clone_from(tag);
        }
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
            let exact = match resolved.field.kind {
                Kind::Text => false,
                Kind::Keyword => true,
                _ => continue,
            };
            let wanted: Vec<&Fragment> = fragments
                .iter()
                .filter(|fragment| !style.require_field_match || wildcard(&fragment.field, &resolved.path))
                .collect();
            let found = field(style, &wanted, texts_of(&texts, &resolved.path), exact);
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

fn field(style: &Style, wanted: &[&Fragment], texts: &[String], exact: bool) -> Vec<String> {
    let mut found: Vec<(usize, String)> = Vec::new();
    for text in texts {
        let hits = if exact { whole(text, wanted) } else { hits(&analysis::words(text), wanted) };
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
        return texts.first().map(|text| beginning(text, style.no_match).to_owned()).into_iter().collect();
    }
    found.into_iter().map(|(_, text)| text).collect()
}

/// Byte ranges of the words that were looked for.
fn hits(tokens: &[Token], wanted: &[&Fragment]) -> Vec<Range<usize>> {
    let mut marked = vec![false; tokens.len()];
    for Fragment { wanted, .. } in wanted {
        for (at, token) in tokens.iter().enumerate() {
            let length = match wanted {
                Wanted::Words(words) => usize::from(words.contains(&token.text)),
                Wanted::Beginning(start) => usize::from(token.text.starts_with(start.as_str())),
                Wanted::Phrase(words) => {
                    let next = tokens[at..].iter().map(|token| &token.text).take(words.len());
                    if next.eq(words.iter()) { words.len() } else { 0 }
                }
            };
            marked[at..at + length].fill(true);
        }
    }
    let hit = tokens.iter().zip(marked).filter(|(_, marked)| *marked);
    hit.map(|(token, _)| token.offset_from..token.offset_to).collect()
}

/// A keyword is marked as a whole, or not at all.
fn whole(text: &str, wanted: &[&Fragment]) -> Vec<Range<usize>> {
    let hit = wanted.iter().any(|fragment| match &fragment.wanted {
        Wanted::Beginning(start) => text.starts_with(start.as_str()),
        Wanted::Words(_) | Wanted::Phrase(_) => fragment.text == text,
    });
    if hit { std::iter::once(0..text.len()).collect() } else { Vec::new() }
}

fn tagged(style: &Style, text: &str, passage: Range<usize>, hits: &[&Range<usize>]) -> String {
    let mut out = String::new();
    let mut from = passage.start;
    for hit in hits {
        out.push_str(&text[from..hit.start]);
        out.push_str(&style.pre);
        out.push_str(&text[hit.start..hit.end]);
        out.push_str(&style.post);
        from = hit.end;
    }
    out.push_str(&text[from..passage.end]);
    out
}

/// Every string of a source, by its path.
fn leaves(path: &str, value: &Value, found: &mut Vec<(String, Vec<String>)>) {
    match value {
        Value::String(text) => match found.iter_mut().find(|(other, _)| other == path) {
            Some((_, texts)) => texts.push(text.clone()),
            None => found.push((path.to_owned(), vec![text.clone()])),
        },
        Value::Array(items) => items.iter().for_each(|item| leaves(path, item, found)),
        Value::Object(members) => {
            for (name, value) in members {
                let below = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
                leaves(&below, value, found);
            }
        }
        _ => {}
    }
}
