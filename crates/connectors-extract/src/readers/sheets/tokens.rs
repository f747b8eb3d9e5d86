//! What a number format of a spreadsheet is made of.

/// No program writes longer formats.
const LONGEST: usize = 255;

/// A piece of a format.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Token {
    Text(String),
    /// A place for a digit: `0`, `#` or `?`.
    Digit(char),
    Point,
    Comma,
    Percent,
    Slash,
    Exponent,
    /// A part of a date or time, and how often its letter stands there.
    Date(char, usize),
    /// All hours, minutes or seconds of a duration, and how often the letter stands there.
    Elapsed(char, usize),
    HalfDay,
    /// The value without a format.
    General,
}

/// The sections of a format: for positive numbers, negative ones, zero, and text.
pub(crate) fn sections(code: &str) -> Vec<Vec<Token>> {
    if code.is_empty() || code.len() > LONGEST {
        return vec![vec![Token::General]];
    }
    let (mut sections, mut section, mut rest) = (Vec::new(), Vec::new(), code);
    while let Some(first) = rest.chars().next() {
        if first == ';' {
            sections.push(std::mem::take(&mut section));
            rest = &rest[1..];
            continue;
        }
        let (token, length) = word(rest).unwrap_or_else(|| piece(first, rest));
        section.extend(token);
        rest = rest.get(length..).unwrap_or_default();
    }
    sections.push(section);
    sections
}

fn word(rest: &str) -> Option<(Option<Token>, usize)> {
    let words = [
        ("General", Token::General),
        ("AM/PM", Token::HalfDay),
        ("A/P", Token::HalfDay),
        ("E+", Token::Exponent),
        ("E-", Token::Exponent),
    ];
    words.into_iter().find_map(|(word, token)| {
        rest.get(..word.len())?.eq_ignore_ascii_case(word).then_some((Some(token), word.len()))
    })
}

/// The token at the start of what is left, and its length in bytes.
fn piece(first: char, rest: &str) -> (Option<Token>, usize) {
    let second = rest.chars().nth(1);
    let pair = 1 + second.map_or(0, char::len_utf8);
    match first {
        '0' | '#' | '?' => (Some(Token::Digit(first)), 1),
        '.' => (Some(Token::Point), 1),
        ',' => (Some(Token::Comma), 1),
        '%' => (Some(Token::Percent), 1),
        '/' => (Some(Token::Slash), 1),
        '@' => (Some(Token::General), 1),
        '\\' => (second.map(|second| Token::Text(second.into())), pair),
        // The width of the next character, or as many of it as fill the cell.
        '_' | '*' => (None, pair),
        '"' => {
            let length = rest[1..].find('"').unwrap_or(rest.len() - 1);
            (Some(Token::Text(rest[1..=length].into())), length + 2)
        }
        '[' => {
            let length = rest.find(']').unwrap_or(rest.len());
            (bracket(&rest[1..length]), length + 1)
        }
        _ => match first.to_ascii_lowercase() {
            letter @ ('y' | 'm' | 'd' | 'h' | 's') => {
                let count = run(rest, letter);
                (Some(Token::Date(letter, count)), count)
            }
            _ => (Some(Token::Text(first.into())), first.len_utf8()),
        },
    }
}

/// A currency or the unit of a duration; colours, conditions and languages show nothing.
fn bracket(inner: &str) -> Option<Token> {
    if let Some(currency) = inner.strip_prefix('$') {
        return currency.split('-').next().map(|sign| Token::Text(sign.into()));
    }
    let letter = inner.chars().next()?.to_ascii_lowercase();
    let is_unit = matches!(letter, 'h' | 'm' | 's') && run(inner, letter) == inner.len();
    is_unit.then_some(Token::Elapsed(letter, inner.len()))
}

fn run(text: &str, letter: char) -> usize {
    text.chars().take_while(|next| next.eq_ignore_ascii_case(&letter)).count()
}
