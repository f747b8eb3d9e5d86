//! The tokens of a query string, as the lexer of Lucene's classic parser takes them: the longest that fits.

use std::str::Chars;

/// The text is no query.
#[derive(Debug)]
pub(super) struct Bad;

/// A token. Words keep their escapes.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Token {
    And,
    Or,
    Not,
    Plus,
    Minus,
    /// An operator with a space after it, which is a word.
    Bare(char),
    Open,
    Close,
    Colon,
    Star,
    /// `^` with the number after it.
    Boost(f64),
    /// `~` with what follows it.
    Tilde(String),
    Quoted(String),
    Word(String),
    Pattern(String),
    Regexp,
    /// Both ends, and whether each belongs to the range.
    Range((String, bool), (String, bool)),
}

/// All tokens of a text.
pub(super) fn tokens(text: &str) -> Result<Vec<Token>, Bad> {
    let mut lexer = Lexer { rest: text };
    let mut tokens = Vec::new();
    while let Some(token) = lexer.next()? {
        tokens.push(token);
    }
    Ok(tokens)
}

struct Lexer<'a> {
    rest: &'a str,
}

impl<'a> Lexer<'a> {
    fn next(&mut self) -> Result<Option<Token>, Bad> {
        self.rest = self.rest.trim_start_matches(is_space);
        let Some(first) = self.rest.chars().next() else { return Ok(None) };
        let single = match first {
            '+' | '-' | '!' if self.rest[1..].starts_with(is_space) => Some(Token::Bare(first)),
            '+' => Some(Token::Plus),
            '-' => Some(Token::Minus),
            '!' => Some(Token::Not),
            '(' => Some(Token::Open),
            ')' => Some(Token::Close),
            ':' => Some(Token::Colon),
            _ => None,
        };
        if let Some(token) = single {
            self.rest = &self.rest[1..];
            return Ok(Some(token));
        }
        match first {
            '^' => self.boost(),
            '~' => {
                self.rest = &self.rest[1..];
                Ok(Token::Tilde(self.run(is_word)?.to_owned()))
            }
            '"' => self.delimited('"').map(|inside| Token::Quoted(inside.to_owned())),
            '/' => self.delimited('/').map(|_| Token::Regexp),
            '[' | '{' => self.range(),
            _ => self.word(),
        }
        .map(Some)
    }

    /// The characters from here on that fit, each escaped one among them.
    fn run(&mut self, fits: impl Fn(char) -> bool) -> Result<&'a str, Bad> {
        let mut end = self.rest.len();
        let mut characters = self.rest.char_indices();
        while let Some((at, character)) = characters.next() {
            match character {
                '\\' => {
                    characters.next().ok_or(Bad)?;
                }
                other if fits(other) => {}
                _ => {
                    end = at;
                    break;
                }
            }
        }
        let (run, rest) = self.rest.split_at(end);
        self.rest = rest;
        Ok(run)
    }

    /// What stands between this delimiter and the next, which is of the same kind and not escaped.
    fn delimited(&mut self, delimiter: char) -> Result<&'a str, Bad> {
        self.rest = &self.rest[1..];
        let inside = self.run(|character| character != delimiter)?;
        self.rest = self.rest.strip_prefix(delimiter).ok_or(Bad)?;
        Ok(inside)
    }

    fn word(&mut self) -> Result<Token, Bad> {
        let run = self.run(|character| is_word(character) || matches!(character, '*' | '?'))?;
        let is_pattern = unescaped(run, &['*', '?']);
        Ok(match run {
            "" => return Err(Bad),
            "AND" | "&&" => Token::And,
            "OR" | "||" => Token::Or,
            "NOT" => Token::Not,
            "*" => Token::Star,
            _ if is_pattern => Token::Pattern(run.to_owned()),
            _ => Token::Word(run.to_owned()),
        })
    }

    fn boost(&mut self) -> Result<Token, Bad> {
        self.rest = self.rest[1..].trim_start_matches(is_space);
        let is_digit = |character: char| character.is_ascii_digit();
        let (whole, after) = split_at_end(self.rest, is_digit);
        let fraction = after.strip_prefix('.').map_or("", |after| split_at_end(after, is_digit).0);
        let length = whole.len() + if fraction.is_empty() { 0 } else { 1 + fraction.len() };
        let number = self.rest[..length].parse().map_err(|_| Bad)?;
        self.rest = &self.rest[length..];
        Ok(Token::Boost(number))
    }

    fn range(&mut self) -> Result<Token, Bad> {
        let from_included = self.rest.starts_with('[');
        self.rest = &self.rest[1..];
        let from = self.end()?.filter(|from| from != "TO").ok_or(Bad)?;
        if self.end()?.as_deref() != Some("TO") {
            return Err(Bad);
        }
        let to = self.end()?.filter(|to| to != "TO").ok_or(Bad)?;
        self.rest = self.rest.trim_start_matches(is_space);
        let to_included = self.rest.starts_with(']');
        self.rest = self.rest.strip_prefix([']', '}']).ok_or(Bad)?;
        Ok(Token::Range((from, from_included), (to, to_included)))
    }

    /// The next word of a range; `None` at its end.
    fn end(&mut self) -> Result<Option<String>, Bad> {
        self.rest = self.rest.trim_start_matches(is_space);
        let (word, rest) = split_at_end(self.rest, |character| !matches!(character, ' ' | ']' | '}'));
        if word.starts_with('"') && self.rest[1..].contains('"') {
            return self.delimited('"').and_then(unescape).map(Some);
        }
        self.rest = rest;
        if word.is_empty() { Ok(None) } else { unescape(word).map(Some) }
    }
}

fn is_space(character: char) -> bool {
    matches!(character, ' ' | '\t' | '\n' | '\r' | '\u{3000}')
}

/// True for what a word may hold without an escape.
fn is_word(character: char) -> bool {
    const OTHERS: &str = "!():^[]\"{}~*?\\/";
    !is_space(character) && !OTHERS.contains(character)
}

fn split_at_end(text: &str, fits: impl Fn(char) -> bool) -> (&str, &str) {
    text.split_at(text.find(|character| !fits(character)).unwrap_or(text.len()))
}

/// True if one of the characters stands there without a backslash.
pub(super) fn unescaped(raw: &str, wanted: &[char]) -> bool {
    let mut characters = raw.chars();
    while let Some(character) = characters.next() {
        match character {
            '\\' => {
                characters.next();
            }
            other if wanted.contains(&other) => return true,
            _ => {}
        }
    }
    false
}

/// A text without its escapes: a character after a backslash, or `\u` and the four digits of a unit of UTF-16.
pub(super) fn unescape(raw: &str) -> Result<String, Bad> {
    let mut units = Vec::with_capacity(raw.len());
    let mut characters = raw.chars();
    while let Some(character) = characters.next() {
        let plain = if character == '\\' { characters.next().ok_or(Bad)? } else { character };
        if character == '\\' && plain == 'u' {
            units.push(unit(&mut characters)?);
        } else {
            units.extend_from_slice(plain.encode_utf16(&mut [0; 2]));
        }
    }
    // A half of a pair becomes what Lucene writes in its place.
    Ok(String::from_utf16_lossy(&units))
}

fn unit(characters: &mut Chars<'_>) -> Result<u16, Bad> {
    (0..4).try_fold(0, |unit, _| {
        let digit = characters.next().and_then(|character| character.to_digit(16)).ok_or(Bad)?;
        Ok(unit << 4 | digit as u16)
    })
}
