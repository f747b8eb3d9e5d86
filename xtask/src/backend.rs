//! `cargo xtask backend`: real servers for tests and for trying things out.
//!
//! Reading order: the table here, [`lifecycle`] (start, stop, status), then one module per server.

pub mod docker;
pub mod elasticsearch;
pub mod guard;
pub mod http;
pub mod java;
pub mod lifecycle;
pub mod maven;
pub mod mongodb;
pub mod opensearch;
pub mod ports;
pub mod process;
pub mod server;
pub mod site;

#[cfg(test)]
pub(crate) mod tests;

use std::path::{Path, PathBuf};
use std::process::Command as Process;
use std::time::Duration;

use crate::cli::{Command, no_more_switches, take_switch};
use crate::error::{Error, Result};
use crate::shell::Shell;
use server::Server;
use site::Site;

/// `cargo xtask backend`.
pub const COMMAND: Command = Command {
    name: "backend",
    usage: "start|stop|status [NAME…] [--json]",
    help: "Start and stop real servers: elasticsearch, opensearch, mongodb.

Where a Docker engine answers, its compose.yml under docker/ is used; elsewhere the server is installed under
target/backends/NAME and started there, as a system user when we are root. A server starts empty. Without a NAME
the command takes all of them. ELASTICSEARCH_PORT, OPENSEARCH_PORT and MONGODB_PORT choose the port. The address
of mongodb holds its user and password, and is what `connectors sync mongodb --set host=…` takes.

  start    waits until the server answers; one that runs already is left alone
  stop     ends what `start` started
  status   lists every backend
  --json   prints one JSON array of servers instead of lines",
    run,
};

/// A kind of server that can be started here.
pub struct Backend {
    /// Its name on the command line.
    pub name: &'static str,
    /// Its folder in `docker/`.
    pub folder: &'static str,
    /// The version that its compose file and its native installation have.
    pub version: &'static str,
    /// The variable that chooses its port, here and in its compose file.
    pub port_variable: &'static str,
    /// The first port that is tried without that variable; below the range of ephemeral ports.
    pub first_port: u16,
    /// Where a client finds it when it listens at this port of this machine.
    pub address: fn(u16) -> String,
    /// Brings the server's files into a folder that outlives it; does little when they are there.
    pub install: fn(&Shell, &Path) -> Result<Installed>,
    /// The command that runs the installed server in the foreground.
    pub start: fn(&Shell, &Installed, &Site) -> Result<Process>,
    /// Whether the server at this port answers a request of its own protocol.
    pub ready: fn(u16) -> bool,
    /// How long it may take until then.
    pub patience: Duration,
}

/// A server's files.
#[derive(Debug, PartialEq, Eq)]
pub struct Installed {
    /// Which version it is: the table's, or an older one where the machine cannot run that.
    pub version: String,
    /// Where it lies.
    pub home: PathBuf,
    /// What runs it, for example a Java home.
    pub runtime: PathBuf,
}

/// Every backend.
pub const BACKENDS: &[Backend] = &[elasticsearch::BACKEND, opensearch::BACKEND, mongodb::BACKEND];

/// The backends of these names, or all of them when there are none.
///
/// # Errors
/// Names the first name that is not in `table`, and those that are.
pub fn select<'a>(table: &'a [Backend], names: &[String]) -> Result<Vec<&'a Backend>> {
    if names.is_empty() {
        return Ok(table.iter().collect());
    }
    let by_name = |name: &String| {
        table.iter().find(|backend| backend.name == name).ok_or_else(|| {
            let known: Vec<&str> = table.iter().map(|backend| backend.name).collect();
            Error::Usage(format!("no backend `{name}`; there are {}", known.join(", ")))
        })
    };
    names.iter().map(by_name).collect()
}

fn run(shell: &Shell, arguments: &[String]) -> Result<()> {
    run_with(shell, BACKENDS, arguments)
}

/// The command over another table.
///
/// # Errors
/// When the arguments make no sense, or a server cannot be started or stopped.
pub fn run_with(shell: &Shell, table: &'static [Backend], arguments: &[String]) -> Result<()> {
    let mut arguments = arguments.to_vec();
    let json = take_switch(&mut arguments, "--json");
    no_more_switches(&arguments)?;
    let (action, names) = arguments
        .split_first()
        .ok_or_else(|| Error::Usage("backend needs one of start, stop, status; see --help".into()))?;
    let chosen = select(table, names)?;
    let servers = match action.as_str() {
        "start" => start(shell, &chosen)?,
        "stop" => stop(shell, &chosen)?,
        "status" => chosen.iter().map(|backend| lifecycle::status(shell, backend)).collect(),
        other => return Err(Error::Usage(format!("backend cannot `{other}`; it can start, stop, status"))),
    };
    if json { print_json(shell, &servers) } else { print_lines(shell, &servers, action) }
}

fn start(shell: &Shell, chosen: &[&'static Backend]) -> Result<Vec<Server>> {
    let mut guard = guard::Guard::new(shell)?;
    let servers = chosen.iter().map(|backend| guard.start(backend)).collect::<Result<_>>()?;
    guard.keep();
    Ok(servers)
}

fn stop(shell: &Shell, chosen: &[&Backend]) -> Result<Vec<Server>> {
    chosen.iter().try_for_each(|backend| lifecycle::stop(shell, backend))?;
    Ok(chosen.iter().map(|backend| lifecycle::status(shell, backend)).collect())
}

fn print_lines(shell: &Shell, servers: &[Server], action: &str) -> Result<()> {
    for server in servers {
        match (server.running, action) {
            (true, "status") => shell.say(format_args!("{server}, log {}", server.log.display())),
            (true, _) => shell.say(server),
            (false, _) => shell.say(format_args!("{} is not running", server.name)),
        }
    }
    Ok(())
}

fn print_json(shell: &Shell, servers: &[Server]) -> Result<()> {
    let text = serde_json::to_string(servers)
        .map_err(|cause| Error::Format { what: "the list of servers".into(), cause: cause.to_string() })?;
    shell.say(text);
    Ok(())
}
