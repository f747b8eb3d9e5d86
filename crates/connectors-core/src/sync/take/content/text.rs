//! Distinguishes text from binary files, and decodes it.

use chardetng::{EncodingDetector, Iso2022JpDetection, Utf8Detection};
use encoding_rs::Encoding;

/// Bytes at the beginning by which a file is judged.
pub(super) const SAMPLE: usize = 8 * 1024;
/// The media type of unknown content.
pub(super) const UNKNOWN: &str = "application/octet-stream";

/// Kinds whose text needs an extractor; they are not opened.
const PACKED: [&str; 16] = [
    "pdf",
    "zip",
    "gzip",
    "x-gzip",
    "x-7z-compressed",
    "x-rar-compressed",
    "vnd.rar",
    "x-bzip2",
    "x-xz",
    "zstd",
    "x-tar",
    "java-archive",
    "msword",
    "vnd.ms-excel",
    "vnd.ms-powerpoint",
    "epub+zip",
];

/// What a beginning of bytes looks like.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Sniff {
    Text,
    /// Not text, but of this media type.
    Binary(String),
}

/// The media type that the source declares, or that the file's name suggests.
pub(super) fn mime_type(declared: Option<&str>, name: &str) -> String {
    declared.map_or_else(
        || mime_guess::from_path(name).first_or_octet_stream().essence_str().to_owned(),
        str::to_owned,
    )
}

/// True for media types that hold no plain text. `.ts` is a film by its registered type, and a program by its
/// use: it is looked into.
pub(super) fn is_opaque(mime: &str) -> bool {
    let (family, kind) = mime.split_once('/').unwrap_or((mime, ""));
    match family {
        "image" => kind != "svg+xml",
        "audio" | "font" => true,
        "video" => kind != "vnd.dlna.mpeg-tts" && kind != "mp2t",
        "application" => {
            PACKED.contains(&kind)
                || kind.starts_with("vnd.openxmlformats")
                || kind.starts_with("vnd.oasis.opendocument")
        }
        _ => false,
    }
}

/// Judges by byte order marks, known signatures and control characters.
pub(super) fn sniff(bytes: &[u8], mime: &str) -> Sniff {
    let sample = &bytes[..bytes.len().min(SAMPLE)];
    if Encoding::for_bom(sample).is_some() {
        return Sniff::Text;
    }
    if let Some(kind) = infer::get(sample).filter(|kind| kind.matcher_type() != infer::MatcherType::Text) {
        return Sniff::Binary(kind.mime_type().to_owned());
    }
    let controls = sample.iter().filter(|byte| is_control(**byte)).count();
    if sample.contains(&0) || controls * 50 > sample.len() {
        return Sniff::Binary(if mime.starts_with("text/") { UNKNOWN.into() } else { mime.into() });
    }
    Sniff::Text
}

fn is_control(byte: u8) -> bool {
    byte < 0x20 && !matches!(byte, b'\n' | b'\r' | b'\t' | 0x0b | 0x0c | 0x1b)
}

/// The text: UTF-8, by byte order mark, or in the encoding that it most likely has.
pub(super) fn decode(bytes: Vec<u8>) -> Option<String> {
    if let Some((encoding, mark)) = Encoding::for_bom(&bytes) {
        let (text, _) = encoding.decode_without_bom_handling(&bytes[mark..]);
        return Some(text.into_owned());
    }
    let bytes = match String::from_utf8(bytes) {
        Ok(text) => return Some(text),
        Err(error) => error.into_bytes(),
    };
    let mut detector = EncodingDetector::new(Iso2022JpDetection::Deny);
    detector.feed(&bytes, true);
    let (text, has_errors) = detector.guess(None, Utf8Detection::Allow).decode_without_bom_handling(&bytes);
    (!has_errors).then(|| text.into_owned())
}

/// Cuts a text to so many bytes, behind a whole word where it has one; true where something is cut off.
pub(super) fn cut(text: &mut String, most: Option<u64>) -> bool {
    let Some(most) = most.and_then(|most| usize::try_from(most).ok()).filter(|most| text.len() > *most)
    else {
        return false;
    };
    let whole = text.floor_char_boundary(most);
    let ends_a_word = text[whole..].starts_with(char::is_whitespace);
    let end = if ends_a_word { Some(whole) } else { text[..whole].rfind(char::is_whitespace) };
    text.truncate(text[..end.unwrap_or(whole)].trim_end().len());
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_text_is_cut_behind_a_whole_word() {
        for (text, most, expected) in [
            ("two words", Some(9), "two words"),
            ("two words", None, "two words"),
            ("two words", Some(8), "two"),
            ("two  words", Some(4), "two"),
            ("two words", Some(3), "two"),
            ("unbroken", Some(3), "unb"),
            ("ünbroken", Some(1), ""),
        ] {
            let mut cut_text = text.to_owned();
            let is_cut = cut(&mut cut_text, most);
            assert_eq!((cut_text.as_str(), is_cut), (expected, text != expected), "{text} {most:?}");
        }
    }

    #[test]
    fn text_is_decoded_whatever_its_encoding() {
        let utf16: Vec<u8> = "\u{feff}Grüße".encode_utf16().flat_map(u16::to_le_bytes).collect();
        for (bytes, expected) in [
            ("plain".as_bytes().to_vec(), "plain"),
            ("Grüße".as_bytes().to_vec(), "Grüße"),
            (b"\xef\xbb\xbfmarked".to_vec(), "marked"),
            (utf16, "Grüße"),
            (b"Gr\xfc\xdfe aus K\xf6ln, sch\xf6ne St\xe4dte".to_vec(), "Grüße aus Köln, schöne Städte"),
            (Vec::new(), ""),
        ] {
            assert_eq!(sniff(&bytes, "text/plain"), Sniff::Text, "{expected}");
            assert_eq!(decode(bytes).as_deref(), Some(expected));
        }
    }

    #[test]
    fn anything_else_is_told_by_its_kind() {
        for (bytes, mime, expected) in [
            (&b"\x89PNG\r\n\x1a\n\0\0"[..], "text/plain", "image/png"),
            (b"a\0b", "text/plain", UNKNOWN),
            (b"a\0b", "application/x-thing", "application/x-thing"),
            (b"\x01\x02\x03\x04abc", UNKNOWN, UNKNOWN),
        ] {
            assert_eq!(sniff(bytes, mime), Sniff::Binary(expected.into()));
        }
    }

    #[test]
    fn kinds_that_hold_no_text_are_known_by_name() {
        for name in ["a.png", "a.mp3", "a.mp4", "a.pdf", "a.zip", "a.docx", "a.odt", "a.woff2", "a.jar"] {
            assert!(is_opaque(&mime_type(None, name)), "{name}");
        }
        for name in ["a.md", "a.rs", "a.ts", "a.svg", "a.json", "a", "a.unknown", "a.js", "a.yaml"] {
            assert!(!is_opaque(&mime_type(None, name)), "{name}");
        }
        assert_eq!(mime_type(Some("x/y"), "a.md"), "x/y");
    }
}
