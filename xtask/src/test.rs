//! `cargo xtask test`: all tests, once, under coverage; and the gate on it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::error::{Error, Result};
use crate::shell::Shell;
use crate::{coverage, tools};

/// Run all tests under coverage; fail where less than 90 % of a crate's lines are run.
///
/// Gets what it needs: llvm-cov and llvm-profdata of the compiler's LLVM (LLVM_COV and LLVM_PROFDATA if set, else
/// rustup's llvm-tools, else Debian's package), and the pinned cargo-llvm-cov and cargo-nextest. The tests get their
/// servers (CONNECTORS_NO_MONGOD=1 leaves those of MongoDB out). The report is left at target/coverage/lcov.info.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// One crate by its own tests: what they cover of it is printed, and the lines that none of them runs; the report is left at
    /// target/coverage/CRATE.info.
    #[arg(long, short, value_name = "CRATE", conflicts_with = "arguments")]
    package: Option<String>,
    /// What goes to nextest, for example -- -p connectors-core deletes. It chooses tests, so the report and the gate
    /// are left out.
    #[arg(last = true)]
    arguments: Vec<String>,
}

// The code that is tested is the code that is shipped: no `cfg(coverage)`.
const NO_CFG: &str = "--no-cfg-coverage";

/// Where the report of the last full run lies.
pub(crate) fn report_file(shell: &Shell) -> PathBuf {
    shell.target().join("coverage/lcov.info")
}

pub(crate) fn run(shell: &Shell, args: &Args) -> Result<()> {
    let shell = prepared(shell)?.with_var("CONNECTORS_INSTALL", "1");
    let chosen = &args.arguments;
    if !chosen.is_empty() {
        return shell.stream(nextest(&shell).args(scope(chosen)).arg("--no-report").args(chosen));
    }
    let all = members(&shell.root)?;
    let report = report_file(&shell);
    let folder = report.with_file_name("");
    fs::create_dir_all(&folder).map_err(Error::file("make", &folder))?;
    if let Some(package) = &args.package {
        let of_package = |member: &&String| member.rsplit('/').next() == Some(package);
        let Some(member) = all.iter().find(of_package) else {
            return Err(Error::Usage(format!("no crate `{package}`; there are {}", all.join(", "))));
        };
        let report = folder.join(format!("{package}.info"));
        measure(&shell, &["--package", package], &report)?;
        return judge(&shell, &report, std::slice::from_ref(member));
    }
    measure(&shell, &["--workspace"], &report)?;
    documentation_tests(&shell)?;
    judge(&shell, &report, &all)
}

fn measure(shell: &Shell, scope: &[&str], report: &Path) -> Result<()> {
    shell.stream(nextest(shell).args(scope).args(["--no-fail-fast", "--lcov", "--output-path"]).arg(report))
}

// The tools on the search path, so that cargo finds its subcommands.
fn prepared(shell: &Shell) -> Result<Shell> {
    let [cov, profdata] = tools::llvm(shell)?;
    let programs = [tools::ensure(shell, "cargo-llvm-cov")?, tools::ensure(shell, "cargo-nextest")?];
    let folders: Vec<PathBuf> =
        programs.iter().filter_map(|path| path.parent()).map(Path::to_owned).collect();
    let shell = shell.with_path(&folders).with_var("LLVM_COV", cov).with_var("LLVM_PROFDATA", profdata);
    Ok(shell.with_var("CARGO_LLVM_COV_SETUP", "no"))
}

fn nextest(shell: &Shell) -> Command {
    let mut cargo = shell.command("cargo");
    cargo.args(["llvm-cov", "nextest", NO_CFG, "--locked"]);
    cargo
}

// Cargo takes either the whole workspace or packages by name.
fn scope(chosen: &[String]) -> &'static [&'static str] {
    let names_package = |argument: &String| argument.starts_with("-p") || argument.starts_with("--package");
    if chosen.iter().any(names_package) { &[] } else { &["--workspace"] }
}

