//! `throttle`: a source calls its backend through core's client or a pool, as fast as its settings allow.

use super::finding::Findings;
use super::settings::Setting;
use super::tokens::{self, Call, Seen};
use super::workspace::{SourceCrate, Workspace};

/// HTTP clients, which core's own one takes the place of.
const CLIENTS: &str =
    "reqwest hyper hyper-util ureq isahc surf curl awc attohttpc minreq reqwest-middleware hyper-rustls";

/// Drivers that keep a pool of connections.
const POOLED: &str = "mongodb sqlx tokio-postgres deadpool-postgres deadpool bb8 mysql_async redis fred tiberius scylla oracle \
                      ldap3 async-imap";

/// Methods of core's client that limit it, and what each limits.
const LIMITS: [(&str, &str); 2] = [("rate", "calls in a second"), ("concurrency", "calls at the same time")];

pub(super) fn check(workspace: &Workspace, out: &mut Findings) {
    for source in &workspace.sources {
        own_clients(workspace, source, out);
        limits(source, out);
        pool(workspace, source, out);
    }
}

/// The packages that a source depends on outside of its tests.
fn shipped<'a>(workspace: &'a Workspace, source: &SourceCrate) -> impl Iterator<Item = &'a str> {
    let member = workspace.members.iter().find(|member| member.name == source.package);
    let dependencies = member.into_iter().flat_map(|member| &member.dependencies);
    dependencies.filter(|dependency| !dependency.is_dev).map(|dependency| dependency.package.as_str())
}

fn is_one_of(names: &str, name: &str) -> bool {
    names.split_whitespace().any(|other| other == name)
}

fn own_clients(workspace: &Workspace, source: &SourceCrate, out: &mut Findings) {
    let help = "use the client of connectors_core::http: it limits, retries and hides secrets";
    let path = source.path("Cargo.toml");
    for name in shipped(workspace, source).filter(|name| is_one_of(CLIENTS, name)) {
        let line = workspace.line(&path, |line| line.trim_start().starts_with(name));
        out.add((&path, line), format!("{} has an HTTP client of its own: {name}", source.package), help);
    }
    for module in &source.modules {
        for (name, line) in Seen::in_file(module).crates {
            if is_one_of(CLIENTS, &name.replace('_', "-")) {
                out.add((&module.path, line), format!("names the HTTP client {name}"), help);
            }
        }
    }
}

/// Each limit of core's client is set where there is a client, and taken from a setting.
fn limits(source: &SourceCrate, out: &mut Findings) {
    let settings = source.settings.as_deref().unwrap_or_default();
    let is_setting = |name: &String| settings.iter().any(|setting| setting.name == *name);
    let modules = source.modules.iter();
    let calls: Vec<(&str, Call)> = modules
        .flat_map(|module| tokens::calls(module).into_iter().map(|call| (module.path.as_str(), call)))
        .collect();
    let client = calls.iter().find(|(_, call)| call.name == "http");
    for (name, what) in LIMITS {
        let set: Vec<_> = calls.iter().filter(|(_, call)| call.name == name).collect();
        for (path, call) in set.iter().filter(|(_, call)| !call.fields.iter().any(is_setting)) {
            let help = format!("declare a setting in src/config.rs and hand in `config.{name}`");
            out.add((*path, call.line), format!("`{name}` ({what}) is not taken from a setting"), help);
        }
        if let Some((path, made)) = client.filter(|_| set.is_empty()) {
            let help = format!("hand a setting to the client: `.{name}(config.{name})`");
            out.add((*path, made.line), format!("nothing limits the {what}"), help);
        }
    }
}

/// The size of a pool of connections is a setting, and the code reads it.
fn pool(workspace: &Workspace, source: &SourceCrate, out: &mut Findings) {
    let Some(driver) = shipped(workspace, source).find(|name| is_one_of(POOLED, name)) else { return };
    let is_size = |setting: &&Setting| {
        let named = ["connections", "pool"].iter().any(|word| setting.name.contains(word));
        named && setting.kind.starts_with("whole number")
    };
    let path = source.path("src/config.rs");
    let help = "declare `max_connections: u32`, and hand it to the driver's pool";
    let Some(size) = source.settings.iter().flatten().find(is_size) else {
        return out.add((path, 1), format!("how many connections {driver} opens is no setting"), help);
    };
    let read = format!(".{}", size.name);
    let mut others = source.modules.iter().filter(|module| module.path != path);
    if !others.any(|module| workspace.text(&module.path).contains(&read)) {
        out.add((path, size.line), format!("nothing reads `{}`", size.name), help);
    }
}
