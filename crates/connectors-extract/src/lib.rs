//! Text and fields of files, by what their bytes are.
//!
//! [`extract`] reads a file and always answers with an [`Extracted`]: its [`Outcome`] says why there is no text, or
//! only a part of it. Readers are registered by media type, one file per family.

mod detect;
#[cfg(test)]
mod fixture;
mod model;
mod output;
mod package;
mod page;
mod readers;
mod registry;
mod scope;
mod xml;

use std::io::{Read, Seek};

pub use detect::detect;
pub use model::{Child, Extracted, Fields, Hints, Limits, Outcome, WholeText};

/// The bytes of a file.
pub trait Input: Read + Seek {}

impl<T: Read + Seek> Input for T {}

/// Text, fields and children of a file. It never fails: what could not be read is in the outcome, and what was read
/// before an error is kept.
pub fn extract(input: &mut dyn Input, hints: &Hints, limits: &Limits) -> Extracted {
    registry::extract(input, hints, &scope::Scope::new(limits))
}

/// The version of the reader for a media type, 0 where there is none. It grows when the reader's text changes, so that
/// a fingerprint that holds it makes files of that type be read again.
pub fn version(content_type: &str) -> u32 {
    registry::reader(content_type).map_or(0, |reader| reader.version)
}
