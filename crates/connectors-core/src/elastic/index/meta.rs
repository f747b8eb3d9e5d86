//! What `_meta.sync` of an index says: its format, its owner, its key.

use std::fmt;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::super::key::IndexKey;
use super::super::mapping::Preset;
use super::super::{Client, Request};
use crate::{ErrorKind, Result};

/// The version of what `_sync` holds; a change re-marks every document.
///
/// 1 had unkeyed hashes. 2 has hashes keyed by the secret of the index.
pub const SYNC_VERSION: u64 = 2;

/// Whose an index is: who keeps it equal to a source.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Owner {
    /// A connector of the service.
    Connector {
        /// Its id.
        connector: String,
    },
    /// A source that a command named.
    Source {
        /// Its type.
        #[serde(rename = "type")]
        service_type: String,
        /// What identifies it: see [`Source::origin`](crate::Source::origin).
        source: String,
    },
}

impl fmt::Display for Owner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Connector { connector } => write!(f, "the connector `{connector}`"),
            Self::Source { service_type, source } if source.is_empty() => write!(f, "`{service_type}`"),
            Self::Source { service_type, source } => write!(f, "`{service_type}` of {source}"),
        }
    }
}

/// `_meta.sync` of an index; all default for an index of another tool.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Meta {
    /// The version of its marks; 0 where it never had any.
    pub version: u64,
    /// The preset that it was made by.
    pub preset: Option<Preset>,
    /// Whose it is; none where no sync of this version wrote it.
    pub owner: Option<Owner>,
    /// What its hashes are made by.
    pub key: Option<IndexKey>,
    /// The ingest pipeline that the last full sync sent its documents through, as the sync records it.
    pub pipeline: Option<Value>,
    /// Whether documents with marks of an older version may still be in it.
    pub is_remarking: bool,
    /// Whether it was made by a sync whose listing did not end yet.
    pub is_loading: bool,
}

impl Meta {
    /// Whether marks of today's format can be compared with those of the index.
    #[must_use]
    pub fn is_current(&self) -> bool {
        self.version == SYNC_VERSION && self.key.is_some()
    }

    /// Of a mapping. What can't be read counts as absent.
    pub(super) fn of(mapping: &Value) -> Self {
        let sync = &mapping["_meta"]["sync"];
        Self {
            version: sync["version"].as_u64().unwrap_or_default(),
            preset: sync["mapping"].as_str().and_then(|name| name.parse().ok()),
            owner: read(&sync["owner"]),
            key: read(&sync["key"]),
            pipeline: sync.get("pipeline").filter(|pipeline| pipeline.is_object()).cloned(),
            is_remarking: sync["remarking"] == true,
            is_loading: sync["loading"] == true,
        }
    }

    /// Laid over the `_meta` that is there, of which what is not ours stays.
    pub(super) fn over(&self, mapping: &Value) -> Value {
        let mut meta = mapping["_meta"].as_object().cloned().unwrap_or_default();
        let mut sync = meta.get("sync").and_then(Value::as_object).cloned().unwrap_or_default();
        sync.insert("version".into(), self.version.into());
        set(&mut sync, "mapping", self.preset.map(|preset| preset.name().into()));
        set(&mut sync, "owner", self.owner.as_ref().and_then(|owner| serde_json::to_value(owner).ok()));
        set(&mut sync, "key", self.key.as_ref().and_then(|key| serde_json::to_value(key).ok()));
        set(&mut sync, "pipeline", self.pipeline.clone());
        set(&mut sync, "remarking", self.is_remarking.then_some(true.into()));
        set(&mut sync, "loading", self.is_loading.then_some(true.into()));
        meta.insert("sync".into(), sync.into());
        meta.into()
    }
}

/// Every index of the server that names an owner, by name; none of those that these credentials do not see.
///
/// # Errors
/// When the server can't be asked.
pub async fn owned(client: &Client) -> Result<Vec<(String, Owner)>> {
    let all = Request::get("/_all/_mapping").query("filter_path", "*.mappings._meta.sync.owner");
    let found: Map<String, Value> = match client.find_json(&all).await {
        Err(error) if error.kind() == ErrorKind::Denied => Map::new(),
        found => found?.unwrap_or_default(),
    };
    let owner = |mapping: &Value| Meta::of(&mapping["mappings"]).owner;
    let mut owned: Vec<(String, Owner)> =
        found.into_iter().filter_map(|(name, mapping)| Some((name, owner(&mapping)?))).collect();
    owned.sort_unstable_by(|(one, _), (other, _)| one.cmp(other));
    Ok(owned)
}

fn read<T: DeserializeOwned>(value: &Value) -> Option<T> {
    serde_json::from_value(value.clone()).ok()
}

fn set(fields: &mut Map<String, Value>, name: &str, value: Option<Value>) {
    match value {
        Some(value) => drop(fields.insert(name.to_owned(), value)),
        None => drop(fields.remove(name)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_is_written_is_read_again_and_what_is_not_ours_stays() {
        let owner = Owner::Source { service_type: "notes".into(), source: "/a".into() };
        let meta = Meta {
            version: SYNC_VERSION,
            preset: Some(Preset::Search),
            owner: Some(owner),
            key: Some(IndexKey::random().unwrap()),
            pipeline: Some(json!({"name": "p"})),
            is_remarking: true,
            is_loading: true,
        };
        let before = json!({"_meta": {"team": "ada", "sync": {"later": 1}}});
        let written = json!({"_meta": meta.over(&before)});
        assert_eq!(Meta::of(&written), meta);
        assert_eq!(
            (&written["_meta"]["team"], &written["_meta"]["sync"]["later"]),
            (&json!("ada"), &json!(1))
        );
        let done = Meta { is_remarking: false, is_loading: false, ..meta };
        let written = json!({"_meta": done.over(&written)});
        assert_eq!(Meta::of(&written), done);
    }

    #[test]
    fn what_can_not_be_read_counts_as_absent() {
        assert_eq!(Meta::of(&Value::Null), Meta::default());
        let odd = json!({"_meta": {"sync": {"version": 2, "owner": 7, "key": "short", "mapping": "mine", "pipeline": "p"}}});
        assert_eq!(Meta::of(&odd), Meta { version: 2, ..Meta::default() });
    }

    #[test]
    fn an_owner_is_named_as_a_person_would() {
        let connector = Owner::Connector { connector: "c1".into() };
        assert_eq!(connector.to_string(), "the connector `c1`");
        let source = |source: &str| Owner::Source { service_type: "notes".into(), source: source.into() };
        assert_eq!(
            (source("/a").to_string(), source("").to_string()),
            ("`notes` of /a".into(), "`notes`".into())
        );
    }
}
