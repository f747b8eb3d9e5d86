//! `cargo xtask ftest`: a source end to end, through the program, from a real backend into a real Elasticsearch.

use std::cmp::Reverse;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use crate::backend::Target;
use crate::error::Result;
use crate::programs::{self, Programs, package};
use crate::shell::Shell;

/// Sync a source end to end and compare every document: ftest mongo, ftest directory.
///
/// Starts the source's backend – by its compose.yml where a Docker engine answers, else natively, unless the environment
/// names one that runs, such as CONNECTORS_MONGODB – and Elasticsearch, loads, syncs, compares by id and content; changes,
/// removes and adds 1 %, syncs, compares; syncs with nothing changed; syncs incrementally; kills a sync half way and syncs
/// again; then what the source tests besides. It fails with the first difference. What it started is ended, also on
/// failure and Ctrl-C.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// The sources, by the end of their crates' names.
    #[arg(value_name = "NAME", required_unless_present = "all")]
    names: Vec<String>,
    /// Every source that has tests/source.
    #[arg(long, conflicts_with = "names")]
    all: bool,
    /// The server to write to.
    #[arg(long, default_value = "elasticsearch")]
    es: Target,
    /// How many documents: by default more than one page of Elasticsearch holds.
    #[arg(long, value_name = "N", default_value_t = 12_000)]
    docs: u64,
    /// Leave the index behind (in a server that runs already: see `backend start`).
    #[arg(long)]
    keep: bool,
    /// Seconds after which no further source is begun; those that were not are named. Sources that changed last come first.
    #[arg(long, value_name = "SECONDS")]
    budget: Option<u64>,
    /// Take the programs of this build folder, for example target/debug, and build nothing.
    #[arg(long, value_name = "DIR")]
    built: Option<PathBuf>,
}

pub(crate) fn run(shell: &Shell, args: &Args) -> Result<()> {
    let mut names = programs::named(&shell.root, &args.names)?;
    let programs = Programs::of(shell, args.built.as_deref(), &names)?;
    if args.budget.is_some() {
        names = last_changed_first(shell, names)?;
    }
    args.es.with(shell, (&programs, &names[0]), |server| {
        let begun = Instant::now();
        let is_over = || args.budget.is_some_and(|budget| begun.elapsed() >= Duration::from_secs(budget));
        for (at, name) in names.iter().enumerate() {
            if at > 0 && is_over() {
                shell.note(format_args!("not run, as the time is over: {}", names[at..].join(", ")));
                break;
            }
            let mut test = programs.mode(shell, (name, "--ftest"))?;
            test.arg("--program").arg(programs.path("connectors")).args(server);
            test.args(["--docs", &args.docs.to_string()]).args(args.keep.then_some("--keep"));
            shell.stream(&mut test)?;
        }
        Ok(())
    })
}

/// Sources by the time of the last commit that changed their crates, the latest first.
fn last_changed_first(shell: &Shell, names: Vec<String>) -> Result<Vec<String>> {
    let times = names.into_iter().map(|name| {
        let crates = format!("crates/{}", package(&name));
        let time = shell.capture(shell.command("git").args(["log", "-1", "--format=%ct", "--", &crates]))?;
        Ok((time.trim().parse::<u64>().unwrap_or(u64::MAX), name))
    });
    let mut times = times.collect::<Result<Vec<_>>>()?;
    times.sort_by_key(|(time, _)| Reverse(*time));
    Ok(times.into_iter().map(|(_, name)| name).collect())
}

#[cfg(test)]
mod tests;
