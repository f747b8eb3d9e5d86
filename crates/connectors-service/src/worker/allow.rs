//! What connectors may use, whoever writes their documents: secrets, paths and hosts that the operator names.

use std::path::PathBuf;

use connectors_core::config::{Field, Names, hosts};
use connectors_core::{Error, Result, Roots};
use serde_json::{Map, Value};

use crate::pattern::Pattern;

/// The bounds; each one that is none bounds nothing.
#[derive(Debug, Clone, Default)]
pub struct Allow {
    /// The secrets that settings may name.
    pub secrets: Option<Vec<Grant>>,
    /// The folders that sources may read.
    pub paths: Option<Vec<PathBuf>>,
    /// The hosts that settings may name.
    pub hosts: Option<Vec<Pattern>>,
}

/// Secrets that one connector, or each of a type, may name in its settings.
#[derive(Debug, Clone)]
pub struct Grant {
    /// Who may name them.
    pub to: Grantee,
    /// References, as `secret:NAME` or a variable.
    pub names: Vec<Pattern>,
}

/// Who may use a secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Grantee {
    /// The connector with this id.
    Connector(String),
    /// Each connector of this type.
    Type(String),
}

impl Allow {
    /// True where nothing is bounded.
    pub fn is_everything(&self) -> bool {
        self.secrets.is_none() && self.paths.is_none() && self.hosts.is_none()
    }

    /// What of the file system sources may read.
    pub(crate) fn roots(&self) -> Roots {
        self.paths.as_deref().map_or_else(Roots::default, Roots::of)
    }

    /// The secrets that a connector may use; none where they are not bounded.
    pub fn secrets_of(&self, connector: &str, service_type: &str) -> Option<Vec<Pattern>> {
        let is_theirs = |grant: &&Grant| match &grant.to {
            Grantee::Connector(id) => id == connector,
            Grantee::Type(name) => name == service_type,
        };
        let granted = self.secrets.as_ref()?.iter().filter(is_theirs);
        Some(granted.flat_map(|grant| grant.names.iter().cloned()).collect())
    }

    /// Refuses values that name a host which is not allowed.
    ///
    /// # Errors
    /// `Config`, with the setting and the host.
    pub(crate) fn check_hosts(&self, values: &Map<String, Value>, fields: &[Field]) -> Result<()> {
        let Some(allowed) = &self.hosts else { return Ok(()) };
        for (setting, value) in named(values, fields, Names::Host) {
            let Some(hosts) = hosts(&value) else {
                let what = "which hosts the value names can't be told for certain; write it without a password in it, as host:port";
                return Err(Error::config(what).with("setting", setting));
            };
            if let Some(host) = hosts.iter().find(|host| !allowed.iter().any(|pattern| pattern.matches(host)))
            {
                let what = "the host is none of those that `service.allow.hosts` names; choose one that is, or add it there";
                return Err(Error::config(what).with("setting", setting).with("host", host));
            }
        }
        Ok(())
    }
}

/// The paths among the values, each with its setting.
pub(crate) fn paths(values: &Map<String, Value>, fields: &[Field]) -> Vec<(String, PathBuf)> {
    let named = named(values, fields, Names::Path);
    named.map(|(setting, value)| (setting.to_owned(), PathBuf::from(value))).collect()
}

/// The texts that name something of a kind: given, or by default.
fn named<'a>(
    values: &'a Map<String, Value>,
    fields: &'a [Field],
    kind: Names,
) -> impl Iterator<Item = (&'a str, String)> {
    fields.iter().filter(move |field| field.names == kind).flat_map(move |field| {
        let given = values.get(&field.name).filter(|given| !given.is_null()).unwrap_or(&field.default);
        let items = match given {
            Value::Array(items) => items.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
            Value::String(text) => vec![text.clone()],
            Value::Null => Vec::new(),
            other => vec![other.to_string()],
        };
        items.into_iter().filter(|item| !item.is_empty()).map(move |item| (field.name.as_str(), item))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use connectors_core::config::Config as _;
    use serde_json::json;

    connectors_core::config! {
        /// A form.
        struct Form {
            /// Where it is.
            #[label = "Host"]
            host: url::Url,
            /// Others.
            #[label = "Others", names_hosts()]
            others: Vec<String>,
            /// What is read.
            #[label = "Folder"]
            folder: Option<PathBuf>,
            /// Whatever.
            #[label = "Note"]
            note: Option<String>,
        }
    }

    fn check(allowed: &[&str], values: Value) -> Result<()> {
        let hosts = allowed.iter().map(|text| Pattern::new(text).unwrap()).collect();
        let allow = Allow { hosts: Some(hosts), ..Allow::default() };
        allow.check_hosts(values.as_object().unwrap(), &Form::fields())
    }

    #[test]
    fn hosts_are_those_that_a_pattern_matches() {
        let allowed = ["*.example.com", "10.0.0.1"];
        for good in [
            json!({"host": "https://a.example.com:1/x"}),
            json!({"host": "http://10.0.0.1", "others": ["b.example.com"], "note": "http://evil.org"}),
            json!({}),
        ] {
            assert!(check(&allowed, good.clone()).is_ok(), "{good}");
        }
        for bad in [
            json!({"host": "https://example.com.evil.org"}),
            json!({"host": "https://a.example.com@evil.org"}),
            json!({"host": "http://169.254.169.254/latest"}),
            json!({"host": "http://a.example.com", "others": ["evil.org"]}),
            json!({"others": "mongodb://a.example.com,evil.org"}),
            json!({"host": "http://evil.org\\.example.com"}),
        ] {
            let error = check(&allowed, bad.clone()).unwrap_err().to_string();
            assert!(error.contains("setting: "), "{bad}: {error}");
        }
        assert!(check(&[], json!({"host": "http://h"})).is_err(), "none is allowed");
        assert!(Allow::default().check_hosts(&Map::new(), &Form::fields()).is_ok());
    }

    #[test]
    fn secrets_are_granted_to_a_connector_or_to_a_type() {
        let grant = |to, name: &str| Grant { to, names: vec![Pattern::new(name).unwrap()] };
        let grants = vec![
            grant(Grantee::Connector("one".into()), "secret:one-*"),
            grant(Grantee::Type("mongodb".into()), "CONNECTORS_SECRET_MONGO"),
        ];
        let allow = Allow { secrets: Some(grants), ..Allow::default() };
        let may = |connector: &str, service_type: &str, name: &str| {
            allow.secrets_of(connector, service_type).unwrap().iter().any(|pattern| pattern.matches(name))
        };
        assert!(may("one", "dir", "secret:one-a") && may("x", "mongodb", "CONNECTORS_SECRET_MONGO"));
        assert!(!may("two", "dir", "secret:one-a") && !may("one", "dir", "CONNECTORS_SECRET_MONGO"));
        assert!(Allow::default().secrets_of("x", "y").is_none() && Allow::default().is_everything());
    }

    #[test]
    fn paths_are_found_by_the_kind_of_their_setting() {
        let values = json!({"folder": "/etc", "note": "/root"});
        let found = paths(values.as_object().unwrap(), &Form::fields());
        assert_eq!(found, [("folder".to_owned(), PathBuf::from("/etc"))]);
    }
}
