//! The same servers as containers, where a Docker engine answers.

use std::process::Command;

use super::Backend;
use crate::error::Result;
use crate::shell::Shell;

/// Whether a Docker engine answers.
#[must_use]
pub fn answers(shell: &Shell) -> bool {
    shell.find("docker").is_some() && shell.succeeds(shell.command("docker").arg("info"))
}

/// Starts the backend's containers with its port bound to `port`, and waits for their health checks.
///
/// # Errors
/// With what Docker said.
pub fn up(shell: &Shell, backend: &Backend, port: u16) -> Result<()> {
    let patience = backend.patience.as_secs().to_string();
    let mut command = compose(shell, backend);
    command.args(["up", "--detach", "--wait", "--wait-timeout", &patience]);
    shell.capture(command.env(backend.port_variable, port.to_string())).map(drop)
}

/// Stops and removes the backend's containers and their data.
///
/// # Errors
/// With what Docker said.
pub fn down(shell: &Shell, backend: &Backend) -> Result<()> {
    shell.capture(compose(shell, backend).args(["down", "--volumes"])).map(drop)
}

/// Whether a container of the backend runs.
#[must_use]
pub fn is_up(shell: &Shell, backend: &Backend) -> bool {
    shell
        .capture(compose(shell, backend).args(["ps", "--quiet", "--status", "running"]))
        .is_ok_and(|ids| !ids.trim().is_empty())
}

fn compose(shell: &Shell, backend: &Backend) -> Command {
    let mut command = shell.command("docker");
    command.args(["compose", "--file", &format!("docker/{}/compose.yml", backend.folder)]);
    command
}

#[cfg(test)]
mod tests;
