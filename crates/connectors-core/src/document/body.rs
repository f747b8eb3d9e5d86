//! The fields of a document, as the bytes that go out.

use std::fmt;

use bytes::Bytes;
use serde::Serialize;
use serde_json::value::RawValue;

use crate::{Error, Result};

/// Names of fields that the sync or Elasticsearch itself fills; a source's own field of such a name gets a `_` behind it.
const RESERVED: [&str; 22] = [
    "id",
    "_timestamp",
    "_sync",
    "_sync.id",
    "_sync.mark",
    "_sync.scope",
    "_allow_access_control",
    "_extract_binary_content",
    "_reduce_whitespace",
    "_run_ml_inference",
    "_id",
    "_index",
    "_source",
    "_type",
    "_routing",
    "_field_names",
    "_ignored",
    "_size",
    "_doc_count",
    "_seq_no",
    "_version",
    "_tier",
];

type Make = Box<dyn FnOnce() -> Result<Bytes> + Send>;

/// Appends one JSON object made from other bytes.
type Write = fn(&[u8], &mut Vec<u8>) -> Result<()>;

/// One JSON object, kept as serialised bytes, or as the promise of them.
pub struct Body(Kept);

enum Kept {
    Bytes(Bytes),
    Promise(Make),
    Raw(Bytes, Write),
    Failed(Error),
}

impl Body {
    /// `{}`.
    #[must_use]
    pub fn empty() -> Self {
        Self(Kept::Bytes(Bytes::from_static(b"{}")))
    }

    /// A body that is serialised only when the document is sent: for documents with a
    /// [`version`](crate::Document::version).
    pub fn lazy<T: Serialize>(make: impl FnOnce() -> T + Send + 'static) -> Self {
        Self(Kept::Promise(Box::new(move || serialise(&make()))))
    }

    /// A body that the source writes itself from its own `bytes` when the document is sent; until then it costs nothing.
    ///
    /// `write` appends one JSON object on one line, with nothing around it, in which no name stands twice and none is empty or reserved
    /// (`id`, `_timestamp`, `_sync`, and what Elasticsearch keeps for itself: see [`Body::is_reserved`]).
    pub fn raw(bytes: Bytes, write: fn(&[u8], &mut Vec<u8>) -> Result<()>) -> Self {
        Self(Kept::Raw(bytes, write))
    }

    /// What [`into_bytes`](Self::into_bytes) gave.
    pub(crate) fn kept(bytes: Result<Bytes>) -> Self {
        Self(bytes.map_or_else(Kept::Failed, Kept::Bytes))
    }

    /// True for names that a source's own top-level field can't have.
    #[must_use]
    pub fn is_reserved(name: &str) -> bool {
        RESERVED.contains(&name)
    }

    /// The bytes.
    ///
    /// # Errors
    /// When the value did not serialise to a JSON object.
    pub fn into_bytes(self) -> Result<Bytes> {
        match self.0 {
            Kept::Bytes(bytes) => Ok(bytes),
            Kept::Promise(make) => make(),
            Kept::Failed(error) => Err(error),
            Kept::Raw(..) => {
                let mut bytes = Vec::new();
                self.append_to(&mut bytes)?;
                Ok(bytes.into())
            }
        }
    }

    /// Appends the bytes; after an error what was appended is of no use.
    ///
    /// # Errors
    /// As for [`into_bytes`](Self::into_bytes).
    pub(crate) fn append_to(self, out: &mut Vec<u8>) -> Result<()> {
        let start = out.len();
        match self.0 {
            Kept::Raw(bytes, write) => {
                write(&bytes, out)?;
                one_line(&out[start..])?;
            }
            _ => out.extend_from_slice(&self.into_bytes()?),
        }
        Ok(())
    }
}

impl<T: Serialize> From<&T> for Body {
    /// Serialises at once; an error is kept and fails the document, not the sync.
    fn from(value: &T) -> Self {
        Self(serialise(value).map_or_else(Kept::Failed, Kept::Bytes))
    }
}

impl fmt::Debug for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Kept::Bytes(bytes) => write!(f, "Body({} bytes)", bytes.len()),
            Kept::Promise(_) | Kept::Raw(..) => f.write_str("Body(not yet serialised)"),
            Kept::Failed(error) => write!(f, "Body({error})"),
        }
    }
}

/// A line break in a body would cut the bulk it is sent in.
fn one_line(bytes: &[u8]) -> Result<()> {
    let is_object = bytes.first() == Some(&b'{') && bytes.last() == Some(&b'}');
    if is_object && memchr::memchr(b'\n', bytes).is_none() {
        return Ok(());
    }
    Err(Error::unexpected("the body is not a JSON object on one line"))
}

