//! BSON straight to JSON: a walk over the bytes, no tree in between.

mod familiar;
mod forms;
mod id;
mod inverse;
mod json;
mod names;
mod number;
mod plain_id;
mod raw_id;
mod reader;
mod text;

pub(crate) use forms::{Dates, Decimals, Forms};
pub(crate) use id::{Plain, id_text, is_ambiguous};
pub(crate) use inverse::{Inverse, inverse};
#[cfg(any(test, fuzzing))]
pub(crate) use json::to_json;
pub(crate) use json::write_json;
pub(crate) use raw_id::{RawId, any_of};
pub(crate) use reader::{Elements, Malformed, Value};

/// How legacy UUIDs (binary subtype 3) lay out their bytes.
///
/// Drivers of old wrote the same UUID in different orders and the bytes do not tell which; the
/// connection string does, by `uuidRepresentation`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum LegacyUuid {
    /// In the order of the text (`standard`, `pythonLegacy`).
    #[default]
    InOrder,
    /// Both halves reversed (`javaLegacy`).
    Java,
    /// The first three groups reversed (`csharpLegacy`).
    CSharp,
}

#[cfg(test)]
mod tests;
