//! `cargo xtask fuzz`: bytes of any kind for everything that reads bytes of others.

use std::fs;
use std::path::{Path, PathBuf};

use crate::cli::{Command, no_more_switches, take_switch};
use crate::error::{Error, Result};
use crate::shell::Shell;
use crate::tools;

/// `cargo xtask fuzz`.
pub const COMMAND: Command = Command {
    name: "fuzz",
    usage: "[TARGET...] [--seconds N] [--keep]",
    help: "Feed any bytes to what reads files, answers, documents and requests of others; print executions and memory.

All targets of fuzz/fuzz_targets one after the other, or those that are named, each for N seconds (600). An input
that crashes, takes more than 10 seconds or 1 GB of memory fails the command and is left in fuzz/artifacts/TARGET.
--keep adds the fewest inputs with new coverage to fuzz/corpus/TARGET, which the tests replay. Code that is
`unsafe` is denied in this workspace, so there is no address sanitizer.

Gets the pinned cargo-fuzz when it is not there. Builds into the folder fuzz of the build folder.",
    run,
};

const SECONDS: u32 = 600;
const MEMORY_MB: u32 = 1024;
const INPUT_SECONDS: u32 = 10;
const EXECUTIONS: &str = "stat::number_of_executed_units:";
const PEAK_MB: &str = "stat::peak_rss_mb:";

fn run(shell: &Shell, arguments: &[String]) -> Result<()> {
    let mut named = arguments.to_vec();
    let keep = take_switch(&mut named, "--keep");
    let seconds = take_seconds(&mut named)?;
    no_more_switches(&named)?;
    let targets = choose(&targets(shell)?, named)?;
    let program = tools::ensure(shell, &tools::FUZZ)?;
    let fuzzer = Fuzzer { shell: shell.with_var("RUSTC_BOOTSTRAP", "1"), program };
    for target in targets {
        shell.note(format_args!("{target}: {seconds} s"));
        let (count, peak) = fuzzer.fuzz(&target, seconds)?;
        shell.say(format_args!("{target:<10}{count:>12} executions in {seconds} s, {peak} MB at most"));
        if keep {
            fuzzer.keep(&target)?;
        }
    }
    Ok(())
}

fn take_seconds(arguments: &mut Vec<String>) -> Result<u32> {
    let Some(place) = arguments.iter().position(|argument| argument == "--seconds") else {
        return Ok(SECONDS);
    };
    arguments.remove(place);
    let given = if place < arguments.len() { arguments.remove(place) } else { String::new() };
    given.parse().map_err(|_| Error::Usage(format!("--seconds wants a whole number, not `{given}`")))
}

/// The names of all targets, in order.
fn targets(shell: &Shell) -> Result<Vec<String>> {
    let folder = shell.root.join("fuzz/fuzz_targets");
    let files = fs::read_dir(&folder).map_err(Error::file("read", &folder))?;
    let name = |path: &Path| path.file_stem().map(|name| name.to_string_lossy().into_owned());
    let mut names: Vec<String> = files.flatten().filter_map(|file| name(&file.path())).collect();
    names.sort();
    Ok(names)
}

fn choose(all: &[String], named: Vec<String>) -> Result<Vec<String>> {
    match named.iter().find(|name| !all.contains(name)) {
        Some(name) => Err(Error::Usage(format!("no target `{name}`; the targets are {}", all.join(", ")))),
        None if named.is_empty() => Ok(all.to_vec()),
        None => Ok(named),
    }
}

struct Fuzzer {
    shell: Shell,
    program: PathBuf,
}

impl Fuzzer {
    /// Fuzzes and returns how often the target ran, and the most memory that it took, in MB.
    fn fuzz(&self, target: &str, seconds: u32) -> Result<(u64, u64)> {
        let found = self.found(target);
        fs::create_dir_all(&found).map_err(Error::file("make", &found))?;
        let limits = [
            format!("-max_total_time={seconds}"),
            format!("-rss_limit_mb={MEMORY_MB}"),
            format!("-timeout={INPUT_SECONDS}"),
            "-print_final_stats=1".to_owned(),
        ];
        let told = self.cargo_fuzz(target, &[found, corpus(target)], &limits)?;
        let number =
            |name| told.lines().find_map(|line| line.trim().strip_prefix(name)?.trim().parse::<u64>().ok());
        number(EXECUTIONS).zip(number(PEAK_MB)).ok_or_else(|| Error::Missing {
            what: format!("the fuzzer of `{target}` does not tell how often it ran and what it took"),
            fix: format!("run it by hand: RUSTC_BOOTSTRAP=1 cargo fuzz run -s none {target}"),
        })
    }

    /// Takes the fewest inputs that reach what the corpus does not reach yet.
    fn keep(&self, target: &str) -> Result<()> {
        let merge = ["-set_cover_merge=1".to_owned(), format!("-rss_limit_mb={MEMORY_MB}")];
        self.cargo_fuzz(target, &[corpus(target), self.found(target)], &merge).map(drop)
    }

    fn found(&self, target: &str) -> PathBuf {
        self.shell.target().join("fuzz/found").join(target)
    }

    fn cargo_fuzz(&self, target: &str, folders: &[PathBuf; 2], options: &[String]) -> Result<String> {
        let build = self.shell.target().join("fuzz");
        let mut command = self.shell.command(&self.program);
        // `cargo build` of the target would otherwise take the folder of the workspace.
        command.env("CARGO_TARGET_DIR", &build);
        // A backtrace of cargo-fuzz itself would push out which input failed.
        command.env("RUST_LIB_BACKTRACE", "0").args(["fuzz", "run", "--release", "--sanitizer", "none"]);
        command.arg("--target-dir").arg(&build).arg(target).args(folders).arg("--").args(options);
        self.shell.capture_errors(&mut command)
    }
}

fn corpus(target: &str) -> PathBuf {
    Path::new("fuzz/corpus").join(target)
}

#[cfg(test)]
mod tests;
