//! Packages of a Debian machine, for what Rust's own tools do not bring.

use std::path::PathBuf;
use std::process::Command;

use crate::error::{Error, Result};
use crate::shell::Shell;

/// Installs the first of `choices` that the package lists know, and returns its name.
///
/// # Errors
/// When this is no Debian machine, when neither root nor `sudo` is at hand, or when no choice can be had.
pub(crate) fn install_first<'a>(shell: &Shell, choices: &[&'a str]) -> Result<&'a str> {
    if shell.find("apt-get").is_none() {
        return Err(missing(choices, "there is no apt-get here"));
    }
    let apt_get = || privileged(shell).ok_or_else(|| missing(choices, "apt-get needs root or sudo"));
    shell.note(format_args!("looking for {} among Debian's packages", choices.join(" or ")));
    shell.capture(apt_get()?.args(["update", "-qq"]))?;
    let known = |name: &&&str| shell.succeeds(shell.command("apt-cache").args(["show", name]));
    let choice = choices.iter().find(known);
    let choice = choice.ok_or_else(|| missing(choices, "Debian's package lists do not have it"))?;
    shell.capture(apt_get()?.args(["install", "-y", "-qq", "--no-install-recommends", choice]))?;
    Ok(choice)
}

/// The path of `program`, brought in with the package `package` when it is not there.
///
/// # Errors
/// When the package cannot be installed.
pub(crate) fn program(shell: &Shell, program: &str, package: &str) -> Result<PathBuf> {
    if let Some(found) = shell.find(program) {
        return Ok(found);
    }
    install_first(shell, &[package])?;
    shell.find(program).ok_or_else(|| missing(&[package], "the package does not hold the program"))
}

fn privileged(shell: &Shell) -> Option<Command> {
    if shell.superuser {
        let mut command = shell.command("apt-get");
        command.env("DEBIAN_FRONTEND", "noninteractive");
        return Some(command);
    }
    let mut sudo = shell.command(shell.find("sudo")?);
    sudo.args(["--non-interactive", "DEBIAN_FRONTEND=noninteractive", "apt-get"]);
    Some(sudo)
}

fn missing(choices: &[&str], why: &str) -> Error {
    let names = choices.join(" or ");
    Error::Missing {
        what: format!("cannot install {names}: {why}"),
        fix: format!("install {names} yourself"),
    }
}

#[cfg(test)]
mod tests;
