//! `cargo xtask perf`: what a sync costs, held against what the machine allows.

mod measure;
mod outcome;
mod report;
mod rounds;
mod stage;
mod stats;
mod workloads;

use std::cell::OnceCell;
use std::fs;
use std::path::PathBuf;
use std::process::Command as Process;

use clap::builder::RangedU64ValueParser;
use serde::Serialize;

use crate::backend::{self, Server};
use crate::error::{Error, Result};
use crate::programs::{self, Programs};
use crate::shell::Shell;
use outcome::Outcome;
use report::{Machine, Style};
use workloads::Workload;

/// Measure syncs beside what the machine allows: perf, perf mongo, perf --workload W1,W4.
///
/// Starts real backends and Elasticsearch, builds the release programs, runs the contestants in turns, compares the
/// index with the source by id and content after each run, and prints medians, ratios and whether the requirements are
/// met. A run with a difference has no time. What it started is ended, also on failure and Ctrl-C.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// A source: 10,000 documents of its fixture and what it is held to. Without it, every workload.
    name: Option<String>,
    /// W1 W1m W2 W3 (W3a W3b W3c) W4 W5 W6 W7 W8 W9 growth.
    #[arg(long = "workload", value_name = "W1,W2…", value_delimiter = ',')]
    workloads: Vec<String>,
    /// Rounds of each.
    #[arg(long, value_name = "N", default_value_t = 5, value_parser = RangedU64ValueParser::<usize>::new().range(1..))]
    rounds: usize,
    /// As many documents in every workload; the requirements are then shown and not enforced.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    docs: Option<u64>,
    /// MiB of a bulk and bulks in flight of the minimal loader, such as 5x2; tried out without it.
    #[arg(long, value_parser = pace)]
    pace: Option<(u64, u64)>,
    /// A file for the figures.
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// A file for the tables.
    #[arg(long, value_name = "FILE")]
    markdown: Option<PathBuf>,
    /// A file for the plot.
    #[arg(long, value_name = "FILE")]
    svg: Option<PathBuf>,
    /// Take the programs of this build folder, for example target/release, and build nothing.
    #[arg(long, value_name = "FOLDER")]
    built: Option<PathBuf>,
}

fn pace(text: &str) -> std::result::Result<(u64, u64), String> {
    let parts =
        text.split_once('x').and_then(|(size, window)| Some((size.parse().ok()?, window.parse().ok()?)));
    parts.ok_or_else(|| "expected MiB and bulks in flight, such as 5x2".into())
}

/// Everything that runs are made with.
struct Bench<'a> {
    shell: &'a Shell,
    args: &'a Args,
    programs: &'a Programs,
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

pub(crate) fn run(shell: &Shell, args: Args) -> Result<()> {
    let workloads = chosen(&args, &programs::sources(&shell.root)?)?;
    let programs = built(shell, &args, &workloads)?;
    let Some(first) = workloads.first() else { return Ok(()) };
    let server = ["elasticsearch"];
    backend::with(shell, (&programs, first.source), &server, |up| {
        all(shell, (&args, &workloads), (&programs, &up[0]))
    })
}

/// By a source's name what it is held to; by names of workloads those; without either all.
fn chosen(args: &Args, known: &[String]) -> Result<Vec<Workload>> {
    let mut workloads = match &args.name {
        None => workloads::select(&args.workloads)?,
        Some(source) if !known.contains(source) => {
            let message = format!("no source `{source}` to measure; there are {}", known.join(", "));
            return Err(Error::Usage(message));
        }
        Some(source) if args.workloads.is_empty() => vec![workloads::of_source(source)],
        Some(source) => {
            let named = workloads::select(&args.workloads)?;
            named.into_iter().filter(|workload| workload.source == source).collect()
        }
    };
    workloads.iter_mut().for_each(|workload| workload.documents = args.docs.unwrap_or(workload.documents));
    Ok(workloads)
}

