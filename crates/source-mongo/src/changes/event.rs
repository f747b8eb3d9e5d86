//! What an event of a change stream means for the index.

use bson::{RawDocument, Timestamp};
use connectors_core::{DocumentId, Error, Result};

use crate::bson::{Elements, Malformed, RawId, Value, is_ambiguous};
use crate::client::{Kind, Namespace, Selection};
use crate::document::{Place, id_value};

/// An event, as far as it concerns the selection.
#[derive(Debug, PartialEq)]
pub(super) enum Event {
    /// A document was written or removed.
    Document(Written),
    /// Something happened to a whole collection, in words.
    Structure(String),
    /// Nothing that concerns us.
    Other,
}

/// A document with what happened to it.
#[derive(Debug, PartialEq)]
pub(super) struct Written {
    pub(super) namespace: Namespace,
    /// The document that holds its `_id`.
    key: Vec<u8>,
    is_removed: bool,
}

impl Written {
    /// Whether its id depends on [which ids of its collection have no mark](crate::bson::Plain).
    pub(super) fn is_ambiguous(&self) -> bool {
        id_value(&self.key).ok().flatten().is_some_and(is_ambiguous)
    }

    /// Its id in this place, and what happened to it.
    ///
    /// # Errors
    /// When the event does not tell which document it is about.
    pub(super) fn in_place(self, place: &Place) -> Result<(DocumentId, Touched)> {
        let value = id_value(&self.key).ok().flatten().ok_or_else(incomplete)?;
        let id = place.id(value)?;
        if self.is_removed {
            return Ok((id, Touched::Removed));
        }
        let raw = RawId::of(&self.key).ok().flatten().ok_or_else(incomplete)?;
        Ok((id, Touched::Written(self.namespace, raw)))
    }
}

fn incomplete() -> Error {
    Error::unexpected("an event does not tell which document it is about: run a full sync")
}

/// What happened to a document.
#[derive(Debug, PartialEq)]
pub(super) enum Touched {
    /// It is there, under this `_id`, or was when the event happened.
    Written(Namespace, RawId),
    /// It is gone.
    Removed,
}

/// The parts of an event that matter.
#[derive(Default)]
struct Parts<'a> {
    operation: &'a [u8],
    namespace: Option<(String, String)>,
    to: Option<(String, String)>,
    key: Option<&'a [u8]>,
}

impl Event {
    /// Reads an event.
    ///
    /// # Errors
    /// When the bytes are no event.
    pub(super) fn of(raw: &[u8], selection: &Selection) -> Result<Self> {
        let parts =
            Parts::of(raw).map_err(|error| Error::unexpected("an event can't be read").caused_by(error))?;
        match parts.operation {
            b"insert" | b"update" | b"replace" | b"delete" => parts.document(selection),
            b"drop" | b"rename" | b"dropDatabase" | b"invalidate" => Ok(parts.structure(selection)),
            _ => Ok(Self::Other),
        }
    }
}

impl<'a> Parts<'a> {
    fn of(raw: &'a [u8]) -> Result<Self, Malformed> {
        let mut parts = Self::default();
        for element in Elements::of(raw)? {
            match element? {
                (b"operationType", Value::String(operation)) => parts.operation = operation,
                (b"ns", Value::Document(names)) => parts.namespace = Some(names_of(names)?),
                (b"to", Value::Document(names)) => parts.to = Some(names_of(names)?),
                (b"documentKey", Value::Document(key)) => parts.key = Some(key),
                _ => {}
            }
        }
        Ok(parts)
    }

    fn document(self, selection: &Selection) -> Result<Event> {
        let Some((database, collection)) = self.namespace.filter(|(db, coll)| selection.takes(db, coll))
        else {
            return Ok(Event::Other);
        };
        let key = self.key.ok_or_else(incomplete)?.to_vec();
        let namespace = Namespace { database, collection, kind: Kind::Collection };
        Ok(Event::Document(Written { namespace, key, is_removed: self.operation == b"delete" }))
    }

    fn structure(self, selection: &Selection) -> Event {
        let taken = |names: &Option<(String, String)>| {
            names.as_ref().is_some_and(|(database, collection)| match self.operation {
                b"dropDatabase" => selection.takes_database(database),
                _ => selection.takes(database, collection),
            })
        };
        let name = |names: &Option<(String, String)>| {
            names.as_ref().map_or_else(String::new, |(database, collection)| match collection.as_str() {
                "" => database.clone(),
                collection => format!("{database}.{collection}"),
            })
        };
        match self.operation {
            b"invalidate" => Event::Structure(format!("{selection} was dropped or renamed")),
            b"rename" if taken(&self.namespace) || taken(&self.to) => {
                Event::Structure(format!("{} was renamed to {}", name(&self.namespace), name(&self.to)))
            }
            b"drop" | b"dropDatabase" if taken(&self.namespace) => {
                Event::Structure(format!("{} was dropped", name(&self.namespace)))
            }
            _ => Event::Other,
        }
    }
}

