//! Names of fields that every index takes, each once per object.
//!
//! A name stays as it is where it can. One that is empty, longer than 512 bytes, has a dot in it (which Elasticsearch
//! reads as an object) or is reserved at the top of a document becomes another one, which no other field of its object
//! has: two fields never become one. Objects deeper than a mapping goes become text.

use std::collections::HashSet;

use bytes::Bytes;
use serde::Serialize;
use serde_json::value::RawValue;

use super::{DocumentId, hash};
use crate::json::{is_plain, push_text};
use crate::{Error, Result};

/// Longer names are cut: Lucene refuses terms of more than 32,766 bytes, and names stand in several of them.
pub const MAX_BYTES: usize = 512;

/// Objects below this many levels become text: an index maps fields at most 20 levels deep, and the deepest of them is a value.
pub const MAX_OBJECTS: usize = 19;

/// Objects and arrays in one another; Elasticsearch reads no more than 1,000.
const MAX_NESTING: usize = 256;

/// Changed names that are kept of one document.
const SHOWN: usize = 5;

/// Names of fields that the sync or Elasticsearch itself fills.
const RESERVED: [&str; 22] = [
    "id",
    "_timestamp",
    "_sync",
    "_sync.id",
    "_sync.mark",
    "_sync.scope",
    "_allow_access_control",
    "_extract_binary_content",
    "_reduce_whitespace",
    "_run_ml_inference",
    "_id",
    "_index",
    "_source",
    "_type",
    "_routing",
    "_field_names",
    "_ignored",
    "_size",
    "_doc_count",
    "_seq_no",
    "_version",
    "_tier",
];

/// What of a document could not keep its name or its shape.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Renames {
    /// Fields that have another name in the index.
    pub count: u64,
    /// The first of them: the name in the source, and the name in the index.
    pub first: Vec<(String, String)>,
    /// Objects that lie too deep and became text.
    pub as_text: u64,
}

impl Renames {
    /// True where everything stayed.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.count == 0 && self.as_text == 0
    }

    /// Adds those of another document, or of another part of this one.
    pub fn add(&mut self, other: Self) {
        self.count += other.count;
        self.as_text += other.as_text;
        let room = SHOWN.saturating_sub(self.first.len());
        let new = other.first.into_iter().filter(|renamed| !self.first.contains(renamed)).collect::<Vec<_>>();
        self.first.extend(new.into_iter().take(room));
    }

    /// Adds a field: its name in the source, and in the index.
    pub fn note(&mut self, from: &str, to: &str) {
        self.count += 1;
        if self.first.len() < SHOWN {
            self.first.push((from.to_owned(), to.to_owned()));
        }
    }
}

/// Where the names of an object stand.
#[derive(Debug, Clone, Copy)]
pub struct Level<'a> {
    /// True at the top of a document, where some names are reserved.
    pub root: bool,
    /// Further names that are reserved there.
    pub reserved: &'a [&'a str],
}

impl Level<'_> {
    /// The top of a document.
    pub const ROOT: Self = Self { root: true, reserved: &[] };
    /// Anywhere below.
    pub const BELOW: Self = Self { root: false, reserved: &[] };

    /// The name as text, where it can stay as it is.
    #[must_use]
    pub fn stays(self, name: &[u8]) -> Option<&str> {
        let name = std::str::from_utf8(name).ok()?;
        let fits = name.len() <= MAX_BYTES && !name.contains('.') && !name.trim().is_empty();
        (fits && !self.is_reserved(name)).then_some(name)
    }

    fn is_reserved(self, name: &str) -> bool {
        self.root && (is_reserved(name) || self.reserved.contains(&name))
    }
}

/// True for names that a source's own top-level field can't have.
#[must_use]
pub fn is_reserved(name: &str) -> bool {
    RESERVED.contains(&name)
}

/// True for nearly all names, which can stay anywhere: they start with a letter, but for `i`, and have nothing that has to be
/// looked for.
#[inline]
#[must_use]
pub fn is_usual(name: &[u8]) -> bool {
    let starts = name.first().is_some_and(|byte| byte.is_ascii_alphabetic() && *byte != b'i');
    starts && name.len() < 64 && is_plain(name) && !name.contains(&b'.')
}

