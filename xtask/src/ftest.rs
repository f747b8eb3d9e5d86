//! `cargo xtask ftest`: a source end to end, through the program, from a real backend into a real Elasticsearch.

mod options;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command as Process;
use std::time::{Duration, Instant};

use crate::backend::process::Ended;
use crate::backend::{elasticsearch, guard, http, opensearch, ports, site};
use crate::cli::Command;
use crate::error::{Error, Result};
use crate::mongod;
use crate::shell::{self, Shell};
use options::{Options, Server};

/// `cargo xtask ftest`.
pub const COMMAND: Command = Command {
    name: "ftest",
    usage: "NAME…|--all [--es embedded|elasticsearch|opensearch] [--docs N] [--keep] [--built DIR]",
    help: "Sync a source end to end and compare every document: ftest mongo, ftest directory.

Starts the source's backend and Elasticsearch, loads, syncs, compares by id and content; changes, removes and adds
1 %, syncs, compares; syncs with nothing changed; syncs incrementally; kills a sync half way and syncs again. It
fails with the first difference. What it started is ended, also on failure and Ctrl-C.

  --all    every source that has examples/ftest-NAME.rs
  --es     the server to write to; elasticsearch without it
  --docs   how many documents; 12000 without it, more than one page of Elasticsearch holds
  --keep   leave the index behind (in a server that runs already: see `backend start`)
  --built  take the programs of this build folder, for example target/debug, and build nothing",
    run,
};

fn run(shell: &Shell, arguments: &[String]) -> Result<()> {
    let options = Options::of(arguments, &known(&shell.root)?)?;
    let shell = provided(shell, &options)?;
    let programs = built(&shell, &options)?;
    match options.server {
        Server::Embedded => with_embedded(&shell, &programs, |url| all(&shell, &options, (&programs, url))),
        Server::Elasticsearch => guard::with(&shell, &[&elasticsearch::BACKEND], |up| {
            all(&shell, &options, (&programs, &up[0].url))
        }),
        Server::OpenSearch => {
            guard::with(&shell, &[&opensearch::BACKEND], |up| all(&shell, &options, (&programs, &up[0].url)))
        }
    }
}

/// The names of the sources that have an end-to-end test.
fn known(root: &Path) -> Result<Vec<String>> {
    let folder = root.join("crates");
    let entries = fs::read_dir(&folder).map_err(Error::file("list", &folder))?;
    let names = entries.flatten().filter_map(|entry| {
        let name = entry.file_name().to_str()?.strip_prefix("source-")?.to_owned();
        entry.path().join(format!("examples/ftest-{name}.rs")).is_file().then_some(name)
    });
    let mut names: Vec<String> = names.collect();
    names.sort();
    Ok(names)
}

fn provided(shell: &Shell, options: &Options) -> Result<Shell> {
    if options.names.iter().any(|name| name == "mongo") {
        return Ok(shell.with_var("MONGOD", mongod::ensure(shell)?));
    }
    Ok(shell.clone())
}

/// The folder with the programs, built unless another is named.
fn built(shell: &Shell, options: &Options) -> Result<PathBuf> {
    if let Some(folder) = &options.built {
        return Ok(shell.root.join(folder));
    }
    let mut cargo = shell.command("cargo");
    cargo.args(["build", "--locked", "--package", "connectors", "--package", "elastic-embedded", "--bins"]);
    shell.stream(&mut cargo)?;
    for name in &options.names {
        let mut cargo = shell.command("cargo");
        cargo.args([
            "build",
            "--locked",
            "--package",
            &format!("source-{name}"),
            "--example",
            &format!("ftest-{name}"),
        ]);
        shell.stream(&mut cargo)?;
    }
    Ok(shell.target().join("debug"))
}

fn all(shell: &Shell, options: &Options, (programs, url): (&Path, &str)) -> Result<()> {
    options.names.iter().try_for_each(|name| shell.stream(&mut one(shell, options, (programs, url), name)))
}

fn one(shell: &Shell, options: &Options, (programs, url): (&Path, &str), name: &str) -> Process {
    let mut test = shell.command(programs.join(format!("examples/ftest-{name}")));
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
