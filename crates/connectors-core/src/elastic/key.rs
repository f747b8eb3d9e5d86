//! The secret of an index, by which the hashes in `_sync` are made.
//!
//! Whoever writes documents into a source does not know it, and so can't craft two versions with one mark, nor many ids
//! that fall into one bucket of a digest.

use std::fmt;

use highway::{HighwayHash, HighwayHasher, Key};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::document::hash;
use crate::{Error, Result};

/// A key of 256 bits for HighwayHash, kept in `_meta.sync.key` of the index as 64 hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct IndexKey([u64; 4]);

/// The hash of a document's id, in two parts that are independent of each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct IdHash {
    /// What stands in `_sync.id`.
    pub(crate) id: i64,
    /// What goes into `_sync.mark`, so that ids with one `_sync.id` still differ in their marks.
    pub(crate) salt: u64,
}

impl IndexKey {
    /// A new key, from the random generator of the operating system.
    ///
    /// # Errors
    /// `Unexpected` where the system has none.
    pub fn random() -> Result<Self> {
        let mut bytes = [0; 32];
        getrandom::fill(&mut bytes)
            .map_err(|error| Error::unexpected("the system gives no random numbers").caused_by(error))?;
        let word = |place: usize| u64::from_le_bytes(std::array::from_fn(|at| bytes[8 * place + at]));
        Ok(Self(std::array::from_fn(word)))
    }

    /// The hash of an id.
    pub(crate) fn id(&self, id: &str) -> IdHash {
        let [low, high] = HighwayHasher::new(Key(self.0)).hash128(id.as_bytes());
        IdHash { id: low.cast_signed(), salt: high }
    }

    /// The hash of whatever a source yields: versions, bodies, scopes, terms.
    pub(crate) fn hash(&self, bytes: &[u8]) -> u64 {
        HighwayHasher::new(Key(self.0)).hash64(bytes)
    }

    /// What stands in `_sync.id` of the document that is sent under this `_id`.
    #[must_use]
    pub fn sync_id(&self, id: &str) -> i64 {
        self.id(id).id
    }

    fn parsed(text: &str) -> Option<Self> {
        if text.len() != 64 || !text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return None;
        }
        let word = |place: usize| u64::from_str_radix(&text[16 * place..16 * (place + 1)], 16).ok();
        Some(Self([word(0)?, word(1)?, word(2)?, word(3)?]))
    }
}

/// Distinguishes the documents that a sync wrote from copies of them under another `_id`.
#[derive(Debug, Clone, Copy)]
pub struct Ownership {
    key: IndexKey,
    takes_older: bool,
}

impl Ownership {
    /// By the key of an index; while it is marked again, documents with marks of an older version count too.
    #[must_use]
    pub fn by(key: IndexKey, is_remarking: bool) -> Self {
        Self { key, takes_older: is_remarking }
    }

    /// Whether a document that carries this `_sync.id` is the one that was sent under this `_id`.
    #[must_use]
    pub fn is_own(&self, id: &str, sync_id: i64) -> bool {
        self.key.sync_id(id) == sync_id || (self.takes_older && hash(id.as_bytes()).cast_signed() == sync_id)
    }
}

impl fmt::Debug for IndexKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("IndexKey(***)")
    }
}

impl Serialize for IndexKey {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        let text: String = self.0.iter().map(|word| format!("{word:016x}")).collect();
        serializer.serialize_str(&text)
    }
}

impl<'de> Deserialize<'de> for IndexKey {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parsed(&text).ok_or_else(|| de::Error::custom("expected 64 hexadecimal digits"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const KEY: IndexKey = IndexKey([1, 2, 3, 4]);

    #[test]
    fn a_key_is_kept_as_text_and_never_shown() {
        let text = "0000000000000001000000000000000200000000000000030000000000000004";
        assert_eq!(serde_json::to_value(KEY).unwrap(), json!(text));
        assert_eq!(serde_json::from_value::<IndexKey>(json!(text)).unwrap(), KEY);
        for wrong in [json!(""), json!(7), json!(&text[1..]), json!(text.replace('4', "ä"))] {
            assert!(serde_json::from_value::<IndexKey>(wrong).is_err());
        }
        assert_eq!(format!("{KEY:?}"), "IndexKey(***)");
        assert_ne!(IndexKey::random().unwrap(), IndexKey::random().unwrap());
    }

    #[test]
    fn hashes_are_the_same_on_every_machine_and_differ_by_key() {
        // Part of the format: a change re-marks every index, see `SYNC_VERSION`.
        assert_eq!(KEY.id("doc-1"), IdHash { id: KEY.id("doc-1").id, salt: KEY.id("doc-1").salt });
        let other = IndexKey([1, 2, 3, 5]);
        assert_ne!(KEY.id("doc-1").id, other.id("doc-1").id);
        assert_ne!(KEY.hash(b"v1"), other.hash(b"v1"));
        let (ours, older) = (KEY.id("doc-1").id, hash(b"doc-1").cast_signed());
        for (ownership, takes_older) in [(Ownership::by(KEY, false), false), (Ownership::by(KEY, true), true)]
        {
            assert!(ownership.is_own("doc-1", ours) && !ownership.is_own("copy", ours));
            assert_eq!(ownership.is_own("doc-1", older), takes_older);
        }
    }
}
