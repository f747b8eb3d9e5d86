//! `cargo xtask ftest`: a source end to end, through the program, from a real backend into a real Elasticsearch.

mod options;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command as Process;
use std::time::{Duration, Instant};

use crate::backend::process::Ended;
use crate::backend::{Backend, docker, guard, http, mongodb, ports, server, site};
use crate::cli::Command;
use crate::error::{Error, Result};
use crate::mongod;
use crate::shell::{self, Shell};
use options::Options;

/// The variable in which the tests look for a MongoDB that runs.
const RUNNING_MONGODB: &str = "CONNECTORS_MONGODB";

/// `cargo xtask ftest`.
pub const COMMAND: Command = Command {
    name: "ftest",
    usage: "NAME…|--all [--es embedded|elasticsearch|opensearch] [--docs N] [--keep] [--built DIR]",
    help: "Sync a source end to end and compare every document: ftest mongo, ftest directory.

Starts the source's backend – MongoDB by its compose.yml where a Docker engine answers, else natively; or
CONNECTORS_MONGODB names one that runs already – and Elasticsearch, loads, syncs, compares by id and content; changes, removes and adds
1 %, syncs, compares; syncs with nothing changed; syncs incrementally; kills a sync half way and syncs again. It
fails with the first difference. What it started is ended, also on failure and Ctrl-C.

  --all    every source that has examples/ftest-NAME.rs; each examples/ftest-NAME-….rs beside it is run too
  --es     the server to write to; elasticsearch without it
  --docs   how many documents; 12000 without it, more than one page of Elasticsearch holds
  --keep   leave the index behind (in a server that runs already: see `backend start`)
  --built  take the programs of this build folder, for example target/debug, and build nothing",
    run,
};

fn run(shell: &Shell, arguments: &[String]) -> Result<()> {
    let options = Options::of(arguments, &known(&shell.root, "ftest")?)?;
    let mongo = Mongo::of(shell, &options);
    let shell =
        if mongo == Mongo::Native { shell.with_var("MONGOD", mongod::ensure(shell)?) } else { shell.clone() };
    let programs = built(&shell, &options)?;
    guard::with(&shell, &backends(&options, mongo), |up| {
        let shell = handed_over(&shell, up);
        let test = |url: &str| all(&shell, &options, (&programs, url));
        match options.server.backend() {
            None => with_embedded(&shell, &programs, test),
            Some(backend) => test(url_of(up, backend).unwrap_or_default()),
        }
    })
}

/// Where the tests find a MongoDB.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mongo {
    /// They need none, or the environment names one that runs.
    Theirs,
    /// In a container that is started for them.
    Container,
    /// They start a program.
    Native,
}

impl Mongo {
    fn of(shell: &Shell, options: &Options) -> Self {
        let is_needed = options.names.iter().any(|name| name == "mongo");
        if !is_needed || shell.var(RUNNING_MONGODB).is_some() {
            return Self::Theirs;
        }
        if docker::answers(shell) { Self::Container } else { Self::Native }
    }
}

/// What runs while the tests do.
fn backends(options: &Options, mongo: Mongo) -> Vec<&'static Backend> {
    let mongodb = (mongo == Mongo::Container).then_some(&mongodb::BACKEND);
    mongodb.into_iter().chain(options.server.backend()).collect()
}

/// The shell with the address of the MongoDB that is up, if one is.
fn handed_over(shell: &Shell, up: &[server::Server]) -> Shell {
    url_of(up, &mongodb::BACKEND).map_or_else(|| shell.clone(), |url| shell.with_var(RUNNING_MONGODB, url))
}

pub(crate) fn url_of<'a>(up: &'a [server::Server], backend: &Backend) -> Option<&'a str> {
    up.iter().find(|server| server.name == backend.name).map(|server| server.url.as_str())
}

/// The names of the sources that have an example of this kind: an end-to-end test, or a performance program.
///
/// # Errors
/// When the crates can't be listed.
pub(crate) fn known(root: &Path, kind: &str) -> Result<Vec<String>> {
    let folder = root.join("crates");
    let entries = fs::read_dir(&folder).map_err(Error::file("list", &folder))?;
    let names = entries.flatten().filter_map(|entry| {
        let name = entry.file_name().to_str()?.strip_prefix("source-")?.to_owned();
        entry.path().join(format!("examples/{kind}-{name}.rs")).is_file().then_some(name)
    });
    let mut names: Vec<String> = names.collect();
    names.sort();
    Ok(names)
}

