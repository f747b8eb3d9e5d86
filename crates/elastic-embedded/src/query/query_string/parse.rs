//! The grammar of the query string.

use std::ops::Bound;

use serde_json::Value;
use tantivy::query::Occur;

use crate::failure::{Failure, Result};

const MAX_DEPTH: usize = 30;

/// A parsed query string.
#[derive(Debug, PartialEq)]
pub(super) enum Node {
    Leaf(Leaf),
    Group(Vec<Clause>, Option<f64>),
}

#[derive(Debug, PartialEq)]
pub(super) struct Clause {
    /// Stands there without an operator.
    pub(super) plain: bool,
    pub(super) occur: Occur,
    pub(super) node: Node,
}

#[derive(Debug, PartialEq)]
pub(super) struct Leaf {
    pub(super) field: Option<String>,
    pub(super) term: Term,
    pub(super) boost: Option<f64>,
}

#[derive(Debug, PartialEq)]
pub(super) enum Term {
    Words(String),
    Phrase(String, u32),
    Pattern(String),
    Range(Bound<Value>, Bound<Value>),
}

#[derive(Clone, Copy, PartialEq)]
enum Joint {
    None,
    And,
    Or,
}

#[derive(Clone, Copy, PartialEq)]
enum Sign {
    None,
    Required,
    Prohibited,
}

/// # Errors
/// 400 if the text is no query, 501 for fuzzy terms and regular expressions.
pub(super) fn parse(text: &str, and: bool) -> Result<Node> {
    let mut parser = Parser { text, rest: text, and };
    let node = parser.group(None, 0)?;
    parser.spaces();
    if parser.rest.is_empty() { Ok(node) } else { Err(parser.bad()) }
}

struct Parser<'a> {
    text: &'a str,
    rest: &'a str,
    and: bool,
}

