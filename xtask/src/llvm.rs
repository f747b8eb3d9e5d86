//! The two programs that read coverage, in the major version of the compiler's own LLVM.

use std::path::{Path, PathBuf};

use crate::apt;
use crate::error::{Error, Result};
use crate::shell::Shell;

/// `llvm-cov` and `llvm-profdata`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Llvm {
    /// Reads coverage.
    pub(crate) cov: PathBuf,
    /// Merges profiles.
    pub(crate) profdata: PathBuf,
}

/// Finds or installs the two: those that the environment names, rustup's component, those on the search path under
/// their versioned names, rustup's component after adding it, Debian's package.
///
/// # Errors
/// When none of these ways leads to them; says what the last two answered.
pub(crate) fn ensure(shell: &Shell) -> Result<Llvm> {
    if let (Some(cov), Some(profdata)) = (shell.var("LLVM_COV"), shell.var("LLVM_PROFDATA")) {
        return Ok(Llvm { cov: cov.into(), profdata: profdata.into() });
    }
    let (host, major) = compiler(&shell.capture(shell.command("rustc").arg("-vV"))?)?;
    let sysroot = PathBuf::from(shell.capture(shell.command("rustc").args(["--print", "sysroot"]))?.trim());
    let component = sysroot.join("lib/rustlib").join(host).join("bin");
    if let Some(llvm) = within(&component).or_else(|| on_path(shell, &major)) {
        return Ok(llvm);
    }
    let by_rustup = add_component(shell);
    if let Some(llvm) = within(&component) {
        return Ok(llvm);
    }
    let package = format!("llvm-{major}");
    let by_apt = apt::install_first(shell, &[&package]).map(drop);
    on_path(shell, &major).ok_or_else(|| missing(&package, by_rustup, by_apt))
}

fn missing(package: &str, by_rustup: Result<()>, by_apt: Result<()>) -> Error {
    let answer =
        |outcome: Result<()>| outcome.map_or_else(|error| error.to_string(), |()| "not in it".into());
    let (rustup, apt) = (answer(by_rustup), answer(by_apt));
    Error::Missing {
        what: format!("no llvm-cov for this compiler.\n  rustup: {rustup}\n  Debian's {package}: {apt}"),
        fix: format!(
            "`rustup component add llvm-tools`, or install {package}, or set LLVM_COV and LLVM_PROFDATA to the two \
             programs of that major version"
        ),
    }
}

/// The host and the major version of LLVM that `rustc -vV` tells.
fn compiler(text: &str) -> Result<(String, String)> {
    let field = |name: &str| text.lines().find_map(|line| line.strip_prefix(name)).map(str::trim);
    let major = field("LLVM version:").and_then(|version| version.split('.').next());
    field("host:").zip(major).map(|(host, major)| (host.into(), major.into())).ok_or_else(|| Error::Format {
        what: "the answer of `rustc -vV`".into(),
        cause: text.trim().to_owned(),
    })
}

fn within(folder: &Path) -> Option<Llvm> {
    let llvm = Llvm { cov: folder.join("llvm-cov"), profdata: folder.join("llvm-profdata") };
    (llvm.cov.is_file() && llvm.profdata.is_file()).then_some(llvm)
}

fn on_path(shell: &Shell, major: &str) -> Option<Llvm> {
    let find = |name: &str| shell.find(&format!("{name}-{major}"));
    Some(Llvm { cov: find("llvm-cov")?, profdata: find("llvm-profdata")? })
}

