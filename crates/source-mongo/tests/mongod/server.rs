//! Servers for tests: a real `mongod`, ended with the process that started it.

use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::OnceLock;

use bson::doc;
use mongodb::{Client, error::Error};

pub(crate) const USER: &str = "root";
pub(crate) const PASSWORD: &str = "s3cret/pw";

/// Ends the server when this process ends, however it does: its end of the pipe then closes.
const KEEPER: &str =
    r#"dir=$1; shift; "$@" >"$dir/log" 2>&1 & pid=$!; read -r line; kill "$pid"; wait "$pid"; rm -rf "$dir""#;

pub(crate) struct Server {
    pub(crate) port: u16,
    keeper: Child,
    /// Closing it ends the server.
    _alive: Option<ChildStdin>,
}

/// How a server is started.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Shape {
    /// One node that is a replica set, with users.
    ReplicaSet,
    /// The same, with a record of changes that is soon overwritten.
    Forgetful,
    /// One node for itself, which keeps no record of changes.
    Standalone,
}

/// The server that the tests of this process share; none when the environment says to do without.
pub(crate) fn shared() -> Option<&'static Server> {
    static SERVER: OnceLock<Option<Server>> = OnceLock::new();
    SERVER.get_or_init(|| Server::start(Shape::ReplicaSet)).as_ref()
}

impl Server {
    pub(crate) fn start(shape: Shape) -> Option<Self> {
        if std::env::var_os("CONNECTORS_NO_MONGOD").is_some_and(|value| value == "1") {
            println!("skipped: CONNECTORS_NO_MONGOD=1 says to do without a mongod");
            return None;
        }
        let mongod = binary();
        let mut failures = Vec::new();
        for _ in 0..5 {
            match Self::try_start(&mongod, shape) {
                Ok(server) => return Some(server),
                Err(failure) => failures.push(failure),
            }
        }
        panic!("{} does not start:\n{}", mongod.display(), failures.join("\n"));
    }

    fn try_start(mongod: &Path, shape: Shape) -> Result<Self, String> {
        let dir = tempfile::tempdir().unwrap().keep();
        let port = free_port();
        let mut command = Command::new("sh");
        command.arg("-c").arg(KEEPER).arg("keeper").arg(&dir).arg(mongod).arg("--dbpath").arg(&dir);
        command.args(["--port", &port.to_string(), "--bind_ip", "127.0.0.1", "--nounixsocket"]);
        command.args([
            "--syncdelay",
            "1",
            "--wiredTigerCacheSizeGB",
            "0.25",
            "--setParameter",
            "enableTestCommands=1",
        ]);
        if shape != Shape::Standalone {
            let oplog = if shape == Shape::Forgetful { "4" } else { "64" };
            command
                .args(["--replSet", "rs0", "--oplogSize", oplog, "--auth", "--keyFile"])
                .arg(key_file(&dir));
        }
        let mut keeper = command.stdin(Stdio::piped()).spawn().unwrap();
        let alive = keeper.stdin.take();
        let server = Self { port, keeper, _alive: alive };
        server.prepare(shape).map_err(|error| {
            let log = std::fs::read_to_string(dir.join("log")).unwrap_or_default();
            format!("{error}\n{}", log.lines().rev().take(5).collect::<Vec<_>>().join("\n"))
        })?;
        Ok(server)
    }

    /// Waits for the server, and makes a replica set with a user of it.
    fn prepare(&self, shape: Shape) -> Result<(), Error> {
        // Tests are in a runtime already, which can't wait for another one on the same thread.
        std::thread::scope(|scope| scope.spawn(|| self.prepare_here(shape)).join()).unwrap()
    }

    fn prepare_here(&self, shape: Shape) -> Result<(), Error> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let uri = format!(
                "mongodb://127.0.0.1:{}/?directConnection=true&serverSelectionTimeoutMS=20000",
                self.port
            );
            let client = Client::with_uri_str(uri).await?;
            let admin = client.database("admin");
            admin.run_command(doc! {"ping": 1}).await?;
            if shape == Shape::Standalone {
                return Ok(());
            }
            let member = doc! {"_id": 0, "host": format!("127.0.0.1:{}", self.port)};
            admin.run_command(doc! {"replSetInitiate": {"_id": "rs0", "members": [member]}}).await?;
            while !admin.run_command(doc! {"hello": 1}).await?.get_bool("isWritablePrimary")? {
                tokio::task::yield_now().await;
            }
            admin.run_command(doc! {"createUser": USER, "pwd": PASSWORD, "roles": ["root"]}).await.map(drop)
        })
    }

    pub(crate) fn address(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self._alive.take();
        let _ = self.keeper.wait();
    }
}

fn key_file(dir: &Path) -> PathBuf {
    let path = dir.join("key");
    std::fs::write(&path, "a2V5IG9mIG9uZSBub2RlIGZvciB0ZXN0cw==").unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
    path
}

/// Below the range that outgoing connections take their ports from.
fn free_port() -> u16 {
    let start = 20_000 + u16::try_from(std::process::id() % 10_000).unwrap();
    let mut ports = (start..32_000).chain(20_000..start);
    ports.find(|port| TcpListener::bind(("127.0.0.1", *port)).is_ok()).expect("no port is free")
}

/// `MONGOD`, else where `cargo xtask backend` puts it, else on the path.
fn binary() -> PathBuf {
    if let Some(path) = std::env::var_os("MONGOD") {
        return PathBuf::from(path);
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/backends/mongodb");
    let in_target = found_below(&root, 3);
    let path = std::env::var_os("PATH").unwrap_or_default();
    let on_path = || std::env::split_paths(&path).map(|dir| dir.join("mongod")).find(|file| file.is_file());
    in_target.or_else(on_path).expect(
        "no mongod was found: `cargo xtask backend install mongodb` gets one, MONGOD names another, \
         and CONNECTORS_NO_MONGOD=1 leaves these tests out",
    )
}

fn found_below(dir: &Path, levels: usize) -> Option<PathBuf> {
    let file = dir.join("mongod");
    if file.is_file() {
        return Some(file);
    }
    let entries = std::fs::read_dir(dir).ok().filter(|_| levels > 0)?;
    entries
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| path.is_dir())
        .find_map(|path| found_below(&path, levels - 1))
}
