//! The documents of one reply, which all share its bytes.

use bson::{Bson, RawArray, RawBsonRef, RawDocument};
use bytes::Bytes;
use connectors_core::{Document, DocumentId, Error, Result};
use mongodb::raw_batch_cursor::RawBatch;

use crate::document::{Place, id_value};

/// A reply of the server.
pub(super) struct Batch {
    bytes: Bytes,
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

impl From<RawBatch> for Batch {
    fn from(reply: RawBatch) -> Self {
        Self { bytes: Bytes::from_owner(Reply(reply)) }
    }
}

impl Batch {
    /// The documents, without the first one when its `_id` is the one that was last read before.
    ///
    /// Beside them the last `_id`, behind which to go on.
    pub(super) fn documents(
        &self,
        place: &Place,
        seen: Option<&Last>,
    ) -> Result<(Vec<Result<Document>>, Option<Last>)> {
        let Some(array) = self.array() else {
            return Err(Error::unexpected("the server's reply holds no documents"));
        };
        let mut raw: Vec<&[u8]> = Vec::new();
        for element in array {
            match element {
                Ok(RawBsonRef::Document(document)) => raw.push(document.as_bytes()),
                _ => return Err(Error::unexpected("the server's reply can't be read")),
            }
        }
        let last = raw.last().and_then(|document| Last::of(document, place));
        let again = seen.is_some_and(|seen| raw.first().is_some_and(|first| seen.is(first, place)));
        let documents = raw.into_iter().skip(usize::from(again));
        let documents = documents.map(|document| place.document(self.bytes.slice_ref(document))).collect();
        Ok((documents, last))
    }

    fn array(&self) -> Option<&RawArray> {
        let reply = RawDocument::from_bytes(&self.bytes).ok()?;
        let cursor = reply.get_document("cursor").ok()?;
        cursor.get_array("firstBatch").or_else(|_| cursor.get_array("nextBatch")).ok()
    }
}
