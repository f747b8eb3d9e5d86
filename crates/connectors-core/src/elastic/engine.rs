//! What kind of server answers.

use std::fmt;

use serde_json::Value;

/// The two families that speak this protocol.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Flavour {
    /// Elasticsearch, and what speaks like it.
    #[default]
    Elasticsearch,
    /// OpenSearch, which opens points in time in another way and knows fewer settings.
    OpenSearch,
}

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
}

impl fmt::Display for Engine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} {}", self.flavour, self.version)
    }
}
