//! Where the image's program is run: in a container, or in a folder that holds the image's files and nothing else.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::layout;
use super::names;
use super::plan::Plan;
use crate::error::{Error, Result};
use crate::shell::Shell;

/// A name that only the image's list of hosts knows.
pub const HOST: &str = "elasticsearch.image.test";

/// Where the program sees what a check hands it.
pub const SHARED: &str = "/check";

/// A place to run the program in.
pub enum Ground {
    /// A folder that becomes the root of its file system.
    Folder(PathBuf),
    /// Containers of an image.
    Container {
        /// The image's name and tag.
        image: String,
        /// The folder of this machine that they see as [`SHARED`].
        shared: PathBuf,
    },
}

/// What every container runtime gives a program beside the image's files.
const DEVICES: [&str; 5] = ["null", "zero", "full", "random", "urandom"];
const RUNTIME_PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// Shows the machine's devices in a root, and makes that the root of a program.
const ENTER: &str = "set -e; for device in \"$0\"/dev/*; do mount --bind \"/dev/${device##*/}\" \"$device\"; done; \
                     exec chroot \"$@\"";

/// The volume that holds the data of one run of the checks.
const VOLUME: &str = "connectors-image-check";

impl Ground {
    /// Lays the image's files into a folder, and what a container runtime adds to them.
    ///
    /// # Errors
    /// When a file is not there or can't be written.
    pub fn folder(shell: &Shell, plan: &Plan, root: &Path) -> Result<Self> {
        let size = layout::lay(shell, plan, root)?;
        runtime(root).map_err(Error::file("fill", root))?;
        let how = if shell.superuser { "a plain user" } else { "you" };
        shell.say(format_args!(
            "no Docker engine answers: the image's files ({} MB) are run as {how}, with {} as their root",
            size >> 20,
            root.display()
        ));
        Ok(Self::Folder(root.to_owned()))
    }

    /// Builds the image, with a new volume for its data.
    ///
    /// # Errors
    /// With what Docker said.
    pub fn container(shell: &Shell, image: String, shared: PathBuf) -> Result<Self> {
        let mut docker = shell.command("docker");
        docker.args(["build", "--file", "docker/Dockerfile", "--tag", &image, "."]);
        shell.stream(docker.env("DOCKER_BUILDKIT", "1"))?;
        remove_volume(shell);
        shell.say(format_args!("{image} is built"));
        Ok(Self::Container { image, shared })
    }

    /// The folder that the program sees as [`SHARED`], readable by anybody.
    #[must_use]
    pub fn shared(&self) -> PathBuf {
        match self {
            Self::Folder(root) => root.join(SHARED.trim_start_matches('/')),
            Self::Container { shared, .. } => shared.clone(),
        }
    }

    /// The program with these arguments, as the image's user and in its environment.
    #[must_use]
    pub fn program(&self, shell: &Shell, plan: &Plan, arguments: &[&str]) -> Command {
        let mut command = match self {
            Self::Folder(root) => in_folder(shell, plan, root),
            Self::Container { image, shared } => in_container(shell, image, shared),
        };
        command.args(arguments);
        command
    }

    /// Gives back what it holds.
    pub fn end(&self, shell: &Shell) {
        if let Self::Container { .. } = self {
            remove_volume(shell);
        }
    }
}

/// What a container runtime lays beside the image's files: names of hosts, and places for devices.
fn runtime(root: &Path) -> std::io::Result<()> {
    fs::create_dir_all(root.join("etc"))?;
    fs::write(root.join("etc/hosts"), format!("127.0.0.1 localhost {HOST}\n::1 localhost\n"))?;
    fs::write(root.join("etc/resolv.conf"), format!("nameserver {}\n", names::ADDRESS))?;
    fs::create_dir_all(root.join("dev"))?;
    DEVICES.iter().try_for_each(|device| fs::write(root.join("dev").join(device), ""))
}

/// Only root may become somebody else; others are root of a namespace of their own, and themselves outside of it.
fn in_folder(shell: &Shell, plan: &Plan, root: &Path) -> Command {
    let mut command = shell.command("unshare");
    command
        .env_clear()
        .env("PATH", RUNTIME_PATH)
        .envs(plan.environment.iter().map(|(name, value)| (name, value)));
    if !shell.superuser {
        command.args(["--user", "--map-root-user"]);
    }
    command.args(["--mount", "--", "/bin/sh", "-c", ENTER]).arg(root);
    if shell.superuser {
        command.arg(format!("--userspec={}:{}", plan.user.0, plan.user.1)).arg("--groups=");
    }
    command.arg(root).args(&plan.entry);
    command
}

/// On the host's network, since the servers of the checks listen on its loopback interface.
fn in_container(shell: &Shell, image: &str, shared: &Path) -> Command {
    let mut docker = shell.command("docker");
    docker.args(["run", "--rm", "--network", "host", "--add-host"]).arg(format!("{HOST}:127.0.0.1"));
    docker.arg("--dns").arg(names::ADDRESS.to_string());
    docker.arg("--volume").arg(format!("{}:{SHARED}:ro", shared.display()));
    docker.arg("--volume").arg(format!("{VOLUME}:/data")).arg(image);
    docker
}

/// There may be none.
fn remove_volume(shell: &Shell) {
    let _ = shell.succeeds(shell.command("docker").args(["volume", "rm", "--force", VOLUME]));
}

#[cfg(test)]
mod tests;
