//! The documents of one reply, which all share its bytes.

use std::ops::Range;
use std::sync::Arc;

use bson::{Bson, RawArray, RawBsonRef, RawDocument};
use bytes::Bytes;
use connectors_core::{Document, DocumentId, Error, Result};
use mongodb::raw_batch_cursor::RawBatch;

use super::{Task, in_scope};
use crate::document::{Place, id_value};

/// A reply of the server, of which nothing is made before it is asked for.
pub(crate) struct Batch {
    bytes: Bytes,
    /// Where in the bytes each document lies.
    places: Vec<Range<usize>>,
    /// How often the listing had begun anew.
    restarts: u32,
}

/// The last document that was read.
#[derive(Debug, Clone)]
pub(super) struct Last {
    value: Bson,
    id: DocumentId,
}

impl Last {
    /// Its `_id`.
    pub(super) fn value(&self) -> &Bson {
        &self.value
    }

    fn is(&self, document: &[u8], place: &Place) -> bool {
        let id = id_value(document).ok().flatten().and_then(|value| place.id(value).ok());
        id.as_ref() == Some(&self.id)
    }

    fn of(document: &[u8], place: &Place) -> Option<Self> {
        let value = RawDocument::from_bytes(document).ok()?.get("_id").ok().flatten()?.try_into().ok()?;
        Some(Self { value, id: place.id(id_value(document).ok().flatten()?).ok()? })
    }
}

/// Lends a reply's bytes to as many documents as lie in it.
struct Reply(RawBatch);

impl AsRef<[u8]> for Reply {
    fn as_ref(&self) -> &[u8] {
        self.0.as_raw_document().as_bytes()
    }
}

impl Batch {
    /// Finds the documents in a reply.
    ///
    /// # Errors
    /// When the reply holds none, or can't be read.
    pub(crate) fn of(reply: RawBatch, restarts: u32) -> Result<Self> {
        let bytes = Bytes::from_owner(Reply(reply));
        let array =
            array(&bytes).ok_or_else(|| Error::unexpected("the server's reply holds no documents"))?;
        let start = bytes.as_ptr().addr();
        let mut places = Vec::new();
        for element in array {
            let Ok(RawBsonRef::Document(document)) = element else {
                return Err(Error::unexpected("the server's reply can't be read"));
            };
            let from = document.as_bytes().as_ptr().addr() - start;
            places.push(from..from + document.as_bytes().len());
        }
        Ok(Self { bytes, places, restarts })
    }

    /// The bytes of each document.
    pub(crate) fn raw(&self) -> impl Iterator<Item = &[u8]> {
        self.places.iter().map(|place| &self.bytes[place.clone()])
    }

    pub(super) fn is_empty(&self) -> bool {
        self.places.is_empty()
    }

    /// Leaves the first document out when its `_id` is the one that was last read before.
    pub(super) fn go_on_behind(&mut self, seen: &Last, place: &Place) {
        if self.places.first().is_some_and(|first| seen.is(&self.bytes[first.clone()], place)) {
            self.places.remove(0);
        }
    }

    /// Its last `_id`, behind which to go on.
    pub(super) fn last(&self, place: &Place) -> Option<Last> {
        Last::of(&self.bytes[self.places.last()?.clone()], place)
    }

    /// The documents, each made when it is taken.
    pub(crate) fn documents(self, task: Arc<Task>) -> impl Iterator<Item = Result<Document>> {
        let Self { bytes, places, restarts } = self;
        places.into_iter().map(move |place| match task.place.document(bytes.slice(place)) {
            Ok(document) => Ok(document.restarts(restarts)),
            Err(error) => Err(in_scope(error, &task)),
        })
    }
}

fn array(reply: &[u8]) -> Option<&RawArray> {
    let cursor = RawDocument::from_bytes(reply).ok()?.get_document("cursor").ok()?;
    cursor.get_array("firstBatch").or_else(|_| cursor.get_array("nextBatch")).ok()
}
