//! The identity of a document.

use std::fmt;

use sha2::{Digest, Sha256};

/// Elasticsearch refuses ids of more bytes.
const MAX_BYTES: usize = 512;

/// The `_id` of a document: at most 512 bytes, never empty.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct DocumentId(String);

impl DocumentId {
    /// An id of fixed length that stands for these bytes (128 bits of SHA-256, in hex).
    ///
    /// For keys that are long, secret or not text, such as paths.
    #[must_use]
    pub fn hashed(bytes: &[u8]) -> Self {
        let digest = Sha256::digest(bytes);
        let digits = digest.iter().take(16).flat_map(|byte| [byte >> 4, byte & 15]);
        Self(digits.filter_map(|digit| char::from_digit(digit.into(), 16)).collect())
    }

    /// The id as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The id as owned text.
    #[must_use]
    pub fn into_string(self) -> String {
        self.0
    }
}

impl From<String> for DocumentId {
    /// Takes the text as it is; one that is empty or over 512 bytes is [`hashed`](DocumentId::hashed).
    fn from(id: String) -> Self {
        if id.is_empty() || id.len() > MAX_BYTES { Self::hashed(id.as_bytes()) } else { Self(id) }
    }
}

impl From<&str> for DocumentId {
    fn from(id: &str) -> Self {
        Self::from(id.to_owned())
    }
}

impl fmt::Display for DocumentId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_that_elasticsearch_takes_stay_as_they_are() {
        let longest = "x".repeat(512);
        for id in ["a", "ä/b c", longest.as_str()] {
            assert_eq!(DocumentId::from(id).as_str(), id);
        }
    }

    #[test]
    fn longer_and_empty_ids_are_hashed() {
        let (one, other) = (DocumentId::from("x".repeat(513)), DocumentId::from("x".repeat(514)));
        assert_eq!(one.as_str().len(), 32);
        assert_ne!(one, other);
        assert_eq!(DocumentId::from("").as_str(), "e3b0c44298fc1c149afbf4c8996fb924");
    }
}