/// The names to use instead of those of one object, none at places that a later one of the same name overrides.
///
/// A name that can stay does, whatever the others become: only those that are changed give way.
#[must_use]
pub fn unique(names: &[&[u8]], level: Level<'_>) -> Vec<Option<String>> {
    let mut taken: HashSet<String> =
        names.iter().filter_map(|name| level.stays(name)).map(str::to_owned).collect();
    let mut overridden = HashSet::new();
    let last: Vec<bool> = names.iter().rev().map(|name| overridden.insert(*name)).collect();
    let kept = names.iter().zip(last.into_iter().rev());
    kept.map(|(name, last)| last.then(|| free(name, level, &mut taken))).collect()
}

/// The name itself, or what it becomes, with `_` added while another field has that.
fn free(name: &[u8], level: Level<'_>, taken: &mut HashSet<String>) -> String {
    if let Some(name) = level.stays(name) {
        return name.to_owned();
    }
    let mut candidate = cleaned(name);
    while level.is_reserved(&candidate) || !taken.insert(candidate.clone()) {
        candidate.push('_');
    }
    candidate
}

fn cleaned(name: &[u8]) -> String {
    let text = String::from_utf8_lossy(name).replace('.', "_");
    if text.trim().is_empty() {
        return "_".to_owned();
    }
    if text.len() <= MAX_BYTES {
        return text;
    }
    let start = &text[..text.floor_char_boundary(MAX_BYTES - 33)];
    format!("{start}_{}", DocumentId::hashed(name))
}

/// A JSON object with names that every index takes. Where all can stay, which is nearly always, that is one scan.
///
/// # Errors
/// When something has to be changed in bytes that are no JSON object, or are nested deeper than a server reads.
pub(crate) fn fitting(bytes: Bytes, level: Level<'_>) -> Result<(Bytes, Renames)> {
    if Scan::new(&bytes, level).all_stay() {
        return Ok((bytes, Renames::default()));
    }
    let mut rewrite = Rewrite { out: Vec::with_capacity(bytes.len() + 8), renames: Renames::default() };
    let text = std::str::from_utf8(&bytes).map_err(no_object)?;
    rewrite.object(text, (level, Depth::default()))?;
    Ok((rewrite.out.into(), rewrite.renames))
}

fn no_object(error: impl std::error::Error + Send + Sync + 'static) -> Error {
    Error::unexpected("the body is not a JSON object").caused_by(error)
}

/// A look at every name of an object, without reading its values.
struct Scan<'a> {
    bytes: &'a [u8],
    level: Level<'a>,
    /// For each open object the place of its first name in `names`; none for an array.
    open: Vec<Option<usize>>,
    objects: usize,
    /// Hashes of the names of all open objects.
    names: Vec<u64>,
}

impl<'a> Scan<'a> {
    fn new(bytes: &'a [u8], level: Level<'a>) -> Self {
        Self { bytes, level, open: Vec::new(), objects: 0, names: Vec::new() }
    }

    /// True when nothing has to be changed; false where that is not certain.
    fn all_stay(mut self) -> bool {
        let (mut at, mut awaits_name) = (0, false);
        while let Some(byte) = self.bytes.get(at) {
            match byte {
                b'{' => {
                    self.open.push(Some(self.names.len()));
                    self.objects += 1;
                    awaits_name = true;
                    if self.objects > MAX_OBJECTS + 1 {
                        return false;
                    }
                }
                b'[' => self.open.push(None),
                b'}' | b']' => {
                    if !self.close() {
                        return false;
                    }
                    awaits_name = false;
                }
                b',' => awaits_name = matches!(self.open.last(), Some(Some(_))),
                b'"' => {
                    let Some(end) = end_of_text(self.bytes, at + 1) else { return false };
                    if std::mem::take(&mut awaits_name) && !self.stays(&self.bytes[at + 1..end]) {
                        return false;
                    }
                    at = end;
                }
                _ => {}
            }
            if self.open.len() > MAX_NESTING {
                return false;
            }
            at += 1;
        }
        self.open.is_empty()
    }

