//! Words that are spelled much like others: `fuzziness`.

use serde_json::Value;

use crate::analysis;
use crate::failure::{Failure, Result};
use crate::mapping::{Field, Kind};
use crate::options::Options;

/// How much a term may differ from a word.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Fuzzy {
    /// Edits at the most; `None` is `AUTO`, by the length of the word.
    edits: Option<usize>,
    /// Characters at the beginning that must be equal.
    head: usize,
}

impl Fuzzy {
    /// Takes the options of a query over text; `None` if they ask for no fuzziness.
    ///
    /// # Errors
    /// 501 unless terms score alike, which is the only way that this server can score them.
    pub(super) fn read(options: &mut Options<'_>) -> Result<Option<Self>> {
        let Some(edits) = options.take("fuzziness") else { return Ok(None) };
        let head = options.count("prefix_length")?.unwrap_or(0);
        if options.text("fuzzy_rewrite")? != Some("constant_score") {
            return Err(Failure::unsupported("[fuzziness] without [fuzzy_rewrite] of [constant_score]"));
        }
        Ok(Some(Fuzzy { edits: edits_of(edits)?, head }))
    }

    /// The same of a query that was read already.
    pub(super) fn of(body: &Value) -> Option<Self> {
        let head = body.get("prefix_length").and_then(Value::as_u64).unwrap_or(0) as usize;
        Some(Fuzzy { edits: edits_of(body.get("fuzziness")?).ok()?, head })
    }

    /// The beginning of a word that must be equal.
    pub(super) fn head(self, word: &str) -> &str {
        word.char_indices().nth(self.head).map_or(word, |(end, _)| &word[..end])
    }

    /// Whether a term is enough like a word, both of them without the word's head.
    pub(super) fn accepts_rest(self, word: &str, rest: &str) -> bool {
        let head = self.head(word);
        let edits = self.edits.unwrap_or_else(|| automatic(word.chars().count()));
        is_within(&word[head.len()..], rest, edits)
    }

    pub(super) fn accepts(self, word: &str, term: &str) -> bool {
        term.strip_prefix(self.head(word)).is_some_and(|rest| self.accepts_rest(word, rest))
    }
}

/// The words of a text as a field holds them.
pub(super) fn words(field: &Field, text: &str) -> Vec<String> {
    match field.kind {
        Kind::Text => analysis::words(text).into_iter().map(|word| word.text).collect(),
        _ if field.split_queries => {
            text.split_whitespace().map(|word| field.normalized(word).into_owned()).collect()
        }
        _ => vec![field.normalized(text).into_owned()],
    }
}

fn edits_of(value: &Value) -> Result<Option<usize>> {
    let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    match text.as_str() {
        "0" | "1" | "2" => Ok(text.parse().ok()),
        other if other.eq_ignore_ascii_case("auto") => Ok(None),
        _ => Err(Failure::unsupported(format!("[fuzziness] of [{text}]"))),
    }
}

const fn automatic(length: usize) -> usize {
    match length {
        0..=2 => 0,
        3..=5 => 1,
        _ => 2,
    }
}

/// Whether so many edits make one text the other: characters that are put in, left out, replaced, or swapped with the next.
fn is_within(one: &str, other: &str, edits: usize) -> bool {
    let (one, other): (Vec<char>, Vec<char>) = (one.chars().collect(), other.chars().collect());
    if one.len().abs_diff(other.len()) > edits {
        return false;
    }
    let (mut before, mut last) = (Vec::new(), (0..=other.len()).collect::<Vec<_>>());
    for (row, letter) in one.iter().enumerate() {
        let mut next = vec![row + 1];
        for (column, against) in other.iter().enumerate() {
            let replaced = last[column] + usize::from(letter != against);
            let mut least = replaced.min(last[column + 1] + 1).min(next[column] + 1);
            if row > 0 && column > 0 && one[row - 1] == *against && *letter == other[column - 1] {
                least = least.min(before[column - 1] + 1);
            }
            next.push(least);
        }
        if next.iter().all(|least| *least > edits) {
            return false;
        }
        before = std::mem::replace(&mut last, next);
    }
    last.last().is_some_and(|least| *least <= edits)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_term_is_accepted_within_the_edits_of_its_word() {
        for (edits, word, term, expected) in [
            (None, "disk", "disc", true),
            (None, "disk", "risk", false),
            (None, "disk", "dusty", false),
            (None, "ab", "ac", false),
            (None, "server", "sevrer", true),
            (None, "server", "srvers", true),
            (None, "server", "serious", false),
            (None, "größe", "grösse", false),
            (None, "größe", "grose", false),
            (None, "größe", "große", true),
            (Some(2), "abc", "acb", true),
            (Some(1), "abcd", "acbd", true),
            (Some(0), "abc", "abc", true),
            (Some(0), "abc", "abd", false),
            (Some(2), "a", "", false),
            (Some(1), "", "", true),
        ] {
            assert_eq!(Fuzzy { edits, head: 1 }.accepts(word, term), expected, "{word} {term}");
        }
        assert!(Fuzzy { edits: None, head: 0 }.accepts("disk", "risk"));
    }
}
