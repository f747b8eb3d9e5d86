//! A document of MongoDB as it is indexed.

use std::sync::Arc;

use bytes::Bytes;
use connectors_core::names::Renames;
use connectors_core::{Body, Document, DocumentId, Error, Result, Version};

use crate::bson::{Elements, LegacyUuid, Malformed, Value, id_text, write_json};
use crate::client::{Namespace, Selection};

/// Elasticsearch refuses longer ids.
const MAX_ID: usize = 512;

/// What stands before the hash of a longer one.
const HASHED: &str = "$hash:";

/// What the documents of one namespace have in common.
#[derive(Debug, Clone)]
pub(crate) struct Place {
    /// Before each id; empty where only one collection is synced.
    prefix: String,
    scope: Arc<str>,
    legacy: LegacyUuid,
}

impl Place {
    /// The place of a namespace of this selection.
    pub(crate) fn new(namespace: &Namespace, selection: &Selection, legacy: LegacyUuid) -> Self {
        let prefix = if selection.is_single() { String::new() } else { namespace.prefix() };
        Self { prefix, scope: namespace.scope().into(), legacy }
    }

    /// `database/collection`.
    pub(crate) fn scope(&self) -> &str {
        &self.scope
    }

    /// The document for these bytes, which stay as they are until its body is asked for.
    ///
    /// # Errors
    /// When it has no `_id`, or is no BSON at all.
    pub(crate) fn document(&self, raw: Bytes) -> Result<Document> {
        let id = self.id_of(&raw)?;
        let version = self.version(&raw);
        let body = Body::raw_renaming(raw, body_writer(self.legacy));
        Ok(Document::new(id).version(version).scope(self.scope.clone()).body(body))
    }

    /// The id under which a document with this `_id` is indexed.
    ///
    /// # Errors
    /// When the value is no BSON.
    pub(crate) fn id(&self, value: Value<'_>) -> Result<DocumentId> {
        let id = id_text(value, self.legacy).map_err(unreadable)?;
        Ok(fitting(if self.prefix.is_empty() { id } else { format!("{}{id}", self.prefix) }))
    }

    /// The part of an id that stands for the `_id`; none where no document of this place has such an id.
    pub(crate) fn own<'a>(&self, id: &'a DocumentId) -> Option<&'a str> {
        let id = id.as_str();
        if id.starts_with(HASHED) { Some(id) } else { id.strip_prefix(&self.prefix) }
    }

    /// By the bytes, and by what decides how they are shown.
    fn version(&self, raw: &Bytes) -> Version {
        match self.legacy {
            LegacyUuid::InOrder => Version::from(raw.clone()),
            LegacyUuid::Java => Version::of(&[raw, &b"j"[..]].concat()),
            LegacyUuid::CSharp => Version::of(&[raw, &b"c"[..]].concat()),
        }
    }

    fn id_of(&self, raw: &[u8]) -> Result<DocumentId> {
        match id_value(raw).map_err(unreadable)? {
            Some(value) => self.id(value),
            None => Err(Error::unexpected(
                "a document has no _id: a view or a rule that leaves it out can't be synced; keep _id in its projection",
            )),
        }
    }
}

/// The `_id` of a document.
pub(crate) fn id_value(raw: &[u8]) -> Result<Option<Value<'_>>, Malformed> {
    let found = Elements::of(raw)?.find(|element| !matches!(element, Ok((name, _)) if *name != b"_id"));
    found.transpose().map(|element| element.map(|(_, value)| value))
}

/// What writes a document's fields as JSON.
fn body_writer(legacy: LegacyUuid) -> fn(&[u8], &mut Vec<u8>) -> Result<Renames> {
    match legacy {
        LegacyUuid::InOrder => |raw, out| write_json(raw, LegacyUuid::InOrder, out).map_err(unreadable),
        LegacyUuid::Java => |raw, out| write_json(raw, LegacyUuid::Java, out).map_err(unreadable),
        LegacyUuid::CSharp => |raw, out| write_json(raw, LegacyUuid::CSharp, out).map_err(unreadable),
    }
}

fn unreadable(error: Malformed) -> Error {
    Error::unexpected("a document can't be read").caused_by(error)
}

/// Longer ids become their hash, marked so that no text can be taken for one.
fn fitting(id: String) -> DocumentId {
    if id.len() <= MAX_ID {
        return DocumentId::from(id);
    }
    DocumentId::from(format!("{HASHED}{}", DocumentId::hashed(id.as_bytes())))
}

#[cfg(test)]
mod tests {
    use bson::{oid::ObjectId, rawdoc};

    use super::*;
    use crate::client::Kind;

    fn namespace() -> Namespace {
        Namespace { database: "shop".into(), collection: "orders".into(), kind: Kind::Collection }
    }

    fn place_in(collection: &str) -> Place {
        Place::new(&namespace(), &Selection::new("shop", collection).unwrap(), LegacyUuid::InOrder)
    }

    fn place() -> Place {
        place_in("orders")
    }

    fn document(place: &Place, raw: &bson::RawDocument) -> Document {
        place.document(Bytes::copy_from_slice(raw.as_bytes())).unwrap()
    }

    #[test]
    fn ids_carry_the_namespace_only_where_there_are_several() {
        let id = ObjectId::from_bytes([1; 12]);
        let raw = rawdoc! {"_id": id, "a": 1};
        assert_eq!(document(&place(), &raw).id().as_str(), "010101010101010101010101");
        let place = place_in("*");
        assert_eq!(document(&place, &raw).id().as_str(), "shop.orders/010101010101010101010101");
        assert_eq!(place.scope(), "shop/orders");
    }

    #[test]
    fn an_id_anywhere_in_the_document_is_found() {
        let raw = rawdoc! {"a": {"_id": 1}, "_id": "x"};
        assert_eq!(document(&place(), &raw).id().as_str(), "x");
    }

    #[test]
    fn long_ids_are_hashed_and_marked() {
        let (one, other) = ("x".repeat(600), "x".repeat(601));
        let id = |text: &str| document(&place(), &rawdoc! {"_id": text}).id().as_str().to_owned();
        assert!(id(&one).starts_with("$hash:") && id(&one).len() == 38);
        assert_ne!(id(&one), id(&other));
    }

    #[test]
    fn a_document_without_id_says_what_to_do() {
        let error = place().document(Bytes::copy_from_slice(rawdoc! {"a": 1}.as_bytes())).unwrap_err();
        assert!(error.to_string().contains("keep _id in its projection"), "{error}");
    }

    #[test]
    fn bytes_that_are_no_bson_are_an_error() {
        let error = place().document(Bytes::from_static(&[5, 0, 0, 0, 1])).unwrap_err();
        assert!(error.to_string().contains("no valid BSON"), "{error}");
    }
}
