//! A document of MongoDB as it is indexed.

use std::sync::Arc;

use bytes::Bytes;
use connectors_core::names::Renames;
use connectors_core::{Body, Document, DocumentId, Error, Result, Version};

use crate::bson::{Elements, Forms, Inverse, Malformed, Plain, Value, id_text, inverse, write_json};
use crate::client::{Client, Namespace, Selection};
use crate::rules::Query;

/// Elasticsearch refuses longer ids.
const MAX_ID: usize = 512;

/// What stands before the hash of a longer one.
const HASHED: &str = "$hash:";

type Write = fn(&[u8], &mut Vec<u8>) -> Result<Renames>;

/// What the documents of one namespace have in common.
#[derive(Debug, Clone)]
pub(crate) struct Place {
    /// Before each id; empty where only one collection is synced.
    prefix: String,
    scope: Arc<str>,
    forms: Forms,
    plain: Plain,
}

impl Place {
    /// The place of a namespace of this selection, for what a query takes of it.
    ///
    /// # Errors
    /// When the namespace can't be read.
    pub(crate) async fn of(
        client: &Client,
        namespace: &Namespace,
        (selection, query): (&Selection, &Query),
    ) -> Result<Self> {
        let plain = match query {
            // Its `_id`s are those that the pipeline makes.
            Query::Aggregate(_) => Plain::Scalars,
            Query::All | Query::Find(_) => client.plain_ids(namespace).await?,
        };
        Ok(Self::new(namespace, selection, (client.forms(), plain)))
    }

    /// The same where it is known which ids have no mark.
    pub(crate) fn new(namespace: &Namespace, selection: &Selection, (forms, plain): (Forms, Plain)) -> Self {
        let prefix = if selection.is_single() { String::new() } else { namespace.prefix() };
        Self { prefix, scope: namespace.scope().into(), forms, plain }
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
        let (bytes, write) = self.with_forms(raw);
        let version = Version::from(bytes.clone());
        let body = Body::raw_renaming(bytes, write);
        Ok(Document::new(id).version(version).scope(self.scope.clone()).body(body))
    }

    /// The bytes, with what decides how they are shown behind them where that is not the usual, and what writes them.
    fn with_forms(&self, raw: Bytes) -> (Bytes, Write) {
        match self.forms.tag() {
            0 => (raw, write_usual),
            tag => ([&raw[..], &[tag]].concat().into(), write_tagged),
        }
    }

    /// The id under which a document with this `_id` is indexed.
    ///
    /// # Errors
    /// When the value is no BSON.
    pub(crate) fn id(&self, value: Value<'_>) -> Result<DocumentId> {
        let id = id_text(value, (self.forms.legacy, self.plain)).map_err(unreadable)?;
        Ok(fitting(if self.prefix.is_empty() { id } else { format!("{}{id}", self.prefix) }))
    }

    /// Where the document of an id lies; none where no document of this place has such an id.
    pub(crate) fn inverse(&self, id: &DocumentId) -> Option<Inverse> {
        let id = id.as_str();
        let own = if id.starts_with(HASHED) { id } else { id.strip_prefix(&self.prefix)? };
        Some(inverse(own, self.plain))
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

/// Writes the fields of a document as JSON, in the usual forms.
fn write_usual(raw: &[u8], out: &mut Vec<u8>) -> Result<Renames> {
    write_json(raw, Forms::default(), out).map_err(unreadable)
}

/// The same in the forms whose tag stands behind the document.
fn write_tagged(tagged: &[u8], out: &mut Vec<u8>) -> Result<Renames> {
    let (tag, raw) = tagged.split_last().unwrap_or((&0, tagged));
    write_json(raw, Forms::of_tag(*tag), out).map_err(unreadable)
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
    use crate::bson::{Dates, Decimals};
    use crate::client::Kind;

    fn namespace() -> Namespace {
        Namespace { database: "shop".into(), collection: "orders".into(), kind: Kind::Collection }
    }

    fn place_in(collection: &str) -> Place {
        Place::new(&namespace(), &Selection::new("shop", collection).unwrap(), Default::default())
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
    fn other_forms_make_another_version_and_another_body() {
        let raw = rawdoc! {"_id": 1, "at": bson::DateTime::from_millis(0), "price": "2.50".parse::<bson::Decimal128>().unwrap()};
        let of = |forms: Forms| {
            let place = Place { forms, ..place() };
            let document = document(&place, &raw);
            let body = document.into_parts().body.into_bytes().unwrap();
            String::from_utf8(body.to_vec()).unwrap()
        };
        let usual = r#"{"at":"1970-01-01T00:00:00.000Z","price":2.50}"#;
        assert_eq!(of(Forms::default()), usual);
        let text = Forms { decimals: Decimals::Text, ..Forms::default() };
        assert_eq!(of(text), r#"{"at":"1970-01-01T00:00:00.000Z","price":"2.50"}"#);
        let millis = Forms { dates: Dates::Millis, ..text };
        assert_eq!(of(millis), r#"{"at":0,"price":"2.50"}"#);
        let version = |forms: Forms| document(&Place { forms, ..place() }, &raw).into_parts().version;
        assert_ne!(version(Forms::default()), version(text));
        assert_ne!(version(text), version(millis));
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
