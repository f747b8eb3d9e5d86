//! The part of the settings that `connectors run` reads.

use std::collections::BTreeMap;
use std::time::Duration;

use connectors_core::config::Secret;
use connectors_core::{Error, Result};
use connectors_service::Pattern;
use connectors_service::schedule::{CatchUp, zone};
use connectors_service::worker::{Allow, Grant, Grantee, Options, Retention, Served};
use serde::Deserialize;
use serde_json::Value;

use super::Settings;
use super::tree::Flat;

/// One entry of `connectors:`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    connector_id: String,
    service_type: Option<String>,
    api_key: Option<String>,
}

/// One entry of `service.allow.secrets`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Granted {
    connector: Option<String>,
    #[serde(rename = "type")]
    service_type: Option<String>,
    names: Vec<String>,
}

/// What `service.allow` bounds, taken out of the other settings.
pub(super) fn allow(values: &mut Flat, shown: &str) -> Result<Allow> {
    let mut part =
        |name: &str| values.remove(&format!("service.allow.{name}")).filter(|value| !value.is_null());
    let (secrets, paths, hosts) = (part("secrets"), part("paths"), part("hosts"));
    let wrong = |name: &str, error: &dyn std::fmt::Display| {
        super::unusable(&format!("  service.allow.{name}: {error}"), shown)
    };
    let grants: Option<Vec<Granted>> =
        secrets.map(serde_json::from_value).transpose().map_err(|error| wrong("secrets", &error))?;
    let grants = grants.map(|grants| grants.into_iter().map(granted).collect::<Result<_>>()).transpose();
    let names: Option<Vec<String>> =
        hosts.map(serde_json::from_value).transpose().map_err(|error| wrong("hosts", &error))?;
    let hosts =
        names.map(|names| names.iter().map(|name| Pattern::new(&name.to_lowercase())).collect::<Result<_>>());
    Ok(Allow {
        secrets: grants.map_err(|error| wrong("secrets", &error))?,
        paths: paths.map(serde_json::from_value).transpose().map_err(|error| wrong("paths", &error))?,
        hosts: hosts.transpose().map_err(|error| wrong("hosts", &error))?,
    })
}

fn granted(entry: Granted) -> Result<Grant> {
    let to = match (entry.connector, entry.service_type) {
        (Some(connector), None) => Grantee::Connector(connector),
        (None, Some(service_type)) => Grantee::Type(service_type),
        _ => return Err(Error::config("an entry has either `connector` or `type`, beside `names`")),
    };
    let names = entry.names.iter().map(|name| Pattern::new(name)).collect::<Result<_>>()?;
    Ok(Grant { to, names })
}

impl Settings {
    /// Where the service answers operators; none where it does not.
    pub(crate) fn listen(&self) -> Option<&str> {
        self.keys.service_listen.as_deref()
    }

    /// How a worker works.
    pub(crate) fn service(&self) -> Result<Options> {
        let keys = &self.keys;
        let seconds = |number: u32| Duration::from_secs(number.into());
        Ok(Options {
            worker: keys.service_worker_name.clone().unwrap_or_else(own_name),
            idling: seconds(keys.service_idling),
            heartbeat: seconds(keys.service_heartbeat),
            check: seconds(keys.service_check_interval),
            content_slots: keys.service_max_concurrent_content_syncs as usize,
            access_slots: keys.service_max_concurrent_access_control_syncs as usize,
            missed: match keys.service_missed_runs.as_str() {
                "skip" => CatchUp::Skip,
                "all" => CatchUp::All,
                _ => CatchUp::Once,
            },
            retention: Retention {
                days: Some(keys.service_job_retention_days).filter(|days| *days > 0),
                count: Some(keys.service_job_retention_count).filter(|count| *count > 0),
            },
            zone: zone(&keys.service_timezone)?,
            secrets: self.secrets(),
            marks: self.marks(),
            allow: self.allow.clone(),
            only: self.served.clone(),
            ..Options::default()
        })
    }
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

/// Host, process, and time of the start: no two workers share all of them.
fn own_name() -> String {
    let host = std::env::var("HOSTNAME").ok().filter(|name| !name.is_empty());
    let host = host.or_else(|| std::fs::read_to_string("/etc/hostname").ok());
    let host = host.as_deref().map_or("worker", str::trim);
    let started = std::time::UNIX_EPOCH.elapsed().unwrap_or_default().as_millis();
    format!("{host}-{}-{:x}", std::process::id(), started)
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

    #[test]
    fn what_connectors_may_use_is_read_from_the_settings() {
        let read = |given: Value| {
            let mut flat = super::super::tree::flatten(&json!({ "service": { "allow": given } }));
            allow(&mut flat, "f")
        };
        assert!(read(json!({})).unwrap().is_everything());
        let bounds = read(json!({
            "secrets": [{"connector": "c", "names": ["secret:*"]}, {"type": "dir", "names": []}],
            "paths": ["/srv"], "hosts": ["*.Example.com"],
        }));
        let bounds = bounds.unwrap();
        assert_eq!(bounds.secrets_of("c", "x").unwrap().len(), 1);
        assert!(bounds.hosts.unwrap()[0].matches("a.example.com") && bounds.paths.is_some());
        for (given, words) in [
            (json!({"secrets": [{"names": ["a"]}]}), "either `connector` or `type`"),
            (
                json!({"secrets": [{"connector": "c", "type": "t", "names": []}]}),
                "either `connector` or `type`",
            ),
            (json!({"secrets": 7}), "service.allow.secrets"),
            (json!({"paths": 7}), "service.allow.paths"),
            (json!({"hosts": ["[a"]}), "service.allow.hosts"),
        ] {
            let error = read(given).unwrap_err().to_string();
            assert!(error.contains(words), "{error}");
        }
    }

    #[test]
    fn a_worker_has_a_name_of_its_own() {
        assert!(own_name().contains(&std::process::id().to_string()));
    }
}
