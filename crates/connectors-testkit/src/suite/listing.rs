//! What a source listed.

use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;
use chrono::{DateTime, Utc};
use connectors_core::{Document, Error, Permissions, Result, Rules, Source, Version};
use futures::StreamExt;
use serde_json::Value;

use super::{Outcome, broken, json};
use crate::Expected;
use crate::bodies::with_bodies;

/// Errors after which a listing is read no further.
const MAX_ERRORS: usize = 100;

/// A document as it was listed.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Seen {
    pub(super) version: Option<Version>,
    pub(super) timestamp: Option<DateTime<Utc>>,
    pub(super) scope: Option<Arc<str>>,
    pub(super) permissions: Option<Permissions>,
    /// True when the listing began anew before it.
    pub(super) is_again: bool,
    pub(super) body: Bytes,
}

impl Seen {
    pub(super) fn new(document: Document) -> Result<(String, Self)> {
        let parts = document.into_parts();
        let body = parts.body.into_bytes()?;
        json::check(&body)?;
        let (version, timestamp) = (parts.version, parts.timestamp);
        let (scope, permissions, is_again) = (parts.scope, parts.permissions, parts.restarts > 0);
        let seen = Self { version, timestamp, scope, permissions, is_again, body };
        Ok((parts.id.into_string(), seen))
    }

    /// The fields as a value.
    pub(super) fn fields(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }

    /// Broken at the first field that is not as expected.
    pub(super) fn holds(&self, id: &str, expected: &Expected) -> Outcome {
        match difference(&expected.body, &self.fields()) {
            Some(text) => broken(format!("{id}{text}")),
            None => Ok(()),
        }
    }

    /// True when a sync would take the other for the same document in the same state.
    pub(super) fn is_unchanged(&self, other: &Self) -> bool {
        match (&self.version, &other.version) {
            (Some(one), Some(two)) => one == two,
            _ => self.body == other.body && self.timestamp == other.timestamp,
        }
    }
}

/// A listing, read to its end.
#[derive(Debug, Default)]
pub(super) struct Listing {
    pub(super) documents: BTreeMap<String, Seen>,
    pub(super) repeated: Vec<String>,
    pub(super) errors: Vec<Error>,
}

impl Listing {
    pub(super) async fn read(source: &dyn Source, rules: &Rules) -> Self {
        let mut listing = Self::default();
        let mut documents = with_bodies(source, rules);
        while let Some(listed) = documents.next().await {
            listing.take(listed.and_then(Seen::new));
            if listing.errors.len() >= MAX_ERRORS {
                break;
            }
        }
        listing
    }

    fn take(&mut self, listed: Result<(String, Seen)>) {
        match listed {
            Ok((id, seen)) => {
                let is_again = seen.is_again;
                if self.documents.insert(id.clone(), seen).is_some() && !is_again {
                    self.repeated.push(id);
                }
            }
            Err(error) => self.errors.push(error),
        }
    }

    pub(super) fn ids(&self) -> impl Iterator<Item = &String> {
        self.documents.keys()
    }
}

/// The first place at which a value lacks what is expected: path, expected, actual.
fn difference(expected: &Value, actual: &Value) -> Option<String> {
    let (Value::Object(wanted), Value::Object(given)) = (expected, actual) else {
        return (expected != actual).then(|| format!(": {expected} is expected, {actual} is there"));
    };
    wanted.iter().find_map(|(name, value)| match given.get(name) {
        Some(actual) => difference(value, actual).map(|text| format!(".{name}{text}")),
        None => Some(format!(".{name}: {value} is expected, nothing is there")),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_difference_names_its_path() {
        let expected = json!({"a": {"b": 1}, "c": [1]});
        assert_eq!(difference(&expected, &json!({"a": {"b": 1, "x": 2}, "c": [1], "d": 0})), None);
        let text = difference(&expected, &json!({"a": {"b": 2}, "c": [1]})).unwrap();
        assert_eq!(text, ".a.b: 1 is expected, 2 is there");
        let text = difference(&expected, &json!({"a": {"b": 1}})).unwrap();
        assert_eq!(text, ".c: [1] is expected, nothing is there");
    }
}
