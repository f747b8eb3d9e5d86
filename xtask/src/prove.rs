//! `cargo xtask prove-checks`: seeds faults into a good source, one at a time, and tells what catches each.

mod fault;
mod faults;
mod scratch;
mod trial;

use std::time::{Duration, Instant};

use crate::cli::{Command, no_more_switches};
use crate::error::{Error, Result};
use crate::shell::Shell;
use fault::Fault;
use scratch::Scratch;
use trial::Caught;

/// `cargo xtask prove-checks`.
pub const COMMAND: Command = Command {
    name: "prove-checks",
    usage: "[FAULT ...]",
    help: "Seed thirty-one faults into a good source, one at a time, and show what catches each.

The good source is the one that `cargo xtask new-source` writes, in a copy of the workspace below the build folder. It
must meet the checklist and keep the contract; then each fault is put in, alone, and `cargo xtask check` and the
source's behaviour suite are run. A fault that can't be put in, or does not compile, is an error of this command and
never a fault that was caught.

Without arguments all faults are tried, and fewer than 29 of them caught is a failure; with names, or parts of names,
those alone, and any of them that is not caught is a failure. `none` tries the good source and nothing more.",
    run,
};

/// Faults that must be caught when all are tried.
const LEAST: usize = 29;
/// The name of the good source.
const NAME: &str = "probe";

fn run(shell: &Shell, arguments: &[String]) -> Result<()> {
    no_more_switches(arguments)?;
    let chosen = chosen(arguments)?;
    let begun = Instant::now();
    let scratch = Scratch::of(shell, NAME)?;
    let before = trial::is_good(&scratch)?;
    shell.note(format_args!(
        "the good source meets the checklist and keeps the contract ({})",
        seconds(begun.elapsed())
    ));
    let mut rows = Vec::new();
    for fault in &chosen {
        let begun = Instant::now();
        let row = Row { fault, caught: trial::of(&scratch, fault, &before)?, took: begun.elapsed() };
        shell.note(&row);
        rows.push(row);
    }
    report(shell, &rows, begun.elapsed());
    verdict(&rows, arguments.is_empty())
}

/// The faults that are named, or all.
fn chosen(arguments: &[String]) -> Result<Vec<&'static Fault>> {
    if arguments == ["none"] {
        return Ok(Vec::new());
    }
    let is_meant = |fault: &&Fault| {
        arguments.is_empty() || arguments.iter().any(|part| fault.name.contains(part.as_str()))
    };
    if let Some(unknown) =
        arguments.iter().find(|part| !faults::all().any(|fault| fault.name.contains(part.as_str())))
    {
        let names: Vec<&str> = faults::all().map(|fault| fault.name).collect();
        return Err(Error::Usage(format!("no fault `{unknown}`; the faults are: {}", names.join(", "))));
    }
    Ok(faults::all().filter(is_meant).collect())
}

/// A fault, and what became of it.
struct Row<'a> {
    fault: &'a Fault,
    caught: Option<Caught>,
    took: Duration,
}

impl std::fmt::Display for Row<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let by = self.caught.as_ref().map_or_else(|| "NOT CAUGHT".to_owned(), ToString::to_string);
        write!(f, "{:<44} {:>6}  {by}", self.fault.name, seconds(self.took))
    }
}

fn report(shell: &Shell, rows: &[Row<'_>], took: Duration) {
    if rows.is_empty() {
        return;
    }
    shell.say(format_args!("{:<44} {:>6}  caught by", "fault", "time"));
    for row in rows {
        shell.say(row);
    }
    shell.say(format_args!("{} of {} faults are caught, in {}", caught(rows), rows.len(), seconds(took)));
}

fn verdict(rows: &[Row<'_>], are_all: bool) -> Result<()> {
    let least = if are_all { LEAST } else { rows.len() };
    if caught(rows) >= least {
        return Ok(());
    }
    let missed: Vec<&str> =
        rows.iter().filter(|row| row.caught.is_none()).map(|row| row.fault.name).collect();
    Err(Error::Gate(format!("at least {least} must be caught; these are not: {}", missed.join(", "))))
}

fn caught(rows: &[Row<'_>]) -> usize {
    rows.iter().filter(|row| row.caught.is_some()).count()
}

fn seconds(time: Duration) -> String {
    format!("{:.1} s", time.as_secs_f64())
}

#[cfg(test)]
mod tests;
