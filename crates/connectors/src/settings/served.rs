//! The connectors that a worker is limited to, by `connectors`.

use std::collections::BTreeMap;

use connectors_core::config::Secret;
use connectors_core::{Error, Result};
use connectors_service::worker::Served;
use serde::Deserialize;
use serde_json::Value;

/// One entry of `connectors:`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    connector_id: String,
    service_type: Option<String>,
    api_key: Option<String>,
}

/// The `connectors:` of a settings file.
pub(super) fn served(list: Option<Value>, file: &str) -> Result<BTreeMap<String, Served>> {
    let unusable = |error: &dyn std::fmt::Display| {
        let message =
            "`connectors:` is a list of entries with `connector_id`, and maybe `service_type` and `api_key`";
        Error::config(format!("{message}: {error}")).with("file", file)
    };
    let entries: Vec<Entry> = match list {
        None | Some(Value::Null) => Vec::new(),
        Some(list) => serde_json::from_value(list).map_err(|error| unusable(&error))?,
    };
    let mut served = BTreeMap::new();
    for Entry { connector_id, service_type, api_key } in entries {
        let entry = Served { service_type, api_key: api_key.filter(|key| !key.is_empty()).map(Secret::new) };
        if served.insert(connector_id.clone(), entry).is_some() {
            return Err(unusable(&format!("`{connector_id}` stands there twice")));
        }
    }
    Ok(served)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn named_connectors_are_read_once_each() {
        let list =
            json!([{"connector_id": "a", "service_type": "dir", "api_key": "k"}, {"connector_id": "b"}]);
        let all = served(Some(list), "f").unwrap();
        assert_eq!(all["a"].service_type.as_deref(), Some("dir"));
        assert_eq!(all["a"].api_key.as_ref().unwrap().reveal(), "k");
        assert!(all["b"].api_key.is_none() && served(None, "f").unwrap().is_empty());
        for (list, words) in [
            (json!([{"connector_id": "a"}, {"connector_id": "a"}]), "stands there twice"),
            (json!([{"id": "a"}]), "unknown field `id`"),
            (json!({"a": 1}), "is a list of entries"),
        ] {
            let error = served(Some(list), "f").unwrap_err().to_string();
            assert!(error.contains(words), "{error}");
        }
    }
}
