//! The same server as a container.

use std::path::PathBuf;
use std::process::Command;

use super::machine::{Machine, quoted};

/// A compose file of this repository.
#[derive(Clone, Copy, Debug)]
pub(super) struct Compose {
    /// Its folder in `docker/`.
    pub(super) folder: &'static str,
    /// The variable that chooses its port.
    pub(super) port_variable: &'static str,
}

impl Compose {
    pub(super) fn file(self, machine: &Machine) -> PathBuf {
        machine.root.join("docker").join(self.folder).join("compose.yml")
    }

    /// The version of its image.
    pub(super) fn version(self, machine: &Machine) -> String {
        let text = std::fs::read_to_string(self.file(machine)).unwrap_or_default();
        let image = text.lines().find_map(|line| line.trim().strip_prefix("image: "));
        image.and_then(|image| image.rsplit_once(':')).map_or("?", |(_, tag)| tag).to_owned()
    }

    /// The command that runs the containers until it is ended, and the line that removes them and their data.
    pub(super) fn commands(self, machine: &Machine, port: u16) -> (Command, String) {
        let project = format!("connectors-{}-{port}", self.folder);
        let compose = |last: &[&str]| {
            let mut command = machine.command("docker");
            command.args(["compose", "--project-name", &project, "--file"]).arg(self.file(machine));
            command.args(last);
            command
        };
        let mut up = compose(&["up"]);
        up.env(self.port_variable, port.to_string());
        (up, quoted(&compose(&["down", "--volumes"])))
    }
}