impl Parser<'_> {
    fn group(&mut self, field: Option<&str>, depth: usize) -> Result<Node> {
        if depth > MAX_DEPTH {
            return Err(self.bad());
        }
        let mut clauses: Vec<Clause> = Vec::new();
        loop {
            self.spaces();
            if self.rest.is_empty() || self.rest.starts_with(')') {
                break;
            }
            let joint = self.joint();
            self.spaces();
            let sign = self.sign();
            self.spaces();
            if joint != Joint::None && (clauses.is_empty() || self.rest.is_empty()) {
                return Err(self.bad());
            }
            let node = self.clause(field, depth)?;
            if joint == Joint::None && sign == Sign::None && extends(clauses.last_mut(), &node) {
                continue;
            }
            self.join(&mut clauses, (joint, sign), node);
        }
        Ok(Node::Group(clauses, None))
    }

    /// Adds a clause by the rules of Lucene's classic parser: AND binds both its neighbours.
    fn join(&self, clauses: &mut Vec<Clause>, (joint, sign): (Joint, Sign), node: Node) {
        let and = self.and;
        if let Some(last) = clauses.last_mut().filter(|last| last.occur != Occur::MustNot) {
            match joint {
                Joint::And => last.occur = Occur::Must,
                Joint::Or if and => last.occur = Occur::Should,
                _ => {}
            }
        }
        let required = match sign {
            Sign::Required => true,
            Sign::Prohibited => false,
            Sign::None if and => joint != Joint::Or,
            Sign::None => joint == Joint::And,
        };
        let occur = match sign {
            Sign::Prohibited => Occur::MustNot,
            _ if required => Occur::Must,
            _ => Occur::Should,
        };
        clauses.push(Clause { plain: joint == Joint::None && sign == Sign::None, occur, node });
    }

    fn joint(&mut self) -> Joint {
        for (word, joint) in [("AND", Joint::And), ("OR", Joint::Or), ("&&", Joint::And), ("||", Joint::Or)] {
            let after = self.rest.strip_prefix(word);
            if let Some(after) = after.filter(|after| word.starts_with(['&', '|']) || ends_word(after)) {
                self.rest = after;
                return joint;
            }
        }
        Joint::None
    }

    fn sign(&mut self) -> Sign {
        for (word, sign) in [
            ("+", Sign::Required),
            ("-", Sign::Prohibited),
            ("!", Sign::Prohibited),
            ("NOT", Sign::Prohibited),
        ] {
            let after = self.rest.strip_prefix(word);
            if let Some(after) = after.filter(|after| word != "NOT" || ends_word(after)) {
                self.rest = after;
                return sign;
            }
        }
        Sign::None
    }

    fn clause(&mut self, field: Option<&str>, depth: usize) -> Result<Node> {
        let named = self.field();
        let field = named.as_deref().or(field);
        if let Some(after) = self.rest.strip_prefix('(') {
            self.rest = after;
            let node = self.group(field, depth + 1)?;
            self.rest = self.rest.strip_prefix(')').ok_or_else(|| self.bad())?;
            let boost = self.boost()?;
            return Ok(match node {
                Node::Group(clauses, _) => Node::Group(clauses, boost),
                leaf => leaf,
            });
        }
        let term = self.term()?;
        Ok(Node::Leaf(Leaf { field: field.map(str::to_owned), term, boost: self.boost()? }))
    }

    /// Takes `name:` if the next word is one.
    fn field(&mut self) -> Option<String> {
        let (name, length) = word(self.rest, &[':']);
        let after = self.rest[length..].strip_prefix(':')?;
        if name.is_empty() {
            return None;
        }
        self.rest = after;
        Some(name)
    }

    fn term(&mut self) -> Result<Term> {
        match self.rest.chars().next() {
            Some('"') => self.phrase(),
            Some('[' | '{') => self.range(),
            Some('>' | '<') => self.open_range(),
            Some('/') => {
                Err(Failure::unsupported(format!("the regular expression in the query [{}]", self.text)))
            }
            _ => self.word(),
        }
    }

    fn word(&mut self) -> Result<Term> {
        let start = self.rest;
        let (text, length) = word(start, &[]);
        if length == 0 {
            return Err(self.bad());
        }
        self.rest = &start[length..];
        if self.rest.starts_with('~') {
            return Err(Failure::unsupported(format!("the fuzzy term in the query [{}]", self.text)));
        }
        let raw = &start[..length];
        if unescaped(raw, '?') {
            return Err(Failure::unsupported(format!("the pattern [{raw}] with [?] in a query string")));
        }
        Ok(if unescaped(raw, '*') { Term::Pattern(text) } else { Term::Words(text) })
    }

    fn phrase(&mut self) -> Result<Term> {
        let mut text = String::new();
        let mut characters = self.rest[1..].char_indices();
        while let Some((at, character)) = characters.next() {
            match character {
                '"' => {
                    self.rest = &self.rest[1 + at + 1..];
                    let slop = if self.rest.starts_with('~') { self.number(1)? as u32 } else { 0 };
                    return Ok(Term::Phrase(text, slop));
                }
                '\\' => text.extend(characters.next().map(|(_, escaped)| escaped)),
                other => text.push(other),
            }
        }
        Err(self.bad())
    }

    fn range(&mut self) -> Result<Term> {
        let open = self.rest.starts_with('{');
        let end = self.rest.find([']', '}']).ok_or_else(|| self.bad())?;
        let closed = self.rest[end..].starts_with('}');
        let inside = &self.rest[1..end];
        let (from, to) = inside.split_once(" TO ").ok_or_else(|| self.bad())?;
        self.rest = &self.rest[end + 1..];
        Ok(Term::Range(bound(from, open), bound(to, closed)))
    }

    fn open_range(&mut self) -> Result<Term> {
        let above = self.rest.starts_with('>');
        let including = self.rest[1..].starts_with('=');
        let start = &self.rest[1 + usize::from(including)..];
        let (text, length) = word(start, &[]);
        if length == 0 {
            return Err(self.bad());
        }
        self.rest = &start[length..];
        let value = Value::String(text);
        let bound = if including { Bound::Included(value) } else { Bound::Excluded(value) };
        Ok(if above { Term::Range(bound, Bound::Unbounded) } else { Term::Range(Bound::Unbounded, bound) })
    }

    fn boost(&mut self) -> Result<Option<f64>> {
        if self.rest.starts_with('^') { self.number(1).map(Some) } else { Ok(None) }
    }

    /// The number after `skip` bytes.
    fn number(&mut self, skip: usize) -> Result<f64> {
        let text = &self.rest[skip..];
        let length = text
            .find(|character: char| !character.is_ascii_digit() && character != '.')
            .unwrap_or(text.len());
        let number = text[..length].parse().map_err(|_| self.bad())?;
        self.rest = &text[length..];
        Ok(number)
    }

    fn spaces(&mut self) {
        self.rest = self.rest.trim_start();
    }

    fn bad(&self) -> Failure {
        Failure::new(400, "query_shard_exception", format!("Failed to parse query [{}]", self.text))
    }
}

/// Words that follow each other with nothing between them are looked for as one text.
fn extends(last: Option<&mut Clause>, node: &Node) -> bool {
    match (last, node) {
        (
            Some(Clause {
                plain: true,
                node: Node::Leaf(Leaf { field, term: Term::Words(text), boost: None }),
                ..
            }),
            Node::Leaf(Leaf { field: other, term: Term::Words(more), boost: None }),
        ) if field == other => {
            text.push(' ');
            text.push_str(more);
            true
        }
        _ => false,
    }
}

fn ends_word(rest: &str) -> bool {
    rest.is_empty() || rest.starts_with(|character: char| character.is_whitespace() || character == '(')
}

/// The next word without its escapes, and its length in bytes with them.
fn word(text: &str, also: &[char]) -> (String, usize) {
    let mut plain = String::new();
    let mut characters = text.char_indices();
    while let Some((at, character)) = characters.next() {
        match character {
            '\\' => plain.extend(characters.next().map(|(_, escaped)| escaped)),
            '(' | ')' | '"' | '^' | '~' | '[' | ']' | '{' | '}' => return (plain, at),
            other if other.is_whitespace() || also.contains(&other) => return (plain, at),
            other => plain.push(other),
        }
    }
    (plain, text.len())
}

fn unescaped(raw: &str, wanted: char) -> bool {
    let mut escaped = false;
    raw.chars().any(|character| {
        let hit = character == wanted && !escaped;
        escaped = character == '\\' && !escaped;
        hit
    })
}

fn bound(text: &str, open: bool) -> Bound<Value> {
    match text.trim().trim_matches('"') {
        "*" => Bound::Unbounded,
        text if open => Bound::Excluded(text.into()),
        text => Bound::Included(text.into()),
    }
}

#[cfg(test)]
mod tests;
