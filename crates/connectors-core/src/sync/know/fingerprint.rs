//! The mark of a document: two numbers that show whether the index holds its current version.

use crate::document::{Permissions, hash};
use crate::elastic::index::SYNC_VERSION;
use crate::elastic::key::IdHash;
use crate::elastic::scan::Mark;
use crate::elastic::{IndexKey, Item, Kind};
use crate::{Document, Version};

/// Bits of a mark, so that sums of 256 marks are exact in a double.
const MARK_BITS: u32 = 45;
/// The version of the text extraction; a change sends documents with contents again.
const EXTRACTOR_VERSION: u64 = 1;

/// What shapes every indexed document besides the document itself, and the key of the hashes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Shape {
    pub(crate) key: IndexKey,
    plain: u64,
    with_content: u64,
}

/// What of a sync shapes its documents.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Shapers {
    /// The fingerprint of the rules.
    pub(crate) rules: u64,
    /// The most bytes of a content that is read.
    pub(crate) max_content: u64,
    /// The most bytes of a content's text that are indexed.
    pub(crate) max_text: Option<u64>,
    /// The fingerprint of the ingest pipelines; 0 where documents go through none.
    pub(crate) pipeline: u64,
}

impl Shape {
    pub(crate) fn new(key: IndexKey, by: Shapers) -> Self {
        let plain = match by.pipeline {
            0 => hash_numbers(&[SYNC_VERSION, by.rules]),
            pipeline => hash_numbers(&[SYNC_VERSION, by.rules, pipeline]),
        };
        let content = [plain, EXTRACTOR_VERSION, by.max_content];
        let with_content = match by.max_text {
            None => hash_numbers(&content),
            Some(most) => hash_numbers(&[hash_numbers(&content), most]),
        };
        Self { key, plain, with_content }
    }

    /// The hash of an id.
    pub(crate) fn id(&self, id: &str) -> IdHash {
        self.key.id(id)
    }

    /// The operation that removes the document of this id.
    pub(crate) fn delete(&self, id: String) -> Item {
        Item { hash: self.id(&id).id.cast_unsigned(), id, kind: Kind::Delete, mark: 0, scope: None }
    }

    /// The number that stands for a version.
    pub(crate) fn version(&self, version: &Version) -> u64 {
        self.key.hash(&version.0)
    }

    /// The fingerprint of a document with this version; where it lies is a part of it.
    pub(crate) fn fingerprint(&self, version: u64, has_content: bool, scope: Option<&str>) -> u64 {
        let fingerprint = hash_numbers(&[version, if has_content { self.with_content } else { self.plain }]);
        scope.map_or(fingerprint, |scope| hash_numbers(&[fingerprint, self.key.hash(scope.as_bytes())]))
    }

    /// The fingerprint of a document that only some may read.
    pub(crate) fn closed(&self, fingerprint: u64, permissions: Option<&Permissions>) -> u64 {
        permissions
            .map_or(fingerprint, |permissions| hash_numbers(&[fingerprint, self.readers(permissions), 0]))
    }

    /// A fingerprint of who may read a document: equal for equal terms, and different for unknown permissions and for none.
    fn readers(&self, permissions: &Permissions) -> u64 {
        let Permissions::To(terms) = permissions else {
            return u64::from(*permissions == Permissions::Unknown);
        };
        let mut bytes = Vec::new();
        for term in terms {
            bytes.extend_from_slice(&(term.len() as u64).to_le_bytes());
            bytes.extend_from_slice(term.as_bytes());
        }
        self.key.hash(&bytes)
    }

    /// The mark of a document that has a version, as long as its content can be read.
    pub(crate) fn mark_of_version(&self, document: &Document, id: IdHash) -> Option<Mark> {
        Some(mark(id, self.fingerprint_of(document)?))
    }

    /// The mark of a document that has a version, if its content could not be read; none for one without a content.
    pub(crate) fn mark_of_version_without_content(&self, document: &Document, id: IdHash) -> Option<Mark> {
        document.0.content.as_ref()?;
        Some(mark(id, without_content(self.fingerprint_of(document)?)))
    }

    fn fingerprint_of(&self, document: &Document) -> Option<u64> {
        let version = self.version(document.0.version.as_ref()?);
        let fingerprint =
            self.fingerprint(version, document.0.content.is_some(), document.0.scope.as_deref());
        Some(self.closed(fingerprint, document.0.permissions.as_ref()))
    }
}

