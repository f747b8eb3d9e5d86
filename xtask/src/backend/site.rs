//! Where a server lives, and as whom it runs.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::error::{Error, Result};
use crate::shell::Shell;

/// The system user that servers run as when we are root, which they refuse to be.
pub const USER: &str = "connectors-backend";

/// The folders and ports of one server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Site {
    /// Its files, installed once.
    pub dir: PathBuf,
    /// Its data, made anew at each start.
    pub run: PathBuf,
    /// Its own port, and one more for what it needs besides.
    pub ports: [u16; 2],
}

/// The folder that holds the record and the log of the backend `name`: under the build folder.
#[must_use]
pub fn state(shell: &Shell, name: &str) -> PathBuf {
    shell.target().join("backends").join(name)
}

/// The folder for the files of the backend `name`: the same, unless servers run as another user who cannot reach
/// it; then one of this workspace's own in the temporary folder.
#[must_use]
pub fn files(shell: &Shell, name: &str) -> PathBuf {
    let state = state(shell, name);
    if !shell.superuser || state.ancestors().skip(1).all(others_may_pass) {
        return state;
    }
    let elsewhere =
        temporary(shell).join(format!("connectors-backends-{:016x}", number(&shell.root))).join(name);
    shell.note(format_args!(
        "{name}: other users cannot reach {}, so its files go to {}",
        state.display(),
        elsewhere.display()
    ));
    elsewhere
}

/// The machine's folder for temporary files.
#[must_use]
pub fn temporary(shell: &Shell) -> PathBuf {
    shell.var("TMPDIR").map_or("/tmp".into(), PathBuf::from)
}

// FNV-1a: the folder must be the same in every run.
fn number(path: &Path) -> u64 {
    let bytes = path.as_os_str().as_encoded_bytes();
    bytes
        .iter()
        .fold(0xcbf2_9ce4_8422_2325, |sum, byte| (sum ^ u64::from(*byte)).wrapping_mul(0x100_0000_01b3))
}

fn others_may_pass(folder: &Path) -> bool {
    folder.metadata().map_or(true, |meta| meta.permissions().mode() & 0o001 != 0)
}

/// Makes an empty folder for a server's data, with a `tmp` in it.
///
/// # Errors
/// When the old one cannot be removed or the new one cannot be made.
pub fn empty_run_folder(run: &Path) -> Result<()> {
    if run.exists() {
        fs::remove_dir_all(run).map_err(Error::file("remove", run))?;
    }
    fs::create_dir_all(run.join("tmp")).map_err(Error::file("make", run))
}

/// Gives the server's folders to the user that it runs as, when that is not us.
///
/// # Errors
/// When the user cannot be made or the folders cannot be handed over.
pub fn hand_over(shell: &Shell, folders: &[&Path]) -> Result<()> {
    if !shell.superuser {
        return Ok(());
    }
    if !shell.succeeds(shell.command("id").arg(USER)) {
        shell.capture(shell.command("useradd").args([
            "--system",
            "--no-create-home",
            "--user-group",
            USER,
        ]))?;
    }
    shell.capture(shell.command("chown").args(["-R", &format!("{USER}:{USER}")]).args(folders)).map(drop)
}

/// `command`, run as the user that servers run as.
#[must_use]
pub fn unprivileged(shell: &Shell, command: Command) -> Command {
    if !shell.superuser {
        return command;
    }
    let mut wrapped = shell.command("setpriv");
    wrapped.args(["--reuid", USER, "--regid", USER, "--clear-groups", "--"]);
    wrapped.arg(command.get_program()).args(command.get_args());
    for (name, value) in command.get_envs() {
        match value {
            Some(value) => wrapped.env(name, value),
            None => wrapped.env_remove(name),
        };
    }
    if let Some(folder) = command.get_current_dir() {
        wrapped.current_dir(folder);
    }
    wrapped
}

#[cfg(test)]
mod tests;
