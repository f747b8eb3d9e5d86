//! The standard analyzer: words after Unicode's text segmentation, in lower case.

use tantivy::tokenizer::{LowerCaser, TextAnalyzer, Token, TokenStream, Tokenizer};
use unicode_segmentation::UnicodeSegmentation;

/// The name under which indices register the analyzer.
pub(crate) const STANDARD: &str = "standard";
const MAX_TOKEN_CHARS: usize = 255;

/// The analyzer of every text field.
pub(crate) fn standard() -> TextAnalyzer {
    TextAnalyzer::builder(Words::default()).filter(LowerCaser).build()
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
        self.token.text.push_str(word);
        true
    }

    fn token(&self) -> &Token {
        self.token
    }

    fn token_mut(&mut self) -> &mut Token {
        self.token
    }
}

/// Words, those beyond the length limit cut into several, as the real tokenizer does.
fn pieces(text: &str) -> impl Iterator<Item = (usize, &str)> {
    text.unicode_word_indices().flat_map(|(offset, word)| {
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
