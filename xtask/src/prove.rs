//! `cargo xtask prove-checks`: seeds faults into a good source, one at a time, and tells what catches each.

mod fault;
mod scratch;
mod trial;

use std::time::{Duration, Instant};

use crate::error::{Error, Result};
use crate::shell::Shell;
use fault::Fault;
use scratch::Scratch;
use trial::Caught;

/// Seed thirty-one faults into a good source, one at a time, and show what catches each.
///
/// The good source is the one that `cargo xtask new-source` writes, in a copy of the workspace below the build folder. It
/// must meet the checklist and keep the contract; then each fault is put in, alone, and `cargo xtask check` and the
/// source's behaviour suite are run. A fault that can't be put in, or does not compile, is an error of this command and
/// never a fault that was caught.
///
/// Without arguments all faults are tried, and fewer than 29 of them caught is a failure; with names, any of them that is
/// not caught is a failure.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Names of faults, or parts of names; `none` tries the good source and nothing more.
    #[arg(value_name = "FAULT")]
    faults: Vec<String>,
}

/// Faults that must be caught when all are tried.
const LEAST: usize = 29;
/// The name of the good source.
const NAME: &str = "probe";

pub(crate) fn run(shell: &Shell, args: &Args) -> Result<()> {
    let chosen = chosen(&args.faults)?;
    let begun = Instant::now();
    let scratch = Scratch::of(shell, NAME)?;
    let before = trial::is_good(&scratch)?;
    let took = seconds(begun.elapsed());
    shell.note(format_args!("the good source meets the checklist and keeps the contract ({took})"));
    let mut rows = Vec::new();
    for fault in chosen {
        let begun = Instant::now();
        let caught = trial::of(&scratch, &fault, &before)?;
        let row = Row { name: fault.name, caught, took: begun.elapsed() };
        shell.note(&row);
        rows.push(row);
    }
    report(shell, &rows, begun.elapsed());
    verdict(&rows, args.faults.is_empty())
}

/// The faults that are named, or all.
fn chosen(named: &[String]) -> Result<Vec<Fault>> {
    let mut faults = fault::all();
    let is_meant = |fault: &Fault, part: &String| fault.name.contains(part.as_str());
    if named == ["none"] {
        faults.clear();
    } else if let Some(unknown) = named.iter().find(|part| !faults.iter().any(|fault| is_meant(fault, part)))
    {
        let names: Vec<String> = faults.into_iter().map(|fault| fault.name).collect();
        return Err(Error::Usage(format!("no fault `{unknown}`; the faults are: {}", names.join(", "))));
    }
    faults.retain(|fault| named.is_empty() || named.iter().any(|part| is_meant(fault, part)));
    Ok(faults)
}

/// A fault, and what became of it.
struct Row {
    name: String,
    caught: Option<Caught>,
    took: Duration,
}

impl std::fmt::Display for Row {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let by = self.caught.as_ref().map_or_else(|| "NOT CAUGHT".to_owned(), ToString::to_string);
        write!(f, "{:<44} {:>6}  {by}", self.name, seconds(self.took))
    }
}

fn report(shell: &Shell, rows: &[Row], took: Duration) {
    if rows.is_empty() {
        return;
    }
    shell.say(format_args!("{:<44} {:>6}  caught by", "fault", "time"));
    rows.iter().for_each(|row| shell.say(row));
    let caught = rows.iter().filter(|row| row.caught.is_some()).count();
    shell.say(format_args!("{caught} of {} faults are caught, in {}", rows.len(), seconds(took)));
}

fn verdict(rows: &[Row], are_all: bool) -> Result<()> {
    let missed: Vec<&str> =
        rows.iter().filter(|row| row.caught.is_none()).map(|row| row.name.as_str()).collect();
    let least = if are_all { LEAST } else { rows.len() };
    if rows.len() - missed.len() >= least {
        return Ok(());
    }
    Err(Error::Gate(format!("at least {least} must be caught; these are not: {}", missed.join(", "))))
}

fn seconds(time: Duration) -> String {
    format!("{:.1} s", time.as_secs_f64())
}

#[cfg(test)]
mod tests;
