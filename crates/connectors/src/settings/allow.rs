//! What connectors may use, by `service.allow`.

use connectors_core::{Error, Result};
use connectors_service::Pattern;
use connectors_service::worker::{Allow, Grant, Grantee};
use serde::Deserialize;

use super::tree::{Flat, unusable};

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
        unusable(&format!("  service.allow.{name}: {error}"), shown)
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

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

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
}
