//! What the commands need beside cargo: each tool in one exact version, and the two programs of the compiler's LLVM that read coverage.

use std::path::PathBuf;
use std::process::Stdio;

use crate::error::{Error, Result};
use crate::shell::{Shell, line};

const SCRIPT: &str = include_str!("tools.sh");
const VERSIONS: &str = include_str!("../tools.txt");

/// The program of a tool in its pinned version: from the search path, from an earlier call, as a ready-made binary, or compiled; the last
/// two into `target/tools`. Fails when none of these ways leads to it, and says what each of them answered.
pub(crate) fn ensure(shell: &Shell, tool: &str) -> Result<PathBuf> {
    paths(shell, tool).map(|[program, _]| program)
}

/// `llvm-cov` and `llvm-profdata` in the major version of the compiler's own LLVM: those of the environment, rustup's component, those on
/// the search path under their versioned names, rustup's component after adding it, Debian's package.
pub(crate) fn llvm(shell: &Shell) -> Result<[PathBuf; 2]> {
    paths(shell, "llvm")
}

fn paths(shell: &Shell, what: &str) -> Result<[PathBuf; 2]> {
    let wheel = VERSIONS.lines().find(|line| line.contains(&format!("-{what}=="))).unwrap_or_default();
    let mut script = shell.command("/bin/sh");
    script.args(["-c", SCRIPT, "tools.sh", what]).arg(shell.target().join("tools")).arg(wheel);
    let output = script.stderr(Stdio::inherit()).output();
    let output = output.map_err(|cause| Error::Start { command: line(&script), cause })?;
    let text = String::from_utf8_lossy(&output.stdout);
    if !output.status.success() {
        return Err(Error::Gate(text.trim_end().to_owned()));
    }
    let mut lines = text.lines().map(PathBuf::from);
    Ok([lines.next().unwrap_or_default(), lines.next().unwrap_or_default()])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::Machine;

    const RIGHT: &str = "[ $1 = deny ] && echo 'cargo-deny 0.20.2 (abc)'";
    const WRONG: &str = "echo 'cargo-deny 0.20.20'";
    const OURS: &str = "target/tools/cargo-deny-0.20.2/bin/cargo-deny";
    const COMPONENT: &str = "sysroot/lib/rustlib/x86_64-unknown-linux-gnu/bin";

    /// A machine of root's with a compiler of LLVM 22, whose sysroot is the folder `sysroot`.
    fn machine() -> Machine {
        let machine = Machine::new();
        let version = "rustc 1.95.0\nhost: x86_64-unknown-linux-gnu\nLLVM version: 22.1.2";
        let sysroot = machine.path("sysroot");
        let rustc = format!("[ $1 = -vV ] && echo '{version}' || echo '{}'", sysroot.display());
        machine.program("rustc", &rustc).program("id", "echo 0").program("sudo", "")
    }

    /// A script that makes executable files with this text in a folder.
    fn making(folder: &str, names: &str, text: &str) -> String {
        let (file, text) = (format!("\"{folder}\"/$name"), text.replace('$', "\\$"));
        let write = format!("printf '%s\\n' '#!/bin/sh' \"{text}\" > {file}; chmod 755 {file}");
        format!("mkdir -p \"{folder}\"; for name in {names}; do {write}; done")
    }

    /// A script that installs a tool into the folder behind `flag`.
    fn installing(flag: &str, text: &str) -> String {
        let make = making("$2/bin", "cargo-deny", text);
        format!("while [ \"$1\" != {flag} ]; do shift; done\n{make}")
    }

    /// The calls of programs that bring something in.
    fn calls(machine: &Machine) -> Vec<String> {
        let is_ours = |call: &String| {
            ["pip", "cargo ", "rustup", "apt", "sudo"].iter().any(|name| call.starts_with(name))
        };
        machine.calls().into_iter().filter(is_ours).collect()
    }

    #[test]
    fn a_tool_comes_from_the_search_path_as_a_wheel_with_known_checksums_or_compiled() {
        let there = machine().program("cargo-deny", RIGHT).program("pip", "");
        assert_eq!(ensure(&there.shell, "cargo-deny").unwrap(), there.path("bin/cargo-deny"));
        assert_eq!(calls(&there), [""; 0]);

        let wheel = machine()
            .program("cargo-deny", WRONG)
            .program("pip3", &format!("cat > list; {}", installing("--target", RIGHT)));
        for _ in 0..2 {
            assert_eq!(ensure(&wheel.shell, "cargo-deny").unwrap(), wheel.path(OURS));
        }
        let list = std::fs::read_to_string(wheel.path("list")).unwrap();
        assert!(VERSIONS.contains(&list) && list.matches("--hash=sha256:").count() == 3, "{list}");
        let [call] = &calls(&wheel)[..] else { panic!("{:?}", calls(&wheel)) };
        assert!(
            call.starts_with("pip3 install --quiet --no-deps --only-binary :all: --require-hashes"),
            "{call}"
        );

        let cargo = installing("--root", RIGHT);
        let without_pip = machine().program("cargo", &cargo);
        let wrong = machine().program("pip", &installing("--target", WRONG)).program("cargo", &cargo);
        for machine in [without_pip, wrong] {
            assert_eq!(ensure(&machine.shell, "cargo-deny").unwrap(), machine.path(OURS));
            let call = "cargo install cargo-deny --locked --quiet --version 0.20.2 --root /W/target/tools/cargo-deny-0.20.2";
            assert_eq!(calls(&machine).pop().unwrap(), call);
        }
    }

    #[test]
    fn when_nothing_helps_the_error_tells_what_to_type() {
        let failing = machine().program("cargo", "exit 101");
        let wrong = machine().program("pip", "exit 1").program("cargo", &installing("--root", WRONG));
        let unprivileged =
            machine().program("id", "echo 7").program("apt-get", "").program("cargo", "exit 1");
        std::fs::remove_file(unprivileged.path("bin/sudo")).unwrap();
        for (machine, told) in [
            (failing, "ready-made: cannot install python3-pip: there is no apt-get here"),
            (wrong, "compiled: it is another version"),
            (unprivileged, "ready-made: cannot install python3-pip: apt-get needs root or sudo"),
        ] {
            let error = ensure(&machine.shell, "cargo-deny").unwrap_err().to_string();
            assert!(
                error.starts_with("cargo-deny 0.20.2 cannot be had\n  ") && error.contains(told),
                "{error}"
            );
            assert!(error.ends_with("fix: cargo install cargo-deny --locked --version 0.20.2"), "{error}");
        }
    }

    #[test]
    fn each_way_leads_to_the_programs_of_llvm() {
        let both = "llvm-cov llvm-profdata";
        let set = machine().var("LLVM_COV", "/x/llvm-cov").var("LLVM_PROFDATA", "/x/llvm-profdata");
        let installed = machine();
        both.split(' ').for_each(|name| installed.script(installed.path(COMPONENT).join(name), ""));
        let versioned =
            machine().program("llvm-cov-22", "").program("llvm-profdata-22", "").program("llvm-cov", "");
        let adding = machine();
        let body = making(&adding.path(COMPONENT).to_string_lossy(), both, "");
        let adding = adding.program("rustup", &body);
        let debian = machine().program("rustup", "exit 1");
        let body = making(&debian.path("bin").to_string_lossy(), "llvm-cov-22 llvm-profdata-22", "");
        let debian = debian.program("apt-get", &format!("if [ $1 = install ]; then {body}; fi"));
        let component = format!("/W/{COMPONENT}/llvm-cov");
        for (machine, cov, call) in [
            (set, "/x/llvm-cov", ""),
            (installed, &*component, ""),
            (versioned, "/W/bin/llvm-cov-22", ""),
            (adding, &*component, "rustup component add llvm-tools"),
            (debian, "/W/bin/llvm-cov-22", "apt-get install -y -qq --no-install-recommends llvm-22"),
        ] {
            let found = llvm(&machine.shell).unwrap().map(|path| path.display().to_string());
            let root = machine.path("").display().to_string();
            assert_eq!(found[0].replace(&root, "/W/"), cov);
            assert_eq!(found[1], found[0].replace("llvm-cov", "llvm-profdata"));
            assert_eq!(calls(&machine).pop().unwrap_or_default(), call);
        }
    }

    #[test]
    fn rustup_is_left_alone_where_set_up_is_forbidden_and_a_strange_compiler_is_told() {
        let forbidden = machine().program("rustup", "").var("CARGO_LLVM_COV_SETUP", "no");
        let error = llvm(&forbidden.shell).unwrap_err().to_string();
        for told in [
            "rustup: not asked, for CARGO_LLVM_COV_SETUP=no",
            "Debian's llvm-22: cannot install llvm-22: there is no apt-get here",
            "fix: `rustup component add llvm-tools`, or install llvm-22, or set LLVM_COV",
        ] {
            assert!(error.contains(told), "{error}");
        }
        assert_eq!(calls(&forbidden), [""; 0]);
        let strange = machine().program("rustc", "echo rustc 1.0");
        let error = llvm(&strange.shell).unwrap_err().to_string();
        assert_eq!(error, "cannot understand the answer of `rustc -vV`: rustc 1.0");
    }
}
