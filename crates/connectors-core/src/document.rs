//! What a source yields.

mod body;
mod content;
mod id;
pub mod names;
mod permissions;

pub use body::Body;
pub use content::{ByteStream, Content};
pub use id::DocumentId;
pub use permissions::Permissions;
pub(crate) use permissions::{NOBODY, in_order};

use std::sync::Arc;

use bytes::Bytes;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The hash of values that the program itself chooses, such as names of indices: XXH3 with 64 bits and no seed, the same
/// on every machine and in every version. What a source yields is hashed by [`IndexKey`](crate::elastic::IndexKey).
#[must_use]
pub(crate) fn hash(bytes: &[u8]) -> u64 {
    xxhash_rust::xxh3::xxh3_64(bytes)
}

/// A promise of equal content: two listings of a document with equal versions hold the same.
///
/// Made from whatever the backend keeps for it: an etag, a revision, a modification time and size; or the whole of the
/// document's bytes, which are kept and not copied. They are hashed with the secret of the index.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Version(pub(crate) Bytes);

impl Version {
    /// The version that these bytes stand for.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Self {
        Self(Bytes::copy_from_slice(bytes))
    }
}

impl From<Bytes> for Version {
    fn from(bytes: Bytes) -> Self {
        Self(bytes)
    }
}

impl From<&str> for Version {
    fn from(text: &str) -> Self {
        Self::of(text.as_bytes())
    }
}

impl From<String> for Version {
    fn from(text: String) -> Self {
        Self(text.into())
    }
}

impl From<u64> for Version {
    fn from(number: u64) -> Self {
        Self::of(&number.to_le_bytes())
    }
}

/// One document: what is indexed under one id.
///
/// Boxed, as it is moved many times.
#[derive(Debug)]
pub struct Document(pub(crate) Box<Parts>);

impl Document {
    /// An empty document with this id, which must be the same in every listing.
    pub fn new(id: impl Into<DocumentId>) -> Self {
        Self(Box::new(Parts {
            id: id.into(),
            version: None,
            timestamp: None,
            scope: None,
            permissions: None,
            restarts: 0,
            body: Body::empty(),
            content: None,
        }))
    }

    /// Promises that the document is unchanged while this is; without one the serialised body is compared.
    #[must_use]
    pub fn version(mut self, version: impl Into<Version>) -> Self {
        self.0.version = Some(version.into());
        self
    }

    /// When the source last changed it.
    #[must_use]
    pub fn timestamp(mut self, at: impl Into<Option<DateTime<Utc>>>) -> Self {
        self.0.timestamp = at.into();
        self
    }

    /// Where it lies (folder, collection, project), `/` between levels; see [`Error::in_scope`](crate::Error::in_scope).
    #[must_use]
    pub fn scope(mut self, scope: impl Into<Arc<str>>) -> Self {
        self.0.scope = Some(scope.into());
        self
    }

    /// Who may read it. Counts only under document level security; a document without is readable by nobody there.
    #[must_use]
    pub fn permissions(mut self, permissions: Permissions) -> Self {
        self.0.permissions = Some(permissions.in_order());
        self
    }

    /// How many times the listing restarted before this document was yielded, all its parts counted together; 0 unless set.
    ///
    /// For a source that can't resume where it broke off: it restarts, and may yield documents that it has yielded
    /// before. Those that come again unchanged are then skipped, provided that they have a [`version`](Self::version);
    /// without this a document that is listed twice is sent twice, and reported.
    #[must_use]
    pub fn restarts(mut self, restarts: u32) -> Self {
        self.0.restarts = restarts;
        self
    }

    /// Its fields: anything that serialises to a JSON object, or a [`Body`] made beforehand.
    #[must_use]
    pub fn body(mut self, body: impl Into<Body>) -> Self {
        self.0.body = body.into();
        self
    }

    /// A file that belongs to it.
    #[must_use]
    pub fn content(mut self, content: impl Into<Option<Content>>) -> Self {
        self.0.content = content.into();
        self
    }

    /// Its id.
    #[must_use]
    pub fn id(&self) -> &DocumentId {
        &self.0.id
    }

    /// The scope that it lies in.
    #[must_use]
    pub fn lies_in(&self) -> Option<&str> {
        self.0.scope.as_deref()
    }

    /// Whether its body is still to be [looked up](Body::looked_up).
    #[must_use]
    pub fn is_looked_up(&self) -> bool {
        self.0.body.is_looked_up()
    }

    /// What it was made of, for code that reads documents without a sync.
    #[must_use]
    pub fn into_parts(self) -> Parts {
        *self.0
    }
}

/// A document taken apart; see [`Document::into_parts`].
#[derive(Debug)]
pub struct Parts {
    /// Its id.
    pub id: DocumentId,
    /// What promises that it is unchanged.
    pub version: Option<Version>,
    /// When the source last changed it.
    pub timestamp: Option<DateTime<Utc>>,
    /// Where it lies.
    pub scope: Option<Arc<str>>,
    /// Who may read it.
    pub permissions: Option<Permissions>,
    /// How many times the listing restarted before it.
    pub restarts: u32,
    /// Its fields.
    pub body: Body,
    /// The file that belongs to it.
    pub content: Option<Content>,
}

/// A step of an incremental sync.
#[derive(Debug)]
pub enum Change {
    /// The document is new or changed.
    Upsert(Document),
    /// The document is gone.
    Delete(DocumentId),
    /// Everything before this is done once it is written; a later run may begin here.
    Checkpoint(Cursor),
}

/// Where an incremental sync goes on, in the source's own terms.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Cursor(pub Value);

/// A user who may search, and the terms that stand for them in documents.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Identity {
    /// The identity's id in the source.
    pub id: String,
    /// What is known of it.
    pub fields: Value,
    /// Terms such as `user:ada` or `group:staff`; a document that allows one of them is readable.
    pub access: Vec<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hash_is_the_documented_one() {
        assert_eq!(hash(b""), 0x2d06_8005_38d3_94c2, "XXH3-64 of nothing, as its specification gives it");
    }

    #[test]
    fn parts_are_what_a_document_was_made_of() {
        let body = serde_json::json!({"a": 1});
        let parts =
            Document::new("x").version(7).timestamp(DateTime::UNIX_EPOCH).scope("s").body(&body).into_parts();
        assert_eq!(
            (parts.id.as_str(), parts.version, parts.scope.as_deref()),
            ("x", Some(7.into()), Some("s"))
        );
        assert_eq!(parts.timestamp, Some(DateTime::UNIX_EPOCH));
        assert_eq!(&parts.body.into_bytes().unwrap()[..], br#"{"a":1}"#);
        assert!(parts.content.is_none());
    }

    #[test]
    fn versions_are_equal_when_what_they_stand_for_is() {
        assert_eq!(Version::from("a"), Version::from(String::from("a")));
        assert_ne!(Version::from("a"), Version::from("b"));
        assert_ne!(Version::from(1), Version::from(2));
    }
}
