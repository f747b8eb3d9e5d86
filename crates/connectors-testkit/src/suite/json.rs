//! Reads JSON as strictly as Elasticsearch does: no name twice in one object, none empty.

use std::collections::BTreeSet;
use std::fmt::{Formatter, Result as Written};

use connectors_core::{Body, Error, Result};
use serde::de::{Deserialize, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};

/// What is wrong with the bytes of a body that is to be indexed, if anything is.
///
/// # Errors
/// When it is no JSON object, or a name in it stands twice, is empty, or at the top is reserved.
pub(super) fn check(bytes: &[u8]) -> Result<()> {
    let wrong = |error: serde_json::Error| Error::unexpected("a body can't be indexed").caused_by(error);
    let Strict(names) = serde_json::from_slice(bytes).map_err(wrong)?;
    let names = names.ok_or_else(|| Error::unexpected("a body is not a JSON object"))?;
    match names.iter().find(|name| Body::is_reserved(name)) {
        Some(name) => Err(Error::unexpected("a field of a body has a reserved name").with("name", name)),
        None => Ok(()),
    }
}

/// A value that was read; of an object, its names.
struct Strict(Option<BTreeSet<String>>);

impl<'de> Deserialize<'de> for Strict {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        deserializer.deserialize_any(Reading).map(Self)
    }
}

struct Reading;

macro_rules! scalars {
    ($($visit:ident: $type:ty),*) => {
        $(
            fn $visit<E>(self, _: $type) -> std::result::Result<Self::Value, E> {
                Ok(None)
            }
        )*
    };
}

impl<'de> Visitor<'de> for Reading {
    type Value = Option<BTreeSet<String>>;

    fn expecting(&self, f: &mut Formatter<'_>) -> Written {
        f.write_str("a JSON value")
    }

    scalars!(visit_bool: bool, visit_i64: i64, visit_u64: u64, visit_f64: f64, visit_str: &str);

    fn visit_unit<E>(self) -> std::result::Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> std::result::Result<Self::Value, A::Error> {
        while items.next_element::<Strict>()?.is_some() {}
        Ok(None)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> std::result::Result<Self::Value, A::Error> {
        let mut names = BTreeSet::new();
        while let Some((name, _)) = fields.next_entry::<String, Strict>()? {
            if name.is_empty() {
                return Err(A::Error::custom("the name of a field is empty"));
            }
            if let Some(name) = names.replace(name) {
                return Err(A::Error::custom(format!("the name `{name}` stands twice in one object")));
            }
        }
        Ok(Some(names))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_elasticsearch_would_refuse_is_found() {
        for (body, reason) in [
            ("[]", "not a JSON object"),
            ("{", "can't be indexed"),
            (r#"{"a": 1, "a": 1}"#, "`a` stands twice"),
            (r#"{"a": [true, {"b": null, "b": 1.5}]}"#, "`b` stands twice"),
            (r#"{"a": {"": "x"}}"#, "is empty"),
            (r#"{"a": -1, "_source": {}}"#, "reserved name (name: _source)"),
        ] {
            let error = check(body.as_bytes()).unwrap_err().to_string();
            assert!(error.contains(reason), "{body}: {error}");
        }
        assert!(check(br#"{"a": {"_id": [1, -1, 1.5, true, null, "x"]}, "b": {"a": 1}}"#).is_ok());
    }
}
