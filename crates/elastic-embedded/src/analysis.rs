//! The standard analyzer: words after Unicode's text segmentation, in lower case.

use tantivy::tokenizer::{TextAnalyzer, Token, TokenStream, Tokenizer};
use unicode_segmentation::UnicodeSegmentation;

/// The name under which indices register the analyzer.
pub(crate) const STANDARD: &str = "standard";
const MAX_TOKEN_CHARS: usize = 255;

/// The analyzer of every text field.
pub(crate) fn standard() -> TextAnalyzer {
    TextAnalyzer::builder(Words::default()).build()
}

/// The words of a text with their byte ranges.
pub(crate) fn words(text: &str) -> Vec<Token> {
    let mut analyzer = standard();
    let mut stream = analyzer.token_stream(text);
    let mut tokens = Vec::new();
    while let Some(token) = stream.next() {
        tokens.push(token.clone());
    }
    tokens
}

#[derive(Clone, Default)]
struct Words {
    token: Token,
}

impl Tokenizer for Words {
    type TokenStream<'a> = WordStream<'a>;

    fn token_stream<'a>(&'a mut self, text: &'a str) -> WordStream<'a> {
        self.token.reset();
        WordStream { words: Box::new(pieces(text)), token: &mut self.token }
    }
}

struct WordStream<'a> {
    words: Box<dyn Iterator<Item = (usize, &'a str)> + 'a>,
    token: &'a mut Token,
}

impl TokenStream for WordStream<'_> {
    fn advance(&mut self) -> bool {
        let Some((offset, word)) = self.words.next() else {
            return false;
        };
        self.token.position = self.token.position.wrapping_add(1);
        self.token.offset_from = offset;
        self.token.offset_to = offset + word.len();
        self.token.text.clear();
        self.token.text.extend(word.chars().map(lower_character));
        true
    }

    fn token(&self) -> &Token {
        self.token
    }

    fn token_mut(&mut self) -> &mut Token {
        self.token
    }
}

/// A text in lower case, each character by itself, as Lucene does it.
pub(crate) fn lower(text: &str) -> String {
    text.chars().map(lower_character).collect()
}

/// Only one character has a lower case of two; there Lucene keeps the first.
fn lower_character(character: char) -> char {
    character.to_lowercase().next().unwrap_or(character)
}

/// Words, those beyond the length limit cut into several, as the real tokenizer does.
fn pieces(text: &str) -> impl Iterator<Item = (usize, &str)> {
    words_of(text).flat_map(|(offset, word)| {
        let mut rest = (word.len() > MAX_TOKEN_CHARS).then_some((offset, word));
        let whole = rest.is_none().then_some((offset, word));
        let cut = std::iter::from_fn(move || {
            let (at, word) = rest?;
            let end = word.char_indices().nth(MAX_TOKEN_CHARS).map_or(word.len(), |(end, _)| end);
            rest = (end < word.len()).then(|| (at + end, &word[end..]));
            Some((at, &word[..end]))
        });
        whole.into_iter().chain(cut)
    })
}

/// Pieces of a text that hold a letter, a digit or a picture. Letters of scripts that write no spaces stay together.
fn words_of(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut bounds = text.split_word_bound_indices().peekable();
    std::iter::from_fn(move || {
        loop {
            let (offset, piece) = bounds.next()?;
            if piece.is_ascii() {
                if piece.contains(|character: char| character.is_ascii_alphanumeric()) {
                    return Some((offset, piece));
                }
                continue;
            }
            if is_spaceless(piece) {
                let mut end = offset + piece.len();
                while let Some((_, more)) = bounds.next_if(|(_, more)| is_spaceless(more)) {
                    end += more.len();
                }
                return Some((offset, &text[offset..end]));
            }
            if piece.contains(char::is_alphanumeric) || is_picture(piece) {
                return Some((offset, piece));
            }
        }
    })
}

/// Letters of scripts that Unicode's segmentation leaves to dictionaries: those of Thai and its neighbours.
fn is_spaceless(piece: &str) -> bool {
    const BLOCKS: [(char, char); 9] = [
        ('\u{e00}', '\u{eff}'),
        ('\u{1000}', '\u{109f}'),
        ('\u{1780}', '\u{17ff}'),
        ('\u{1950}', '\u{19df}'),
        ('\u{1a20}', '\u{1aaf}'),
        ('\u{a9e0}', '\u{a9ff}'),
        ('\u{aa60}', '\u{aa7f}'),
        ('\u{aa80}', '\u{aadf}'),
        ('\u{11700}', '\u{1174f}'),
    ];
    piece.starts_with(|first: char| first.is_alphabetic() && is_in(first, &BLOCKS))
}

/// Emoji and flags.
fn is_picture(piece: &str) -> bool {
    const BLOCKS: [(char, char); 2] = [('\u{2600}', '\u{27bf}'), ('\u{1f000}', '\u{1faff}')];
    piece.starts_with(|first| is_in(first, &BLOCKS))
}

fn is_in(character: char, blocks: &[(char, char)]) -> bool {
    blocks.iter().any(|(first, last)| (*first..=*last).contains(&character))
}
