//! `cargo xtask image`: the program's image, built and tried.

pub mod checks;
pub mod dockerfile;
pub mod ground;
pub mod layout;
pub mod names;
pub mod plan;
pub mod tls;

use std::fs;
use std::path::Path;

use crate::backend::{docker, ports, site};
use crate::cli::{Command, no_more_switches, take_switch};
use crate::error::{Error, Result};
use crate::shell::Shell;
use checks::{Ports, Subject};
use dockerfile::Dockerfile;
use ground::Ground;
use plan::Plan;

/// `cargo xtask image`.
pub const COMMAND: Command = Command {
    name: "image",
    usage: "[--built]",
    help: "Build the program's image, and try what it has to do.

Where a Docker engine answers, the image is built and tried in containers. Elsewhere docker/Dockerfile is read: the
program is built by the same command, the files that the image would hold are laid into an empty folder, and the
program runs there with that folder as its root, as the image's user (if we are root) and in the image's environment.

Tried are: the version, the health check, a sync of a folder into the embedded server, a search in it, and TLS to a
server with an authority of its own, found by the list of hosts and (if we are root) by DNS; and that an unknown
authority and an unknown host are refused.

  --built  without an engine: take the program of the last build as it is",
    run,
};

/// The first port that is tried for the TLS server.
const FIRST_PORT: u16 = 19_410;

fn run(shell: &Shell, arguments: &[String]) -> Result<()> {
    let mut arguments = arguments.to_vec();
    let is_built = take_switch(&mut arguments, "--built");
    no_more_switches(&arguments)?;
    if let Some(extra) = arguments.first() {
        return Err(Error::Usage(format!("unexpected `{extra}`; see --help")));
    }
    let plan = read(&shell.root)?;
    let ground = ground(shell, &plan, is_built)?;
    let turn = ports::turn(&site::temporary(shell))?;
    let [tls, _] = ports::two_free(FIRST_PORT)
        .ok_or_else(|| Error::Gate("no port is free for the TLS server".into()))?;
    let tried = Subject { shell, plan: &plan, ground: &ground }.all(Ports { tls, names: names::PORT });
    drop(turn);
    ground.end(shell);
    tried
}

fn read(root: &Path) -> Result<Plan> {
    let path = root.join("docker/Dockerfile");
    let text = fs::read_to_string(&path).map_err(Error::file("read", &path))?;
    Plan::of(&Dockerfile::parse(&text)?)
}

fn ground(shell: &Shell, plan: &Plan, is_built: bool) -> Result<Ground> {
    let folder = shell.target().join("image");
    if docker::answers(shell) {
        let tag = concat!("connectors:", env!("CARGO_PKG_VERSION"));
        return Ground::container(shell, tag.into(), folder.join("shared"));
    }
    if !is_built {
        let (program, arguments) = plan
            .build
            .split_first()
            .ok_or_else(|| Error::Gate("ENV BUILD of the Dockerfile is empty".into()))?;
        shell.stream(shell.command(program).args(arguments))?;
    }
    Ground::folder(shell, plan, &folder.join("files"))
}

#[cfg(test)]
mod tests;
