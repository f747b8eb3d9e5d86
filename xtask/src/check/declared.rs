//! `declared`: a source stands in `config.yml` and in the program's manifest, and nothing stands there that is none.

use serde_yaml::Value;

use super::finding::Findings;
use super::manifest;
use super::workspace::{SourceCrate, Workspace};

const CONFIG: &str = "config.yml";
const PROGRAM: &str = "crates/connectors/Cargo.toml";

pub(super) fn check(workspace: &Workspace, out: &mut Findings) {
    let table = match table(workspace.text(CONFIG)) {
        Ok(table) => table,
        Err((line, message)) => {
            return out.add(
                (CONFIG, line),
                message,
                "keep a table `sources:` of lines `service type: crate`",
            );
        }
    };
    table.iter().for_each(|(service, package)| known(workspace, (service, package), out));
    for source in &workspace.sources {
        in_config(source, &table, out);
        in_program(workspace, source, out);
    }
    let is_crate = |name: &str| workspace.sources.iter().any(|source| source.package == name);
    let entries = manifest::dependencies(workspace.text(PROGRAM));
    for entry in entries.iter().filter(|entry| entry.name.starts_with("source-") && !is_crate(&entry.name)) {
        let message = format!("`{}` is no crate of the workspace", entry.name);
        out.add((PROGRAM, entry.line), message, "remove it and its feature");
    }
}

/// Service type and crate, from the table `sources:`; else the line and the fault.
fn table(text: &str) -> Result<Vec<(String, String)>, (usize, String)> {
    let config: Value = serde_yaml::from_str(text)
        .map_err(|error| (error.location().map_or(1, |at| at.line()), error.to_string()))?;
    let sources = config.get("sources").and_then(Value::as_mapping);
    let sources = sources.ok_or((1, "there is no table `sources:`".to_owned()))?;
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    Ok(sources.iter().map(|(service, package)| (text(service), text(package))).collect())
}

fn known(workspace: &Workspace, (service, package): (&str, &str), out: &mut Findings) {
    let line = workspace.line(CONFIG, |line| {
        line.split_once(':').is_some_and(|(key, value)| {
            let value = value.split('#').next().unwrap_or_default().trim();
            key.trim().trim_matches('"') == service && value == package
        })
    });
    match workspace.sources.iter().find(|source| source.package == package) {
        None => {
            let message =
                format!("`{service}` names the crate `{package}`, which is no source of the workspace");
            out.add((CONFIG, line), message, format!("remove the line, or add crates/{package}"));
        }
        Some(SourceCrate { service_type: Some(name), .. }) if name != service => {
            let message = format!("`{package}` calls itself `{name}` and not `{service}`");
            out.add((CONFIG, line), message, "write the service type that `Connector::NAME` states");
        }
        Some(_) => {}
    }
}

fn in_config(source: &SourceCrate, table: &[(String, String)], out: &mut Findings) {
    let package = &source.package;
    if !table.iter().any(|(_, named)| named == package) {
        let service = source.service_type.as_deref().unwrap_or("SERVICE TYPE");
        let help = format!("add the line `{service}: {package}` to the table");
        out.add((CONFIG, 1), format!("`sources:` does not name {package}"), help);
    }
    if source.service_type.is_none() {
        let help = "write `const NAME: &'static str = \"…\";`, the service type as a literal";
        let message = format!("no `impl Connector` of {package} states a NAME");
        out.add((source.path("src/source.rs"), 1), message, help);
    }
}

fn in_program(workspace: &Workspace, source: &SourceCrate, out: &mut Findings) {
    let (text, package) = (workspace.text(PROGRAM), source.package.as_str());
    let entries = manifest::dependencies(text);
    let entry = entries.iter().find(|entry| entry.kind == "dependencies" && entry.name == package);
    let listed = |name, feature: &str| {
        let list = manifest::at(text, &["features", name]);
        list.is_some_and(|list| {
            list.as_array().is_some_and(|list| list.iter().any(|item| item.as_str() == Some(feature)))
        })
    };
    let faults = [
        (
            entry.is_none_or(|entry| !entry.is("optional")),
            format!("`{package} = {{ workspace = true, optional = true }}` to [dependencies]"),
        ),
        (
            !listed(package, &format!("dep:{package}")),
            format!("`{package} = [\"dep:{package}\"]` to [features]"),
        ),
        (!listed("default", package), format!("`{package}` to the feature `default`")),
    ];
    for (_, what) in faults.into_iter().filter(|(is_missing, _)| *is_missing) {
        let message = format!("the program does not take {package} as a feature of its name");
        out.add((PROGRAM, entry.map_or(1, |entry| entry.line)), message, format!("add {what}"));
    }
}
