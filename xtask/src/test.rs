//! `cargo xtask test`: all tests, once, under coverage; and the gate on it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command as Process;

use crate::cli::Command;
use crate::coverage;
use crate::error::{Error, Result};
use crate::llvm::{self, Llvm};
use crate::mongod;
use crate::shell::Shell;
use crate::tools;

/// `cargo xtask test`.
pub const COMMAND: Command = Command {
    name: "test",
    usage: "[-- ARGUMENTS]",
    help: "Run all tests under coverage; fail where less than 90 % of a crate's lines are run.

Gets what it needs: llvm-cov and llvm-profdata of the compiler's LLVM (LLVM_COV and LLVM_PROFDATA if set, else
rustup's llvm-tools, else Debian's package), the pinned cargo-llvm-cov and cargo-nextest, and a mongod (MONGOD if
set; CONNECTORS_NO_MONGOD=1 leaves its tests out). The report is left at target/coverage/coverage.json.

ARGUMENTS go to nextest, for example -- -p connectors-core deletes. They choose tests, so the report and the gate
are left out.",
    run,
};

// The code that is tested is the code that is shipped: no `cfg(coverage)`.
const NO_CFG: &str = "--no-cfg-coverage";

/// Where the report of the last full run lies.
#[must_use]
pub fn report_file(shell: &Shell) -> PathBuf {
    shell.target().join("coverage/coverage.json")
}

fn run(shell: &Shell, arguments: &[String]) -> Result<()> {
    let chosen = chosen_tests(arguments)?;
    let shell = mongod::provide(&prepared(shell)?)?;
    if !chosen.is_empty() {
        return shell.stream(nextest(&shell).args(scope(chosen)).arg("--no-report").args(chosen));
    }
    let report = report_file(&shell);
    let folder = report.with_file_name("");
    fs::create_dir_all(&folder).map_err(Error::file("make", &folder))?;
    shell.stream(
        nextest(&shell).args(["--workspace", "--no-fail-fast", "--json", "--output-path"]).arg(&report),
    )?;
    documentation_tests(&shell)?;
    judge(&shell, &report)
}

fn chosen_tests(arguments: &[String]) -> Result<&[String]> {
    match arguments.split_first() {
        None => Ok(&[]),
        Some((first, rest)) if first == "--" => Ok(rest),
        Some((first, _)) => {
            Err(Error::Usage(format!("unexpected `{first}`; arguments for nextest come after --")))
        }
    }
}

// The tools on the search path, so that cargo finds its subcommands.
fn prepared(shell: &Shell) -> Result<Shell> {
    let Llvm { cov, profdata } = llvm::ensure(shell)?;
    let programs = [tools::ensure(shell, &tools::LLVM_COV)?, tools::ensure(shell, &tools::NEXTEST)?];
    let folders: Vec<PathBuf> =
        programs.iter().filter_map(|path| path.parent()).map(Path::to_owned).collect();
    Ok(shell
        .with_path(&folders)
        .with_var("LLVM_COV", cov)
        .with_var("LLVM_PROFDATA", profdata)
        .with_var("CARGO_LLVM_COV_SETUP", "no"))
}

fn nextest(shell: &Shell) -> Process {
    let mut cargo = shell.command("cargo");
    cargo.args(["llvm-cov", "nextest", NO_CFG, "--locked"]);
    cargo
}

// Cargo takes either the whole workspace or packages by name.
fn scope(chosen: &[String]) -> &'static [&'static str] {
    let names_package = |argument: &String| argument.starts_with("-p") || argument.starts_with("--package");
    if chosen.iter().any(names_package) { &[] } else { &["--workspace"] }
}

fn judge(shell: &Shell, report: &Path) -> Result<()> {
    let json = fs::read_to_string(report).map_err(Error::file("read", report))?;
    let crates = coverage::by_crate(&json, &shell.root, &members(&shell.root)?)?;
    shell.say(coverage::table(&crates));
    coverage::shortfall(&crates).map_or(Ok(()), |text| Err(Error::Gate(text)))
}

// The folders of our crates, as Cargo.toml's `members` globs them.
fn members(root: &Path) -> Result<Vec<String>> {
    let folder = root.join("crates");
    let entries = fs::read_dir(&folder).map_err(Error::file("list", &folder))?;
    let names = entries.flatten().map(|entry| format!("crates/{}", entry.file_name().to_string_lossy()));
    let mut members: Vec<String> = names.chain(["xtask".to_owned()]).collect();
    members.retain(|member| root.join(member).join("Cargo.toml").is_file());
    members.sort();
    Ok(members)
}

// On the artefacts of the coverage run, by the environment that it was built in, so that nothing is compiled twice.
fn documentation_tests(shell: &Shell) -> Result<()> {
    let environment = shell.capture(shell.command("cargo").args(["llvm-cov", "show-env", NO_CFG]))?;
    let build = shell.target().join("llvm-cov-target");
    let mut cargo = shell.command("cargo");
    cargo.args(["test", "--doc", "--workspace", "--locked", "--quiet"]);
    cargo.envs(variables(&environment)).env("CARGO_TARGET_DIR", &build);
    shell.stream(cargo.env("LLVM_PROFILE_FILE", build.join("doc-%p.profraw")))
}

// Lines of `NAME='value'`, a quote in the value written as the shell wants it.
fn variables(text: &str) -> Vec<(String, String)> {
    let pairs = text.lines().filter_map(|line| line.trim_start_matches("export ").split_once('='));
    pairs.map(|(name, value)| (name.to_owned(), unquoted(value))).collect()
}

fn unquoted(value: &str) -> String {
    let inner = value.strip_prefix('\'').and_then(|value| value.strip_suffix('\''));
    inner.map_or(value.to_owned(), |inner| inner.replace(r"'\''", "'"))
}

#[cfg(test)]
mod tests;
