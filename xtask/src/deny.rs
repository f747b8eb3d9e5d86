//! `cargo xtask deny`: licences, banned crates and sources of everything that we link.

use crate::cli::{Command, no_more_switches};
use crate::error::Result;
use crate::shell::Shell;
use crate::tools;

/// `cargo xtask deny`.
pub const COMMAND: Command = Command {
    name: "deny",
    usage: "",
    help: "Check licences, bans and sources of all dependencies against deny.toml.

Gets the pinned cargo-deny when it is not there.",
    run,
};

fn run(shell: &Shell, arguments: &[String]) -> Result<()> {
    no_more_switches(arguments)?;
    let deny = tools::ensure(shell, &tools::DENY)?;
    shell.stream(shell.command("cargo").args(["fetch", "--locked", "--quiet"]))?;
    let mut command = shell.command(deny);
    shell.stream(command.args([
        "--offline",
        "--locked",
        "check",
        "--hide-inclusion-graph",
        "licenses",
        "bans",
        "sources",
    ]))
}

#[cfg(test)]
mod tests;
