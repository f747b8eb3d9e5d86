//! The fields of a document, as the bytes that go out.

use std::fmt;

use bytes::Bytes;
use serde::Serialize;

use super::names::{self, Level, Renames, fitting};
use crate::panics::catch;
use crate::{Error, Result};

type Make = Box<dyn FnOnce() -> Result<(Bytes, Renames)> + Send>;

/// Appends one JSON object made from other bytes, and may say which fields have other names in it.
#[derive(Clone, Copy)]
enum Write {
    Plain(fn(&[u8], &mut Vec<u8>) -> Result<()>),
    Renaming(fn(&[u8], &mut Vec<u8>) -> Result<Renames>),
}

impl Write {
    fn append(self, bytes: &[u8], out: &mut Vec<u8>) -> Result<Renames> {
        match self {
            Self::Plain(write) => write(bytes, out).map(|()| Renames::default()),
            Self::Renaming(write) => write(bytes, out),
        }
    }
}

/// One JSON object, kept as serialised bytes, or as the promise of them.
///
/// Names that an index does not take, or that the sync fills itself, become others, at every level: see [`names`].
pub struct Body(Kept);

enum Kept {
    Bytes(Bytes, Renames),
    Promise(Make),
    Raw(Bytes, Write),
    LookedUp,
    Failed(Error),
}

impl Body {
    /// `{}`.
    #[must_use]
    pub fn empty() -> Self {
        Self(Kept::Bytes(Bytes::from_static(b"{}"), Renames::default()))
    }

    /// A body that is serialised only when the document is sent: for documents with a
    /// [`version`](crate::Document::version).
    pub fn lazy<T: Serialize>(make: impl FnOnce() -> T + Send + 'static) -> Self {
        Self(Kept::Promise(Box::new(move || serialise(&make()))))
    }

    /// A body that the source writes itself from its own `bytes` when the document is sent; until then it costs nothing.
    ///
    /// `write` appends one JSON object on one line, with nothing around it, whose names all fit, each once per object: what does
    /// not fit, and what it becomes, [`names`] says.
    pub fn raw(bytes: Bytes, write: fn(&[u8], &mut Vec<u8>) -> Result<()>) -> Self {
        Self(Kept::Raw(bytes, Write::Plain(write)))
    }

    /// As [`raw`](Self::raw), where `write` says which fields it gave another name.
    pub fn raw_renaming(bytes: Bytes, write: fn(&[u8], &mut Vec<u8>) -> Result<Renames>) -> Self {
        Self(Kept::Raw(bytes, Write::Renaming(write)))
    }

    /// A body that the listing does not hold: where the document has to be sent, [`Lookup`](crate::Lookup) is asked for it,
    /// many documents in one question.
    ///
    /// For sources whose listing names ids and versions cheaply and whose documents cost calls. The document needs a
    /// [`version`](crate::Document::version), and the looked-up one the same scope, permissions and kind of content.
    #[must_use]
    pub fn looked_up() -> Self {
        Self(Kept::LookedUp)
    }

    /// Whether the body is still to be [looked up](Self::looked_up).
    pub(crate) fn is_looked_up(&self) -> bool {
        matches!(self.0, Kept::LookedUp)
    }

    /// The same with its bytes made.
    pub(crate) fn made(self) -> Self {
        match self.0 {
            kept @ (Kept::Bytes(..) | Kept::LookedUp | Kept::Failed(_)) => Self(kept),
            Kept::Promise(make) => Self::of(catch(make)),
            raw @ Kept::Raw(..) => {
                let mut bytes = Vec::new();
                let written = Self(raw).append_to(&mut bytes);
                Self::of(written.map(|renames| (bytes.into(), renames)))
            }
        }
    }

    /// The bytes of a body that was [made](Self::made), unless making them failed.
    pub(crate) fn bytes(&self) -> Option<&Bytes> {
        if let Kept::Bytes(bytes, _) = &self.0 { Some(bytes) } else { None }
    }

    fn of(made: Result<(Bytes, Renames)>) -> Self {
        Self(made.map_or_else(Kept::Failed, |(bytes, renames)| Kept::Bytes(bytes, renames)))
    }

    /// True for names that a source's own top-level field can't have.
    #[must_use]
    pub fn is_reserved(name: &str) -> bool {
        names::is_reserved(name)
    }

