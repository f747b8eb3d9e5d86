//! `throttle`: a source calls its backend through core's client or a pool, as fast as its settings allow.

use syn::visit::Visit;

use super::finding::{Code, Finding};
use super::rust::{self, Call, Module};
use super::settings::Setting;
use super::workspace::{SourceCrate, Workspace};

/// HTTP clients, which core's own one takes the place of.
const CLIENTS: [&str; 12] = [
    "reqwest",
    "hyper",
    "hyper-util",
    "ureq",
    "isahc",
    "surf",
    "curl",
    "awc",
    "attohttpc",
    "minreq",
    "reqwest-middleware",
    "hyper-rustls",
];

/// Drivers that keep a pool of connections.
const POOLED: [&str; 14] = [
    "mongodb",
    "sqlx",
    "tokio-postgres",
    "deadpool-postgres",
    "deadpool",
    "bb8",
    "mysql_async",
    "redis",
    "fred",
    "tiberius",
    "scylla",
    "oracle",
    "ldap3",
    "async-imap",
];

/// Methods of core's client that limit it, and what each limits.
const LIMITS: [(&str, &str); 2] = [("rate", "calls in a second"), ("concurrency", "calls at the same time")];

pub(super) fn check(workspace: &Workspace) -> Vec<Finding> {
    workspace.sources.iter().flat_map(|source| of_source(workspace, source)).collect()
}

fn of_source(workspace: &Workspace, source: &SourceCrate) -> Vec<Finding> {
    let settings = source.settings.as_deref().unwrap_or_default();
    let calls: Vec<(&str, Call)> = source
        .modules
        .iter()
        .flat_map(|module| rust::calls(module).into_iter().map(|call| (module.path.as_str(), call)))
        .collect();
    let mut findings = own_clients(workspace, source);
    findings.extend(literal_limits(&calls, settings));
    findings.extend(unlimited(&calls));
    findings.extend(pool(workspace, source, settings));
    findings
}

fn own_clients(workspace: &Workspace, source: &SourceCrate) -> Vec<Finding> {
    let help = "use the client of connectors_core::http: it limits, retries and hides secrets";
    let path = source.path("Cargo.toml");
    let member = workspace.members.iter().find(|member| member.name == source.package);
    let declared =
        member.into_iter().flat_map(|member| &member.dependencies).filter(|dependency| !dependency.is_dev);
    let mut findings: Vec<Finding> = declared
        .filter(|dependency| CLIENTS.contains(&dependency.package.as_str()))
        .map(|dependency| {
            let name = &dependency.package;
            let line = workspace.line(&path, |line| line.trim_start().starts_with(name.as_str()));
            Finding::new(
                Code::Throttle,
                (&path, line),
                format!("{} has an HTTP client of its own: {name}", source.package),
                help,
            )
        })
        .collect();
    for module in &source.modules {
        let mut named = Named(Vec::new());
        if let Ok(file) = &module.file {
            named.visit_file(file);
        }
        let told = named.0.into_iter().map(|(line, name)| {
            Finding::new(Code::Throttle, (&module.path, line), format!("names the HTTP client {name}"), help)
        });
        findings.extend(told);
    }
    findings
}

/// Paths that begin with the name of an HTTP client.
struct Named(Vec<(usize, String)>);

impl Named {
    fn add(&mut self, ident: &syn::Ident) {
        let name = ident.to_string();
        if CLIENTS.iter().any(|client| client.replace('-', "_") == name) {
            self.0.push((rust::line(ident.span()), name));
        }
    }
}

impl<'a> Visit<'a> for Named {
    fn visit_path(&mut self, path: &'a syn::Path) {
        if let Some(first) = path.segments.first().filter(|_| path.segments.len() > 1) {
            self.add(&first.ident);
        }
        syn::visit::visit_path(self, path);
    }

    fn visit_use_path(&mut self, path: &'a syn::UsePath) {
        self.add(&path.ident);
    }
}

/// A limit that no setting reaches.
fn literal_limits(calls: &[(&str, Call)], settings: &[Setting]) -> Vec<Finding> {
    let is_setting = |name: &String| settings.iter().any(|setting| setting.name == *name);
    let mut findings = Vec::new();
    for (path, call) in calls {
        let Some((_, what)) = LIMITS.into_iter().find(|(name, _)| call.name == *name) else { continue };
        if !call.fields.iter().any(is_setting) {
            let message = format!("`{}` ({what}) is not taken from a setting", call.name);
            let help = format!("declare a setting in src/config.rs and hand in `config.{}`", call.name);
            findings.push(Finding::new(Code::Throttle, (*path, call.line), message, help));
        }
    }
    findings
}

/// A client of core's without its limits.
fn unlimited(calls: &[(&str, Call)]) -> Vec<Finding> {
    let Some((path, made)) = calls.iter().find(|(_, call)| call.name == "http") else { return Vec::new() };
    let missing = LIMITS.into_iter().filter(|(name, _)| !calls.iter().any(|(_, call)| call.name == *name));
    missing
        .map(|(name, what)| {
            let message = format!("nothing limits the {what}");
            let help = format!("hand a setting to the client: `.{name}(config.{name})`");
            Finding::new(Code::Throttle, (*path, made.line), message, help)
        })
        .collect()
}

/// The size of a pool of connections is a setting, and the code reads it.
fn pool(workspace: &Workspace, source: &SourceCrate, settings: &[Setting]) -> Option<Finding> {
    let member = workspace.members.iter().find(|member| member.name == source.package)?;
    let driver = member
        .dependencies
        .iter()
        .find(|dependency| !dependency.is_dev && POOLED.contains(&dependency.package.as_str()))?;
    let is_size = |setting: &&Setting| {
        let named = ["connections", "pool"].iter().any(|word| setting.name.contains(word));
        named && setting.kind.starts_with("whole number")
    };
    let path = source.path("src/config.rs");
    let help = "declare `max_connections: u32`, and hand it to the driver's pool";
    let Some(size) = settings.iter().find(is_size) else {
        let message = format!("how many connections {} opens is no setting", driver.package);
        return Some(Finding::new(Code::Throttle, (path, 1), message, help));
    };
    let is_read = |module: &Module| {
        let code = workspace.text(&module.path);
        module.path != path && code.contains(&format!(".{}", size.name))
    };
    if source.modules.iter().any(is_read) {
        return None;
    }
    Some(Finding::new(Code::Throttle, (path, size.line), format!("nothing reads `{}`", size.name), help))
}
