//! Names of fields that every index takes, each once per object.

use std::collections::HashSet;

use connectors_core::json::is_plain;
use connectors_core::{Body, DocumentId};

use super::Elements;
use super::reader::Element;

/// Longer names are cut: Lucene refuses terms of more than 32,766 bytes, and names stand in several of them.
const MAX_BYTES: usize = 512;

/// Up to so many names, those met before are kept as bits.
const FEW: usize = 48;

/// The names of one object, one after the other.
pub(super) struct Seen<'a> {
    document: &'a [u8],
    root: bool,
    /// By a byte made of each name.
    bits: [u64; 4],
    /// All of them, once they are many.
    many: HashSet<&'a [u8]>,
}

impl<'a> Seen<'a> {
    /// Behind the first names of a document, which are known to differ and to stay.
    pub(super) fn behind(index: usize, document: &'a [u8], root: bool) -> Self {
        let mut seen = Self { document, root, bits: [0; 4], many: HashSet::new() };
        before(document, index.min(FEW)).for_each(|name| _ = seen.mark(name));
        seen
    }

    /// True when the name of the element at this place can stay, and none before has it.
    pub(super) fn stays(&mut self, name: &'a [u8], index: usize) -> bool {
        (is_usual(name) || stays(name, self.root).is_some()) && self.is_new(name, index)
    }

    fn is_new(&mut self, name: &'a [u8], index: usize) -> bool {
        if index >= FEW {
            if self.many.is_empty() {
                self.many = before(self.document, index).collect();
            }
            return self.many.insert(name);
        }
        self.mark(name) || before(self.document, index).all(|other| other != name)
    }

    /// True, and noted, where no name before has the same bit.
    fn mark(&mut self, name: &[u8]) -> bool {
        let place = short_hash(name);
        let (bits, bit) = (&mut self.bits[usize::from(place >> 6)], 1 << (place & 63));
        let is_new = *bits & bit == 0;
        *bits |= bit;
        is_new
    }
}

/// The names of the elements before a place.
fn before(document: &[u8], index: usize) -> impl Iterator<Item = &[u8]> {
    Elements::of(document).into_iter().flatten().flatten().take(index).map(|(name, _)| name)
}

/// A byte that differs for most names of one object.
fn short_hash(name: &[u8]) -> u8 {
    let ends = match (name.first_chunk(), name.last_chunk()) {
        (Some(first), Some(last)) => u32::from_le_bytes(*first) ^ u32::from_le_bytes(*last).rotate_left(13),
        _ => name.iter().fold(0, |sum, byte| sum << 8 | u32::from(*byte)),
    };
    ((ends ^ name.len() as u32).wrapping_mul(0x9e37_79b1) >> 24) as u8
}

/// True for nearly all names: they start with a letter, but for `i`, and have none of what [`stays`] must look for.
fn is_usual(name: &[u8]) -> bool {
    let starts = name.first().is_some_and(|byte| byte.is_ascii_alphabetic() && *byte != b'i');
    starts && name.len() < 64 && is_plain(name) && !name.contains(&b'.')
}

/// The name as text when it needs no change.
fn stays(name: &[u8], root: bool) -> Option<&str> {
    let name = std::str::from_utf8(name).ok()?;
    let fits = name.len() <= MAX_BYTES && !name.contains('.') && !name.trim().is_empty();
    (fits && !(root && Body::is_reserved(name))).then_some(name)
}

/// The names to use instead of those of these fields, none at places that a later one of the same name overrides.
///
/// A name that can stay does, whatever the others become: only those that are changed give way.
pub(super) fn unique(fields: &[Element<'_>], root: bool) -> Vec<Option<String>> {
    let names: Vec<&[u8]> = fields.iter().map(|(name, _)| *name).collect();
    let mut taken: HashSet<String> =
        names.iter().filter_map(|name| stays(name, root)).map(str::to_owned).collect();
    let mut overridden = HashSet::new();
    let last: Vec<bool> = names.iter().rev().map(|name| overridden.insert(*name)).collect();
    let kept = names.iter().zip(last.into_iter().rev());
    kept.map(|(name, last)| last.then(|| free(name, root, &mut taken))).collect()
}

/// The name itself, or what it becomes, with `_` added while another field has that.
fn free(name: &[u8], root: bool, taken: &mut HashSet<String>) -> String {
    if let Some(name) = stays(name, root) {
        return name.to_owned();
    }
    let mut candidate = cleaned(name);
    while (root && Body::is_reserved(&candidate)) || !taken.insert(candidate.clone()) {
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
