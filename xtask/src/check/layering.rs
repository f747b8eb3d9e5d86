//! `layering`: who may know whom, as docs/architecture.md says.

use super::finding::{Code, Finding};
use super::workspace::{Dependency, Member, SourceCrate, Workspace, code, lines};

const CORE: &str = "connectors-core";
const CORE_CODE: &str = "crates/connectors-core/src";
const SERVICE: &str = "connectors-service";
const TESTKIT: &str = "connectors-testkit";
const EMBEDDED: &str = "elastic-embedded";

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

/// The rooms of core's `sync`, from the top down: none names one above it.
const SYNC: [&str; 7] = ["settle", "take", "know", "access", "job", "accounts", "patience"];

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
    findings.extend(within_sync(workspace));
    findings.extend(library_named(workspace));
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
        "xtask" | EMBEDDED => Some("it depends on nothing of ours"),
        TESTKIT => (on != CORE).then_some("the testkit knows core alone"),
        SERVICE => match on {
            CORE => None,
            TESTKIT | EMBEDDED if dependency.is_dev => None,
            TESTKIT | EMBEDDED => Some("they are for tests only"),
            _ => Some("the service knows core alone; the program hands it the sources"),
        },
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
    let named = lines(workspace.below(CORE_CODE)).filter_map(|(path, at, line)| {
        let message = format!("core names the source `{}`", source_named(workspace, line)?);
        let help = "say it without the name: core works for any source";
        Some(Finding::new(Code::Layering, (path, at), message, help))
    });
    named.collect()
}

fn source_named<'a>(workspace: &'a Workspace, line: &str) -> Option<&'a str> {
    let named = |source: &&SourceCrate| {
        let service = source.service_type.as_deref();
        let quoted = service.is_some_and(|service| {
            line.contains(&format!("\"{service}\"")) || line.contains(&format!("`{service}`"))
        });
        quoted || line.contains(&source.package) || line.contains(&source.ident())
    };
    workspace.sources.iter().find(named).map(|source| source.package.as_str())
}

fn within_core(workspace: &Workspace) -> Vec<Finding> {
    let broken = lines(workspace.below(CORE_CODE)).filter_map(|(path, at, line)| {
        let is_broken =
            |(room, word, _): &&(&str, &str, &str)| is_in(path, room) && code(line).contains(word);
        let (_, word, rule) = WITHIN.iter().find(is_broken)?;
        let help = "move what both need into the one that may be known";
        Some(Finding::new(Code::Layering, (path, at), format!("names {word}: {rule}"), help))
    });
    broken.collect()
}

fn within_sync(workspace: &Workspace) -> Vec<Finding> {
    let broken = lines(workspace.below(CORE_CODE)).filter_map(|(path, at, line)| {
        let room = SYNC.iter().position(|room| is_in(path, &format!("sync/{room}")))?;
        let word = |above: &&str| format!("crate::sync::{above}");
        let above = SYNC[..room].iter().find(|above| code(line).contains(&word(above)))?;
        let help = "move what both need into the one that may be known";
        let message = format!("names {}: inside `sync` no folder names one above it", word(&above));
        Some(Finding::new(Code::Layering, (path, at), message, help))
    });
    broken.collect()
}

/// Whether a file belongs to a room of core.
fn is_in(path: &str, room: &str) -> bool {
    let inner = path.strip_prefix(CORE_CODE).and_then(|inner| inner[1..].strip_prefix(room));
    inner.is_some_and(|rest| rest.starts_with(['/', '.']))
}

/// Libraries that only some rooms of core may name.
const OWNED: [(&str, &[&str]); 2] =
    [("elasticsearch::", &["elastic/client"]), ("reqwest::", &["elastic/client", "http"])];

fn library_named(workspace: &Workspace) -> Vec<Finding> {
    let named = lines(workspace.below(CORE_CODE)).filter_map(|(path, at, line)| {
        let is_foreign = |rooms: &[&str]| !rooms.iter().any(|room| is_in(path, room));
        let (library, rooms) =
            OWNED.iter().find(|(library, rooms)| code(line).contains(library) && is_foreign(rooms))?;
        let message = format!("{library} is named outside of {}", rooms.join(" and "));
        let help = "ask these for what is needed: one place follows the library's versions";
        Some(Finding::new(Code::Layering, (path, at), message, help))
    });
    named.collect()
}

/// A path to another source's files is a dependency that no manifest shows.
fn between_sources(workspace: &Workspace) -> Vec<Finding> {
    workspace.sources.iter().flat_map(|source| others_named(workspace, source)).collect()
}

fn others_named(workspace: &Workspace, source: &SourceCrate) -> Vec<Finding> {
    let others = workspace.sources.iter().filter(|other| other.package != source.package);
    let words = others.flat_map(|other| {
        [format!("{}::", other.ident()), format!("../{}/", other.package)].map(|word| (word, &other.package))
    });
    let words: Vec<_> = words.collect();
    let rust = workspace.below(&source.folder).filter(|(path, _)| path.ends_with(".rs"));
    let named = lines(rust).filter_map(|(path, at, line)| {
        let (_, other) = words.iter().find(|(word, _)| code(line).contains(word))?;
        let message = format!("names {other}: no source knows another");
        Some(Finding::new(Code::Layering, (path, at), message, "move what both need into core"))
    });
    named.collect()
}