/// The folder with the programs, built unless another is named.
fn built(shell: &Shell, args: &Args, workloads: &[Workload]) -> Result<Programs> {
    if let Some(folder) = &args.built {
        return Programs::of(shell, Some(folder), &[]);
    }
    let mut sources: Vec<&str> = workloads.iter().map(|workload| workload.source).collect();
    sources.sort_unstable();
    sources.dedup();
    // In one go: built one by one, the same dependencies would come out in as many variants.
    let mut cargo = shell.command("cargo");
    cargo.args(["build", "--locked", "--release", "--bins", "--package", "connectors"]);
    cargo.args(["--test", "source"]);
    for name in sources {
        cargo.args(["--package", &programs::package(name)]);
        let raw = format!("raw-{name}");
        if shell.root.join(format!("crates/source-{name}/examples/{raw}.rs")).is_file() {
            cargo.args(["--example", &raw]);
        }
    }
    shell.stream(&mut cargo)?;
    Ok(Programs::release(shell))
}

fn all(
    shell: &Shell,
    (args, workloads): (&Args, &[Workload]),
    (programs, es): (&Programs, &Server),
) -> Result<()> {
    let folder = shell.target().join("perf");
    fs::create_dir_all(&folder).map_err(Error::file("make", &folder))?;
    let bench = Bench { shell, args, programs, es, folder, pace: OnceCell::new() };
    let (mut outcomes, mut failures) = (Vec::new(), Vec::new());
    for workload in workloads {
        match rounds::run(&bench, workload) {
            Ok(outcome) => {
                shell.say(report::figures(&outcome, Style::Terminal));
                outcomes.push(outcome);
                bench.publish(&outcomes)?;
            }
            Err(error) => failures.push(format!("{}: {error}", workload.name)),
        }
    }
    if args.docs.is_none() {
        failures.extend(outcomes.iter().flat_map(Outcome::missed));
    }
    if failures.is_empty() { Ok(()) } else { Err(Error::Gate(failures.join("\n"))) }
}

impl Bench<'_> {
    /// A program of the build.
    fn program(&self, name: &str) -> Process {
        self.apart(self.shell.command(self.programs.path(name)))
    }

    /// A command that finds nothing of ours but what its arguments say.
    fn apart(&self, mut command: Process) -> Process {
        let home = self.home();
        command.current_dir(&self.folder).env_remove("CONNECTORS_CONFIG").env_remove("CONNECTORS_ES");
        command.env("HOME", &home).env("XDG_DATA_HOME", &home);
        command
    }

    /// The performance program of a source.
    fn tool(&self, source: &str) -> Result<Process> {
        Ok(self.apart(self.programs.mode(self.shell, (source, "--perf"))?))
    }

    /// The settings of the source that is measured.
    fn settings(&self) -> PathBuf {
        self.folder.join("settings.json")
    }

    /// Where the program keeps what it keeps.
    fn home(&self) -> PathBuf {
        self.folder.join("home")
    }

    /// Writes down what there is, after each workload: what stops a later one takes nothing away.
    fn publish(&self, outcomes: &[Outcome]) -> Result<()> {
        let (machine, args) = (Machine::look(), self.args);
        let write = |file: &Option<PathBuf>, text: &dyn Fn() -> String| {
            file.as_ref().map_or(Ok(()), |file| stage::write(&self.shell.root.join(file), &text()))
        };
        write(&args.json, &|| {
            let (server, pace) = (format!("{} {}", self.es.name, self.es.version), self.pace.get().copied());
            let figures = Figures { machine: &machine, server, rounds: args.rounds, pace, outcomes };
            serde_json::to_string_pretty(&figures).unwrap_or_default()
        })?;
        write(&args.markdown, &|| {
            let tables = outcomes.iter().map(|outcome| report::figures(outcome, Style::Markdown));
            format!("{machine}\n\n{}", tables.collect::<Vec<_>>().join("\n"))
        })?;
        write(&args.svg, &|| report::svg(outcomes))
    }
}

#[cfg(test)]
mod tests;
