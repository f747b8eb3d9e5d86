//! Readers by media type, and the way of one file through its reader.

use std::io::{Read, SeekFrom};

use crate::Input;
use crate::detect::{DOCX, HEAD, OCTETS, PPTX, XLSX, detect};
use crate::model::{Extracted, Fields, Hints, Outcome};
use crate::output::Output;
use crate::page::Page;
use crate::readers::{html, office, pdf, plain, sheets};
use crate::scope::{Scope, unreadable};

/// Reads one family of files.
pub(crate) struct Reader {
    pub(crate) version: u32,
    read: fn(&mut dyn Input, &Scope<'_>, &mut Page<'_>) -> Result<(), Outcome>,
}

const PLAIN: Reader = Reader { version: 1, read: plain::read };

const PDF: Reader = Reader { version: 1, read: pdf::read };
const HTML: Reader = Reader { version: 1, read: html::read };
const WORD: Reader = Reader { version: 1, read: office::word };
const SHEETS: Reader = Reader { version: 1, read: sheets::read };
const SLIDES: Reader = Reader { version: 1, read: office::slides };

/// The reader of a media type.
pub(crate) fn reader(content_type: &str) -> Option<&'static Reader> {
    match content_type {
        "text/html" | "application/xhtml+xml" => Some(&HTML),
        kind if plain::is_text(kind) => Some(&PLAIN),
        "application/pdf" => Some(&PDF),
        DOCX => Some(&WORD),
        XLSX => Some(&SHEETS),
        PPTX => Some(&SLIDES),
        _ => None,
    }
}

/// Reads a file by its type.
pub(crate) fn extract(input: &mut dyn Input, hints: &Hints, scope: &Scope<'_>) -> Extracted {
    let mut page = Page {
        hints,
        output: Output::new(scope.limits.characters),
        fields: Fields::default(),
        children: Vec::new(),
    };
    let (content_type, read) = match typed(input, hints) {
        Ok(kind) => (kind, run(kind, input, scope, &mut page)),
        Err(outcome) => (OCTETS, Err(outcome)),
    };
    let (text, cut) = page.output.finish();
    let outcome = match read {
        Err(outcome) => outcome,
        Ok(()) if cut => Outcome::Truncated { characters: text.chars().count() },
        Ok(()) if text.is_empty() => Outcome::Empty,
        Ok(()) => Outcome::Extracted,
    };
    Extracted {
        outcome,
        content_type: content_type.to_owned(),
        text,
        fields: page.fields,
        children: page.children,
    }
}

fn run(kind: &str, input: &mut dyn Input, scope: &Scope<'_>, page: &mut Page<'_>) -> Result<(), Outcome> {
    match reader(kind) {
        Some(reader) => (reader.read)(input, scope, page),
        None => Err(Outcome::Unsupported { content_type: kind.to_owned() }),
    }
}

fn typed(input: &mut dyn Input, hints: &Hints) -> Result<&'static str, Outcome> {
    let mut head = Vec::new();
    (&mut *input).take(HEAD).read_to_end(&mut head).map_err(|error| unreadable(&error))?;
    input.seek(SeekFrom::Start(0)).map_err(|error| unreadable(&error))?;
    Ok(detect(&head, hints.name.as_deref()))
}
