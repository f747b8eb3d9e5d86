//! Servers for tests: a real `mongod`, ended with the process that started it.

use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};

use bson::doc;
use connectors_testkit::Result;
use mongodb::Client;

pub(crate) const USER: &str = "root";
pub(crate) const PASSWORD: &str = "s3cret/pw";
/// The password as it stands in a connection string.
pub(crate) const ENCODED_PASSWORD: &str = "s3cret%2Fpw";

/// Ends the server when this process ends, however it does: its end of the pipe then closes.
const KEEPER: &str =
    r#"dir=$1; shift; "$@" >"$dir/log" 2>&1 & pid=$!; read -r line; kill "$pid"; wait "$pid"; rm -rf "$dir""#;

/// How often a start is tried: another process may take the port that was free.
const ATTEMPTS: usize = 5;

pub(crate) struct Server {
    port: u16,
    keeper: Child,
    /// Closing it ends the server.
    alive: Option<ChildStdin>,
}

/// How a server is started.
#[derive(Clone, Copy)]
pub(crate) struct Shape {
    /// MB of the record of changes, on one node that is a replica set with users; none on one node for itself.
    pub(crate) oplog: Option<u32>,
}

/// One node that is a replica set, with users.
pub(crate) const REPLICA_SET: Shape = Shape { oplog: Some(64) };

/// True when the environment says to do without a server.
pub(crate) fn is_left_out() -> bool {
    std::env::var_os("CONNECTORS_NO_MONGOD").is_some_and(|value| value == "1")
}

impl Server {
    pub(crate) async fn start(shape: Shape) -> Result<Self> {
        if is_left_out() {
            return Err("CONNECTORS_NO_MONGOD=1 says to do without a mongod".into());
        }
        let mongod = binary()?;
        let mut failures = Vec::new();
        for _ in 0..ATTEMPTS {
            match Self::try_start(&mongod, shape).await {
                Ok(server) => return Ok(server),
                Err(failure) => failures.push(failure.to_string()),
            }
        }
        Err(format!("{} does not start:\n{}", mongod.display(), failures.join("\n")).into())
    }

    async fn try_start(mongod: &Path, shape: Shape) -> Result<Self> {
        let dir = tempfile::tempdir()?.keep();
        let port = free_port()?;
        let mut command = Command::new("sh");
        command.arg("-c").arg(KEEPER).arg("keeper").arg(&dir).arg(mongod).arg("--dbpath").arg(&dir);
        command.args(["--port", &port.to_string(), "--bind_ip", "127.0.0.1", "--nounixsocket"]);
        command.args(["--syncdelay", "1", "--wiredTigerCacheSizeGB", "0.25"]);
        command.args(["--setParameter", "enableTestCommands=1"]);
        if let Some(oplog) = shape.oplog {
            command.args(["--replSet", "rs0", "--oplogSize", &oplog.to_string(), "--auth", "--keyFile"]);
            command.arg(key_file(&dir)?);
        }
        let mut keeper = command.stdin(Stdio::piped()).spawn()?;
        let alive = keeper.stdin.take();
        let server = Self { port, keeper, alive };
        server.prepare(shape).await.map_err(|error| {
            let log = std::fs::read_to_string(dir.join("log")).unwrap_or_default();
            format!("{error}\n{}", log.lines().rev().take(5).collect::<Vec<_>>().join("\n"))
        })?;
        Ok(server)
    }

    /// Waits for the server, and makes a replica set with a user of it.
    async fn prepare(&self, shape: Shape) -> Result<()> {
        let address = self.address();
        let uri = format!("mongodb://{address}/?directConnection=true&serverSelectionTimeoutMS=20000");
        let admin = Client::with_uri_str(uri).await?.database("admin");
        admin.run_command(doc! {"ping": 1}).await?;
        if shape.oplog.is_none() {
            return Ok(());
        }
        let member = doc! {"_id": 0, "host": address};
        admin.run_command(doc! {"replSetInitiate": {"_id": "rs0", "members": [member]}}).await?;
        while !admin.run_command(doc! {"hello": 1}).await?.get_bool("isWritablePrimary")? {
            tokio::task::yield_now().await;
        }
        admin.run_command(doc! {"createUser": USER, "pwd": PASSWORD, "roles": ["root"]}).await?;
        Ok(())
    }

    pub(crate) fn address(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.alive.take();
        let _ = self.keeper.wait();
    }
}

fn key_file(dir: &Path) -> Result<PathBuf> {
    let path = dir.join("key");
    std::fs::write(&path, "a2V5IG9mIG9uZSBub2RlIGZvciB0ZXN0cw==")?;
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600))?;
    Ok(path)
}

/// Below the range that outgoing connections take their ports from.
fn free_port() -> Result<u16> {
    let start = 20_000 + u16::try_from(std::process::id() % 10_000)?;
    let mut ports = (start..32_000).chain(20_000..start);
    let free = ports.find(|port| TcpListener::bind(("127.0.0.1", *port)).is_ok());
    free.ok_or_else(|| "no port is free".into())
}

/// `MONGOD`, else one on the path.
fn binary() -> Result<PathBuf> {
    if let Some(path) = std::env::var_os("MONGOD") {
        return Ok(path.into());
    }
    let path = std::env::var_os("PATH").unwrap_or_default();
    let on_path = std::env::split_paths(&path).map(|dir| dir.join("mongod")).find(|file| file.is_file());
    on_path.ok_or_else(|| {
        "no mongod was found: `cargo xtask test` and `cargo xtask ftest mongo` get one by themselves, \
         MONGOD names another, and CONNECTORS_NO_MONGOD=1 leaves these tests out"
            .into()
    })
}
