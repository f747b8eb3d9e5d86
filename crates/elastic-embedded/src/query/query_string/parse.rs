//! The grammar of the query string.

use std::ops::Bound;

use serde_json::Value;
use tantivy::query::Occur;

use super::tokens::{self, Bad, Token};
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
    pub(super) occur: Occur,
    pub(super) node: Node,
}

#[derive(Debug, PartialEq)]
pub(crate) struct Leaf {
    pub(crate) field: Option<String>,
    pub(crate) term: Term,
    pub(crate) boost: Option<f64>,
}

#[derive(Debug, PartialEq)]
pub(crate) enum Term {
    Words(String),
    Phrase(String, u32),
    /// The beginning of a term.
    Prefix(String),
    /// A pattern with its escapes.
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
    let bad = |Bad| Failure::new(400, "query_shard_exception", format!("Failed to parse query [{text}]"));
    if text.trim().is_empty() {
        return Ok(Node::Group(Vec::new(), None));
    }
    let tokens = tokens::tokens(text).map_err(bad)?;
    if tokens.contains(&Token::Regexp) {
        return Err(Failure::unsupported(format!("the regular expression in the query [{text}]")));
    }
    let mut parser = Parser { tokens: &tokens, at: 0, and, fuzzy: false };
    let node = parser.group(None, 0).map_err(bad)?;
    if parser.fuzzy {
        return Err(Failure::unsupported(format!("the fuzzy term in the query [{text}]")));
    }
    if parser.peek(0).is_some() { Err(bad(Bad)) } else { Ok(node) }
}

struct Parser<'a> {
    tokens: &'a [Token],
    at: usize,
    and: bool,
    /// There was a fuzzy term.
    fuzzy: bool,
}

