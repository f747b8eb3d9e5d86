//! JSON text, for bodies that a source writes itself.

/// Appends a JSON string. Bytes that are no UTF-8 become replacement characters.
#[inline]
pub fn push_text(out: &mut Vec<u8>, text: &[u8]) {
    if is_plain(text) {
        return push_plain(out, text);
    }
    match std::str::from_utf8(text) {
        Ok(text) => escape(out, text),
        Err(_) => escape(out, &String::from_utf8_lossy(text)),
    }
}

/// Appends a JSON string of bytes that are UTF-8 and need no escape, as [`is_plain`] finds them.
#[inline]
pub fn push_plain(out: &mut Vec<u8>, text: &[u8]) {
    out.reserve(text.len() + 2);
    out.push(b'"');
    out.extend_from_slice(text);
    out.push(b'"');
}

/// True for ASCII of which nothing is escaped in JSON: nearly all names of fields and most short texts.
#[inline]
#[must_use]
pub fn is_plain(text: &[u8]) -> bool {
    let (words, rest) = text.as_chunks();
    words.iter().all(|word| is_plain_word(*word))
        && match (text.last_chunk(), rest.first_chunk::<4>().zip(rest.last_chunk::<4>())) {
            // Bytes that were looked at before do no harm.
            (Some(last), _) => is_plain_word(*last),
            (None, Some(([a, b, c, d], [e, f, g, h]))) => is_plain_word([*a, *b, *c, *d, *e, *f, *g, *h]),
            (None, None) => rest.iter().all(|byte| byte.is_ascii() && !is_escaped(*byte)),
        }
}

/// Each byte of a word.
const EACH: u64 = 0x0101_0101_0101_0101;
/// The high bit of each.
const HIGH: u64 = EACH << 7;

fn is_plain_word(word: [u8; 8]) -> bool {
    (u64::from_le_bytes(word) | escaped_in(word)) & HIGH == 0
}

/// Eight bytes at a time: high bits of which the lowest is that of the first byte that is escaped. A byte below a bound
/// borrows its high bit when the bound is taken off.
fn escaped_in(word: [u8; 8]) -> u64 {
    let word = u64::from_le_bytes(word);
    let below = |word: u64, bound: u64| word.wrapping_sub(EACH * bound) & !word;
    let is = |byte: u8| below(word ^ (EACH * u64::from(byte)), 1);
    (below(word, 0x20) | is(b'"') | is(b'\\')) & HIGH
}

fn is_escaped(byte: u8) -> bool {
    byte < 0x20 || byte == b'"' || byte == b'\\'
}

/// How many bytes come before the first that is escaped.
fn before_escape(text: &[u8]) -> usize {
    let (words, rest) = text.as_chunks();
    let first = words.iter().enumerate().find_map(|(place, word)| match escaped_in(*word) {
        0 => None,
        found => Some(8 * place + found.trailing_zeros() as usize / 8),
    });
    let in_rest = || rest.iter().position(|byte| is_escaped(*byte)).unwrap_or(rest.len());
    first.unwrap_or_else(|| 8 * words.len() + in_rest())
}

fn escape(out: &mut Vec<u8>, text: &str) {
    let mut rest = text.as_bytes();
    out.reserve(rest.len() + rest.len() / 8 + 2);
    out.push(b'"');
    loop {
        let (run, behind) = rest.split_at(before_escape(rest));
        out.extend_from_slice(run);
        let Some((byte, behind)) = behind.split_first() else { break };
        push_escape(out, *byte);
        rest = behind;
    }
    out.push(b'"');
}

fn push_escape(out: &mut Vec<u8>, byte: u8) {
    const HEX: &[u8; 16] = b"0123456789abcdef";
    let short = match byte {
        b'"' | b'\\' => byte,
        b'\n' => b'n',
        b'\r' => b'r',
        b'\t' => b't',
        0x08 => b'b',
        0x0c => b'f',
        _ => {
            let digits = [HEX[usize::from(byte >> 4)], HEX[usize::from(byte & 15)]];
            out.extend_from_slice(b"\\u00");
            return out.extend_from_slice(&digits);
        }
    };
    out.extend_from_slice(&[b'\\', short]);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_byte_at_every_place_is_told_apart() {
        for length in 0..20 {
            assert!(is_plain(&vec![b'~'; length]));
            for place in 0..length {
                for byte in 0..=u8::MAX {
                    let mut text = vec![b' '; length];
                    text[place] = byte;
                    let plain = byte.is_ascii() && !is_escaped(byte);
                    assert_eq!(is_plain(&text), plain, "{byte:#x} at {place} of {length}");
                }
            }
        }
    }

    #[test]
    fn a_text_is_what_the_library_makes_of_it() {
        let mut all: Vec<String> =
            (0..300).filter_map(char::from_u32).map(|c| format!("ab{c}cdefghi{c}{c}jklmnopq{c}")).collect();
        all.extend(["".into(), "Zürich".into(), "日本\u{2028}".into(), "\u{1F600}\"".into()]);
        for text in all {
            let mut out = vec![b':'];
            push_text(&mut out, text.as_bytes());
            assert_eq!(out[1..], *serde_json::to_vec(&text).unwrap(), "{text}");
        }
    }

    #[test]
    fn bytes_that_are_no_text_are_replaced() {
        let mut out = Vec::new();
        push_text(&mut out, b"a\xff\"b");
        assert_eq!(out, "\"a\u{fffd}\\\"b\"".as_bytes());
    }
}
