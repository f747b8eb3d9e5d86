//! `cargo xtask chaos`: the program under faults, drawn from seeds.

use std::panic::resume_unwind;
use std::path::PathBuf;
use std::thread;

use crate::backend;
use crate::cli::{Command, no_more_switches, take_value};
use crate::error::{Error, Result};
use crate::programs::{self, Programs};
use crate::shell::Shell;

/// `cargo xtask chaos`.
pub const COMMAND: Command = Command {
    name: "chaos",
    usage: "[NAME…] [--seed N | --seeds N --fresh N] [--es embedded|elasticsearch] [--built DIR]",
    help: "Run the program while things go wrong, and compare every document: chaos mongo, chaos directory.

From each seed follow rounds in which the source is changed and the program run while requests are refused, cut,
garbled or lost, servers and the program are killed, disks are full, and marks are damaged. What it did then and
what it claims are judged; then it runs without faults, and the index must be equal to the source. The first
differences are shown with the seed, which does the same again. Without names every source that has
tests/source is run, all of them at once.

  --seed   this one seed
  --seeds  the seeds from 1 to N, and those that found something in the source; 20 without it
  --fresh  N more seeds, which follow from the clock; they are printed, so that --seed can run one again
  --es     the server to write to; embedded without it, which alone can be killed and filled up
  --built  take the programs of this build folder, for example target/debug, and build nothing",
    run,
};

/// What is to be run, and how.
#[derive(Debug, PartialEq, Eq)]
struct Options {
    /// The sources, by the end of their crates' names.
    names: Vec<String>,
    /// `--seed N`, or `--seeds N` and `--fresh N`.
    seeds: Vec<String>,
    /// Whether a real Elasticsearch is written to.
    is_real: bool,
    /// A folder with programs, in place of a build.
    built: Option<PathBuf>,
}

impl Options {
    fn of(arguments: &[String], known: &[String]) -> Result<Self> {
        let mut words = arguments.to_vec();
        let seed = take_value(&mut words, "--seed")?.map(|seed| vec!["--seed".into(), seed]);
        let mut seeds =
            vec!["--seeds".into(), take_value(&mut words, "--seeds")?.unwrap_or_else(|| "20".into())];
        seeds.extend(
            take_value(&mut words, "--fresh")?.into_iter().flat_map(|fresh| ["--fresh".into(), fresh]),
        );
        let is_real = match take_value(&mut words, "--es")?.as_deref() {
            None | Some("embedded") => false,
            Some("elasticsearch") => true,
            Some(other) => {
                return Err(Error::Usage(format!("--es takes embedded or elasticsearch, not `{other}`")));
            }
        };
        let built = take_value(&mut words, "--built")?.map(PathBuf::from);
        no_more_switches(&words)?;
        if let Some(unknown) = words.iter().find(|name| !known.contains(name)) {
            let there = known.join(", ");
            return Err(Error::Usage(format!("no source `{unknown}` with a chaos bench; there are {there}")));
        }
        let names = if words.is_empty() { known.to_vec() } else { words };
        Ok(Self { names, seeds: seed.unwrap_or(seeds), is_real, built })
    }
}

fn run(shell: &Shell, arguments: &[String]) -> Result<()> {
    let options = Options::of(arguments, &programs::sources(&shell.root)?)?;
    let programs = Programs::of(shell, options.built.as_deref(), &options.names)?;
    if !options.is_real {
        let embedded = programs.path("elastic-embedded").display().to_string();
        return all(shell, &options, (&programs, ["--embedded", &embedded]));
    }
    backend::with(shell, (&programs, &options.names[0]), &["elasticsearch"], |up| {
        all(shell, &options, (&programs, ["--es", &up[0].url]))
    })
}

/// The sources at once, as each waits for its own servers most of the time; all run to their end, and the first
/// failure is told.
fn all(shell: &Shell, options: &Options, (programs, server): (&Programs, [&str; 2])) -> Result<()> {
    let bench = |name: &String| {
        let mut bench = programs.mode(shell, (name, "--chaos"))?;
        bench.arg("--program").arg(programs.path("connectors")).args(server).args(&options.seeds);
        shell.stream(&mut bench)
    };
    thread::scope(|scope| {
        let benches: Vec<_> = options.names.iter().map(|name| scope.spawn(|| bench(name))).collect();
        let ended =
            benches.into_iter().map(|bench| bench.join().unwrap_or_else(|panic| resume_unwind(panic)));
        ended.fold(Ok(()), Result::and)
    })
}

#[cfg(test)]
mod tests;