impl Parser<'_> {
    fn peek(&self, ahead: usize) -> Option<&Token> {
        self.tokens.get(self.at + ahead)
    }

    /// Takes the next token if it is this one.
    fn takes(&mut self, token: &Token) -> bool {
        let is = self.peek(0) == Some(token);
        self.at += usize::from(is);
        is
    }

    fn group(&mut self, field: Option<&str>, depth: usize) -> Result<Node, Bad> {
        if depth > MAX_DEPTH {
            return Err(Bad);
        }
        let mut clauses: Vec<Clause> = Vec::new();
        while self.peek(0).is_some_and(|token| *token != Token::Close) {
            if let Some(text) = self.several()? {
                let node = leaf(field, text);
                self.join(&mut clauses, (Joint::None, Sign::None), node);
                continue;
            }
            let joint = if clauses.is_empty() { Joint::None } else { self.joint() };
            let sign = self.sign();
            let node = self.clause(field, depth)?;
            self.join(&mut clauses, (joint, sign), node);
        }
        if clauses.is_empty() { Err(Bad) } else { Ok(Node::Group(clauses, None)) }
    }

    /// Two words or more with nothing between them, which are looked for as one text. The last word before an operator
    /// stands by itself.
    fn several(&mut self) -> Result<Option<String>, Bad> {
        let word = |token: Option<&Token>| match token {
            Some(Token::Word(word)) => Some(word.clone()),
            _ => None,
        };
        let operator = |token: Option<&Token>| {
            matches!(
                token,
                Some(Token::Colon | Token::Star | Token::Tilde(_) | Token::Boost(_) | Token::And | Token::Or)
            )
        };
        let Some(first) = word(self.peek(0)) else { return Ok(None) };
        let mut words = vec![tokens::unescape(&first)?];
        while let Some(more) = word(self.peek(words.len())).filter(|_| !operator(self.peek(words.len() + 1)))
        {
            words.push(tokens::unescape(&more)?);
        }
        if words.len() == 1 {
            return Ok(None);
        }
        self.at += words.len();
        Ok(Some(words.join(" ")))
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
        let required = if and { joint != Joint::Or } else { sign == Sign::Required || joint == Joint::And };
        let occur = match sign {
            Sign::Prohibited => Occur::MustNot,
            _ if required => Occur::Must,
            _ => Occur::Should,
        };
        clauses.push(Clause { occur, node });
    }

    fn joint(&mut self) -> Joint {
        if self.takes(&Token::And) {
            Joint::And
        } else if self.takes(&Token::Or) {
            Joint::Or
        } else {
            Joint::None
        }
    }

    fn sign(&mut self) -> Sign {
        if self.takes(&Token::Plus) {
            Sign::Required
        } else if self.takes(&Token::Minus) || self.takes(&Token::Not) {
            Sign::Prohibited
        } else {
            Sign::None
        }
    }

    fn clause(&mut self, field: Option<&str>, depth: usize) -> Result<Node, Bad> {
        let named = self.field()?;
        let field = named.as_deref().or(field);
        if self.takes(&Token::Open) {
            let node = self.group(field, depth + 1)?;
            if !self.takes(&Token::Close) {
                return Err(Bad);
            }
            let boost = self.boost();
            return Ok(match node {
                Node::Group(clauses, _) => Node::Group(clauses, boost),
                leaf => leaf,
            });
        }
        let term = self.term()?;
        let before = self.boost();
        let slop = self.slop();
        let term = match (term, slop) {
            (Term::Phrase(text, _), Some(slop)) => {
                Term::Phrase(text, slop.parse::<f64>().unwrap_or(0.0) as u32)
            }
            (term @ (Term::Phrase(..) | Term::Range(..)), _) => term,
            (term, slop) => {
                self.fuzzy |= slop.is_some();
                term
            }
        };
        let boost = before.or_else(|| self.boost());
        Ok(Node::Leaf(Leaf { field: field.map(str::to_owned), term, boost }))
    }

    /// Takes `name:` if that comes next.
    fn field(&mut self) -> Result<Option<String>, Bad> {
        if self.peek(1) != Some(&Token::Colon) {
            return Ok(None);
        }
        let name = match self.peek(0) {
            Some(Token::Word(word)) => tokens::unescape(word)?,
            Some(Token::Star) => "*".to_owned(),
            _ => return Ok(None),
        };
        self.at += 2;
        Ok(Some(name))
    }

    fn term(&mut self) -> Result<Term, Bad> {
        let token = self.peek(0).cloned();
        self.at += 1;
        Ok(match token {
            Some(Token::Word(raw)) => words(tokens::unescape(&raw)?),
            Some(Token::Bare(operator)) => Term::Words(operator.to_string()),
            Some(Token::Star) => Term::Pattern("*".to_owned()),
            Some(Token::Pattern(raw)) => pattern(raw)?,
            Some(Token::Quoted(raw)) => Term::Phrase(tokens::unescape(&raw)?, 0),
            Some(Token::Range((from, with_from), (to, with_to))) => {
                Term::Range(bound(&from, !with_from), bound(&to, !with_to))
            }
            _ => return Err(Bad),
        })
    }

    fn boost(&mut self) -> Option<f64> {
        let Some(Token::Boost(boost)) = self.peek(0).cloned() else { return None };
        self.at += 1;
        Some(boost)
    }

    fn slop(&mut self) -> Option<String> {
        let Some(Token::Tilde(slop)) = self.peek(0).cloned() else { return None };
        self.at += 1;
        Some(slop)
    }
}

fn leaf(field: Option<&str>, text: String) -> Node {
    Node::Leaf(Leaf { field: field.map(str::to_owned), term: words(text), boost: None })
}

/// A pattern of which only the end is open asks for a beginning, which more fields can answer.
fn pattern(raw: String) -> Result<Term, Bad> {
    match raw.strip_suffix('*').filter(|start| !tokens::unescaped(start, &['*', '?'])) {
        Some(start) => tokens::unescape(start).map(Term::Prefix),
        None => tokens::unescape(&raw).map(|_| Term::Pattern(raw)),
    }
}

/// A text without quotes; one that begins with `<` or `>` is a range with one end.
fn words(text: String) -> Term {
    let Some(rest) = text.strip_prefix(['<', '>']).filter(|rest| !rest.is_empty()) else {
        return Term::Words(text);
    };
    let end = match rest.strip_prefix('=').filter(|rest| !rest.is_empty()) {
        Some(value) => Bound::Included(Value::from(value)),
        None => Bound::Excluded(Value::from(rest)),
    };
    if text.starts_with('>') {
        Term::Range(end, Bound::Unbounded)
    } else {
        Term::Range(Bound::Unbounded, end)
    }
}

fn bound(text: &str, open: bool) -> Bound<Value> {
    match text {
        "*" => Bound::Unbounded,
        text if open => Bound::Excluded(text.into()),
        text => Bound::Included(text.into()),
    }
}

#[cfg(test)]
mod tests;
