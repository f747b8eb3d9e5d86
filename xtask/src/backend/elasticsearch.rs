//! Elasticsearch out of its distribution for integration tests: the server core, without the optional modules.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use super::java::{self, Java};
use super::{Backend, Installed, http, maven, site::Site};
use crate::apt;
use crate::error::{Error, Result};
use crate::shell::Shell;

const VERSION: &str = "9.5.3";
const JAVA: u32 = 21;
// The last line of versions that Java 17 runs.
const OLDER_VERSION: &str = "8.17.3";
const OLDER_JAVA: u32 = 17;
const ARTIFACT: &str = "org.elasticsearch.distribution.integ-test-zip:elasticsearch";

/// The table's entry.
pub const BACKEND: Backend = Backend {
    name: "elasticsearch",
    folder: "elasticsearch",
    version: VERSION,
    port_variable: "ELASTICSEARCH_PORT",
    first_port: 19_210,
    address: http::address,
    install,
    start,
    ready: http::cluster_is_healthy,
    patience: Duration::from_secs(120),
};

fn install(shell: &Shell, dir: &Path) -> Result<Installed> {
    let (version, java) = choose(shell, Path::new(java::FOLDER))?;
    let home = dir.join(format!("elasticsearch-{version}"));
    if !home.exists() {
        unpack(shell, version, dir)?;
    }
    Ok(Installed { version: version.into(), home, runtime: java.home })
}

fn choose(shell: &Shell, folder: &Path) -> Result<(&'static str, Java)> {
    let cause = match java::at_least(shell, folder, JAVA) {
        Ok(java) => return Ok((VERSION, java)),
        Err(cause) => cause,
    };
    let Some(older) = java::choose(&java::installed(shell, folder), OLDER_JAVA) else { return Err(cause) };
    shell.note(format_args!("elasticsearch: taking {OLDER_VERSION} instead of {VERSION}: {cause}"));
    Ok((OLDER_VERSION, older))
}

// Unpacked beside its place and then moved there, so that a broken-off installation is not taken for a whole one.
fn unpack(shell: &Shell, version: &str, dir: &Path) -> Result<()> {
    shell.note(format_args!("elasticsearch: getting {version} from Maven Central"));
    let download = dir.join("download");
    maven::copy(shell, &format!("{ARTIFACT}:{version}:zip"), &download)?;
    let unzip = apt::program(shell, "unzip", "unzip")?;
    let archive = download.join(format!("elasticsearch-{version}.zip"));
    shell.capture(shell.command(unzip).arg("-qo").arg(&archive).arg("-d").arg(&download))?;
    let (from, to) =
        (download.join(format!("elasticsearch-{version}")), dir.join(format!("elasticsearch-{version}")));
    fs::rename(&from, &to).map_err(Error::file("move", &from))?;
    fs::remove_dir_all(&download).map_err(Error::file("remove", &download))
}

fn start(shell: &Shell, installed: &Installed, site: &Site) -> Result<Command> {
    let [port, transport] = site.ports;
    let run = site.run.display();
    let mut command = shell.command(installed.home.join("bin/elasticsearch"));
    command.env("ES_JAVA_HOME", &installed.runtime).env("ES_JAVA_OPTS", "-Xms1g -Xmx1g");
    command.env("ES_TMPDIR", site.run.join("tmp")).env("HOME", &site.run).current_dir(&site.run);
    let settings = [
        format!("http.port={port}"),
        format!("transport.port={transport}"),
        format!("path.data={run}/data"),
        format!("path.logs={run}/logs"),
        "network.host=127.0.0.1".into(),
        "discovery.type=single-node".into(),
        "xpack.security.enabled=false".into(),
        "cluster.routing.allocation.disk.threshold_enabled=false".into(),
    ];
    for setting in settings {
        command.arg("-E").arg(setting);
    }
    Ok(command)
}

#[cfg(test)]
mod tests;
