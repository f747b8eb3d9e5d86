//! The few queries that a sync asks.

use std::collections::HashSet;
use std::ops::{Bound, RangeBounds as _};

use serde_json::Value;

use crate::Result;

/// From and to.
type Range = (Bound<i64>, Bound<i64>);

/// Which documents are meant. Every document has its marks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Query {
    /// The range of `_sync.id`.
    pub(super) range: Range,
    /// These ranges of it only, where there are any.
    pub(super) ranges: Vec<Range>,
    /// These values of it only.
    pub(super) values: Option<HashSet<i64>>,
    /// No document at all.
    pub(super) is_none: bool,
}

impl Query {
    fn all() -> Self {
        Self { range: (Bound::Unbounded, Bound::Unbounded), ranges: Vec::new(), values: None, is_none: false }
    }

    /// Reads a query.
    ///
    /// # Errors
    /// Shows what is not known.
    pub(super) fn of(query: &Value) -> Result<Self> {
        let mut read = Self::all();
        read.narrow(query)?;
        Ok(read)
    }

    fn narrow(&mut self, query: &Value) -> Result<()> {
        let Some(query) = query.as_object() else { return Ok(()) };
        for (kind, of) in query {
            match kind.as_str() {
                "match_all" | "exists" => {}
                "range" => self.range(&of["_sync.id"])?,
                "terms" => {
                    self.values = Some(list(&of["_sync.id"]).iter().filter_map(Value::as_i64).collect())
                }
                "ids" => self.values = Some(hashes(&of["values"])),
                "bool" => self.all_of(of)?,
                "constant_score" => self.narrow(&of["filter"])?,
                other => return Err(format!("the sink knows no query `{other}`").into()),
            }
        }
        Ok(())
    }

    /// True when every document is meant.
    pub(super) fn is_all(&self) -> bool {
        *self == Self::all()
    }

    /// True when a document of this range is meant.
    pub(super) fn admits(&self, id: i64) -> bool {
        let is_within = self.ranges.is_empty() || self.ranges.iter().any(|range| range.contains(&id));
        is_within && !self.is_none && self.values.as_ref().is_none_or(|values| values.contains(&id))
    }

    fn all_of(&mut self, query: &Value) -> Result<()> {
        for kind in ["must", "filter"] {
            list(&query[kind]).iter().try_for_each(|query| self.narrow(query))?;
        }
        for one in list(&query["should"]) {
            self.ranges.push(Self::of(one)?.range);
        }
        // Only documents without marks are asked for in this way, and there are none.
        self.is_none |= list(&query["must_not"]).iter().any(|query| query.get("exists").is_some());
        Ok(())
    }

    fn range(&mut self, range: &Value) -> Result<()> {
        for (side, value) in range.as_object().into_iter().flatten() {
            let value = value.as_i64().ok_or_else(|| format!("the sink knows no border {value}"))?;
            match side.as_str() {
                "gte" => self.range.0 = Bound::Included(value),
                "gt" => self.range.0 = Bound::Excluded(value),
                "lte" => self.range.1 = Bound::Included(value),
                "lt" => self.range.1 = Bound::Excluded(value),
                _ => {}
            }
        }
        Ok(())
    }
}

/// What `_sync.id` is for these `_id`s.
fn hashes(ids: &Value) -> HashSet<i64> {
    let ids = list(ids).iter().filter_map(Value::as_str);
    ids.map(|id| xxhash_rust::xxh3::xxh3_64(id.as_bytes()).cast_signed()).collect()
}

/// One or several.
fn list(value: &Value) -> &[Value] {
    match value {
        Value::Array(values) => values,
        Value::Null => &[],
        one => std::slice::from_ref(one),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn ranges_values_and_absence_are_read() {
        let both = json!({"bool": {"filter": [{"range": {"_sync.id": {"gte": -5, "lt": 7}}}, {"terms": {"_sync.id": [1, 2]}}]}});
        let read = Query::of(&both).unwrap();
        assert_eq!(read.range, (Bound::Included(-5), Bound::Excluded(7)));
        assert_eq!(read.values, Some([1, 2].into()));
        let other = Query::of(&json!({"range": {"_sync.id": {"gt": 1, "lte": 2}}})).unwrap();
        assert_eq!(other.range, (Bound::Excluded(1), Bound::Included(2)));
        let some = Query::of(&json!({"bool": {"should": [
            {"range": {"_sync.id": {"gte": 1, "lte": 2}}}, {"range": {"_sync.id": {"gte": 7, "lte": 8}}},
        ]}}));
        let some = some.unwrap();
        assert_eq!((0..10).filter(|id| some.admits(*id)).collect::<Vec<_>>(), [1, 2, 7, 8]);
        assert!(!some.is_all());
        let absent = json!({"bool": {"must_not": [{"exists": {"field": "_sync.id"}}]}});
        assert!(Query::of(&absent).unwrap().is_none);
        let ids = Query::of(&json!({"ids": {"values": ["a"]}})).unwrap();
        assert_eq!(ids.values, Some([xxhash_rust::xxh3::xxh3_64(b"a").cast_signed()].into()));
        assert_eq!(Query::of(&Value::Null).unwrap(), Query::all());
        assert_eq!(
            Query::of(&json!({"constant_score": {"filter": {"match_all": {}}}})).unwrap(),
            Query::all()
        );
    }

    #[test]
    fn what_is_not_known_is_told() {
        assert!(Query::of(&json!({"prefix": {}})).unwrap_err().to_string().contains("`prefix`"));
        let border = json!({"range": {"_sync.id": {"gte": "a"}}});
        assert!(Query::of(&border).unwrap_err().to_string().contains("border \"a\""));
    }
}
