//! Servers for tests: a real `mongod`, ended with the process that started it, or one that runs already.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use bson::doc;
use connectors_testkit::Result;
use mongodb::Client;
use mongodb::options::ClientOptions;
use tokio::sync::OnceCell;

pub(crate) const USER: &str = "root";
pub(crate) const PASSWORD: &str = "s3cret/pw";
/// The password as it stands in a connection string.
pub(crate) const ENCODED_PASSWORD: &str = "s3cret%2Fpw";

/// A connection string with user and password: take this server, and start none.
const RUNNING: &str = "CONNECTORS_MONGODB";

/// Starts, kills and ends a server on request; ends it when this process ends, however it does: its end of the
/// pipe then closes.
const KEEPER: &str = r#"
exec 2>/dev/null; dir=$1; shift; trap 'kill -9 "$pid"; wait "$pid"; rm -rf "$dir"' EXIT
while read -r word; do
    case $word in
        start) "$@" >>"$dir/log" 2>&1 & pid=$! ;;
        kill) kill -9 "$pid"; wait "$pid" ;;
        end) exit ;;
    esac
    echo "$pid"
done"#;

/// How often a start is tried: another process may take the port that was free.
const ATTEMPTS: usize = 5;

pub(crate) struct Server {
    port: u16,
    keeper: Child,
    words: ChildStdin,
    answers: BufReader<ChildStdout>,
}

/// How a server is started.
#[derive(Clone, Debug, Default)]
pub(crate) struct Shape {
    /// MB of the record of changes, on one node that is a replica set with users; none on one node for itself.
    pub(crate) oplog: Option<u32>,
    /// Further arguments of `mongod`.
    pub(crate) arguments: Vec<String>,
    /// What a client must say besides, as options of a connection string.
    pub(crate) options: &'static str,
}

impl Shape {
    /// One node that is a replica set, with users and so much record of changes.
    pub(crate) fn replica_set(oplog: u32) -> Self {
        Self { oplog: Some(oplog), ..Self::default() }
    }
}

/// Where a server answers, and as whom.
#[derive(Clone, Debug)]
pub(crate) struct Access {
    pub(crate) host: String,
    pub(crate) user: String,
    pub(crate) password: String,
    /// All of it.
    pub(crate) uri: String,
}

/// True when the environment says to do without a server.
pub(crate) fn is_left_out() -> bool {
    std::env::var_os("CONNECTORS_NO_MONGOD").is_some_and(|value| value == "1")
}

/// The server that the environment names, else one that everything in this process shares.
pub(crate) async fn access() -> Result<Access> {
    match std::env::var(RUNNING).ok().filter(|uri| !uri.is_empty()) {
        Some(uri) => running(uri).await,
        None => Ok(shared().await?.access()),
    }
}

/// The server that everything in this process shares.
pub(crate) async fn shared() -> Result<&'static Server> {
    static SERVER: OnceCell<Server> = OnceCell::const_new();
    SERVER.get_or_try_init(|| Server::start(Shape::replica_set(64))).await
}

async fn running(uri: String) -> Result<Access> {
    let options = ClientOptions::parse(&uri).await?;
    let host = options.hosts.first().ok_or_else(|| format!("{RUNNING} names no host"))?.to_string();
    let credential = options.credential.unwrap_or_default();
    let (user, password) = (credential.username.unwrap_or_default(), credential.password.unwrap_or_default());
    Ok(Access { host, user, password, uri })
}

impl Server {
    pub(crate) async fn start(shape: Shape) -> Result<Self> {
        if is_left_out() {
            return Err("CONNECTORS_NO_MONGOD=1 says to do without a mongod".into());
        }
        let mongod = binary()?;
        let mut failures = Vec::new();
        for _ in 0..ATTEMPTS {
            match Self::try_start(&mongod, &shape).await {
                Ok(server) => return Ok(server),
                Err(failure) => failures.push(failure.to_string()),
            }
        }
        Err(format!("{} does not start:\n{}", mongod.display(), failures.join("\n")).into())
    }

    async fn try_start(mongod: &Path, shape: &Shape) -> Result<Self> {
        let dir = tempfile::tempdir()?.keep();
        let port = free_port()?;
        let mut command = command(mongod, &dir, port, shape)?;
        // In a group of its own: Ctrl-C at a terminal is for those who then end it in order.
        let keeper = command.stdin(Stdio::piped()).stdout(Stdio::piped()).process_group(0).spawn();
        let mut keeper = keeper?;
        let (Some(words), Some(answers)) = (keeper.stdin.take(), keeper.stdout.take()) else {
            return Err("the keeper of a server has no pipes".into());
        };
        let mut server = Self { port, keeper, words, answers: BufReader::new(answers) };
        server.tell("start")?;
        server.prepare(shape).await.map_err(|error| {
            let log = std::fs::read_to_string(dir.join("log")).unwrap_or_default();
            format!("{error}\n{}", log.lines().rev().take(5).collect::<Vec<_>>().join("\n"))
        })?;
        Ok(server)
    }

    /// Has `start`, `kill` (without a farewell) or `end` done, and waits for it.
    pub(crate) fn tell(&mut self, word: &str) -> Result<()> {
        writeln!(self.words, "{word}")?;
        self.answers.read_line(&mut String::new())?;
        Ok(())
    }

    /// Waits for the server, and makes a replica set with a user of it.
    async fn prepare(&self, shape: &Shape) -> Result<()> {
        let (address, options) = (self.address(), shape.options);
        let uri =
            format!("mongodb://{address}/?directConnection=true&serverSelectionTimeoutMS=20000{options}");
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

    /// As its user, on a server with users.
    pub(crate) fn access(&self) -> Access {
        let host = self.address();
        let uri = format!("mongodb://{USER}:{ENCODED_PASSWORD}@{host}/?directConnection=true");
        Access { host, user: USER.into(), password: PASSWORD.into(), uri }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.tell("end");
        let _ = self.keeper.wait();
    }
}

/// The keeper of a server over this folder.
fn command(mongod: &Path, dir: &Path, port: u16, shape: &Shape) -> Result<Command> {
    let mut command = Command::new("sh");
    command.arg("-c").arg(KEEPER).arg("keeper").arg(dir).arg(mongod).arg("--dbpath").arg(dir);
    command.args(["--port", &port.to_string(), "--bind_ip", "127.0.0.1", "--nounixsocket"]);
    command.args(["--syncdelay", "1", "--wiredTigerCacheSizeGB", "0.25"]);
    for parameter in ["enableTestCommands=1", "diagnosticDataCollectionEnabled=false"] {
        command.args(["--setParameter", parameter]);
    }
    if let Some(oplog) = shape.oplog {
        command.args(["--replSet", "rs0", "--oplogSize", &oplog.to_string(), "--auth", "--keyFile"]);
        command.arg(key_file(dir)?);
        // The fewest that it takes: a client computes them at each new connection.
        command.args(["--setParameter", "scramSHA256IterationCount=5000"]);
    }
    command.args(&shape.arguments);
    Ok(command)
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
