//! The media type of a file, by its first bytes; its name only tells texts and packages apart.

use encoding_rs::Encoding;

use crate::readers::plain::wide;

/// Bytes that are enough to know a type.
pub(crate) const HEAD: u64 = 8 * 1024;
/// The media type of unknown content.
pub(crate) const OCTETS: &str = "application/octet-stream";

pub(crate) const DOCX: &str = "application/vnd.openxmlformats-officedocument.wordprocessingml.document";
pub(crate) const XLSX: &str = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";
pub(crate) const PPTX: &str = "application/vnd.openxmlformats-officedocument.presentationml.presentation";
const PACKAGES: [(&[u8], &str); 3] = [(b"word/", DOCX), (b"xl/", XLSX), (b"ppt/", PPTX)];

/// Types of which the registered name of an extension is misleading, or missing.
const BY_EXTENSION: [(&str, &str); 8] = [
    ("docx", DOCX),
    ("docm", DOCX),
    ("xlsx", XLSX),
    ("xlsm", XLSX),
    ("pptx", PPTX),
    ("pptm", PPTX),
    ("srt", "application/x-subrip"),
    ("vtt", "text/vtt"),
];

/// The media type of a file by its first 8 KiB, and by its name where the bytes leave a choice.
pub fn detect(head: &[u8], name: Option<&str>) -> &'static str {
    if Encoding::for_bom(head).is_some() {
        return text(head, name);
    }
    if within(&head[..head.len().min(1024)], b"%PDF-") {
        return "application/pdf";
    }
    if head.starts_with(b"{\\rtf") {
        return "application/rtf";
    }
    if head.starts_with(b"PK\x03\x04") {
        return package(head, name);
    }
    match infer::get(head) {
        Some(kind) if kind.matcher_type() != infer::MatcherType::Text => kind.mime_type(),
        _ if is_binary(head) => OCTETS,
        _ => text(head, name),
    }
}

fn package(head: &[u8], name: Option<&str>) -> &'static str {
    let by_name = extension(name).filter(|kind| [DOCX, XLSX, PPTX].contains(kind));
    let by_bytes = PACKAGES.iter().find(|(folder, _)| within(head, folder)).map(|(_, kind)| *kind);
    let office = within(head, b"[Content_Types].xml") || within(head, b"_rels/.rels");
    match by_bytes.filter(|_| office).or(by_name) {
        Some(kind) => kind,
        None => infer::get(head).map_or("application/zip", |kind| kind.mime_type()),
    }
}

fn text(head: &[u8], name: Option<&str>) -> &'static str {
    let start: Vec<u8> =
        head.iter().filter(|byte| **byte != 0).take(512).map(u8::to_ascii_lowercase).collect();
    if within(&start, b"<!doctype html") || within(&start, b"<html") {
        return "text/html";
    }
    let named = extension(name).or_else(|| name.and_then(|name| mime_guess::from_path(name).first_raw()));
    named.filter(|kind| crate::readers::plain::is_text(kind)).unwrap_or(if within(&start, b"<?xml") {
        "application/xml"
    } else {
        "text/plain"
    })
}

fn extension(name: Option<&str>) -> Option<&'static str> {
    let (_, end) = name?.rsplit_once('.')?;
    BY_EXTENSION.iter().find(|(extension, _)| end.eq_ignore_ascii_case(extension)).map(|(_, kind)| *kind)
}

/// More than one control character in twenty, and no UTF-16.
fn is_binary(head: &[u8]) -> bool {
    let is_control =
        |byte: &&u8| **byte < 0x20 && !matches!(**byte, b'\n' | b'\r' | b'\t' | 0x0b | 0x0c | 0x1b);
    head.iter().filter(is_control).count() * 20 > head.len() && wide(head).is_none()
}

fn within(bytes: &[u8], word: &[u8]) -> bool {
    bytes.windows(word.len()).any(|window| window == word)
}

#[cfg(test)]
mod tests {
    use super::{OCTETS, detect};

    #[test]
    fn types_are_known_by_bytes_and_texts_by_name() {
        let cases: [(&[u8], Option<&str>, &str); 9] = [
            (b"%PDF-1.7\n", Some("a.txt"), "application/pdf"),
            (b"{\\rtf1", None, "application/rtf"),
            (b"\x01\x02\x03\x04\x05", Some("a.txt"), OCTETS),
            (b"<!DOCTYPE html><p>", Some("a.txt"), "text/html"),
            (b"<?xml version=\"1.0\"?><a/>", None, "application/xml"),
            (b"a,b\n1,2\n", Some("a.csv"), "text/csv"),
            (b"let a: u8 = 1;", Some("a.ts"), "text/plain"),
            (b"1\n00:00:01,000", Some("a.SRT"), "application/x-subrip"),
            (b"", None, "text/plain"),
        ];
        for (head, name, expected) in cases {
            assert_eq!(detect(head, name), expected, "{name:?}");
        }
    }
}
