//! `layering`: who may know whom, as docs/architecture.md says.

use super::features;
use super::finding::Findings;
use super::workspace::{Dependency, Member, SourceCrate, Workspace, code, lines};

const CORE: &str = "connectors-core";
const CORE_CODE: &str = "crates/connectors-core/src";
const SERVICE: &str = "connectors-service";
const TESTKIT: &str = "connectors-testkit";
const EMBEDDED: &str = "elastic-embedded";

/// What may not be named within rooms of core: the rooms, the words, and why.
const WITHIN: [(&[&str], &[&str], &str); 3] = [
    (
        &["document", "error", "config"],
        &["crate::elastic", "crate::sync", "crate::source"],
        "what all others know knows nobody",
    ),
    (&["elastic"], &["crate::source"], "`elastic` does not know `source`"),
    (&["elastic"], &["crate::sync"], "only `sync` sees both sides"),
];

/// The rooms of core's `sync`, from the top down: none names one above it.
const SYNC: [&str; 7] = ["settle", "take", "know", "access", "job", "accounts", "patience"];

/// Libraries that only some rooms of core may name.
const OWNED: [(&str, &[&str]); 2] =
    [("elasticsearch::", &["elastic/client"]), ("reqwest::", &["elastic/client", "http", "obstacle"])];

pub(super) fn check(workspace: &Workspace, out: &mut Findings) {
    for member in &workspace.members {
        for dependency in &member.dependencies {
            if let Some(rule) = broken(workspace, member, dependency) {
                let (path, name) = (format!("{}/Cargo.toml", member.folder), &dependency.package);
                let line = workspace.line(&path, |line| line.trim_start().starts_with(name.as_str()));
                let message = format!("{} must not depend on {name}: {rule}", member.name);
                out.add(
                    (path, line),
                    message,
                    "remove the dependency; what two crates share belongs to core",
                );
            }
        }
    }
    for (path, at, line) in lines(workspace.below(CORE_CODE)) {
        in_core(workspace, (path, at, line), out);
    }
    workspace.sources.iter().for_each(|source| others_named(workspace, source, out));
}

/// The rule that a dependency breaks; none where it is allowed, or on nothing of ours.
fn broken(workspace: &Workspace, member: &Member, dependency: &Dependency) -> Option<&'static str> {
    let on = dependency.package.as_str();
    if !workspace.members.iter().any(|other| other.name == on) {
        return None;
    }
    match (member.name.as_str(), on) {
        (_, features::UNIFIED) => None,
        (CORE, _) => Some("core knows no crate of the workspace"),
        ("xtask" | EMBEDDED, _) => Some("it depends on nothing of ours"),
        (TESTKIT, _) => (on != CORE).then_some("the testkit knows core alone"),
        (SERVICE, CORE) => None,
        (SERVICE, TESTKIT | EMBEDDED) => (!dependency.is_dev).then_some("they are for tests only"),
        (SERVICE, _) => Some("the service knows core alone; the program hands it the sources"),
        ("connectors", TESTKIT) if !dependency.is_dev => Some("the testkit is for tests only"),
        ("connectors", "xtask") => Some("the contributor's commands are no part of the program"),
        ("connectors", _) => None,
        (name, CORE) if name.starts_with("source-") => None,
        (name, TESTKIT) if name.starts_with("source-") => {
            (!dependency.is_dev).then_some("the testkit is for tests only")
        }
        (name, on) if name.starts_with("source-") && on.starts_with("source-") => {
            Some("no source knows another")
        }
        (name, _) if name.starts_with("source-") => Some("a source knows core alone"),
        _ => on.starts_with("source-").then_some("the program alone knows the sources"),
    }
}

/// A line of core names no source, no room that its own may not know, and no library of another room.
fn in_core(workspace: &Workspace, (path, at, line): (&str, usize, &str), out: &mut Findings) {
    if let Some(name) = source_named(workspace, line) {
        let help = "say it without the name: core works for any source";
        out.add((path, at), format!("core names the source `{name}`"), help);
    }
    let (code, is_in_any) = (code(line), |rooms: &[&str]| rooms.iter().any(|room| is_in(path, room)));
    let named = |words: &[&'static str]| words.iter().copied().find(|word| code.contains(word));
    let mut forbidden = WITHIN.iter().filter(|(rooms, ..)| is_in_any(rooms));
    let forbidden = forbidden.find_map(|(_, words, rule)| Some((named(words)?, rule)));
    let help = "move what both need into the one that may be known";
    if let Some((word, rule)) = forbidden {
        out.add((path, at), format!("names {word}: {rule}"), help);
    }
    let room = SYNC.iter().position(|room| is_in(path, &format!("sync/{room}"))).unwrap_or(0);
    let mut above = SYNC[..room].iter().map(|above| format!("crate::sync::{above}"));
    if let Some(word) = above.find(|word| code.contains(word)) {
        out.add((path, at), format!("names {word}: inside `sync` no folder names one above it"), help);
    }
    if let Some((library, rooms)) =
        OWNED.iter().find(|(library, rooms)| code.contains(library) && !is_in_any(rooms))
    {
        let message = format!("{library} is named outside of {}", rooms.join(" and "));
        out.add(
            (path, at),
            message,
            "ask these for what is needed: one place follows the library's versions",
        );
    }
}

/// The source that a line names: its crate or, as a text in code, its service type.
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

/// Whether a file belongs to a room of core.
fn is_in(path: &str, room: &str) -> bool {
    let inner = path.strip_prefix(CORE_CODE).and_then(|inner| inner[1..].strip_prefix(room));
    inner.is_some_and(|rest| rest.starts_with(['/', '.']))
}

/// A path to another source's files is a dependency that no manifest shows.
fn others_named(workspace: &Workspace, source: &SourceCrate, out: &mut Findings) {
    let others = workspace.sources.iter().filter(|other| other.package != source.package);
    let words: Vec<_> = others
        .map(|other| (format!("{}::", other.ident()), format!("../{}/", other.package), &other.package))
        .collect();
    let rust = workspace.below(&source.folder).filter(|(path, _)| path.ends_with(".rs"));
    for (path, at, line) in lines(rust) {
        let code = code(line);
        if let Some((.., other)) =
            words.iter().find(|(ident, file, _)| code.contains(ident) || code.contains(file))
        {
            let message = format!("names {other}: no source knows another");
            out.add((path, at), message, "move what both need into core");
        }
    }
}
