//! Rust code as tokens: what it names and calls, also where it is handed to a macro.

use proc_macro2::{Delimiter, TokenStream, TokenTree};
use quote::ToTokens;

use super::rust::{Module, line};

/// A name among tokens, with the path before it.
pub(super) struct Named {
    pub parts: Vec<String>,
    pub line: usize,
    /// Whether it is that of a field or a method.
    pub is_behind_dot: bool,
    pub is_macro: bool,
    /// Where the tokens go on.
    pub end: usize,
}

impl Named {
    /// The name that begins at a token, if one does: one that is defined there is none.
    pub(super) fn at(tokens: &[TokenTree], start: usize) -> Option<Self> {
        let (mut parts, mut end) = (Vec::new(), start);
        while let Some(TokenTree::Ident(ident)) = tokens.get(end) {
            parts.push(ident.to_string());
            end += 1;
            if !(is_punct(tokens.get(end), ':') && is_punct(tokens.get(end + 1), ':')) {
                break;
            }
            end += 2;
        }
        if parts.is_empty()
            || matches!(before(tokens, start, 1), Some(TokenTree::Ident(word)) if word == "fn")
        {
            return None;
        }
        if is_punct(tokens.get(end), '<') && is_punct(before(tokens, end, 1), ':') {
            let to_call = tokens[end..].iter().position(|token| arguments(Some(token)).is_some());
            end += to_call.unwrap_or_default();
        }
        let is_behind_dot =
            is_punct(before(tokens, start, 1), '.') && !is_punct(before(tokens, start, 2), '.');
        let is_macro = is_punct(tokens.get(end), '!') && !is_punct(tokens.get(end + 1), '=');
        let line = line(tokens[start].span());
        Some(Self { parts, line, is_behind_dot, is_macro, end: end + usize::from(is_macro) })
    }

    pub(super) fn last(&self) -> &str {
        self.parts.last().map_or("", String::as_str)
    }
}

/// The token so many before another.
pub(super) fn before(tokens: &[TokenTree], at: usize, count: usize) -> Option<&TokenTree> {
    tokens.get(at.checked_sub(count)?)
}

pub(super) fn is_punct(token: Option<&TokenTree>, sign: char) -> bool {
    matches!(token, Some(TokenTree::Punct(punct)) if punct.as_char() == sign)
}

/// What stands between parentheses.
pub(super) fn arguments(token: Option<&TokenTree>) -> Option<TokenStream> {
    match token {
        Some(TokenTree::Group(group)) if group.delimiter() == Delimiter::Parenthesis => Some(group.stream()),
        _ => None,
    }
}

/// A call of a function or method.
pub(super) struct Call {
    /// The name of what is called, without its path.
    pub name: String,
    /// Its line.
    pub line: usize,
    /// Every field that its arguments read, as `rate` in `config.rate`.
    pub fields: Vec<String>,
}

/// What a piece of code names.
#[derive(Default)]
pub(super) struct Seen {
    pub calls: Vec<Call>,
    fields: Vec<String>,
    /// The last part of a macro's path, its line, and what is handed in.
    pub macros: Vec<(String, usize, TokenStream)>,
    /// The first parts of paths that have several.
    pub crates: Vec<(String, usize)>,
}

impl Seen {
    /// What these tokens name, outside of what is handed to macros.
    pub(super) fn of(code: &impl ToTokens) -> Self {
        let mut seen = Self::default();
        seen.read(code.to_token_stream());
        seen
    }

    /// What a whole file names, its tests too.
    pub(super) fn in_file(module: &Module) -> Self {
        module.file.as_ref().map(Self::of).unwrap_or_default()
    }

    fn read(&mut self, stream: TokenStream) {
        let tokens: Vec<TokenTree> = stream.into_iter().collect();
        let mut at = 0;
        while let Some(token) = tokens.get(at) {
            let Some(named) = Named::at(&tokens, at) else {
                if let TokenTree::Group(group) = token {
                    self.read(group.stream());
                }
                at += 1;
                continue;
            };
            let (name, line, called) =
                (named.last().to_owned(), named.line, arguments(tokens.get(named.end)));
            if named.parts.len() > 1 {
                self.crates.push((named.parts[0].clone(), line));
            }
            at = named.end;
            if named.is_macro {
                let body = tokens[at..].iter().position(|token| matches!(token, TokenTree::Group(_)));
                at += body.unwrap_or_default();
                if let Some(TokenTree::Group(group)) = tokens.get(at) {
                    self.macros.push((name, line, group.stream()));
                    at += 1;
                }
            } else if let Some(arguments) = called {
                self.calls.push(Call { name, line, fields: Self::of(&arguments).fields });
            } else if named.is_behind_dot {
                self.fields.push(name);
            }
        }
    }
}

/// Every call in a file, outside of tests.
pub(super) fn calls(module: &Module) -> Vec<Call> {
    module.items().into_iter().flat_map(|item| Seen::of(item).calls).collect()
}
