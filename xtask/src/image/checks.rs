//! What the image has to do, tried on its program.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

use serde_json::Value;

use super::ground::{Ground, HOST, SHARED};
use super::names::{self, Names};
use super::plan::Plan;
use super::tls;
use crate::error::{Error, Result};
use crate::shell::{Shell, line};

/// The files of the folder that is synced; the first one alone holds [`WORD`].
const FILES: [(&str, &str); 3] = [
    ("one.md", "A walrus in an image.\n"),
    ("two.txt", "Nothing of the kind.\n"),
    ("three.txt", "Nor here.\n"),
];
const WORD: &str = "walrus";
const INDEX: &str = "image-check";

/// The program in its place.
pub struct Subject<'a> {
    /// The machine.
    pub shell: &'a Shell,
    /// What the image is.
    pub plan: &'a Plan,
    /// Where it is run.
    pub ground: &'a Ground,
}

/// Where the servers of the checks listen, on the loopback interface.
#[derive(Clone, Copy)]
pub struct Ports {
    /// The one that speaks TLS.
    pub tls: u16,
    /// The one of names.
    pub names: u16,
}

impl Subject<'_> {
    /// Tries everything; each result is told.
    ///
    /// # Errors
    /// `Gate` with the first thing that the image does not do.
    pub fn all(&self, ports: Ports) -> Result<()> {
        let shared = self.ground.shared();
        share(&shared)?;
        self.version()?;
        self.health()?;
        self.sync()?;
        self.search()?;
        let server = tls::Server::start(self.shell, &shared, ports.tls)?;
        readable(&shared.join("authority.pem"), 0o644)?;
        self.tls(ports)?;
        drop(server);
        Ok(())
    }

    fn version(&self) -> Result<()> {
        let told = self.run(&["--version"])?;
        let wanted = concat!("connectors ", env!("CARGO_PKG_VERSION"));
        self.hold(told.trim() == wanted, &format!("tells its version: {}", told.trim()))
    }

    fn health(&self) -> Result<()> {
        let Some(arguments) = self.plan.health.strip_prefix(self.plan.entry.as_slice()) else {
            return Err(Error::Gate("its health check runs another program than it does".into()));
        };
        self.run(&arguments.iter().map(String::as_str).collect::<Vec<_>>())?;
        self.hold(true, &format!("is healthy by `{}`", self.plan.health.join(" ")))
    }

    fn sync(&self) -> Result<()> {
        let directory = format!("directory={SHARED}/docs");
        let report = self.json(&["sync", "dir", "--set", &directory, "--index", INDEX, "--json"])?;
        let (created, status) = (&report["created"], &report["status"]);
        let is_all = *created == FILES.len() && *status == "completed";
        self.hold(is_all, &format!("syncs a folder into its embedded server: created {created}, {status}"))
    }

    fn search(&self) -> Result<()> {
        let hits = self.json(&["search", INDEX, WORD, "--json"])?;
        let hits = hits.as_array().into_iter().flatten();
        let names: Vec<&str> = hits.filter_map(|hit| hit["source"]["name"].as_str()).collect();
        self.hold(
            names == [FILES[0].0],
            &format!("finds the one file with a word, in another process: {names:?}"),
        )
    }

    /// By a name of the list of hosts, by `localhost`, and by one of a name server; and not without the authority or for a name that leads nowhere.
    fn tls(&self, ports: Ports) -> Result<()> {
        let trusting = format!("{SHARED}/trusting.yml");
        let check = |host: &str| self.run(&["--config", &trusting, "--es", &url(host, ports.tls), "check"]);
        let names = Names::start(ports.names);
        if let Err(error) = &names {
            self.shell.note(format_args!("  not tried: a name that DNS tells ({}: {error})", names::ADDRESS));
        }
        for host in [HOST, "localhost"].into_iter().chain(names.is_ok().then_some(names::KNOWN)) {
            let told = check(host)?;
            let what = format!("speaks TLS to {host}: {}", told.trim());
            self.hold(told.contains("Elasticsearch 9.5.3"), &what)?;
        }
        self.refuses(
            &["--es", &url(HOST, ports.tls), "check"],
            ("a certificate of nobody it trusts", "UnknownIssuer"),
        )?;
        let lost = url("nowhere.invalid", ports.tls);
        self.refuses(
            &["--config", &trusting, "--es", &lost, "check"],
            ("a host that is not there", "nowhere.invalid"),
        )
    }

    /// It fails, and its message names the cause.
    fn refuses(&self, arguments: &[&str], (what, cause): (&str, &str)) -> Result<()> {
        let told = self.refusal(arguments)?;
        self.hold(
            told.contains(cause),
            &format!("refuses {what}: {}", told.trim().lines().last().unwrap_or_default()),
        )
    }

    fn run(&self, arguments: &[&str]) -> Result<String> {
        self.shell.capture(&mut self.program(arguments))
    }

    fn json(&self, arguments: &[&str]) -> Result<Value> {
        let text = self.run(arguments)?;
        serde_json::from_str(&text).map_err(|error| Error::Format {
            what: format!("the answer of `{}`", line(&self.program(arguments))),
            cause: error.to_string(),
        })
    }

    /// What the program says when it fails, as it must.
    fn refusal(&self, arguments: &[&str]) -> Result<String> {
        let mut command = self.program(arguments);
        let output = command.output().map_err(|cause| Error::Start { command: line(&command), cause })?;
        if output.status.success() {
            return Err(Error::Gate(format!("`{}` went well, and must not", line(&command))));
        }
        Ok(String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr))
    }

    fn program(&self, arguments: &[&str]) -> Command {
        self.ground.program(self.shell, self.plan, arguments)
    }

    fn hold(&self, holds: bool, what: &str) -> Result<()> {
        if !holds {
            return Err(Error::Gate(format!("the image: not as it must be: {what}")));
        }
        self.shell.say(format_args!("  ok  {what}"));
        Ok(())
    }
}

/// Lays out what the program is handed.
fn share(shared: &Path) -> Result<()> {
    let docs = shared.join("docs");
    fs::create_dir_all(&docs).map_err(Error::file("make", &docs))?;
    for (name, text) in FILES {
        write(&docs.join(name), text)?;
    }
    write(&shared.join("trusting.yml"), &format!("elasticsearch:\n  ca_certs: {SHARED}/authority.pem\n"))?;
    [shared, &docs].into_iter().try_for_each(|folder| readable(folder, 0o755))
}

fn write(file: &Path, text: &str) -> Result<()> {
    fs::write(file, text).map_err(Error::file("write", file))?;
    readable(file, 0o644)
}

/// Whatever our own mask says: the image's user is another one.
fn readable(path: &Path, mode: u32) -> Result<()> {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).map_err(Error::file("open up", path))
}

fn url(host: &str, port: u16) -> String {
    format!("https://{host}:{port}")
}

#[cfg(test)]
mod tests;
