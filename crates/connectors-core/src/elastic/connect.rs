//! Connects to a server, and asks what it is.

use serde_json::Value;

use super::{Client, Engine, Flavour, Request, Settings};
use crate::{Error, Result};

impl Client {
    /// Connects and asks what answers, without a retry.
    ///
    /// # Errors
    /// `Config` for certificates that can't be read, `Denied` for wrong credentials, `Transient` when
    /// nothing answers.
    pub async fn connect(settings: Settings) -> Result<Self> {
        let client = Self::new(settings)?;
        let engine = engine(&client).await?;
        Ok(client.of_engine(engine))
    }
}

/// Asks the server; a distribution without its root page is asked for its nodes.
async fn engine(client: &Client) -> Result<Engine> {
    let root = client.send(&Request::get("/")).await?;
    if root.is_success() {
        let root = serde_json::from_slice(&root.body).ok();
        return root.and_then(|root| Engine::from_root(&root)).ok_or_else(|| not_elasticsearch(client));
    }
    let nodes = Request::get("/_nodes/_local").query("filter_path", "nodes.*.version");
    let nodes: Value = client.json_once(&nodes).await?;
    let versions = nodes["nodes"].as_object().into_iter().flatten();
    let version = versions.filter_map(|(_, node)| node["version"].as_str()).next();
    version
        .map(|version| Engine { flavour: Flavour::Elasticsearch, version: version.to_owned() })
        .ok_or_else(|| not_elasticsearch(client))
}

fn not_elasticsearch(client: &Client) -> Error {
    Error::config("what answers is not Elasticsearch; see elasticsearch.host")
        .with("host", client.settings().shown_host())
}
