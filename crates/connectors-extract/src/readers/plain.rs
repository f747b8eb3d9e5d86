//! Plain text in any charset, and everything that is read as such: source code, CSV, JSON, XML, markdown, subtitles.

use std::io::Read;

use chardetng::{EncodingDetector, Iso2022JpDetection, Utf8Detection};
use encoding_rs::{Encoding, UTF_8, UTF_16BE, UTF_16LE};

use crate::Input;
use crate::model::Outcome;
use crate::page::Page;
use crate::scope::{Scope, unreadable};

/// No charset takes more bytes for a character.
const WIDEST: u64 = 4;

pub(crate) fn read(input: &mut dyn Input, scope: &Scope<'_>, page: &mut Page<'_>) -> Result<(), Outcome> {
    let most = (scope.limits.characters as u64).saturating_add(1).saturating_mul(WIDEST);
    let mut bytes = Vec::new();
    let result = input.take(most).read_to_end(&mut bytes);
    let declared = page.hints.content_type.as_deref().and_then(charset);
    let text = decode(&bytes, declared);
    page.output.push(cleaned(&text).trim_start());
    result.map(|_| ()).map_err(|error| unreadable(&error))
}

/// Whether a media type is read as plain text.
pub(crate) fn is_text(kind: &str) -> bool {
    kind.starts_with("text/")
        || kind.ends_with("+xml")
        || kind.ends_with("+json")
        || matches!(
            kind,
            "application/json" | "application/xml" | "application/javascript" | "application/x-subrip"
        )
}

/// The charset that a media type declares.
pub(crate) fn charset(content_type: &str) -> Option<&'static Encoding> {
    content_type.split(';').skip(1).find_map(|parameter| {
        let (name, value) = parameter.split_once('=')?;
        name.trim()
            .eq_ignore_ascii_case("charset")
            .then(|| Encoding::for_label(value.trim().trim_matches('"').as_bytes()))?
    })
}

/// The text: by byte order mark, as declared, as UTF-8, or in the charset that it most likely has.
pub(crate) fn decode(bytes: &[u8], declared: Option<&'static Encoding>) -> String {
    if let Some((encoding, mark)) = Encoding::for_bom(bytes) {
        return encoding.decode_without_bom_handling(&bytes[mark..]).0.into_owned();
    }
    let encoding = declared.filter(|_| std::str::from_utf8(bytes).is_err()).unwrap_or_else(|| guess(bytes));
    encoding.decode_without_bom_handling(bytes).0.into_owned()
}

fn guess(bytes: &[u8]) -> &'static Encoding {
    if let Some(encoding) = wide(bytes) {
        return encoding;
    }
    if std::str::from_utf8(bytes).is_ok_and(|text| !text.contains('\u{1b}')) {
        return UTF_8;
    }
    let mut detector = EncodingDetector::new(Iso2022JpDetection::Allow);
    detector.feed(bytes, true);
    detector.guess(None, Utf8Detection::Allow)
}

/// UTF-16 without a byte order mark: most characters of a text have an empty half, always the same one.
pub(crate) fn wide(bytes: &[u8]) -> Option<&'static Encoding> {
    let sample = &bytes[..bytes.len().min(4096) & !1];
    let zeros = |at: usize| sample.iter().skip(at).step_by(2).filter(|byte| **byte == 0).count();
    let (even, odd, half) = (zeros(0), zeros(1), sample.len() / 2);
    match half {
        0 | 1 => None,
        _ if odd * 10 > half * 6 && even * 20 < half => Some(UTF_16LE),
        _ if even * 10 > half * 6 && odd * 20 < half => Some(UTF_16BE),
        _ => None,
    }
}

/// Without control characters; lines end with a line feed.
pub(crate) fn cleaned(text: &str) -> String {
    let mut cleaned = String::with_capacity(text.len());
    let mut before = ' ';
    for character in text.chars() {
        match character {
            '\n' if before == '\r' => {}
            '\r' | '\u{c}' | '\u{b}' => cleaned.push('\n'),
            '\n' | '\t' => cleaned.push(character),
            _ if character.is_control() => {}
            _ => cleaned.push(character),
        }
        before = character;
    }
    cleaned
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use crate::{Extracted, Hints, Limits, Outcome, extract};

    fn read(bytes: &[u8], content_type: Option<&str>) -> Extracted {
        let hints = Hints { name: Some("notes.txt".into()), content_type: content_type.map(str::to_owned) };
        extract(&mut Cursor::new(bytes), &hints, &Limits::default())
    }

    fn wide(text: &str, order: fn(u16) -> [u8; 2]) -> Vec<u8> {
        text.encode_utf16().flat_map(order).collect()
    }

    #[test]
    fn text_is_read_in_any_charset() {
        let sentence = "Die Straße führt über die Brücke nach Köln, wo fünf Gäste warten.";
        let (western, _, _) = encoding_rs::WINDOWS_1252.encode(sentence);
        let japanese = "これは日本語の文章です。東京は大きな都市です。";
        let (shift, _, _) = encoding_rs::SHIFT_JIS.encode(japanese);
        let cases: [(&str, Vec<u8>); 6] = [
            (sentence, sentence.into()),
            (sentence, [b"\xef\xbb\xbf", sentence.as_bytes()].concat()),
            (sentence, western.into_owned()),
            (japanese, shift.into_owned()),
            (sentence, wide(sentence, u16::to_le_bytes)),
            (sentence, wide(sentence, u16::to_be_bytes)),
        ];
        for (expected, bytes) in cases {
            let extracted = read(&bytes, None);
            assert_eq!((extracted.text.as_str(), &extracted.outcome), (expected, &Outcome::Extracted));
            assert_eq!(extracted.content_type, "text/plain");
        }
    }

    #[test]
    fn a_declared_charset_is_used() {
        assert_eq!(read(b"\xcf\xf0\xe8", Some("text/plain; charset=\"windows-1251\"")).text, "При");
    }

    #[test]
    fn a_stray_control_character_makes_no_binary() {
        let extracted = read(b"the first line is long enough\r\nand the second\x00 line\x07 too", None);
        assert_eq!(extracted.text, "the first line is long enough\nand the second line too");
    }

    #[test]
    fn nothing_is_empty_and_much_is_truncated() {
        assert_eq!(read(b" \n", None).outcome, Outcome::Empty);
        let limits = Limits { characters: 9, ..Limits::default() };
        let extracted = extract(&mut Cursor::new("one two three ".repeat(100)), &Hints::default(), &limits);
        assert_eq!(
            (extracted.text.as_str(), extracted.outcome),
            ("one two", Outcome::Truncated { characters: 7 })
        );
    }

    #[test]
    fn binaries_are_unsupported() {
        let extracted = read(b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", None);
        assert_eq!(extracted.outcome, Outcome::Unsupported { content_type: "image/png".into() });
    }
}
