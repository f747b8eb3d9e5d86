//! PDF: the text of pages as their glyphs are drawn, annotations and filled forms by their appearance.

use std::io::Read;

use hayro_interpret::hayro_syntax::object::DateTime;
use hayro_interpret::hayro_syntax::{DecryptionError, LoadPdfError, Pdf};
use hayro_interpret::kurbo::{Affine, Rect};
use hayro_interpret::{Context, InterpreterCache, InterpreterSettings, interpret_page};

use crate::Input;
use crate::model::{Fields, Outcome};
use crate::page::Page;
use crate::readers::pdf_device::TextDevice;
use crate::readers::plain::decode;
use crate::scope::{Scope, damaged, too_large, unreadable};

pub(crate) fn read(input: &mut dyn Input, scope: &Scope<'_>, page: &mut Page<'_>) -> Result<(), Outcome> {
    let mut bytes = Vec::new();
    let most = scope.limits.total_bytes;
    input.take(most.saturating_add(1)).read_to_end(&mut bytes).map_err(|error| unreadable(&error))?;
    if bytes.len() as u64 > most {
        return Err(too_large("total_bytes"));
    }
    let pdf = Pdf::new(bytes).map_err(|error| match error {
        LoadPdfError::Decryption(DecryptionError::PasswordProtected) => Outcome::Encrypted,
        LoadPdfError::Decryption(_) => damaged(&"its encryption cannot be read"),
        LoadPdfError::Invalid => damaged(&"it is no valid PDF"),
    })?;
    fill(&pdf, &mut page.fields);
    pages(&pdf, scope, page)
}

fn pages(pdf: &Pdf, scope: &Scope<'_>, page: &mut Page<'_>) -> Result<(), Outcome> {
    let cache = InterpreterCache::new();
    let most = scope.limits.pages as usize;
    for sheet in pdf.pages().iter().take(most) {
        page.output.paragraph();
        let bounds = Rect::new(0.0, 0.0, 1.0, 1.0);
        let settings = InterpreterSettings::default();
        let mut context = Context::new(Affine::IDENTITY, bounds, &cache, pdf.xref(), settings);
        interpret_page(sheet, &mut context, &mut TextDevice::new(&mut page.output));
        if page.output.is_full() {
            return Ok(());
        }
    }
    if pdf.pages().len() > most { Err(too_large("pages")) } else { Ok(()) }
}

fn fill(pdf: &Pdf, fields: &mut Fields) {
    let metadata = pdf.metadata();
    fields.title = metadata.title.as_deref().and_then(words);
    fields.author = metadata.author.as_deref().and_then(words);
    fields.created_at = metadata.creation_date.as_ref().map(rfc3339);
    fields.modified_at = metadata.modification_date.as_ref().map(rfc3339);
    fields.pages = u32::try_from(pdf.pages().len()).ok();
}

fn words(bytes: &[u8]) -> Option<String> {
    let text = decode(bytes, Some(encoding_rs::WINDOWS_1252));
    Some(text.trim_matches(|end: char| end.is_whitespace() || end == '\0').to_owned())
        .filter(|text| !text.is_empty())
}

fn rfc3339(date: &DateTime) -> String {
    let DateTime { year, month, day, hour, minute, second, utc_offset_hour, utc_offset_minute } = *date;
    let (sign, hours, minutes) =
        (if utc_offset_hour < 0 { '-' } else { '+' }, utc_offset_hour.unsigned_abs(), utc_offset_minute);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}{sign}{hours:02}:{minutes:02}")
}

#[cfg(test)]
mod tests {
    use crate::fixture::{pdf, read};
    use crate::{Limits, Outcome};

    const PAGE: &str = "BT /F1 12 Tf 72 700 Td [(Hel) 20 (lo) -600 (world)] TJ 0 -14 Td (Second line) Tj ET";

    #[test]
    fn words_and_lines_are_told_by_where_they_are_drawn() {
        let extracted = read(&pdf(&[PAGE, PAGE]), &Limits::default());
        assert_eq!(extracted.text, "Hello world\nSecond line\n\nHello world\nSecond line");
        assert_eq!(
            (extracted.outcome, extracted.content_type.as_str()),
            (Outcome::Extracted, "application/pdf")
        );
        assert_eq!(extracted.fields.pages, Some(2));
        assert_eq!(extracted.fields.title.as_deref(), Some("Plan"));
        assert_eq!(extracted.fields.created_at.as_deref(), Some("2026-01-02T03:04:05+00:00"));
    }

    #[test]
    fn more_pages_than_allowed_are_too_large() {
        let extracted = read(&pdf(&[PAGE, PAGE]), &Limits { pages: 1, ..Limits::default() });
        assert_eq!(extracted.text, "Hello world\nSecond line");
        assert_eq!(extracted.outcome, Outcome::TooLarge { limit: "pages".into() });
    }

    #[test]
    fn hostile_bytes_end_in_an_outcome() {
        let whole = pdf(&[PAGE]);
        for tenth in 1..10 {
            assert!(read(&whole[..whole.len() * tenth / 10], &Limits::default()).text.len() < 100);
        }
        for at in (0..whole.len()).step_by(3) {
            let mut flipped = whole.clone();
            flipped[at] ^= 1 << (at % 8);
            assert!(read(&flipped, &Limits::default()).text.len() < 1000);
        }
        let nested = pdf(&[&format!("{}{}", "[".repeat(100_000), "]".repeat(100_000))]);
        assert_eq!(read(&nested, &Limits::default()).text, "");
        assert!(matches!(read(b"%PDF-1.7\nnothing", &Limits::default()).outcome, Outcome::Damaged { .. }));
    }
}
