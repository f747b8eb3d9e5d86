//! The `_id` of a document as the server wrote it.
//!
//! A server keeps what no value of a driver can hold: names that come twice, text that is no UTF-8. It finds such an
//! `_id` by its own bytes alone.

use bson::{Bson, RawDocument, RawDocumentBuf, rawdoc};

use super::{Elements, Malformed, Value};

const DOCUMENT: u8 = 0x03;
const ARRAY: u8 = 0x04;

/// An `_id`: its BSON type, and the bytes of its value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RawId {
    kind: u8,
    bytes: Vec<u8>,
}

impl RawId {
    /// The `_id` of a document, if it has one.
    ///
    /// # Errors
    /// When the bytes are no BSON.
    pub(crate) fn of(document: &[u8]) -> Result<Option<Self>, Malformed> {
        let mut elements = Elements::of(document)?;
        while let Some((name, kind, bytes)) = elements.raw()? {
            if name == b"_id" {
                return Ok(Some(Self { kind, bytes: bytes.to_vec() }));
            }
        }
        Ok(None)
    }

    /// The same as a value of a driver; none when the server would not take it.
    pub(crate) fn of_value(value: Bson) -> Option<Self> {
        let value = bson::RawBson::try_from(value).ok()?;
        Self::of(rawdoc! {"_id": value}.as_bytes()).ok()?
    }

    /// The value that a driver has for it; none where it has none.
    pub(crate) fn value(&self) -> Option<Bson> {
        let document = document(&element(self.kind, "_id", &self.bytes));
        let document = RawDocument::from_bytes(&document).ok()?;
        document.get("_id").ok()??.try_into().ok()
    }

    /// What this `_id` is, for as long as its bytes are there.
    pub(crate) fn with_value<T>(&self, read: impl FnOnce(Value<'_>) -> T) -> Option<T> {
        let document = document(&element(self.kind, "_id", &self.bytes));
        let (_, value) = Elements::of(&document).ok()?.next()?.ok()?;
        Some(read(value))
    }
}

/// The filter for documents with one of these `_id`s.
pub(crate) fn any_of<'a>(ids: impl IntoIterator<Item = &'a RawId>) -> RawDocumentBuf {
    let items = ids.into_iter().enumerate();
    let items: Vec<u8> =
        items.flat_map(|(place, id)| element(id.kind, &place.to_string(), &id.bytes)).collect();
    let among = document(&element(ARRAY, "$in", &document(&items)));
    let filter = document(&element(DOCUMENT, "_id", &among));
    RawDocument::from_bytes(&filter).map_or_else(|_| RawDocumentBuf::new(), ToOwned::to_owned)
}

fn element(kind: u8, name: &str, value: &[u8]) -> Vec<u8> {
    [&[kind], name.as_bytes(), &[0], value].concat()
}

fn document(elements: &[u8]) -> Vec<u8> {
    let length = i32::try_from(elements.len() + 5).unwrap_or(i32::MAX);
    [&length.to_le_bytes(), elements, &[0]].concat()
}

#[cfg(test)]
mod tests {
    use bson::doc;

    use super::*;

    #[test]
    fn a_filter_holds_the_bytes_of_each_id() {
        let ids = [Bson::from(7), "x".into(), doc! {"a": 1}.into()].map(|id| RawId::of_value(id).unwrap());
        let wanted = rawdoc! {"_id": {"$in": [7, "x", {"a": 1}]}};
        assert_eq!(any_of(&ids), wanted);
        assert_eq!(any_of([]), rawdoc! {"_id": {"$in": []}});
    }

    #[test]
    fn what_no_driver_can_hold_is_kept() {
        let twice = document(&[element(8, "a", &[1]), element(8, "a", &[0])].concat());
        let odd = [&3_i32.to_le_bytes()[..], b"x\xff\0"].concat();
        for (kind, bytes) in [(DOCUMENT, twice), (0x02, odd)] {
            let raw = document(&[element(8, "b", &[1]), element(kind, "_id", &bytes)].concat());
            let id = RawId::of(&raw).unwrap().unwrap();
            assert_eq!(id, RawId { kind, bytes: bytes.clone() });
            assert!(any_of([&id]).as_bytes().windows(bytes.len()).any(|part| part == bytes));
        }
        assert_eq!(RawId::of(&document(&[])), Ok(None));
    }
}
