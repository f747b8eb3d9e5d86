//! The answer as a tree: ordinary JSON, with stored sources kept as the bytes that were sent.

use std::borrow::Cow;

use serde::ser::{SerializeMap, SerializeSeq};
use serde::{Serialize, Serializer};
use serde_json::Value;
use serde_json::value::RawValue;

/// A JSON value whose leaves may be unparsed text; keys keep their order.
#[derive(Debug, Clone)]
pub(crate) enum Tree {
    Json(Value),
    Raw(Box<RawValue>),
    Object(Vec<(Cow<'static, str>, Tree)>),
    Array(Vec<Tree>),
}

/// Builds an object from `"key" => value` pairs, in order.
macro_rules! object {
    ($($key:expr => $value:expr),* $(,)?) => {
        $crate::tree::Tree::Object(vec![$((std::borrow::Cow::from($key), $crate::tree::Tree::from($value))),*])
    };
}
pub(crate) use object;

impl Tree {
    /// Adds a member; does nothing to a value that is no object.
    pub(crate) fn push(&mut self, key: impl Into<Cow<'static, str>>, value: impl Into<Tree>) {
        if let Tree::Object(members) = self {
            members.push((key.into(), value.into()));
        }
    }

    /// The whole as a parsed value.
    pub(crate) fn into_value(self) -> Value {
        match self {
            Tree::Json(value) => value,
            Tree::Raw(raw) => serde_json::from_str(raw.get()).unwrap_or(Value::Null),
            Tree::Object(members) => Value::Object(
                members.into_iter().map(|(key, value)| (key.into_owned(), value.into_value())).collect(),
            ),
            Tree::Array(items) => Value::Array(items.into_iter().map(Tree::into_value).collect()),
        }
    }
}

impl<T: Into<Value>> From<T> for Tree {
    fn from(value: T) -> Self {
        Tree::Json(value.into())
    }
}

impl FromIterator<Tree> for Tree {
    fn from_iter<I: IntoIterator<Item = Tree>>(items: I) -> Self {
        Tree::Array(items.into_iter().collect())
    }
}

impl Serialize for Tree {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Tree::Json(value) => value.serialize(serializer),
            Tree::Raw(raw) => raw.serialize(serializer),
            Tree::Object(members) => {
                let mut map = serializer.serialize_map(Some(members.len()))?;
                for (key, value) in members {
                    map.serialize_entry(key, value)?;
                }
                map.end()
            }
            Tree::Array(items) => {
                let mut seq = serializer.serialize_seq(Some(items.len()))?;
                for item in items {
                    seq.serialize_element(item)?;
                }
                seq.end()
            }
        }
    }
}
