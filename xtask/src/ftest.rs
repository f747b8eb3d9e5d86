//! `cargo xtask ftest`: a source end to end, through the program, from a real backend into a real Elasticsearch.

mod options;

use std::process::Command as Process;

use crate::backend;
use crate::cli::Command;
use crate::error::Result;
use crate::programs::{self, Programs};
use crate::shell::Shell;
use options::Options;

/// `cargo xtask ftest`.
pub const COMMAND: Command = Command {
    name: "ftest",
    usage: "NAME…|--all [--es embedded|elasticsearch|opensearch] [--docs N] [--keep] [--built DIR]",
    help: "Sync a source end to end and compare every document: ftest mongo, ftest directory.

Starts the source's backend – by its compose.yml where a Docker engine answers, else natively, unless the
environment names one that runs, such as CONNECTORS_MONGODB – and Elasticsearch, loads, syncs, compares by id and content; changes, removes and adds
1 %, syncs, compares; syncs with nothing changed; syncs incrementally; kills a sync half way and syncs again; then
what the source tests besides. It fails with the first difference. What it started is ended, also on failure and Ctrl-C.

  --all    every source that has tests/source
  --es     the server to write to; elasticsearch without it
  --docs   how many documents; 12000 without it, more than one page of Elasticsearch holds
  --keep   leave the index behind (in a server that runs already: see `backend start`)
  --built  take the programs of this build folder, for example target/debug, and build nothing",
    run,
};

fn run(shell: &Shell, arguments: &[String]) -> Result<()> {
    let options = Options::of(arguments, &programs::sources(&shell.root)?)?;
    let programs = Programs::of(shell, options.built.as_deref(), &options.names)?;
    let Some(server) = options.server.backend() else {
        let embedded = programs.path("elastic-embedded").display().to_string();
        return all(shell, &options, (&programs, ["--embedded", &embedded]));
    };
    backend::with(shell, (&programs, &options.names[0]), &[server], |up| {
        all(shell, &options, (&programs, ["--es", &up[0].url]))
    })
}

fn all(shell: &Shell, options: &Options, (programs, server): (&Programs, [&str; 2])) -> Result<()> {
    options.names.iter().try_for_each(|name| {
        let mut test: Process = programs.mode(shell, (name, "--ftest"))?;
        test.arg("--program").arg(programs.path("connectors")).args(server);
        test.args(["--docs", &options.documents]).args(options.keep.then_some("--keep"));
        shell.stream(&mut test)
    })
}

#[cfg(test)]
mod tests;