/// When an event happened, by the server's clock.
pub(super) fn time_of(raw: &RawDocument) -> Option<Timestamp> {
    raw.get_timestamp("clusterTime").ok()
}

fn names_of(document: &[u8]) -> Result<(String, String), Malformed> {
    let (mut database, mut collection) = (String::new(), String::new());
    for element in Elements::of(document)? {
        match element? {
            (b"db", Value::String(name)) => database = String::from_utf8_lossy(name).into_owned(),
            (b"coll", Value::String(name)) => collection = String::from_utf8_lossy(name).into_owned(),
            _ => {}
        }
    }
    Ok((database, collection))
}

#[cfg(test)]
mod tests {
    use bson::{Bson, RawDocumentBuf, rawdoc};

    use super::*;

    fn selection(database: &str, collection: &str) -> Selection {
        Selection::new(database, collection).unwrap()
    }

    fn event(raw: &RawDocumentBuf, database: &str, collection: &str) -> Event {
        Event::of(raw.as_bytes(), &selection(database, collection)).unwrap()
    }

    fn touched(raw: &RawDocumentBuf, database: &str, collection: &str) -> (DocumentId, Touched) {
        let Event::Document(written) = event(raw, database, collection) else { panic!("no document") };
        let selection = selection(database, collection);
        let place = Place::new(&written.namespace, &selection, Default::default());
        written.in_place(&place).unwrap()
    }

    #[test]
    fn written_and_removed_documents_carry_their_id() {
        let namespace =
            Namespace { database: "shop".into(), collection: "orders".into(), kind: Kind::Collection };
        for operation in ["insert", "update", "replace"] {
            let raw = rawdoc! {
                "operationType": operation, "ns": {"db": "shop", "coll": "orders"}, "documentKey": {"_id": 7},
            };
            let written = Touched::Written(namespace.clone(), RawId::of_value(Bson::Int32(7)).unwrap());
            assert_eq!(touched(&raw, "shop", "orders"), ("7".into(), written));
        }
        let raw = rawdoc! {
            "operationType": "delete", "ns": {"db": "shop", "coll": "orders"}, "documentKey": {"shard": 1, "_id": "x"},
        };
        assert_eq!(touched(&raw, "shop", "*"), ("shop.orders/x".into(), Touched::Removed));
        assert_eq!(event(&raw, "shop", "people"), Event::Other);
    }

    #[test]
    fn what_happens_to_whole_collections_is_told() {
        let drop = rawdoc! {"operationType": "drop", "ns": {"db": "shop", "coll": "orders"}};
        assert_eq!(event(&drop, "shop", "*"), Event::Structure("shop.orders was dropped".into()));
        assert_eq!(event(&drop, "shop", "p*"), Event::Other);
        let rename = rawdoc! {
            "operationType": "rename", "ns": {"db": "shop", "coll": "tmp"}, "to": {"db": "shop", "coll": "orders"},
        };
        assert_eq!(
            event(&rename, "shop", "orders"),
            Event::Structure("shop.tmp was renamed to shop.orders".into())
        );
        let database = rawdoc! {"operationType": "dropDatabase", "ns": {"db": "shop"}};
        assert_eq!(event(&database, "sh*", "orders"), Event::Structure("shop was dropped".into()));
        let invalid = rawdoc! {"operationType": "invalidate"};
        assert_eq!(
            event(&invalid, "shop", "orders"),
            Event::Structure("shop.orders was dropped or renamed".into())
        );
        assert_eq!(event(&rawdoc! {"operationType": "create"}, "shop", "orders"), Event::Other);
    }

    #[test]
    fn an_event_without_its_document_asks_for_a_full_sync() {
        let raw = rawdoc! {"operationType": "insert", "ns": {"db": "shop", "coll": "orders"}};
        let error = Event::of(raw.as_bytes(), &selection("shop", "orders"));
        assert!(error.unwrap_err().to_string().contains("run a full sync"));
        assert!(Event::of(&[1], &selection("shop", "orders")).is_err());
    }
}
