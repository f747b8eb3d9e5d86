//! `cargo xtask perf`: what a sync costs, held against what the machine allows.

pub mod cpu;
pub mod driver;
pub mod machine;
pub mod measure;
mod options;
pub mod outcome;
mod plot;
mod rounds;
mod stage;
pub mod stats;
mod table;
pub mod workloads;

use std::cell::OnceCell;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command as Process;

use serde::Serialize;

use crate::backend::server::Server;
use crate::backend::{elasticsearch, guard};
use crate::cli::Command;
use crate::error::{Error, Result};
use crate::mongod;
use crate::shell::Shell;
use machine::Machine;
use options::Options;
use outcome::Outcome;
use table::Style;

/// `cargo xtask perf`.
pub const COMMAND: Command = Command {
    name: "perf",
    usage: "[NAME] [--workload W1,W2…] [--rounds N] [--docs N] [--json FILE] [--markdown FILE] [--svg FILE]",
    help: "Measure syncs beside what the machine allows: perf, perf mongo, perf --workload W1,W4.

Starts real backends and Elasticsearch, builds the release programs, runs the contestants in turns, compares the index
with the source by id and content after each run, and prints medians, ratios and whether the requirements are met. A
run with a difference has no time. With NAME alone: what a source is held to, 10,000 documents of its fixture.
Without anything: every workload. What it started is ended, also on failure and Ctrl-C.

  --workload  W1 W1m W2 W3 (W3a W3b W3c) W4 W5 W6 W7 W8 W9 growth
  --rounds    rounds of each, 5 without it
  --docs      as many documents in every workload; the requirements are then shown and not enforced
  --pace      MiB of a bulk and bulks in flight of the minimal loader, such as 5x2; tried out without it
  --json, --markdown, --svg   files for the figures, the tables, the plot
  --built     take the programs of this build folder, for example target/release, and build nothing",
    run,
};

/// Everything that runs are made with.
struct Bench<'a> {
    shell: &'a Shell,
    options: &'a Options,
    programs: &'a Path,
    es: &'a Server,
    folder: PathBuf,
    /// The loader's best, once it was tried out.
    pace: OnceCell<(u64, u64)>,
}

/// The whole of it, for programs.
#[derive(Serialize)]
struct Figures<'a> {
    machine: &'a Machine,
    server: String,
    rounds: usize,
    pace: Option<(u64, u64)>,
    outcomes: &'a [Outcome],
}

fn run(shell: &Shell, arguments: &[String]) -> Result<()> {
    let options = Options::of(arguments, &crate::ftest::known(&shell.root, "perf")?)?;
    let shell = provided(shell, &options)?;
    let programs = built(&shell, &options)?;
    guard::with(&shell, &[&elasticsearch::BACKEND], |up| all(&shell, &options, (&programs, &up[0])))
}

fn provided(shell: &Shell, options: &Options) -> Result<Shell> {
    if options.workloads.iter().any(|workload| workload.source == "mongo") {
        return Ok(shell.with_var("MONGOD", mongod::ensure(shell)?));
    }
    Ok(shell.clone())
}

/// The folder with the programs, built unless another is named.
fn built(shell: &Shell, options: &Options) -> Result<PathBuf> {
    if let Some(folder) = &options.built {
        return Ok(shell.root.join(folder));
    }
    let mut sources: Vec<&str> = options.workloads.iter().map(|workload| workload.source).collect();
    sources.sort_unstable();
    sources.dedup();
    // In one go: built one by one, the same dependencies would come out in as many variants.
    let mut cargo = shell.command("cargo");
    cargo.args(["build", "--locked", "--release", "--bins", "--package", "connectors"]);
    for name in sources {
        cargo.args(["--package", &format!("source-{name}")]);
        for example in [format!("perf-{name}"), format!("raw-{name}")] {
            if shell.root.join(format!("crates/source-{name}/examples/{example}.rs")).is_file() {
                cargo.args(["--example", &example]);
            }
        }
    }
    shell.stream(&mut cargo)?;
    Ok(shell.target().join("release"))
}

fn all(shell: &Shell, options: &Options, (programs, es): (&Path, &Server)) -> Result<()> {
    let folder = shell.target().join("perf");
    fs::create_dir_all(&folder).map_err(Error::file("make", &folder))?;
    let bench = Bench { shell, options, programs, es, folder, pace: OnceCell::new() };
    let (mut outcomes, mut failures) = (Vec::new(), Vec::new());
    for workload in &options.workloads {
        match rounds::run(&bench, workload) {
            Ok(outcome) => {
                shell.say(table::figures(&outcome, Style::Terminal));
                outcomes.push(outcome);
                bench.publish(&outcomes)?;
            }
            Err(error) => failures.push(format!("{}: {error}", workload.name)),
        }
    }
    verdict(&outcomes, failures, options.scaled)
}

impl Bench<'_> {
    /// A program of the build.
    fn program(&self, name: &str) -> Process {
        let mut command = self.shell.command(self.programs.join(name));
        let home = self.home();
        command.current_dir(&self.folder).env_remove("CONNECTORS_CONFIG").env_remove("CONNECTORS_ES");
        command.env("HOME", &home).env("XDG_DATA_HOME", &home);
        command
    }

    /// The performance program of a source.
    fn tool(&self, source: &str) -> Process {
        self.program(&format!("examples/perf-{source}"))
    }

    /// The settings of the source that is measured.
    fn settings(&self) -> PathBuf {
        self.folder.join("settings.json")
    }

    /// Where the program keeps what it keeps.
    fn home(&self) -> PathBuf {
        self.folder.join("home")
    }

    fn told(&self, outcome: &Outcome, round: usize) {
        self.shell.note(format_args!("{} {}: round {round}", outcome.workload, outcome.title));
    }

    /// Writes down what there is, after each workload: what stops a later one takes nothing away.
    fn publish(&self, outcomes: &[Outcome]) -> Result<()> {
        let (machine, options) = (Machine::look(), self.options);
        if let Some(file) = &options.json {
            let (server, pace) = (format!("{} {}", self.es.name, self.es.version), self.pace.get().copied());
            let figures = Figures { machine: &machine, server, rounds: options.rounds, pace, outcomes };
            let text = serde_json::to_string_pretty(&figures)
                .map_err(|cause| Error::Format { what: "the figures".into(), cause: cause.to_string() })?;
            stage::write(&self.shell.root.join(file), text.as_bytes())?;
        }
        if let Some(file) = &options.markdown {
            let tables: Vec<String> =
                outcomes.iter().map(|outcome| table::figures(outcome, Style::Markdown)).collect();
            stage::write(
                &self.shell.root.join(file),
                format!("{machine}\n\n{}", tables.join("\n")).as_bytes(),
            )?;
        }
        if let Some(file) = &options.svg {
            stage::write(&self.shell.root.join(file), plot::svg(outcomes).as_bytes())?;
        }
        Ok(())
    }
}

/// An error when anything failed or, unless the workloads were made smaller, missed its requirement.
fn verdict(outcomes: &[Outcome], mut failures: Vec<String>, scaled: bool) -> Result<()> {
    for outcome in outcomes.iter().filter(|_| !scaled) {
        let missed = outcome.checks.iter().filter(|check| !check.met);
        failures.extend(missed.map(|check| {
            let (limit, measured) = (table::number(check.limit), table::number(check.measured));
            format!("{}: {} is {measured}, and must be at most {limit}", outcome.workload, check.requirement)
        }));
    }
    if failures.is_empty() {
        return Ok(());
    }
    Err(Error::Gate(failures.join("\n")))
}

#[cfg(test)]
mod tests;