/// A number made of numbers, at most four: of their bytes in little endian.
pub(crate) fn hash_numbers<const N: usize>(numbers: &[u64; N]) -> u64 {
    const { assert!(N <= 4) };
    let mut bytes = [0; 32];
    for (place, number) in bytes.chunks_exact_mut(8).zip(numbers) {
        place.copy_from_slice(&number.to_le_bytes());
    }
    hash(&bytes[..8 * N])
}

/// `id` is one half of HighwayHash-128 of the `_id`, as a signed number; `mark` is made of the other half and the fingerprint,
/// so that ids with one hash still differ in their marks.
pub(crate) fn mark(id: IdHash, fingerprint: u64) -> Mark {
    let mark = hash_numbers(&[id.salt, fingerprint]) & ((1 << MARK_BITS) - 1);
    Mark { id: id.id, mark: mark.cast_signed() }
}

/// The fingerprint of a document whose content could not be read: never equal to that of a whole one,
/// so that the next sync tries again.
pub(crate) fn without_content(fingerprint: u64) -> u64 {
    hash_numbers(&[fingerprint, u64::MAX])
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn key() -> IndexKey {
        let digits = (0..64).map(|place| char::from(b"0123456789abcdef"[place % 16])).collect::<String>();
        serde_json::from_value(json!(digits)).unwrap()
    }

    fn shape(by: Shapers) -> Shape {
        Shape::new(key(), by)
    }

    #[test]
    fn marks_are_the_same_on_every_machine_and_in_every_version() {
        let shape = shape(Shapers { max_content: 10 << 20, ..Shapers::default() });
        let fingerprint = shape.fingerprint(shape.version(&Version::from("v1")), false, None);
        assert_eq!(
            mark(shape.id("doc-1"), fingerprint),
            Mark { id: -7_658_657_894_191_564_249, mark: 23_584_624_107_377 }
        );
    }

    #[test]
    fn what_shapes_a_document_changes_its_mark() {
        let base = Shapers { max_content: 100, ..Shapers::default() };
        let version = |shape: &Shape, text: &str| shape.version(&Version::from(text));
        let of = |by: Shapers, text: &str, has_content: bool, scope: Option<&str>| {
            let shape = shape(by);
            mark(shape.id("a"), shape.fingerprint(version(&shape, text), has_content, scope))
        };
        let plain = of(base, "v1", false, None);
        let other_limit = of(Shapers { max_content: 999, ..base }, "v1", false, None);
        assert_eq!(plain, other_limit, "no content, no limit");
        let lacking = without_content(shape(base).fingerprint(version(&shape(base), "v1"), false, None));
        for other in [
            of(base, "v2", false, None),
            of(base, "v1", true, None),
            of(base, "v1", false, Some("")),
            of(base, "v1", false, Some("a/b")),
            of(Shapers { rules: 1, ..base }, "v1", false, None),
            of(Shapers { pipeline: 1, ..base }, "v1", false, None),
            mark(shape(base).id("a"), lacking),
        ] {
            assert_ne!(plain, other);
            assert_eq!(plain.id, other.id);
        }
        assert!(plain.mark >= 0 && plain.mark < 1 << 45);
    }

    #[test]
    fn who_may_read_a_document_is_told_apart() {
        let shape = shape(Shapers::default());
        let all = [
            Permissions::Everybody,
            Permissions::Unknown,
            Permissions::to(Vec::<String>::new()),
            Permissions::to(["a", "b"]),
            Permissions::to(["ab"]),
            Permissions::to(["a"]),
        ];
        let fingerprints: std::collections::BTreeSet<u64> =
            all.iter().map(|one| shape.readers(one)).collect();
        assert_eq!(fingerprints.len(), all.len());
        assert_eq!(shape.readers(&Permissions::to(["b", "a"])), shape.readers(&all[3]));
    }

    #[test]
    fn another_key_makes_another_id_and_another_mark() {
        let other = Shape::new(IndexKey::random().unwrap(), Shapers::default());
        let ours = shape(Shapers::default());
        let of = |shape: &Shape| {
            mark(shape.id("a"), shape.fingerprint(shape.version(&1.into()), false, Some("s")))
        };
        assert!(of(&ours).id != of(&other).id && of(&ours).mark != of(&other).mark);
    }
}