fn built(shell: &Shell, options: &Options) -> Result<PathBuf> {
    programs(shell, options.built.as_deref(), &options.names, examples)
}

/// The folder with the programs and these sources' examples, built unless another is named.
pub(crate) fn programs(
    shell: &Shell,
    folder: Option<&Path>,
    names: &[String],
    examples: impl Fn(&Path, &str) -> Result<Vec<String>>,
) -> Result<PathBuf> {
    if let Some(folder) = folder {
        return Ok(shell.root.join(folder));
    }
    build_programs(shell)?;
    for name in names {
        build_examples(shell, name, &examples(&shell.root, name)?)?;
    }
    Ok(shell.target().join("debug"))
}

/// Builds the program and the embedded server's.
fn build_programs(shell: &Shell) -> Result<()> {
    let mut cargo = shell.command("cargo");
    cargo.args(["build", "--locked", "--package", "connectors", "--package", "elastic-embedded", "--bins"]);
    shell.stream(&mut cargo)
}

/// Builds examples of a source.
fn build_examples(shell: &Shell, name: &str, examples: &[String]) -> Result<()> {
    let mut cargo = shell.command("cargo");
    cargo.args(["build", "--locked", "--package", &format!("source-{name}")]);
    for example in examples {
        cargo.args(["--example", example]);
    }
    shell.stream(&mut cargo)
}

fn all(shell: &Shell, options: &Options, (programs, url): (&Path, &str)) -> Result<()> {
    for name in &options.names {
        for example in examples(&shell.root, name)? {
            shell.stream(&mut one(shell, options, (programs, url), &example))?;
        }
    }
    Ok(())
}

/// The end-to-end tests of a source: `ftest-NAME`, then each `ftest-NAME-…` beside it.
fn examples(root: &Path, name: &str) -> Result<Vec<String>> {
    let folder = root.join(format!("crates/source-{name}/examples"));
    let entries = fs::read_dir(&folder).map_err(Error::file("list", &folder))?;
    let first = format!("ftest-{name}");
    let files = entries.flatten().filter_map(|entry| {
        let file = entry.file_name().into_string().ok()?;
        let example = file.strip_suffix(".rs")?;
        let is_ours =
            example.strip_prefix(&first).is_some_and(|rest| rest.is_empty() || rest.starts_with('-'));
        is_ours.then(|| example.to_owned())
    });
    let mut examples: Vec<String> = files.collect();
    examples.sort();
    Ok(examples)
}

fn one(shell: &Shell, options: &Options, (programs, url): (&Path, &str), example: &str) -> Process {
    let mut test = shell.command(programs.join("examples").join(example));
    test.arg("--program").arg(programs.join("connectors")).args(["--es", url]);
    test.args(["--docs", &options.documents]);
    if options.keep {
        test.arg("--keep");
    }
    test
}

/// Runs `body` with the embedded server up, over an empty folder.
fn with_embedded<T>(shell: &Shell, programs: &Path, body: impl FnOnce(&str) -> Result<T>) -> Result<T> {
    let turn = ports::turn(&site::temporary(shell))?;
    let [port, _] = ports::two_free(19_110).ok_or_else(|| Error::Gate("no port is free".into()))?;
    let data = site::state(shell, "embedded").join("run");
    site::empty_run_folder(&data)?;
    let mut command = shell.command(programs.join("elastic-embedded"));
    command.arg(&data).arg(port.to_string());
    let child = command.spawn().map_err(|cause| Error::Start { command: shell::line(&command), cause })?;
    let mut server = Ended(child);
    let deadline = Instant::now() + Duration::from_secs(30);
    while !http::cluster_is_healthy(port) {
        if Instant::now() > deadline || server.0.try_wait().is_ok_and(|ended| ended.is_some()) {
            return Err(Error::Server {
                name: "embedded",
                what: "it does not answer".into(),
                tail: String::new(),
            });
        }
        std::thread::park_timeout(Duration::from_millis(20));
    }
    drop(turn);
    body(&format!("http://127.0.0.1:{port}"))
}

#[cfg(test)]
mod tests;
