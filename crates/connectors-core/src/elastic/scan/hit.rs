//! Hits with marks: what they are asked for by, and what they hold.

use std::ops::RangeInclusive;

use serde::Deserialize;
use serde_json::{Value, json};

/// A document as the index knows it: the hash of its id, and the mark of what it holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Mark {
    /// `_sync.id`.
    pub id: i64,
    /// `_sync.mark`.
    pub mark: i64,
}

/// The query for the documents with a mark.
pub(super) fn marked() -> Value {
    json!({ "exists": { "field": "_sync.id" } })
}

/// The query for the documents whose `_sync.id` lies in one of the ranges.
pub(super) fn any_of(ranges: &[RangeInclusive<i64>]) -> Value {
    json!({ "bool": { "should": ranges.iter().map(within).collect::<Vec<_>>() } })
}

/// The query for the documents whose `_sync.id` lies in a range.
pub(in crate::elastic) fn within(ids: &RangeInclusive<i64>) -> Value {
    json!({ "range": { "_sync.id": { "gte": ids.start(), "lte": ids.end() } } })
}

/// A hit, with what was asked for of it.
#[derive(Deserialize)]
pub(super) struct Hit {
    #[serde(rename = "_id")]
    pub(super) id: Option<String>,
    #[serde(default)]
    pub(super) sort: Vec<i64>,
    #[serde(default)]
    pub(super) fields: Fields,
}

/// The fields of a hit.
#[derive(Deserialize, Default)]
pub(super) struct Fields {
    #[serde(rename = "_sync.id", default)]
    pub(super) id: Vec<i64>,
    #[serde(rename = "_sync.mark", default)]
    pub(super) mark: Vec<i64>,
    #[serde(rename = "_sync.scope", default)]
    pub(super) scope: Vec<String>,
}

impl Hit {
    /// The mark that its sort values are.
    pub(super) fn mark(&self) -> Option<Mark> {
        match self.sort[..] {
            [id, mark, ..] => Some(Mark { id, mark }),
            _ => None,
        }
    }
}
