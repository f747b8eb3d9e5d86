//! `cargo xtask backend`: real servers for tests and for trying things out.
//!
//! How a server is had and started is declared where it is needed, by `connectors_testkit::backend`: those that are written to in the
//! testkit, a source's own in its tests. So the test program that knows it does the work; here it is built and called.

use std::fs;
use std::path::Path;

use serde::Deserialize;

use crate::driver::Driver;
use crate::error::{Error, Result};
use crate::programs::{self, Programs};
use crate::shell::Shell;

/// Start and stop real servers: elasticsearch, opensearch, and those of sources, such as mongodb.
///
/// Where a Docker engine answers, its compose.yml under docker/ is used; elsewhere the server is installed under
/// target/backends/NAME and started there, as a system user when we are root and it needs that. A server starts empty.
/// ELASTICSEARCH_PORT, OPENSEARCH_PORT and MONGODB_PORT choose the port. The address of mongodb holds its user and
/// password, and is what `connectors sync mongodb --set host=…` takes.
#[derive(clap::Args)]
pub(crate) struct Args {
    action: Action,
    /// All of them unless some are named.
    #[arg(value_name = "NAME")]
    names: Vec<String>,
    /// One JSON array of servers instead of lines.
    #[arg(long)]
    json: bool,
}

/// What is done with them.
#[derive(Clone, Copy, clap::ValueEnum)]
enum Action {
    /// Wait until the server answers; one that runs already is left alone.
    Start,
    /// End what `start` started.
    Stop,
    /// List every backend.
    Status,
}

impl Action {
    fn word(self) -> &'static str {
        match self {
            Self::Start => "start",
            Self::Stop => "stop",
            Self::Status => "status",
        }
    }
}

/// The servers that are written to, and the crate whose test program knows them; those of sources know them too.
const WRITTEN_TO: [&str; 2] = ["elasticsearch", "opensearch"];
const TESTKIT: &str = "connectors-testkit";

/// A server that runs.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq)]
pub(crate) struct Server {
    /// The backend's name.
    pub(crate) name: String,
    /// Its version.
    pub(crate) version: String,
    /// Where it answers.
    pub(crate) url: String,
    /// The group of its processes.
    pub(crate) group: i32,
}

pub(crate) fn run(shell: &Shell, args: &Args) -> Result<()> {
    for (package, names) in by_program(&shell.root, &args.names)? {
        let mut program = shell.command(Programs::build_tests(shell, &package)?);
        program.env("CONNECTORS_INSTALL", "1").args(["--backend", args.action.word()]).args(names);
        shell.stream(program.args(args.json.then_some("--json")))?;
    }
    Ok(())
}

/// Servers by the crate whose test program knows them.
fn by_program(root: &Path, names: &[String]) -> Result<Vec<(String, Vec<String>)>> {
    let sources = of_sources(root)?;
    let all =
        || WRITTEN_TO.map(str::to_owned).into_iter().chain(sources.iter().map(|(name, _)| name.clone()));
    let names: Vec<String> = if names.is_empty() { all().collect() } else { names.to_vec() };
    let mut programs: Vec<(String, Vec<String>)> = Vec::new();
    for name in &names {
        if let Some((_, package)) = sources.iter().find(|(source, _)| source == name) {
            programs.push((package.clone(), vec![name.clone()]));
        } else if !WRITTEN_TO.contains(&name.as_str()) {
            let there = all().collect::<Vec<_>>().join(", ");
            return Err(Error::Usage(format!("no backend `{name}`; there are {there}")));
        }
    }
    let written_to = names.into_iter().filter(|name| WRITTEN_TO.contains(&name.as_str())).collect::<Vec<_>>();
    if !written_to.is_empty() {
        match programs.first_mut() {
            Some((_, first)) => drop(first.splice(0..0, written_to)),
            None => programs.push((TESTKIT.into(), written_to)),
        }
    }
    Ok(programs)
}

/// The service types whose server can be started, with the crate of each: those that have a compose file.
fn of_sources(root: &Path) -> Result<Vec<(String, String)>> {
    let path = root.join("config.yml");
    let text = fs::read_to_string(&path).map_err(Error::file("read", &path))?;
    let is_source = |line: &str| {
        let (service_type, package) = line.strip_prefix("  ")?.split_once(": source-")?;
        let has_server = root.join(format!("docker/{package}/compose.yml")).is_file();
        has_server.then(|| (service_type.to_owned(), programs::package(package)))
    };
    Ok(text.lines().filter_map(is_source).collect())
}

/// The server that a source is synced into.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Target {
    /// The program's own.
    Embedded,
    /// The real one.
    Elasticsearch,
    /// Its relative.
    #[value(name = "opensearch")]
    OpenSearch,
}

impl Target {
    /// Runs `body` with the words by which a test program is told the server, which is up meanwhile.
    pub(crate) fn with(
        self,
        shell: &Shell,
        (programs, source): (&Programs, &str),
        body: impl FnOnce([&str; 2]) -> Result<()>,
    ) -> Result<()> {
        let name = match self {
            Self::Embedded => {
                return body(["--embedded", &programs.path("elastic-embedded").display().to_string()]);
            }
            Self::Elasticsearch => "elasticsearch",
            Self::OpenSearch => "opensearch",
        };
        with(shell, (programs, source), &[name], |up| body(["--es", &up[0].url]))
    }
}

/// Runs `body` with these servers up, which the test program of a source knows. What it starts for that ends with `body`, and with
/// this process, however that ends; a server that runs already is left running.
pub(crate) fn with<T>(
    shell: &Shell,
    (programs, source): (&Programs, &str),
    names: &[&str],
    body: impl FnOnce(&[Server]) -> Result<T>,
) -> Result<T> {
    let mut hold = programs.mode(shell, (source, "--backend"))?;
    let (holder, servers) = Driver::start(hold.arg("hold").args(names))?;
    let servers: Vec<Server> = serde_json::from_value(servers)
        .map_err(|cause| Error::Format { what: "the list of servers".into(), cause: cause.to_string() })?;
    let done = body(&servers);
    drop(holder);
    done
}

#[cfg(test)]
mod tests;