// The variable that keeps cargo-llvm-cov from doing the same keeps us from it.
fn add_component(shell: &Shell) -> Result<()> {
    if shell.var("CARGO_LLVM_COV_SETUP") == Some("no") {
        return Err(Error::Usage("not asked, for CARGO_LLVM_COV_SETUP=no".into()));
    }
    shell.note("adding rustup's llvm-tools");
    shell.capture(shell.command("rustup").args(["component", "add", "llvm-tools"])).map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::Machine;

    const VERSION: &str =
        "rustc 1.95.0 (abc 2026-04-14)\nhost: x86_64-unknown-linux-gnu\nLLVM version: 22.1.2\n";
    const COMPONENT: &str = "sysroot/lib/rustlib/x86_64-unknown-linux-gnu/bin";

    /// A machine with a compiler of LLVM 22, whose sysroot is the folder `sysroot`.
    fn machine() -> Machine {
        let machine = Machine::new();
        let sysroot = machine.path("sysroot");
        let body = format!("if [ $1 = -vV ]; then echo '{VERSION}'; else echo '{}'; fi", sysroot.display());
        machine.program("rustc", &body)
    }

    /// A script that makes the two programs in a folder of the machine, by these names.
    fn making(machine: &Machine, folder: &str, ending: &str) -> String {
        let folder = machine.path(folder).display().to_string();
        format!(
            "mkdir -p '{folder}'; for name in llvm-cov llvm-profdata; do printf '#!/bin/sh' > '{folder}'/$name{ending}; \
             chmod 755 '{folder}'/$name{ending}; done"
        )
    }

    #[test]
    fn each_way_leads_to_the_two_programs() {
        let set = Machine::new().var("LLVM_COV", "/x/llvm-cov").var("LLVM_PROFDATA", "/x/llvm-profdata");
        let installed = machine();
        let both = ["llvm-cov", "llvm-profdata"].into_iter();
        both.for_each(|name| installed.script(installed.path(COMPONENT).join(name), ""));
        let versioned =
            machine().program("llvm-cov-22", "").program("llvm-profdata-22", "").program("llvm-cov", "");
        let adding = machine();
        let body = making(&adding, COMPONENT, "");
        let adding = adding.program("rustup", &body);
        let debian = machine().root().program("rustup", "exit 1").program("apt-cache", "");
        let body = making(&debian, "bin", "-22");
        let debian = debian.program("apt-get", &format!("if [ $1 = install ]; then {body}; fi"));
        for (machine, cov, call) in [
            (set, "/x/llvm-cov", ""),
            (
                installed,
                "/W/sysroot/lib/rustlib/x86_64-unknown-linux-gnu/bin/llvm-cov",
                "rustc --print sysroot",
            ),
            (versioned, "/W/bin/llvm-cov-22", "rustc --print sysroot"),
            (
                adding,
                "/W/sysroot/lib/rustlib/x86_64-unknown-linux-gnu/bin/llvm-cov",
                "rustup component add llvm-tools",
            ),
            (debian, "/W/bin/llvm-cov-22", "apt-get install -y -qq --no-install-recommends llvm-22"),
        ] {
            let llvm = ensure(&machine.shell).unwrap();
            let found =
                llvm.cov.display().to_string().replace(&machine.path("").display().to_string(), "/W/");
            assert_eq!((found.as_str(), machine.calls().pop().unwrap_or_default().as_str()), (cov, call));
            assert_eq!(
                llvm.profdata,
                PathBuf::from(llvm.cov.display().to_string().replace("llvm-cov", "llvm-profdata"))
            );
        }
    }

    #[test]
    fn rustup_is_left_alone_where_set_up_is_forbidden() {
        let machine = machine().program("rustup", "").var("CARGO_LLVM_COV_SETUP", "no");
        let error = ensure(&machine.shell).unwrap_err().to_string();
        for told in [
            "rustup: not asked, for CARGO_LLVM_COV_SETUP=no",
            "Debian's llvm-22: cannot install llvm-22: there is no apt-get here",
            "fix: `rustup component add llvm-tools`, or install llvm-22, or set LLVM_COV",
        ] {
            assert!(error.contains(told), "{error}");
        }
        assert!(machine.calls().iter().all(|call| !call.starts_with("rustup")));
    }

    #[test]
    fn an_answer_without_its_llvm_is_not_understood() {
        let machine = Machine::new().program("rustc", "echo rustc 1.0");
        let error = ensure(&machine.shell).unwrap_err().to_string();
        assert_eq!(error, "cannot understand the answer of `rustc -vV`: rustc 1.0");
    }
}
