//! Connects to a server, and asks what it is.

use std::time::Duration;

use serde_json::Value;

use super::client::is_lasting;
use super::{Auth, Client, Engine, Flavour, Request, Settings};
use crate::obstacle::Obstacle;
use crate::{Error, ErrorKind, Result};

/// How long the first answer of a server may take, which does nothing for it.
const FIRST_ANSWER: Duration = Duration::from_secs(10);
/// How long a server is tried for another reason why it did not answer.
const PROBE: Duration = Duration::from_secs(3);

impl Client {
    /// Connects and asks what answers, without a retry. A server that is silent for ten seconds is given up, or sooner
    /// where the settings say so.
    ///
    /// # Errors
    /// `Config` for certificates that can't be read or are not trusted, for an address that is not Elasticsearch's, and for a
    /// version that is not supported;
    /// `Denied` for wrong credentials, `Transient` when nothing answers.
    pub async fn connect(settings: Settings) -> Result<Self> {
        let first = Settings { timeout: settings.timeout.min(FIRST_ANSWER), ..settings.clone() };
        let client = Self::new(first)?;
        match engine(&client).await {
            Ok(engine) => engine.check().map(|()| client.of_engine(engine, settings)),
            Err(error) => Err(explained(&settings, error).await),
        }
    }
}

/// The error, with what a first look at the server tells besides.
async fn explained(settings: &Settings, error: Error) -> Error {
    if is_lasting(&error) {
        return error.of_kind(ErrorKind::Config);
    }
    if error.kind() == ErrorKind::Denied && matches!(settings.login(), Auth::None) {
        let what = "Elasticsearch asks for credentials, and none are set; set elasticsearch.username and \
                    elasticsearch.password, or elasticsearch.api_key; `connectors login` asks for them and keeps them";
        return Error::denied(what).with("host", settings.shown_host());
    }
    let may_be_tls = matches!(error.kind(), ErrorKind::Transient | ErrorKind::Config);
    if may_be_tls
        && Obstacle::of(&error).is_none()
        && settings.host.scheme() == "http"
        && speaks_tls(settings).await
    {
        let what =
            "the server speaks TLS at this port; write https:// in place of http:// in elasticsearch.host";
        return Error::config(what).with("host", settings.shown_host());
    }
    error
}

/// True when something answers by TLS at the address; it is sent no credentials.
async fn speaks_tls(settings: &Settings) -> bool {
    let mut host = settings.host.clone();
    let cleared = host.set_username("").and(host.set_password(None)).and(host.set_scheme("https"));
    let probe = Settings { auth: Auth::None, verify_certs: false, timeout: PROBE, ..settings.clone() };
    let client = cleared.ok().and_then(|()| Client::new(Settings { host, ..probe }).ok());
    match client {
        Some(client) => client.send(&Request::get("/")).await.is_ok(),
        None => false,
    }
}

/// Asks the server; a distribution without its root page is asked for its nodes.
async fn engine(client: &Client) -> Result<Engine> {
    let root = client.send(&Request::get("/")).await?;
    if root.is_success() {
        let page = root.body.trim_ascii_start().first() == Some(&b'<');
        let root = serde_json::from_slice(&root.body).ok();
        return root
            .and_then(|root| Engine::from_root(&root))
            .ok_or_else(|| if page { web_page(client) } else { not_elasticsearch(client) });
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

fn web_page(client: &Client) -> Error {
    let what = "a web page answers, such as Kibana or a login, and not Elasticsearch; see elasticsearch.host";
    Error::config(what).with("host", client.settings().shown_host())
}
