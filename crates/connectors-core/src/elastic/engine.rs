//! What kind of server answers.

use std::fmt;

use serde_json::Value;

use crate::{Error, Result};

/// The two families that speak this protocol.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Flavour {
    /// Elasticsearch, and what speaks like it.
    #[default]
    Elasticsearch,
    /// OpenSearch, which opens points in time in another way and knows fewer settings.
    OpenSearch,
}

/// The version that OpenSearch tells where it is set to be taken for an old Elasticsearch.
const IN_DISGUISE: &str = "7.10.2";

/// The server's family and version.
#[derive(Debug, Clone, Default)]
pub struct Engine {
    /// The family.
    pub flavour: Flavour,
    /// The version, such as `9.5.3`.
    pub version: String,
}

impl Engine {
    /// By the root page of a server; none for one that is no page of theirs.
    pub(super) fn from_root(root: &Value) -> Option<Self> {
        let version = root.get("version")?;
        let flavour = match version.get("distribution").and_then(Value::as_str) {
            Some("opensearch") => Flavour::OpenSearch,
            _ => Flavour::Elasticsearch,
        };
        Some(Self { flavour, version: version.get("number")?.as_str()?.to_owned() })
    }

    /// Refuses a server that is too old or too new; a version that can't be read is let through.
    ///
    /// # Errors
    /// `Config`, with the versions that are supported.
    pub(super) fn check(&self) -> Result<()> {
        let mut numbers = self.version.split(['.', '-']).map(str::parse::<u32>);
        let (Some(Ok(major)), Some(Ok(minor))) = (numbers.next(), numbers.next()) else { return Ok(()) };
        let is_supported = match self.flavour {
            Flavour::Elasticsearch => (8..10).contains(&major),
            Flavour::OpenSearch => ((2, 4)..(4, 0)).contains(&(major, minor)) || self.version == IN_DISGUISE,
        };
        if is_supported {
            return Ok(());
        }
        let what = "this version of the server is not supported; use one of Elasticsearch 8 and 9, OpenSearch 2.4 to 3";
        Err(Error::config(what).with("version", self))
    }
}

impl fmt::Display for Engine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} {}", self.flavour, self.version)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn servers_that_are_too_old_or_too_new_are_refused() {
        use Flavour::{Elasticsearch, OpenSearch};
        for (flavour, version, is_supported) in [
            (Elasticsearch, "7.17.28", false),
            (Elasticsearch, "8.0.0", true),
            (Elasticsearch, "8.11.0", true),
            (Elasticsearch, "9.5.3-SNAPSHOT", true),
            (Elasticsearch, "10.0.0", false),
            (OpenSearch, "1.3.20", false),
            (OpenSearch, "2.3.0", false),
            (OpenSearch, "2.4.0", true),
            (OpenSearch, "3.5.0", true),
            (OpenSearch, "4.0.0", false),
            (OpenSearch, "7.10.2", true),
            (Elasticsearch, "main", true),
            (Elasticsearch, "", true),
        ] {
            let checked = Engine { flavour, version: version.into() }.check();
            assert_eq!(checked.is_ok(), is_supported, "{flavour:?} {version}");
            if let Err(error) = checked {
                let told = error.to_string();
                assert!(told.contains(version) && told.contains("Elasticsearch 8 and 9"), "{told}");
            }
        }
    }
}
