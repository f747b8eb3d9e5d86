//! What kind of server answers.

use std::fmt;

use serde_json::Value;

use super::{Client, Request};
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

/// The server's family and version.
#[derive(Debug, Clone, Default)]
pub struct Engine {
    /// The family.
    pub flavour: Flavour,
    /// The version, such as `9.5.3`.
    pub version: String,
}

impl Engine {
    /// Asks the server; a distribution without its root page is asked for its nodes.
    pub(super) async fn of(client: &Client) -> Result<Self> {
        let root = client.send(&Request::get("/")).await?;
        if root.is_success() {
            return serde_json::from_slice(&root.body)
                .ok()
                .and_then(|root| Self::from_root(&root))
                .ok_or_else(|| stranger(client));
        }
        let nodes = Request::get("/_nodes/_local").query("filter_path", "nodes.*.version");
        let nodes: Value = client.json_once(&nodes).await?;
        let versions = nodes["nodes"].as_object().into_iter().flatten();
        let version = versions.filter_map(|(_, node)| node["version"].as_str()).next();
        version
            .map(|version| Self { flavour: Flavour::Elasticsearch, version: version.to_owned() })
            .ok_or_else(|| stranger(client))
    }

    fn from_root(root: &Value) -> Option<Self> {
        let version = root.get("version")?;
        let flavour = match version.get("distribution").and_then(Value::as_str) {
            Some("opensearch") => Flavour::OpenSearch,
            _ => Flavour::Elasticsearch,
        };
        Some(Self { flavour, version: version.get("number")?.as_str()?.to_owned() })
    }
}

fn stranger(client: &Client) -> Error {
    Error::config("what answers is not Elasticsearch; see elasticsearch.host")
        .with("host", client.settings().shown_host())
}

impl fmt::Display for Engine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} {}", self.flavour, self.version)
    }
}
