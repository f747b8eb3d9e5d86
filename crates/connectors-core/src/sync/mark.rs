//! The mark of a document: two numbers that tell whether the index holds it as it is now.

use crate::document::Permissions;
use crate::document::hash;
use crate::elastic::index::SYNC_VERSION;
use crate::elastic::scan::Mark;
use crate::{Document, Version};

/// Bits of a mark, so that sums of 256 marks are exact in a double.
const MARK_BITS: u32 = 45;
/// The version of the text extraction; a change sends documents with contents again.
const EXTRACTOR_VERSION: u64 = 1;

/// What shapes every indexed document besides the document itself.
#[derive(Debug, Clone, Copy)]
pub(super) struct Shape {
    plain: u64,
    with_content: u64,
}

impl Shape {
    /// `pipeline` is 0 where documents go through none.
    pub(super) fn new(rules: u64, max_content: u64, pipeline: u64) -> Self {
        let plain = match pipeline {
            0 => hash_of(&[SYNC_VERSION, rules]),
            pipeline => hash_of(&[SYNC_VERSION, rules, pipeline]),
        };
        Self { plain, with_content: hash_of(&[plain, EXTRACTOR_VERSION, max_content]) }
    }

    /// What a document with this version is marked by; where it lies is a part of it.
    pub(super) fn fingerprint(self, version: Version, has_content: bool, scope: Option<&str>) -> u64 {
        let print = hash_of(&[version.0, if has_content { self.with_content } else { self.plain }]);
        scope.map_or(print, |scope| hash_of(&[print, hash(scope.as_bytes())]))
    }

    /// The fingerprint of a document that only some may read.
    pub(super) fn closed(print: u64, permissions: Option<&Permissions>) -> u64 {
        permissions.map_or(print, |permissions| hash_of(&[print, permissions.print(), 0]))
    }

    /// The mark of a document that has a version, as long as its content can be read.
    pub(super) fn quick(self, document: &Document) -> Option<Mark> {
        let version = document.0.version?;
        let print = self.fingerprint(version, document.0.content.is_some(), document.0.scope.as_deref());
        Some(mark(document.0.id.as_str(), Self::closed(print, document.0.permissions.as_ref())))
    }
}

/// A number made of numbers, at most four: of their bytes in little endian.
pub(super) fn hash_of<const N: usize>(numbers: &[u64; N]) -> u64 {
    const { assert!(N <= 4) };
    let mut bytes = [0; 32];
    for (place, number) in bytes.chunks_exact_mut(8).zip(numbers) {
        place.copy_from_slice(&number.to_le_bytes());
    }
    hash(&bytes[..8 * N])
}

/// `id` is XXH3-64 of the `_id`, as a signed number; `mark` the lower 45 bits of XXH3-64 of the `_id`
/// with the fingerprint as its seed, so that ids with one hash still differ in their marks.
pub(super) fn mark(id: &str, fingerprint: u64) -> Mark {
    let mark = xxhash_rust::xxh3::xxh3_64_with_seed(id.as_bytes(), fingerprint) & ((1 << MARK_BITS) - 1);
    Mark { id: hash(id.as_bytes()).cast_signed(), mark: mark.cast_signed() }
}

/// The fingerprint of a document whose content could not be read: never equal to that of a whole one,
/// so that the next sync tries again.
pub(super) fn without_content(fingerprint: u64) -> u64 {
    hash_of(&[fingerprint, u64::MAX])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_are_the_same_on_every_machine_and_in_every_version() {
        let fingerprint = Shape::new(0, 10 << 20, 0).fingerprint(Version::from("v1"), false, None);
        assert_eq!(
            mark("doc-1", fingerprint),
            Mark { id: -4_531_290_630_434_656_191, mark: 19_543_491_934_366 }
        );
    }

    #[test]
    fn what_shapes_a_document_changes_its_mark() {
        let (shape, version) = (Shape::new(0, 100, 0), Version::from("v1"));
        let plain = shape.fingerprint(version, false, None);
        let base = mark("a", plain);
        let other_limit = Shape::new(0, 999, 0).fingerprint(version, false, None);
        assert_eq!(base, mark("a", other_limit), "no content, no limit");
        for other in [
            shape.fingerprint(Version::from("v2"), false, None),
            shape.fingerprint(version, true, None),
            shape.fingerprint(version, false, Some("")),
            shape.fingerprint(version, false, Some("a/b")),
            Shape::new(1, 100, 0).fingerprint(version, false, None),
            Shape::new(0, 100, 1).fingerprint(version, false, None),
            without_content(plain),
        ] {
            assert_ne!(base, mark("a", other));
            assert_eq!(base.id, mark("a", other).id);
        }
        assert!(base.mark >= 0 && base.mark < 1 << 45);
    }
}
