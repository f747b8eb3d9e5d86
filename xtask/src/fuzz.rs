//! `cargo xtask fuzz`: bytes of any kind for everything that reads bytes of others.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::error::{Error, Result};
use crate::shell::Shell;
use crate::tools;

/// Feed any bytes to what reads files, answers, documents and requests of others; print executions and memory.
///
/// An input that crashes, takes more than 10 seconds or 1 GB of memory fails the command and is left in
/// fuzz/artifacts/TARGET. Code that is `unsafe` is denied in this workspace, so there is no address sanitizer.
///
/// Gets the pinned cargo-fuzz when it is not there. Builds into the folder fuzz of the build folder.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Targets of fuzz/fuzz_targets, run one after the other; all of them unless some are named.
    targets: Vec<String>,
    /// How long each is run.
    #[arg(long, default_value_t = 600)]
    seconds: u32,
    /// Add the fewest inputs with new coverage to fuzz/corpus/TARGET, which the tests replay.
    #[arg(long)]
    keep: bool,
}

const MEMORY_MB: u32 = 1024;
const INPUT_SECONDS: u32 = 10;
const EXECUTIONS: &str = "stat::number_of_executed_units:";
const PEAK_MB: &str = "stat::peak_rss_mb:";

pub(crate) fn run(shell: &Shell, args: &Args) -> Result<()> {
    let targets = chosen(shell, &args.targets)?;
    let program = tools::ensure(shell, "cargo-fuzz")?;
    let shell = &shell.with_var("RUSTC_BOOTSTRAP", "1");
    let limits = format!(
        "-max_total_time={} -rss_limit_mb={MEMORY_MB} -timeout={INPUT_SECONDS} -print_final_stats=1",
        args.seconds
    );
    for target in targets {
        shell.note(format_args!("{target}: {} s", args.seconds));
        let (found, corpus) =
            (shell.target().join("fuzz/found").join(&target), Path::new("fuzz/corpus").join(&target));
        fs::create_dir_all(&found).map_err(Error::file("make", &found))?;
        let told = shell.capture_errors(&mut cargo_fuzz(
            shell,
            (&program, &target),
            ([&found, &corpus], &limits),
        ))?;
        let number =
            |name| told.lines().find_map(|line| line.trim().strip_prefix(name)?.trim().parse::<u64>().ok());
        let (count, peak) = number(EXECUTIONS).zip(number(PEAK_MB)).ok_or_else(|| Error::Missing {
            what: format!("the fuzzer of `{target}` does not tell how often it ran and what it took"),
            fix: format!("run it by hand: RUSTC_BOOTSTRAP=1 cargo fuzz run -s none {target}"),
        })?;
        let Args { seconds, keep, .. } = args;
        shell.say(format_args!("{target:<10}{count:>12} executions in {seconds} s, {peak} MB at most"));
        if *keep {
            // The fewest inputs that reach what the corpus does not reach yet.
            let merge = format!("-set_cover_merge=1 -rss_limit_mb={MEMORY_MB}");
            shell.capture_errors(&mut cargo_fuzz(shell, (&program, &target), ([&corpus, &found], &merge)))?;
        }
    }
    Ok(())
}

fn cargo_fuzz(
    shell: &Shell,
    (program, target): (&Path, &str),
    (folders, options): ([&PathBuf; 2], &str),
) -> Command {
    let build = shell.target().join("fuzz");
    let mut command = shell.command(program);
    // `cargo build` of the target would otherwise take the folder of the workspace.
    command.env("CARGO_TARGET_DIR", &build);
    // A backtrace of cargo-fuzz itself would push out which input failed.
    command.env("RUST_LIB_BACKTRACE", "0").args(["fuzz", "run", "--release", "--sanitizer", "none"]);
    command.arg("--target-dir").arg(&build).arg(target).args(folders).arg("--").args(options.split(' '));
    command
}

/// The targets that are named, or all.
fn chosen(shell: &Shell, named: &[String]) -> Result<Vec<String>> {
    let folder = shell.root.join("fuzz/fuzz_targets");
    let files = fs::read_dir(&folder).map_err(Error::file("read", &folder))?;
    let name = |path: &Path| path.file_stem().map(|name| name.to_string_lossy().into_owned());
    let mut all: Vec<String> = files.flatten().filter_map(|file| name(&file.path())).collect();
    all.sort();
    match named.iter().find(|name| !all.contains(name)) {
        Some(name) => Err(Error::Usage(format!("no target `{name}`; the targets are {}", all.join(", ")))),
        None if named.is_empty() => Ok(all),
        None => Ok(named.to_vec()),
    }
}

#[cfg(test)]
mod tests {
    use super::{Args, run};
    use crate::cli::args;
    use crate::tests::Machine;

    const ALL_IS_WELL: &str =
        "printf 'stat::number_of_executed_units: 4711\\nstat::peak_rss_mb:   38\\n' >&2";

    fn machine(body: &str) -> Machine {
        let machine = Machine::new()
            .program("cargo-fuzz", &format!("[ $2 = --version ] && echo cargo-fuzz 0.13.2\n{body}"));
        let targets = machine.path("fuzz/fuzz_targets");
        std::fs::create_dir_all(&targets).unwrap();
        for name in ["bson.rs", "rules.rs"] {
            std::fs::write(targets.join(name), "").unwrap();
        }
        machine
    }

    fn asked(machine: &Machine, line: &str) -> Result<(), String> {
        run(&machine.shell, &args::<Args>(line)?).map_err(|error| error.to_string())
    }

    #[test]
    fn every_target_runs_within_its_limits_and_what_was_found_is_kept() {
        let machine = machine(ALL_IS_WELL);
        asked(&machine, "--seconds 3").unwrap();
        let call = |name: &str| {
            format!(
                "cargo-fuzz fuzz run --release --sanitizer none --target-dir /W/target/fuzz {name} \
                 /W/target/fuzz/found/{name} fuzz/corpus/{name} -- -max_total_time=3 -rss_limit_mb=1024 -timeout=10 \
                 -print_final_stats=1"
            )
        };
        assert_eq!(machine.calls()[1..], [call("bson"), call("rules")]);
        let told = machine.out.get();
        assert!(told.contains("rules             4711 executions in 3 s, 38 MB at most"), "{told}");
        asked(&machine, "rules --keep").unwrap();
        let calls = machine.calls();
        assert!(calls[4].contains("-max_total_time=600"));
        let merge =
            "rules fuzz/corpus/rules /W/target/fuzz/found/rules -- -set_cover_merge=1 -rss_limit_mb=1024";
        assert!(calls.len() == 6 && calls[5].ends_with(merge), "{calls:?}");
    }

    #[test]
    fn a_crash_silence_and_an_unknown_target_fail() {
        for (body, line, told) in [
            ("[ $2 = run ] && { echo 'panicked at x' >&2; exit 77; }; true", "bson", "panicked at x"),
            ("true", "bson", "does not tell how often it ran"),
            ("true", "bsn", "no target `bsn`; the targets are bson, rules"),
        ] {
            let error = asked(&machine(body), line).unwrap_err();
            assert!(error.contains(told), "{error}");
        }
    }
}
