//! Three nodes of which one is the primary.

use bson::doc;
use connectors_testkit::Result;
use connectors_testkit::backend::Server;
use mongodb::{Client, Database};

use crate::fixture::mongod;

/// Its nodes, and a client of it.
pub(crate) struct ReplicaSet {
    nodes: Vec<Server>,
    /// The one that is not running.
    killed: Option<usize>,
    client: Client,
    uri: String,
}

impl ReplicaSet {
    /// Starts one that elects a new primary within two seconds or so.
    pub(crate) async fn start() -> Result<Self> {
        let node = mongod::single("").arguments("--replSet rs3 --oplogSize 64");
        let mut nodes = Vec::new();
        for _ in 0..3 {
            nodes.push(node.start_program().await?);
        }
        let hosts: Vec<String> = nodes.iter().map(|node| node.address().to_owned()).collect();
        let members = (0..).zip(&hosts).map(|(number, host)| doc! {"_id": number, "host": host});
        let config = doc! {
            "_id": "rs3", "members": members.collect::<Vec<_>>(),
            "settings": {"electionTimeoutMillis": 2000, "heartbeatIntervalMillis": 500},
        };
        let first = Client::with_uri_str(format!("mongodb://{}/?directConnection=true", hosts[0])).await?;
        first.database("admin").run_command(doc! {"replSetInitiate": config}).await?;
        let uri = format!("mongodb://{}/?replicaSet=rs3", hosts.join(","));
        Ok(Self { nodes, killed: None, client: Client::with_uri_str(&uri).await?, uri })
    }

    /// The connection string.
    pub(crate) fn uri(&self) -> &str {
        &self.uri
    }

    pub(crate) fn database(&self, name: &str) -> Database {
        self.client.database(name)
    }

    /// Ends the primary without a farewell, by its process id.
    pub(crate) async fn kill_primary(&mut self) -> Result<()> {
        let hello = self.client.database("admin").run_command(doc! {"hello": 1}).await?;
        let primary = hello.get_str("primary")?;
        self.killed = self.nodes.iter().position(|node| node.address() == primary);
        let place = self.killed.ok_or_else(|| format!("{primary} is no node of ours"))?;
        self.nodes[place].kill()
    }

    /// Starts again what was killed, and waits until all three have what was written last.
    pub(crate) async fn revive(&mut self) -> Result<()> {
        if let Some(place) = self.killed.take() {
            self.nodes[place].restart()?;
        }
        let everywhere = doc! {"insert": "revived", "documents": [{}], "writeConcern": {"w": 3}};
        self.client.database("admin").run_command(everywhere).await?;
        Ok(())
    }
}
