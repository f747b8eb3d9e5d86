//! What a user types to search, and the query that it becomes.
//!
//! `"two words"` is a phrase that must be there, `-word` and `-"two words"` exclude, `word*` is the beginning of a word. All
//! else are words, of which any may match, long ones also with a typo. There is no wrong input: what does not fit the syntax is a word.

use serde_json::{Value, json};

/// Where words are looked for, and what a match there counts for.
const FIELDS: [&str; 4] = ["name^2", "title^2", "body", "*"];
/// Characters of an input that are read. With [`MOST_PIECES`] it bounds the query, however long the input is.
const MOST_CHARACTERS: usize = 512;
/// Words and phrases that are read.
const MOST_PIECES: usize = 64;
/// Words that are also looked for with typos, and as parts of names.
const MOST_LONG: usize = 8;
/// Letters from which on a word is.
const LONG: usize = 4;
/// What a match of either scores: less than any word that is there, so that it only adds hits at the end.
const SLIGHT: f64 = 1e-6;

/// An input, read.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Query {
    words: Vec<String>,
    prefixes: Vec<String>,
    phrases: Vec<String>,
    excluded: Vec<Excluded>,
    /// Whether the input was longer than what is read.
    pub(super) is_cut: bool,
}

/// Which spellings of a word match.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Spelling {
    /// As it was typed.
    Exact,
    /// Also with a typo, if the word is long.
    Alike,
}

#[derive(Debug, PartialEq)]
enum Excluded {
    Phrase(String),
    Prefix(String),
}

impl Query {
    /// Reads an input.
    pub(super) fn read(text: &str) -> Self {
        let (mut rest, is_cut) = cut(text);
        let mut query = Self { is_cut, ..Self::default() };
        for _ in 0..MOST_PIECES {
            rest = rest.trim_start();
            if rest.is_empty() {
                return query;
            }
            rest = query.piece(rest);
        }
        query.is_cut |= !rest.trim_start().is_empty();
        query
    }

    /// Takes the first word or phrase, and returns what follows it.
    fn piece<'a>(&mut self, text: &'a str) -> &'a str {
        let positive = text.strip_prefix('-').filter(|rest| rest.starts_with(is_of_text) || is_quote(rest));
        if let Some((phrase, rest)) = quoted(positive.unwrap_or(text)) {
            match positive {
                Some(_) if has_text(phrase) => self.excluded.push(Excluded::Phrase(phrase.to_owned())),
                None if has_text(phrase) => self.phrases.push(phrase.to_owned()),
                _ => {}
            }
            return rest;
        }
        let (word, rest) = text.split_at(text.find(char::is_whitespace).unwrap_or(text.len()));
        self.word(word, positive.is_some());
        rest
    }

    fn word(&mut self, word: &str, is_excluded: bool) {
        // Quotes without a counterpart are no part of a word.
        let plain = word.trim_start_matches('-').trim_matches(QUOTES);
        let beginning = plain.strip_suffix('*').filter(|start| is_beginning(start));
        match (is_excluded, beginning) {
            (true, Some(start)) => self.excluded.push(Excluded::Prefix(start.to_owned())),
            (true, None) if has_text(plain) => self.excluded.push(Excluded::Phrase(plain.to_owned())),
            (true, None) => {}
            (false, Some(start)) => self.prefixes.push(start.to_owned()),
            (false, None) => {
                let word = word.trim_matches(QUOTES);
                self.words.extend((!word.is_empty()).then(|| word.to_owned()));
            }
        }
    }

    /// Whether a typo could be forgiven in any of the words.
    pub(super) fn may_have_typos(&self) -> bool {
        typos(&self.long()).is_some()
    }

    fn long(&self) -> Vec<&String> {
        self.words.iter().filter(|word| is_long(word)).take(MOST_LONG).collect()
    }

    /// The query for Elasticsearch.
    pub(super) fn to_json(&self, spelling: Spelling) -> Value {
        let mut any = Vec::new();
        if !self.words.is_empty() {
            any.push(words(&self.words.join(" ")));
        }
        any.extend(self.prefixes.iter().map(|start| prefix(start)));
        let long = self.long();
        let alike = if spelling == Spelling::Alike { typos(&long) } else { None };
        any.extend(alike.into_iter().chain(parts(&long)).map(slight));
        let must: Vec<_> = self.phrases.iter().map(|text| phrase(text)).collect();
        let not: Vec<_> = self.excluded.iter().map(Excluded::to_json).collect();
        if any.is_empty() && must.is_empty() && not.is_empty() {
            return json!({ "match_none": {} });
        }
        json!({ "bool": { "must": must, "should": any, "must_not": not } })
    }
}

