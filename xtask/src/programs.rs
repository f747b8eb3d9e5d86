//! The programs that the commands run: the product's, and the one test program of each source.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::SystemTime;

use crate::error::{Error, Result};
use crate::shell::Shell;

/// A folder of built programs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Programs(PathBuf);

/// The names of the sources that have a test program.
pub(crate) fn sources(root: &Path) -> Result<Vec<String>> {
    let folder = root.join("crates");
    let entries = fs::read_dir(&folder).map_err(Error::file("list", &folder))?;
    let names = entries.flatten().filter_map(|entry| {
        let name = entry.file_name().to_str()?.strip_prefix("source-")?.to_owned();
        entry.path().join("tests/source/main.rs").is_file().then_some(name)
    });
    let mut names: Vec<String> = names.collect();
    names.sort();
    Ok(names)
}

/// The sources that are named, or all of them.
pub(crate) fn named(root: &Path, names: &[String]) -> Result<Vec<String>> {
    let known = sources(root)?;
    match names.iter().find(|name| !known.contains(name)) {
        Some(unknown) => Err(Error::Usage(format!(
            "no source `{unknown}` with a test program; there are {}",
            known.join(", ")
        ))),
        None if names.is_empty() => Ok(known),
        None => Ok(names.to_vec()),
    }
}

impl Programs {
    /// The program, the embedded server's, and the test programs of these sources: those of a folder, or built.
    pub(crate) fn of(shell: &Shell, folder: Option<&Path>, names: &[String]) -> Result<Self> {
        if let Some(folder) = folder {
            return Ok(Self(shell.root.join(folder)));
        }
        // At once, so that both are built with the same features.
        let mut cargo = shell.command("cargo");
        cargo.args("build --locked --package connectors --package elastic-embedded --bins".split(' '));
        cargo.args(names.iter().flat_map(|name| ["--package".to_owned(), package(name)]));
        cargo.args(["--test", "source"].iter().filter(|_| !names.is_empty()));
        shell.stream(&mut cargo)?;
        Ok(Self::debug(shell))
    }

    /// The test program of a crate, built.
    pub(crate) fn build_tests(shell: &Shell, package: &str) -> Result<PathBuf> {
        let mut cargo = shell.command("cargo");
        shell.stream(cargo.args(["build", "--locked", "--package", package, "--test", "source"]))?;
        Self::debug(shell).tests(package)
    }

    /// Programs as cargo builds them for this machine, optimised.
    pub(crate) fn release(shell: &Shell) -> Self {
        Self(shell.target().join("release"))
    }

    fn debug(shell: &Shell) -> Self {
        Self(shell.target().join("debug"))
    }

    /// A program of the product, or an example.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    /// The test program of a crate, which cargo gives a name of its own: the newest that was made of its `tests/source`.
    pub(crate) fn tests(&self, package: &str) -> Result<PathBuf> {
        let folder = self.0.join("deps");
        let entries = fs::read_dir(&folder).map_err(Error::file("list", &folder))?;
        let of_package = format!("crates/{package}/tests/source");
        let programs = entries.flatten().filter_map(|entry| {
            let list = entry.path();
            let is_list = entry.file_name().to_str()?.starts_with("source-")
                && list.extension() == Some(OsStr::new("d"));
            let is_ours = is_list && fs::read_to_string(&list).ok()?.contains(&of_package);
            let program = list.with_extension("");
            let time: SystemTime = program.metadata().ok()?.modified().ok()?;
            is_ours.then_some((time, program))
        });
        programs.max().map(|(_, program)| program).ok_or_else(|| Error::Missing {
            what: format!("{} has no test program of {package}", folder.display()),
            fix: format!("cargo build --package {package} --test source"),
        })
    }

    /// The same, as a command in one of its modes, which may install what its server needs.
    pub(crate) fn mode(&self, shell: &Shell, (name, mode): (&str, &str)) -> Result<Command> {
        let mut command = shell.command(self.tests(&package(name))?);
        command.env("CONNECTORS_INSTALL", "1").arg(mode);
        Ok(command)
    }
}

/// The crate of a source.
pub(crate) fn package(name: &str) -> String {
    format!("source-{name}")
}

#[cfg(test)]
mod tests;
