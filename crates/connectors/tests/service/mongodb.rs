//! A connector and a job that another service of the protocol wrote are taken over as they are.

#[path = "../../../source-mongo/tests/source/fixture.rs"]
mod fixture;

use std::process::{Command, Stdio};

use connectors_core::elastic::{Client, Request, Settings};
use connectors_testkit::Fixture;
use elastic_embedded::{Options, Server};
use serde_json::{Map, Value, json};
use tempfile::TempDir;

use super::{SETTINGS, Service};

const CONNECTOR: &str = include_str!("../../../connectors-service/tests/fixtures/connector-created.json");
const JOB: &str = include_str!("../../../connectors-service/tests/fixtures/job-pending.json");
/// Documents of the collection.
const COUNT: usize = 300;

/// What the tests leave on a server that is there before and after them.
const LEFT: [&str; 3] = [".elastic-connectors-v1", ".elastic-connectors-sync-jobs-v1", "search-mongo1"];

struct World {
    orders: fixture::Orders,
    /// None where the environment names a real one.
    server: Option<Server>,
    url: String,
    client: Client,
    folder: TempDir,
}

impl World {
    /// None where the environment says to do without a mongod.
    async fn new() -> Option<Self> {
        if fixture::mongod::single("").is_left_out() {
            return None;
        }
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("config.yml"), SETTINGS).unwrap();
        let (server, url) = match std::env::var("CONNECTORS_SERVICE_URL") {
            Ok(url) => (None, url),
            Err(_) => {
                let server = Server::start(Options::new(folder.path().join("data"))).await.unwrap();
                let url = server.url();
                (Some(server), url)
            }
        };
        let client = Client::connect(Settings::new(url.parse().unwrap())).await.unwrap();
        if server.is_none() {
            clear(&client).await;
        }
        let mut orders = fixture::Orders::start().await.unwrap();
        orders.load(COUNT).await.unwrap();
        Some(Self { orders, server, url, client, folder })
    }

    async fn run(&self) -> Service {
        let mut command = Command::new(env!("CARGO_BIN_EXE_connectors"));
        command.current_dir(self.folder.path()).args(["--es", &self.url, "run"]).stdin(Stdio::null());
        tokio::task::spawn_blocking(move || Service::start(command)).await.unwrap()
    }

    async fn end(mut self) {
        self.orders.stop().await.unwrap();
        match self.server.take() {
            Some(server) => server.stop().await.unwrap(),
            None => clear(&self.client).await,
        }
    }

    async fn put(&self, index: &str, document: &Value) -> String {
        let id = document["_id"].as_str().unwrap();
        let path = format!("/{index}/_doc/{id}");
        let request = Request::put(path.as_str()).query("refresh", "true").body(&document["_source"]);
        self.client.call(&request).await.unwrap();
        path
    }

    async fn read(&self, path: &str) -> Value {
        self.client.json::<Value>(&Request::get(path)).await.unwrap()["_source"].clone()
    }

    /// Reads until it holds.
    async fn read_until(&self, path: &str, holds: impl Fn(&Value) -> bool) -> Value {
        for _ in 0..100_000 {
            let read = self.read(path).await;
            if holds(&read) {
                return read;
            }
        }
        panic!("{}", self.read(path).await)
    }
}

/// Takes away what an earlier run left behind.
async fn clear(client: &Client) {
    for index in LEFT {
        client.find(&Request::delete(format!("/{index}"))).await.unwrap();
    }
}

/// The fixture with the address and credentials of this server in its form.
fn with_values(text: &str, path: &str, values: &Map<String, Value>) -> Value {
    let mut document: Value = serde_json::from_str(text).unwrap();
    let configuration = document.pointer_mut(path).unwrap();
    for (name, value) in values {
        if !configuration[name].is_object() {
            configuration[name] = json!({});
        }
        configuration[name]["value"] = value.clone();
    }
    document
}

