//! Whether the names of an object can stay as they are, looked at one after the other.

use std::collections::HashSet;

use connectors_core::names::{Level, is_usual};

use super::Elements;

/// Up to so many names, those met before are kept as bits.
const FEW: usize = 48;

/// The names of one object, one after the other.
pub(super) struct Seen<'a> {
    document: &'a [u8],
    level: Level<'static>,
    /// By a byte made of each name.
    bits: [u64; 4],
    /// All of them, once they are many.
    many: HashSet<&'a [u8]>,
}

impl<'a> Seen<'a> {
    /// Behind the first names of a document, which are known to differ and to stay.
    pub(super) fn behind(index: usize, document: &'a [u8], level: Level<'static>) -> Self {
        let mut seen = Self { document, level, bits: [0; 4], many: HashSet::new() };
        before(document, index.min(FEW)).for_each(|name| _ = seen.mark(name));
        seen
    }

    /// True when the name of the element at this place can stay, and none before has it.
    pub(super) fn stays(&mut self, name: &'a [u8], index: usize) -> bool {
        (is_usual(name) || self.level.stays(name).is_some()) && self.is_new(name, index)
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