impl Excluded {
    fn to_json(&self) -> Value {
        match self {
            Self::Phrase(text) => phrase(text),
            Self::Prefix(start) => prefix(start),
        }
    }
}

fn words(text: &str) -> Value {
    json!({ "multi_match": { "query": text, "fields": FIELDS, "lenient": true } })
}

fn phrase(text: &str) -> Value {
    json!({ "multi_match": { "query": text, "type": "phrase", "fields": FIELDS, "lenient": true } })
}

/// Unlike the query `prefix`, a query string leaves out fields that hold no text.
fn prefix(start: &str) -> Value {
    json!({ "query_string": { "query": format!("{}*", escaped(start)), "fields": FIELDS, "lenient": true } })
}

/// Words that are spelled much like these. A word with a digit is a code or a number, and another one is another thing. All
/// terms score alike, which makes a word one clause in a field, however many terms are like it.
fn typos(words: &[&String]) -> Option<Value> {
    let words: Vec<_> = words.iter().filter(|word| word.chars().all(char::is_alphabetic)).collect();
    let text = words.iter().map(|word| word.as_str()).collect::<Vec<_>>().join(" ");
    (!words.is_empty()).then(|| {
        json!({ "multi_match": {
            "query": text, "fields": FIELDS, "lenient": true,
            "fuzziness": "AUTO", "prefix_length": 1, "fuzzy_rewrite": "constant_score",
        } })
    })
}

/// Names whose parts begin with one of the words. Analysis keeps what `_` and `.` join as one word: of
/// `Quarterly_Report.final` neither `quarterly` nor `report` is a word.
fn parts(words: &[&String]) -> Option<Value> {
    let patterns: Vec<_> =
        words.iter().map(|word| format!("{word}_* OR {word}.* OR *_{word}* OR *.{word}*")).collect();
    let query = patterns.join(" OR ");
    let named = json!({ "query_string": { "query": query, "fields": ["name"], "lenient": true } });
    (!patterns.is_empty()).then_some(named)
}

fn slight(query: Value) -> Value {
    json!({ "constant_score": { "filter": query, "boost": SLIGHT } })
}

fn is_long(word: &str) -> bool {
    word.chars().count() >= LONG && word.chars().all(char::is_alphanumeric)
}

const QUOTES: [char; 3] = ['"', '\u{201c}', '\u{201d}'];

fn is_quote(text: &str) -> bool {
    text.starts_with(QUOTES)
}

/// A phrase between quotes at the beginning of a text, and what follows it.
fn quoted(text: &str) -> Option<(&str, &str)> {
    text.strip_prefix(QUOTES)?.split_once(QUOTES)
}

fn is_of_text(character: char) -> bool {
    !character.is_whitespace() && character != '-'
}

fn has_text(text: &str) -> bool {
    text.contains(char::is_alphanumeric)
}

/// Whether a text can be the beginning of a word; the syntax of a query string has characters that no escape frees.
fn is_beginning(text: &str) -> bool {
    let fits = |character: char| character.is_alphanumeric() || "-_.'@".contains(character);
    has_text(text) && text.chars().all(fits)
}

fn escaped(text: &str) -> String {
    text.replace('-', "\\-")
}

/// As much of a text as is read, up to the end of a word if it has one, and whether there is more.
fn cut(text: &str) -> (&str, bool) {
    let text = text.trim();
    let Some((end, _)) = text.char_indices().nth(MOST_CHARACTERS) else { return (text, false) };
    let head = &text[..end];
    (head.rfind(char::is_whitespace).map_or(head, |at| &head[..at]), true)
}

#[cfg(test)]
mod tests;