/// The keys of two documents, nested ones too, that one has and the other lacks.
fn lacking(wanted: &Value, found: &Value, path: &str) -> Vec<String> {
    let (Some(wanted), Some(found)) = (wanted.as_object(), found.as_object()) else { return Vec::new() };
    wanted
        .iter()
        .flat_map(|(key, value)| match found.get(key) {
            None => vec![format!("{path}.{key}")],
            Some(other) => lacking(value, other, &format!("{path}.{key}")),
        })
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pending_job_of_another_service_is_run() {
    let Some(world) = World::new().await else { return };
    let values = world.orders.settings();
    let service = world.run().await;
    let connector = with_values(CONNECTOR, "/_source/configuration", &values);
    let job = with_values(JOB, "/_source/connector/configuration", &values);
    let connector = world.put(".elastic-connectors", &connector).await;
    let job = world.put(".elastic-connectors-sync-jobs", &job).await;

    let over = |job: &Value| job["completed_at"].is_string();
    let job = world.read_until(&job, over).await;
    assert_eq!((&job["status"], &job["error"]), (&json!("completed"), &Value::Null), "{job}");
    assert_eq!(job["indexed_document_count"], COUNT);
    assert_eq!(job["total_document_count"], COUNT);
    let theirs: Value =
        serde_json::from_str(include_str!("../../../connectors-service/tests/fixtures/job-completed.json"))
            .unwrap();
    let mut missing = lacking(&theirs["_source"], &job, "");
    missing.retain(|key| key != ".connector.sync_cursor");
    assert_eq!(missing, Vec::<String>::new(), "the shape that the other service leaves");

    let synced = |connector: &Value| connector["last_sync_status"] == "completed";
    let connector = world.read_until(&connector, synced).await;
    assert_eq!((&connector["status"], &connector["error"]), (&json!("connected"), &Value::Null));
    assert_eq!(connector["last_indexed_document_count"], COUNT);
    let theirs: Value = serde_json::from_str(include_str!(
        "../../../connectors-service/tests/fixtures/connector-after-first-sync.json"
    ))
    .unwrap();
    assert_eq!(lacking(&theirs["_source"], &connector, ""), Vec::<String>::new());
    let kept = &connector["configuration"]["datetime_conversion"];
    assert_eq!(kept["value"], "DATETIME", "a value that the other service wrote is kept");
    assert_eq!(tokio::task::spawn_blocking(|| service.stop()).await.unwrap(), Some(0));
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connector_without_a_configuration_gets_its_form_and_runs_once_it_is_filled() {
    let Some(world) = World::new().await else { return };
    let service = world.run().await;
    let mut bare: Value = serde_json::from_str(CONNECTOR).unwrap();
    bare["_source"]["configuration"] = json!({});
    bare["_source"]["status"] = json!("created");
    let connector = world.put(".elastic-connectors", &bare).await;
    let mut job: Value = serde_json::from_str(JOB).unwrap();
    job["_source"]["connector"]["configuration"] = json!({});
    let job = world.put(".elastic-connectors-sync-jobs", &job).await;

    let waits = |connector: &Value| connector["status"] == "needs_configuration";
    let form = world.read_until(&connector, waits).await["configuration"].clone();
    assert_eq!((&form["host"]["required"], &form["password"]["sensitive"]), (&json!(true), &json!(true)));
    assert_eq!(form["host"]["order"], 1);
    let given: Map<String, Value> =
        world.orders.settings().into_iter().map(|(name, value)| (name, json!({"value": value}))).collect();
    let path = connector.replace("_doc", "_update");
    let update = Request::post(path).body(&json!({"doc": {"configuration": given}}));
    world.client.call(&update).await.unwrap();
    let job = world.read_until(&job, |job| job["completed_at"].is_string()).await;
    assert_eq!(
        (&job["status"], &job["indexed_document_count"]),
        (&json!("completed"), &json!(COUNT)),
        "{job}"
    );
    assert_eq!(tokio::task::spawn_blocking(|| service.stop()).await.unwrap(), Some(0));
    world.end().await;
}
