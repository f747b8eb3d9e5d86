//! `layering`: who may know whom, as docs/architecture.md says.

use super::finding::{Code, Finding};
use super::workspace::{Dependency, Member, Workspace};

const CORE: &str = "connectors-core";
const TESTKIT: &str = "connectors-testkit";

/// What may not be named within core: folder or file, the word, and why.
const WITHIN: [(&str, &str, &str); 11] = [
    ("document", "crate::elastic", "`document` knows nobody"),
    ("document", "crate::sync", "`document` knows nobody"),
    ("document", "crate::source", "`document` knows nobody"),
    ("error", "crate::elastic", "`error` knows nobody"),
    ("error", "crate::sync", "`error` knows nobody"),
    ("error", "crate::source", "`error` knows nobody"),
    ("config", "crate::elastic", "`config` knows nobody"),
    ("config", "crate::sync", "`config` knows nobody"),
    ("config", "crate::source", "`config` knows nobody"),
    ("elastic", "crate::source", "`elastic` does not know `source`"),
    ("elastic", "crate::sync", "only `sync` sees both sides"),
];

pub(super) fn check(workspace: &Workspace) -> Vec<Finding> {
    let mut findings = Vec::new();
    for member in &workspace.members {
        for dependency in &member.dependencies {
            if let Some(rule) = broken(workspace, member, dependency) {
                let path = format!("{}/Cargo.toml", member.folder);
                let name = &dependency.package;
                let line = workspace.line(&path, |line| line.trim_start().starts_with(name.as_str()));
                let message = format!("{} must not depend on {name}: {rule}", member.name);
                let help = "remove the dependency; what two crates share belongs to core";
                findings.push(Finding::new(Code::Layering, (path, line), message, help));
            }
        }
    }
    findings.extend(named_in_core(workspace));
    findings.extend(within_core(workspace));
    findings.extend(between_sources(workspace));
    findings
}

/// The rule that a dependency breaks; none where it is allowed, or on nothing of ours.
fn broken(workspace: &Workspace, member: &Member, dependency: &Dependency) -> Option<&'static str> {
    let on = dependency.package.as_str();
    if !workspace.members.iter().any(|other| other.name == on) {
        return None;
    }
    match member.name.as_str() {
        CORE => Some("core knows no crate of the workspace"),
        "xtask" | "elastic-embedded" => Some("it depends on nothing of ours"),
        TESTKIT => (on != CORE).then_some("the testkit knows core alone"),
        "connectors" => match on {
            TESTKIT if !dependency.is_dev => Some("the testkit is for tests only"),
            "xtask" => Some("the contributor's commands are no part of the program"),
            _ => None,
        },
        name if name.starts_with("source-") => match on {
            CORE => None,
            TESTKIT if dependency.is_dev => None,
            TESTKIT => Some("the testkit is for tests only"),
            on if on.starts_with("source-") => Some("no source knows another"),
            _ => Some("a source knows core alone"),
        },
        _ => on.starts_with("source-").then_some("the program alone knows the sources"),
    }
}

/// Core's text names no source: neither its crate nor, as a text in code, its service type.
fn named_in_core(workspace: &Workspace) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (path, text) in workspace.below("crates/connectors-core/src") {
        for (at, line) in text.lines().enumerate() {
            if let Some(name) = source_named(workspace, line) {
                let message = format!("core names the source `{name}`");
                let help = "say it without the name: core works for any source";
                findings.push(Finding::new(Code::Layering, (path, at + 1), message, help));
            }
        }
    }
    findings
}

fn source_named<'a>(workspace: &'a Workspace, line: &str) -> Option<&'a str> {
    let named = |source: &&super::workspace::SourceCrate| {
        let service = source.service_type.as_deref();
        let quoted = service.is_some_and(|service| {
            line.contains(&format!("\"{service}\"")) || line.contains(&format!("`{service}`"))
        });
        quoted || line.contains(&source.package) || line.contains(&source.ident())
    };
    workspace.sources.iter().find(named).map(|source| source.package.as_str())
}

fn within_core(workspace: &Workspace) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (path, text) in workspace.below("crates/connectors-core/src") {
        let inner = path.trim_start_matches("crates/connectors-core/src/");
        for (at, line) in text.lines().enumerate() {
            let broken = WITHIN.iter().find(|(room, word, _)| {
                let is_inside = inner.strip_prefix(room).is_some_and(|rest| rest.starts_with(['/', '.']));
                is_inside && line.split("//").next().is_some_and(|code| code.contains(word))
            });
            if let Some((_, word, rule)) = broken {
                let help = "move what both need into the one that may be known";
                findings.push(Finding::new(
                    Code::Layering,
                    (path, at + 1),
                    format!("names {word}: {rule}"),
                    help,
                ));
            }
        }
        findings.extend(library_named(path, inner, text));
    }
    findings
}

/// Libraries that only some rooms of core may name.
const OWNED: [(&str, &[&str]); 2] =
    [("elasticsearch::", &["elastic/client"]), ("reqwest::", &["elastic/client", "http"])];

fn library_named(path: &str, inner: &str, text: &str) -> Vec<Finding> {
    let is_in = |room: &&str| inner.strip_prefix(room).is_some_and(|rest| rest.starts_with(['/', '.']));
    let foreign = OWNED.into_iter().filter(|(_, rooms)| !rooms.iter().any(&is_in));
    let named = foreign.filter_map(|(library, rooms)| {
        let names = |line: &str| line.split("//").next().is_some_and(|code| code.contains(library));
        let at = text.lines().position(names)?;
        let message = format!("{library} is named outside of {}", rooms.join(" and "));
        let help = "ask these for what is needed: one place follows the library's versions";
        Some(Finding::new(Code::Layering, (path, at + 1), message, help))
    });
    named.collect()
}

/// A path to another source's files is a dependency that no manifest shows.
fn between_sources(workspace: &Workspace) -> Vec<Finding> {
    let mut findings = Vec::new();
    for source in &workspace.sources {
        let others: Vec<_> =
            workspace.sources.iter().filter(|other| other.package != source.package).collect();
        for (path, text) in workspace.below(&source.folder).filter(|(path, _)| path.ends_with(".rs")) {
            for (at, line) in text.lines().enumerate() {
                let code = line.split("//").next().unwrap_or_default();
                let named = others.iter().find(|other| {
                    code.contains(&format!("{}::", other.ident()))
                        || code.contains(&format!("../{}/", other.package))
                });
                if let Some(other) = named {
                    let message = format!("names {}: no source knows another", other.package);
                    let help = "move what both need into core";
                    findings.push(Finding::new(Code::Layering, (path, at + 1), message, help));
                }
            }
        }
    }
    findings
}
