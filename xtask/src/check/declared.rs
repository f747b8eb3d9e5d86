//! `declared`: a source stands in `config.yml` and in the program's manifest, and nothing stands there that is none.

use serde_yaml::Value;

use super::finding::{Code, Finding};
use super::manifest;
use super::workspace::{SourceCrate, Workspace};

const CONFIG: &str = "config.yml";
const PROGRAM: &str = "crates/connectors/Cargo.toml";

pub(super) fn check(workspace: &Workspace) -> Vec<Finding> {
    let table = match table(workspace) {
        Ok(table) => table,
        Err(finding) => return vec![finding],
    };
    let mut findings: Vec<Finding> = table.iter().filter_map(|entry| known(workspace, entry)).collect();
    for source in &workspace.sources {
        findings.extend(in_config(source, &table));
        findings.extend(named(source));
        findings.extend(in_program(workspace, source));
    }
    findings.extend(strangers(workspace));
    findings
}

/// Service type and crate, from the table `sources:`.
fn table(workspace: &Workspace) -> Result<Vec<(String, String)>, Finding> {
    let broken = |line, message: String| {
        let help = "keep a table `sources:` of lines `service type: crate`";
        Finding::new(Code::Declared, (CONFIG, line), message, help)
    };
    let config: Value = serde_yaml::from_str(workspace.text(CONFIG))
        .map_err(|error| broken(error.location().map_or(1, |at| at.line()), error.to_string()))?;
    let sources = config.get("sources").and_then(Value::as_mapping);
    let sources = sources.ok_or_else(|| broken(1, "there is no table `sources:`".into()))?;
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    Ok(sources.iter().map(|(service, package)| (text(service), text(package))).collect())
}

fn entry_line(workspace: &Workspace, service: &str, package: &str) -> usize {
    workspace.line(CONFIG, |line| {
        line.split_once(':').is_some_and(|(key, value)| {
            key.trim().trim_matches('"') == service
                && value.split('#').next().unwrap_or_default().trim() == package
        })
    })
}

fn known(workspace: &Workspace, (service, package): &(String, String)) -> Option<Finding> {
    let line = entry_line(workspace, service, package);
    let found = |message, help| Some(Finding::new(Code::Declared, (CONFIG, line), message, help));
    let Some(source) = workspace.sources.iter().find(|source| source.package == *package) else {
        let message = format!("`{service}` names the crate `{package}`, which is no source of the workspace");
        return found(message, format!("remove the line, or add crates/{package}"));
    };
    match &source.service_type {
        Some(name) if name != service => {
            let message = format!("`{package}` calls itself `{name}` and not `{service}`");
            found(message, "write the service type that `Connector::NAME` states".into())
        }
        _ => None,
    }
}

fn in_config(source: &SourceCrate, table: &[(String, String)]) -> Option<Finding> {
    if table.iter().any(|(_, package)| *package == source.package) {
        return None;
    }
    let service = source.service_type.as_deref().unwrap_or("SERVICE TYPE");
    let message = format!("`sources:` does not name {}", source.package);
    let help = format!("add the line `{service}: {}` to the table", source.package);
    Some(Finding::new(Code::Declared, (CONFIG, 1), message, help))
}

fn named(source: &SourceCrate) -> Option<Finding> {
    if source.service_type.is_some() {
        return None;
    }
    let message = format!("no `impl Connector` of {} states a NAME", source.package);
    let help = "write `const NAME: &'static str = \"…\";`, the service type as a literal";
    Some(Finding::new(Code::Declared, (source.path("src/source.rs"), 1), message, help))
}

fn in_program(workspace: &Workspace, source: &SourceCrate) -> Vec<Finding> {
    let (text, package) = (workspace.text(PROGRAM), source.package.as_str());
    let entries = manifest::dependencies(text);
    let entry = entries.iter().find(|entry| entry.kind == "dependencies" && entry.name == package);
    let feature = manifest::list_at(text, &["features", package]).unwrap_or_default();
    let default = manifest::list_at(text, &["features", "default"]).unwrap_or_default();
    let line = entry.map_or(1, |entry| entry.line);
    let faults = [
        (
            entry.is_none_or(|entry| !entry.is("optional")),
            format!("`{package} = {{ workspace = true, optional = true }}` to [dependencies]"),
        ),
        (feature != [format!("dep:{package}")], format!("`{package} = [\"dep:{package}\"]` to [features]")),
        (!default.iter().any(|name| name == package), format!("`{package}` to the feature `default`")),
    ];
    let missing = faults.into_iter().filter(|(is_missing, _)| *is_missing);
    missing
        .map(|(_, what)| {
            let message = format!("the program does not take {package} as a feature of its name");
            Finding::new(Code::Declared, (PROGRAM, line), message, format!("add {what}"))
        })
        .collect()
}

/// Sources that the program's manifest names and that are no crates.
fn strangers(workspace: &Workspace) -> Vec<Finding> {
    let text = workspace.text(PROGRAM);
    let entries = manifest::dependencies(text);
    let is_crate = |name: &str| workspace.sources.iter().any(|source| source.package == name);
    let strangers =
        entries.iter().filter(|entry| entry.name.starts_with("source-") && !is_crate(&entry.name));
    strangers
        .map(|entry| {
            let message = format!("`{}` is no crate of the workspace", entry.name);
            Finding::new(Code::Declared, (PROGRAM, entry.line), message, "remove it and its feature")
        })
        .collect()
}