fn serialise<T: Serialize>(value: &T) -> Result<Bytes> {
    let bytes = serde_json::to_vec(value)
        .map_err(|error| Error::unexpected("the body did not serialise").caused_by(error))?;
    if bytes.first() != Some(&b'{') {
        return Err(Error::unexpected("the body is not a JSON object"));
    }
    one_line(&bytes)?;
    without(bytes.into(), &RESERVED)
}

/// Puts a `_` behind top-level names that the sync fills itself; costs one scan where there is none.
pub(crate) fn without(bytes: Bytes, names: &[&str]) -> Result<Bytes> {
    if !names.iter().any(|name| contains_name(&bytes, name)) {
        return Ok(bytes);
    }
    let fields: Fields<'_> = serde_json::from_slice(&bytes)
        .map_err(|error| Error::unexpected("the body is not a JSON object").caused_by(error))?;
    let mut renamed = Vec::with_capacity(bytes.len() + 8);
    for (index, (name, value)) in fields.0.iter().enumerate() {
        renamed.push(if index == 0 { b'{' } else { b',' });
        let name = if names.contains(&name.as_str()) { format!("{name}_") } else { name.clone() };
        renamed.extend_from_slice(&serde_json::to_vec(&name).unwrap_or_default());
        renamed.push(b':');
        renamed.extend_from_slice(value.get().as_bytes());
    }
    renamed.push(b'}');
    Ok(renamed.into())
}

/// True when `"name":` stands anywhere in the bytes, perhaps deeper or inside a text.
fn contains_name(bytes: &[u8], name: &str) -> bool {
    let quoted = name.len() + 3;
    bytes.windows(quoted).any(|window| {
        window[0] == b'"' && window[quoted - 2..] == *b"\":" && window[1..quoted - 2] == *name.as_bytes()
    })
}

/// The top-level fields of an object in their order, values untouched.
struct Fields<'a>(Vec<(String, &'a RawValue)>);

impl<'de> serde::Deserialize<'de> for Fields<'de> {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(FieldsVisitor)
    }
}

struct FieldsVisitor;

impl<'de> serde::de::Visitor<'de> for FieldsVisitor {
    type Value = Fields<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON object")
    }

    fn visit_map<A: serde::de::MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut fields = Vec::new();
        while let Some(field) = map.next_entry()? {
            fields.push(field);
        }
        Ok(Fields(fields))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn raw(bytes: &'static str) -> Body {
        Body::raw(Bytes::from_static(bytes.as_bytes()), |bytes, out| {
            out.extend_from_slice(bytes);
            Ok(())
        })
    }

    fn text(body: Body) -> String {
        String::from_utf8(body.into_bytes().unwrap().to_vec()).unwrap()
    }

    #[test]
    fn a_body_is_what_its_value_serialises_to() {
        assert_eq!(text(Body::from(&json!({"a": {"id": 1}}))), r#"{"a":{"id":1}}"#);
        assert_eq!(text(Body::lazy(|| json!({"b": 2}))), r#"{"b":2}"#);
        assert_eq!(text(raw("{}")), "{}");
        assert_eq!(text(Body::empty()), "{}");
    }

    #[test]
    fn reserved_names_at_the_top_get_an_underscore() {
        let body = Body::from(&json!({"_id": 1, "id": {"id": 2}, "name": "\"id\":", "_timestamp": null}));
        let value: serde_json::Value = serde_json::from_str(&text(body)).unwrap();
        let expected = json!({"_id_": 1, "id_": {"id": 2}, "name": "\"id\":", "_timestamp_": null});
        assert_eq!(value, expected);
    }

    #[test]
    fn what_is_no_object_is_an_error() {
        let error = Body::from(&json!([1])).into_bytes().unwrap_err();
        assert!(error.to_string().contains("not a JSON object"));
        let error = Body::lazy(|| std::collections::HashMap::from([((1, 2), 3)])).into_bytes().unwrap_err();
        assert!(error.to_string().contains("did not serialise"), "{error}");
    }

    #[test]
    fn raw_bytes_that_would_break_a_bulk_are_an_error() {
        for bytes in ["", "[]", "{}\n", "{\n}", " {}"] {
            let error = raw(bytes).into_bytes().unwrap_err();
            assert!(error.to_string().contains("on one line"), "{bytes}");
        }
    }

    #[test]
    fn debug_shows_no_content() {
        let shown = format!("{:?} {:?}", Body::from(&json!({"secret": 1})), Body::lazy(|| 1));
        assert_eq!(shown, "Body(12 bytes) Body(not yet serialised)");
        assert_eq!(format!("{:?}", Body::from(&1)), "Body(the body is not a JSON object)");
    }
}