    /// The bytes.
    ///
    /// # Errors
    /// When the value did not serialise to a JSON object.
    pub fn into_bytes(self) -> Result<Bytes> {
        match self.0 {
            Kept::Bytes(bytes, _) => Ok(bytes),
            Kept::Promise(make) => catch(make).map(|(bytes, _)| bytes),
            Kept::Failed(error) => Err(error),
            Kept::LookedUp => Err(no_body()),
            Kept::Raw(..) => {
                let mut bytes = Vec::new();
                self.append_to(&mut bytes)?;
                Ok(bytes.into())
            }
        }
    }

    /// Appends the bytes, and says which fields have other names in them; after an error what was appended is of no use.
    ///
    /// # Errors
    /// As for [`into_bytes`](Self::into_bytes).
    pub(crate) fn append_to(self, out: &mut Vec<u8>) -> Result<Renames> {
        let start = out.len();
        let (bytes, renames) = match self.0 {
            Kept::Raw(bytes, write) => {
                let renames = catch(|| write.append(&bytes, out))?;
                one_line(&out[start..])?;
                return Ok(renames);
            }
            Kept::Bytes(bytes, renames) => (bytes, renames),
            Kept::Promise(make) => catch(make)?,
            Kept::Failed(error) => return Err(error),
            Kept::LookedUp => return Err(no_body()),
        };
        out.extend_from_slice(&bytes);
        Ok(renames)
    }
}

impl<T: Serialize> From<&T> for Body {
    /// Serialises at once; an error is kept and fails the document, not the sync.
    fn from(value: &T) -> Self {
        Self::of(serialise(value))
    }
}

impl fmt::Debug for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Kept::Bytes(bytes, _) => write!(f, "Body({} bytes)", bytes.len()),
            Kept::Promise(_) | Kept::Raw(..) => f.write_str("Body(not yet serialised)"),
            Kept::LookedUp => f.write_str("Body(to be looked up)"),
            Kept::Failed(error) => write!(f, "Body({error})"),
        }
    }
}

/// A look-up must not answer with another promise of a look-up.
fn no_body() -> Error {
    Error::unexpected(
        "the source lists this document without its body, and does not tell it when asked for the document",
    )
}

/// A line break in a body would cut the bulk it is sent in.
fn one_line(bytes: &[u8]) -> Result<()> {
    let is_object = bytes.first() == Some(&b'{') && bytes.last() == Some(&b'}');
    if is_object && memchr::memchr(b'\n', bytes).is_none() {
        return Ok(());
    }
    Err(Error::unexpected("the body is not a JSON object on one line"))
}

fn serialise<T: Serialize>(value: &T) -> Result<(Bytes, Renames)> {
    let bytes = serde_json::to_vec(value)
        .map_err(|error| Error::unexpected("the body did not serialise").caused_by(error))?;
    if bytes.first() != Some(&b'{') {
        return Err(Error::unexpected("the body is not a JSON object"));
    }
    one_line(&bytes)?;
    fitting(bytes.into(), Level::ROOT)
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
    fn a_body_says_which_fields_have_other_names() {
        let value = json!({"id": 1, "id_": 2, "a": {"b.c": 3}});
        for body in [Body::from(&value), Body::lazy(move || value.clone())] {
            let mut out = Vec::new();
            let renames = body.append_to(&mut out).unwrap();
            let expected = [("b.c".to_owned(), "b_c".to_owned()), ("id".to_owned(), "id__".to_owned())];
            assert_eq!((renames.count, &renames.first[..]), (2, &expected[..]));
            assert_eq!(out, br#"{"a":{"b_c":3},"id__":1,"id_":2}"#);
        }
        assert!(raw("{}").append_to(&mut Vec::new()).unwrap().is_empty());
        let own = Body::raw_renaming(Bytes::from_static(b"id"), |_, out| {
            out.extend_from_slice(b"{\"id_\":1}");
            Ok(Renames { count: 1, first: vec![("id".into(), "id_".into())], as_text: 0 })
        });
        let made = own.made();
        assert_eq!(made.bytes().unwrap(), "{\"id_\":1}");
        assert_eq!(made.append_to(&mut Vec::new()).unwrap().count, 1, "a body that was made still says so");
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
