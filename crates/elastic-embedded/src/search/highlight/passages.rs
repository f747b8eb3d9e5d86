//! Passages: stretches of a text around what was found in it.

use std::ops::Range;

/// Stretches of about `size` bytes around the hits, which are in order: whole sentences where they are
/// short enough, whole words where they are not. `usize::MAX` gives the whole text.
pub(super) fn passages(text: &str, hits: &[Range<usize>], size: usize) -> Vec<Range<usize>> {
    let mut passages: Vec<Range<usize>> = Vec::new();
    if size == usize::MAX {
        passages.push(0..text.len());
        return passages;
    }
    for hit in hits {
        let floor = passages.last().map_or(0, |last| last.end);
        if hit.start < floor {
            continue;
        }
        let start = start(text, hit.start, floor, size);
        passages.push(start..end(text, hit.end, start, size));
    }
    passages
}

/// The first bytes of a text, up to the end of a word.
pub(super) fn beginning(text: &str, size: usize) -> &str {
    if text.len() <= size {
        return text;
    }
    let limit = boundary(text, size);
    text[..limit].rfind(char::is_whitespace).map_or(&text[..limit], |at| &text[..at])
}

/// The start of the sentence that holds the hit, or of a word at most half the size before it.
fn start(text: &str, hit: usize, floor: usize, size: usize) -> usize {
    let before = &text[floor..hit];
    let sentence = breaks(before).last().map_or(floor, |end| floor + end);
    let blank = text[sentence..hit].len() - text[sentence..hit].trim_start().len();
    let start = sentence + blank;
    if hit - start <= size / 2 {
        return start;
    }
    let near = boundary(text, hit - size / 2).min(hit);
    let word = text[near..hit].char_indices().find(|(_, character)| character.is_whitespace());
    word.map_or(hit, |(at, character)| near + at + character.len_utf8())
}

/// The end of the last sentence that fits, or of the last word.
fn end(text: &str, hit: usize, start: usize, size: usize) -> usize {
    let limit = boundary(text, start.saturating_add(size).clamp(hit, text.len()));
    if limit == text.len() {
        return limit;
    }
    let rest = &text[hit..limit];
    let sentence = breaks(rest).last();
    let word = || rest.rfind(char::is_whitespace);
    sentence.or_else(word).map_or(limit, |at| hit + at)
}

/// The ends of the sentences in a text: a mark and a space after it, or a line's end.
fn breaks(text: &str) -> impl Iterator<Item = usize> {
    let next = |at: usize| text[at..].chars().next();
    text.char_indices().filter_map(move |(at, character)| {
        let end = at + character.len_utf8();
        let mark = matches!(character, '.' | '!' | '?') && next(end).is_some_and(char::is_whitespace);
        (mark || character == '\n').then_some(end)
    })
}

fn boundary(text: &str, at: usize) -> usize {
    (at..text.len()).find(|at| text.is_char_boundary(*at)).unwrap_or(text.len())
}

#[cfg(test)]
mod tests;