fn judge(shell: &Shell, report: &Path, members: &[String]) -> Result<()> {
    let text = fs::read_to_string(report).map_err(Error::file("read", report))?;
    let crates = coverage::by_crate(&text, &shell.root, members);
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
fn variables(text: &str) -> impl Iterator<Item = (&str, String)> {
    let pairs = text.lines().filter_map(|line| line.trim_start_matches("export ").split_once('='));
    pairs.map(|(name, value)| {
        let inner = value.strip_prefix('\'').and_then(|value| value.strip_suffix('\''));
        (name, inner.unwrap_or(value).replace(r"'\''", "'"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::Machine;

    /// A machine whose cargo writes a report in which `covered` of the ten lines of `crates/a` ran.
    fn machine(covered: usize) -> Machine {
        let machine = Machine::new()
            .var("LLVM_COV", "/llvm/cov")
            .var("LLVM_PROFDATA", "/llvm/profdata")
            .program("cargo-llvm-cov", "echo cargo-llvm-cov 0.9.1")
            .program("cargo-nextest", "echo cargo-nextest 0.9.148");
        for member in ["crates/a", "xtask"] {
            fs::create_dir_all(machine.path(member)).unwrap();
            fs::write(machine.path(member).join("Cargo.toml"), "").unwrap();
        }
        fs::create_dir(machine.path("crates/no-crate")).unwrap();
        let lines =
            (1..=10).map(|line| format!("\nDA:{line},{}", usize::from(line <= covered))).collect::<String>();
        let report = format!("SF:{}{lines}", machine.path("crates/a/src/lib.rs").display());
        let body = format!(
            "echo \"  $LLVM_COV $CONNECTORS_INSTALL $CARGO_LLVM_COV_SETUP $LLVM_PROFILE_FILE\" >> '{}'\n\
             case $2 in\n\
             nextest) while [ $# -gt 0 ] && [ $1 != --output-path ]; do shift; done; [ -z \"$2\" ] || echo '{report}' > $2 ;;\n\
             show-env) echo \"RUSTC_WRAPPER='/x/it'\\\\''s'\" ;;\n\
             esac",
            machine.path("calls").display(),
        );
        machine.program("cargo", &body)
    }

    fn run_line(machine: &Machine, line: &str) -> Result<()> {
        run(&machine.shell, &crate::cli::args(line).unwrap())
    }

    #[test]
    fn a_full_run_tests_once_then_documentation_then_judges() {
        let full = machine(9);
        run_line(&full, "").unwrap();
        let expected = [
            "cargo llvm-cov nextest --no-cfg-coverage --locked --workspace --no-fail-fast --lcov --output-path \
             /W/target/coverage/lcov.info",
            "  /llvm/cov 1 no ",
            "cargo llvm-cov show-env --no-cfg-coverage",
            "  /llvm/cov 1 no ",
            "cargo test --doc --workspace --locked --quiet",
            "  /llvm/cov 1 no /W/target/llvm-cov-target/doc-%p.profraw",
        ];
        assert_eq!(full.calls()[2..], expected);
        let table = full.out.get();
        assert!(table.contains("crates/a           9/10   90.00 %") && table.contains("xtask"), "{table}");
        assert!(!table.contains("no-crate"), "{table}");
        let text = run_line(&machine(8), "").unwrap_err().to_string();
        assert!(
            text.starts_with("crates/a: 80.00 %") && text.ends_with("crates/a/src/lib.rs: 9-10"),
            "{text}"
        );
    }

    #[test]
    fn chosen_tests_run_without_report_and_gate_and_one_crate_is_measured_by_its_own() {
        let call = "cargo llvm-cov nextest --no-cfg-coverage --locked";
        for (arguments, scope) in [("deletes", "--workspace "), ("-p a deletes", ""), ("--package=a", "")] {
            let machine = machine(0);
            run_line(&machine, &format!("-- {arguments}")).unwrap();
            let expected = format!("{call} {scope}--no-report {arguments}");
            assert_eq!((machine.calls()[2].as_str(), machine.out.get().as_str()), (expected.as_str(), ""));
        }
        let machine = machine(8);
        let text = run_line(&machine, "-p a").unwrap_err().to_string();
        assert!(text.starts_with("crates/a: 80.00 %") && !machine.out.get().contains("xtask"), "{text}");
        let expected =
            format!("{call} --package a --no-fail-fast --lcov --output-path /W/target/coverage/a.info");
        assert_eq!(machine.calls()[2], expected);
        let unknown = run_line(&machine, "-p b").unwrap_err().to_string();
        assert_eq!(unknown, "no crate `b`; there are crates/a, xtask");
        assert!(
            crate::cli::args::<Args>("-p a -- deletes").is_err(),
            "the coverage of some tests is of no use"
        );
    }

    #[test]
    fn shell_quotes_are_taken_off() {
        let found: Vec<_> = variables("export A='b c'\nD='it'\\''s'\nE=f\nno variable\n").collect();
        assert_eq!(
            found,
            [("A", "b c"), ("D", "it's"), ("E", "f")].map(|(name, value)| (name, value.into()))
        );
    }
}
