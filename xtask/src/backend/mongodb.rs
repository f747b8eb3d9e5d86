//! MongoDB as a replica set of one node with a user: what a connector needs that follows changes.

mod wire;

use std::fs;
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use bson::doc;

use super::{Backend, Installed, site::Site};
use crate::error::{Error, Result};
use crate::mongod;
use crate::shell::Shell;

const USER: &str = "root";
const PASSWORD: &str = "s3cret";
// Members of a set trust each other by it; this one has no other member.
const KEY: &str = "dGhlIG9ubHkgbWVtYmVyIG9mIGEgc2V0IGZvciB0ZXN0cw==";
/// What the server answers once there is a user, and we are none.
const UNAUTHORIZED: i32 = 13;

/// The table's entry. Its version is the container's; elsewhere it is that of the `mongod` that there is.
pub const BACKEND: Backend = Backend {
    name: "mongodb",
    folder: "mongo",
    version: "8.0.4",
    port_variable: "MONGODB_PORT",
    first_port: 19_410,
    address,
    install,
    start,
    ready,
    patience: Duration::from_secs(120),
};

/// With the user and the password, which are for trials only, and the same in the compose file.
fn address(port: u16) -> String {
    format!("mongodb://{USER}:{PASSWORD}@127.0.0.1:{port}/?directConnection=true")
}

// A copy: the user that servers run as may not be able to reach the original, and the copy becomes that user's.
fn install(shell: &Shell, dir: &Path) -> Result<Installed> {
    let original = mongod::ensure(shell)?;
    let version = version(shell, &original)?;
    let home = dir.join(format!("mongod-{version}"));
    let program = home.join("mongod");
    fs::create_dir_all(&home).map_err(Error::file("make", &home))?;
    if !program.is_file() {
        let unfinished = home.join("unfinished");
        fs::copy(&original, &unfinished).map_err(Error::file("copy", &original))?;
        fs::rename(&unfinished, &program).map_err(Error::file("move", &unfinished))?;
    }
    let key = home.join("key");
    fs::write(&key, KEY).map_err(Error::file("write", &key))?;
    fs::set_permissions(&key, fs::Permissions::from_mode(0o600)).map_err(Error::file("protect", &key))?;
    Ok(Installed { version, home, runtime: original })
}

// The first line is `db version v6.0.5`.
fn version(shell: &Shell, program: &Path) -> Result<String> {
    let told = shell.capture(shell.command(program).arg("--version"))?;
    let version = told.lines().next().and_then(|line| line.rsplit_once(" v")).map(|(_, version)| version);
    version.map(str::to_owned).ok_or_else(|| Error::Format {
        what: format!("the version of {}", program.display()),
        cause: told.lines().next().unwrap_or("it says nothing").to_owned(),
    })
}

fn start(shell: &Shell, installed: &Installed, site: &Site) -> Result<Command> {
    let mut command = shell.command(installed.home.join("mongod"));
    command.arg("--dbpath").arg(&site.run).args(["--port", &site.ports[0].to_string()]);
    command.args(["--bind_ip", "127.0.0.1", "--nounixsocket", "--replSet", "rs0", "--auth", "--keyFile"]);
    command.arg(installed.home.join("key")).args(["--wiredTigerCacheSizeGB", "0.5"]);
    command.args(["--setParameter", "enableTestCommands=1"]);
    Ok(command)
}

fn ready(port: u16) -> bool {
    prepare(port).unwrap_or(false)
}

/// One step of two: the set is made of the node, then gets its user. True when both are there.
fn prepare(port: u16) -> io::Result<bool> {
    let hello = wire::call(port, doc! {"hello": 1})?;
    if !hello.get_bool("isWritablePrimary").unwrap_or(false) {
        let member = doc! {"_id": 0, "host": format!("127.0.0.1:{port}")};
        wire::call(port, doc! {"replSetInitiate": {"_id": "rs0", "members": [member]}})?;
        return Ok(false);
    }
    let made = wire::call(port, doc! {"createUser": USER, "pwd": PASSWORD, "roles": ["root"]})?;
    let is_made = made.get_f64("ok").is_ok_and(|ok| ok > 0.0);
    Ok(is_made || made.get_i32("code").is_ok_and(|code| code == UNAUTHORIZED))
}

#[cfg(test)]
mod tests;
