//! The program under faults: between it and its servers, in them, on its disk, and in its own life.
//!
//! `cargo xtask chaos NAME` runs it: it is the source's test program, called with `--chaos`.
//! [`Program::seeds`](crate::Program::seeds) names seeds that found something in this source.
//!
//! All that happens follows from a seed. Each of its rounds changes the source and runs the program while
//! something goes wrong. What the index holds then, the accounts, and what the program claims are judged;
//! then it runs without faults, and the index must be equal to the source by id and content.

mod churn;
mod compare;
mod extra;
mod ground;
mod incident;
mod judge;
mod marks;
mod options;
mod program;
mod schedule;
mod tally;
mod trial;

pub use crate::target::Target;
pub use options::Options;

use std::time::Instant;

use connectors_core::Registered;

use crate::command::{self, say};
use crate::{Fixture, Result, backend};

use self::schedule::Schedule;
use self::tally::Tally;
use self::trial::Trial;

/// Seeds that may fail before the rest is left out.
const MOST_FAILURES: usize = 5;

/// Runs every seed as the command line says, and the known ones of the source; 0 when all went well.
#[must_use]
pub(crate) fn main<F: Fixture>(
    source: &'static dyn Registered,
    words: &[String],
    known: &[u64],
) -> std::process::ExitCode {
    backend::stay_alone();
    command::run(&format!("chaos {}", source.name()), async {
        run::<F>(source, &Options::of(words.iter().cloned(), known)?).await
    })
}

/// Runs every seed against a fresh backend and index; a line for each, and the totals.
///
/// # Errors
/// The seeds that failed; what was found is printed where it happened.
pub async fn run<F: Fixture>(source: &'static dyn Registered, options: &Options) -> Result<()> {
    let (started, mut totals, mut failed) = (Instant::now(), Tally::default(), Vec::new());
    let seeds: Vec<String> = options.seeds.iter().map(u64::to_string).collect();
    say(&format!("chaos {}: seeds {}", source.name(), seeds.join(", ")));
    for (at, &seed) in options.seeds.iter().enumerate() {
        if at > 0 && options.within.is_some_and(|within| started.elapsed() >= within) {
            say(&format!(
                "chaos {}: not run, as the time is over: seeds {}",
                source.name(),
                seeds[at..].join(", ")
            ));
            break;
        }
        let schedule = Schedule::of(seed, (F::DOCUMENTS, source.capabilities().incremental));
        let told = tokio::select! {
            told = one::<F>((source, options), &schedule, &mut totals) => told,
            _ = tokio::signal::ctrl_c() => return Err("interrupted".into()),
        };
        if let Err(error) = told {
            say(&format!("{} seed {seed} FAILED\n{schedule}{error}", source.name()));
            failed.push(seed.to_string());
        }
        if failed.len() >= MOST_FAILURES {
            break;
        }
    }
    say(&format!("chaos {}: {totals}; {:.1} s", source.name(), started.elapsed().as_secs_f64()));
    if failed.is_empty() { Ok(()) } else { Err(format!("these seeds failed: {}", failed.join(", ")).into()) }
}

/// One seed from an empty index to the last comparison.
async fn one<F: Fixture>(
    (source, options): (&'static dyn Registered, &Options),
    schedule: &Schedule,
    totals: &mut Tally,
) -> Result<()> {
    let started = Instant::now();
    let mut trial = Trial::<F>::start(source, options, schedule).await?;
    let done = trial.run(schedule).await;
    let (tally, ended) = trial.end(done.is_err()).await;
    let seconds = started.elapsed().as_secs_f64();
    say(&format!("{} seed {}: {tally}; {seconds:.2} s", source.name(), schedule.seed));
    totals.add(&tally);
    done.and(ended)
}

#[cfg(test)]
mod tests;