    /// True when no name of what is closed stands twice in it.
    fn close(&mut self) -> bool {
        let Some(open) = self.open.pop() else { return false };
        let Some(first) = open else { return true };
        self.objects -= 1;
        let names = &mut self.names[first..];
        names.sort_unstable();
        let is_unique = names.windows(2).all(|pair| pair[0] != pair[1]);
        self.names.truncate(first);
        is_unique
    }

    /// Adds a name as it is written; one with escapes in it is not certain.
    fn stays(&mut self, name: &[u8]) -> bool {
        let level = if self.open.len() == 1 { self.level } else { Level::BELOW };
        self.names.push(hash(name));
        let is_usual = level.reserved.is_empty() && is_usual(name);
        is_usual || (!name.contains(&b'\\') && level.stays(name).is_some())
    }
}

/// Where the text that begins here ends: the place of its closing quote.
fn end_of_text(bytes: &[u8], mut from: usize) -> Option<usize> {
    loop {
        let found = from + memchr::memchr2(b'"', b'\\', bytes.get(from..)?)?;
        if bytes[found] == b'"' {
            return Some(found);
        }
        from = found + 2;
    }
}

#[derive(Clone, Copy, Default)]
struct Depth {
    /// Objects above, each of which is a level of the mapping.
    objects: usize,
    /// Objects and arrays above.
    nesting: usize,
}

impl Depth {
    fn below(self, objects: usize) -> Result<Self> {
        if self.nesting >= MAX_NESTING {
            return Err(Error::unexpected("the body is nested too deep").with("levels", MAX_NESTING));
        }
        Ok(Self { objects: self.objects + objects, nesting: self.nesting + 1 })
    }
}

/// An object written again, with other names where they can't stay.
struct Rewrite {
    out: Vec<u8>,
    renames: Renames,
}

impl Rewrite {
    fn object(&mut self, json: &str, (level, depth): (Level<'_>, Depth)) -> Result<()> {
        let Fields(fields) = serde_json::from_str(json).map_err(no_object)?;
        let names: Vec<&[u8]> = fields.iter().map(|(name, _)| name.as_bytes()).collect();
        self.out.push(b'{');
        for (name, (given, value)) in unique(&names, level).into_iter().zip(&fields) {
            let Some(name) = name else { continue };
            if name != *given {
                self.renames.note(given, &name);
            }
            self.separate(b'{');
            push_text(&mut self.out, name.as_bytes());
            self.out.push(b':');
            self.value(value.get(), depth)?;
        }
        self.out.push(b'}');
        Ok(())
    }

    fn value(&mut self, json: &str, depth: Depth) -> Result<()> {
        match json.as_bytes().first() {
            Some(b'{') if depth.objects == MAX_OBJECTS => {
                self.renames.as_text += 1;
                push_text(&mut self.out, json.as_bytes());
                Ok(())
            }
            Some(b'{') => self.object(json, (Level::BELOW, depth.below(1)?)),
            Some(b'[') => self.array(json, depth.below(0)?),
            _ => {
                self.out.extend_from_slice(json.as_bytes());
                Ok(())
            }
        }
    }

    fn array(&mut self, json: &str, depth: Depth) -> Result<()> {
        let values: Vec<&RawValue> = serde_json::from_str(json).map_err(no_object)?;
        self.out.push(b'[');
        for value in values {
            self.separate(b'[');
            self.value(value.get(), depth)?;
        }
        self.out.push(b']');
        Ok(())
    }

    /// A comma, unless `open` stands just before.
    fn separate(&mut self, open: u8) {
        if self.out.last() != Some(&open) {
            self.out.push(b',');
        }
    }
}

/// The fields of an object in their order, values untouched.
struct Fields<'a>(Vec<(String, &'a RawValue)>);

impl<'de> serde::Deserialize<'de> for Fields<'de> {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(FieldsVisitor)
    }
}

struct FieldsVisitor;

impl<'de> serde::de::Visitor<'de> for FieldsVisitor {
    type Value = Fields<'de>;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a JSON object")
    }

    fn visit_map<A: serde::de::MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut fields = Vec::new();
        while let Some(field) = map.next_entry()? {
            fields.push(field);
        }
        Ok(Fields(fields))
    }
}

#[cfg(test)]
mod tests;
