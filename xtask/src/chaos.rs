//! `cargo xtask chaos`: the program under faults, drawn from seeds.

use std::panic::resume_unwind;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};
use std::thread;

use crate::backend::Target;
use crate::error::Result;
use crate::programs::{self, Programs};
use crate::shell::Shell;

/// Benches that run at the same time: each waits for its own servers most of it.
const AT_ONCE: usize = 2;

/// Run the program while things go wrong, and compare every document: chaos mongo, chaos directory.
///
/// From each seed follow rounds in which the source is changed and the program run while requests are refused, cut,
/// garbled or lost, servers and the program are killed, disks are full, and marks are damaged. What it did then and what it
/// claims are judged; then it runs without faults, and the index must be equal to the source. The first differences are
/// shown with the seed, which does the same again. Without names every source that has tests/source is run, two at a time.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// The sources, by the end of their crates' names.
    #[arg(value_name = "NAME")]
    names: Vec<String>,
    /// This one seed.
    #[arg(long, value_name = "N", conflicts_with_all = ["seeds", "fresh"])]
    seed: Option<u64>,
    /// The seeds from 1 to N, and those that found something in the source.
    #[arg(long, value_name = "N", default_value_t = 20)]
    seeds: u64,
    /// N more seeds, which follow from the clock; they are printed, so that --seed can run one again.
    #[arg(long, value_name = "N")]
    fresh: Option<u64>,
    /// Seconds that the sources share: of each, seeds are begun in its share of them, and the others are named.
    #[arg(long, value_name = "SECONDS", conflicts_with = "seed")]
    budget: Option<u64>,
    /// The server to write to; the embedded one alone can be killed and filled up.
    #[arg(long, default_value = "embedded")]
    es: Target,
    /// Take the programs of this build folder, for example target/debug, and build nothing.
    #[arg(long, value_name = "DIR")]
    built: Option<PathBuf>,
}

impl Args {
    /// The seeds, as the test program of one of so many sources is told them.
    fn seeds(&self, sources: usize) -> Vec<String> {
        let seconds = self.budget.map(|seconds| seconds * AT_ONCE as u64 / AT_ONCE.max(sources) as u64);
        let words = match self.seed {
            Some(seed) => [Some(("--seed", seed)), None, None],
            None => [
                Some(("--seeds", self.seeds)),
                self.fresh.map(|fresh| ("--fresh", fresh)),
                seconds.map(|seconds| ("--seconds", seconds)),
            ],
        };
        words.into_iter().flatten().flat_map(|(name, value)| [name.to_owned(), value.to_string()]).collect()
    }
}

pub(crate) fn run(shell: &Shell, args: &Args) -> Result<()> {
    let names = programs::named(&shell.root, &args.names)?;
    let programs = Programs::of(shell, args.built.as_deref(), &names)?;
    let bench = |name: &str, server: [&str; 2]| {
        let mut bench = programs.mode(shell, (name, "--chaos"))?;
        bench.arg("--program").arg(programs.path("connectors")).args(server).args(args.seeds(names.len()));
        shell.stream(&mut bench)
    };
    args.es.with(shell, (&programs, &names[0]), |server| at_once(&names, |name| bench(name, server)))
}

/// Runs the bench of each source, a few at the same time; all run to their end, and the first failure is reported.
fn at_once(names: &[String], bench: impl Fn(&str) -> Result<()> + Sync) -> Result<()> {
    let next = Mutex::new(names.iter());
    let in_turn = || {
        let mut ended = Ok(());
        // A panicked bench ends its own row only.
        while let Some(name) = { next.lock().unwrap_or_else(PoisonError::into_inner).next() } {
            ended = ended.and(bench(name));
        }
        ended
    };
    thread::scope(|scope| {
        let rows: Vec<_> = (0..AT_ONCE).map(|_| scope.spawn(in_turn)).collect();
        let ended = rows.into_iter().map(|row| row.join().unwrap_or_else(|panic| resume_unwind(panic)));
        ended.fold(Ok(()), Result::and)
    })
}

#[cfg(test)]
mod tests;
