//! `pins`: exact versions, once, in the workspace's table; none that nobody uses.

use super::finding::{Code, Finding};
use super::manifest::{self, Entry};
use super::rust;
use super::workspace::{Member, Workspace, code, lines};

const ROOT: &str = "Cargo.toml";

pub(super) fn check(workspace: &Workspace) -> Vec<Finding> {
    let table = manifest::workspace_dependencies(workspace.text(ROOT));
    let mut findings: Vec<Finding> = table.iter().filter_map(exact).collect();
    findings.extend(twice(&table));
    findings.extend(unused(workspace, &table));
    findings.extend(workspace.members.iter().flat_map(|member| of_member(workspace, member)));
    findings.extend(replaced(workspace));
    findings.extend(actions(workspace));
    findings.extend(deny(workspace));
    findings
}

fn at(line: usize, message: String, help: impl Into<String>) -> Finding {
    Finding::new(Code::Pins, (ROOT, line), message, help)
}

fn exact(entry: &Entry<'_>) -> Option<Finding> {
    let name = &entry.name;
    if entry.text("git").is_some() || entry.text("registry").is_some() {
        let message = format!("`{name}` does not come from crates.io");
        return Some(at(entry.line, message, "take a published version"));
    }
    if entry.text("path").is_some() {
        return None;
    }
    let version = entry.version().unwrap_or("*");
    let number = version.strip_prefix('=').map(str::trim).unwrap_or_default();
    let release = number.split(['-', '+']).next().unwrap_or_default();
    let parts: Vec<&str> = release.split('.').collect();
    if parts.len() == 3 && parts.iter().all(|part| part.parse::<u64>().is_ok()) {
        return None;
    }
    let message = format!("`{name}` asks for `{version}`, which is no exact version");
    Some(at(
        entry.line,
        message,
        format!("write `{name} = \"=1.2.3\"` with the version that was tried (`cargo info {name}`)"),
    ))
}

fn twice(table: &[Entry<'_>]) -> Vec<Finding> {
    let seen_before =
        |index: usize| table[..index].iter().find(|other| other.package() == table[index].package());
    let doubles = (0..table.len()).filter_map(|index| Some((&table[index], seen_before(index)?)));
    doubles
        .map(|(entry, first)| {
            let message = format!(
                "the package `{}` stands here as `{}` and as `{}`",
                entry.package(),
                first.name,
                entry.name
            );
            at(entry.line.max(first.line), message, "keep one of them")
        })
        .collect()
}

fn unused(workspace: &Workspace, table: &[Entry<'_>]) -> Vec<Finding> {
    let manifests: Vec<Vec<Entry<'_>>> = workspace
        .members
        .iter()
        .map(|member| manifest::dependencies(workspace.text(&format!("{}/Cargo.toml", member.folder))))
        .collect();
    let is_taken = |name: &str| manifests.iter().flatten().any(|entry| entry.name == name);
    let is_member = |entry: &Entry<'_>| {
        entry.text("path").is_some() && workspace.members.iter().any(|member| member.name == entry.package())
    };
    let unused = table.iter().filter(|entry| !is_taken(&entry.name) && !is_member(entry));
    unused
        .map(|entry| at(entry.line, format!("no crate takes `{}`", entry.name), "remove the line"))
        .collect()
}

fn of_member(workspace: &Workspace, member: &Member) -> Vec<Finding> {
    let path = format!("{}/Cargo.toml", member.folder);
    let entries = manifest::dependencies(workspace.text(&path));
    let mut findings = Vec::new();
    for entry in &entries {
        let name = &entry.name;
        if !entry.is("workspace") {
            let message = format!("`{name}` has a version of its own");
            let help =
                format!("put it into [workspace.dependencies] of {ROOT}, and `{name}.workspace = true` here");
            findings.push(Finding::new(Code::Pins, (&path, entry.line), message, help));
        } else if !entry.is("optional") && !is_used(workspace, member, entry) {
            let message =
                format!("`{name}` is not used by the code that takes it as one of its {}", entry.kind);
            let help = "remove the line, or move it to the kind of dependencies that uses it";
            findings.push(Finding::new(Code::Pins, (&path, entry.line), message, help));
        }
    }
    findings
}

fn is_used(workspace: &Workspace, member: &Member, entry: &Entry<'_>) -> bool {
    let ident = entry.name.replace('-', "_");
    let is_rust = |path: &str| path.ends_with(".rs");
    let within = |path: &str| {
        let inner = &path[member.folder.len() + 1..];
        match entry.kind {
            "dependencies" => inner.starts_with("src/"),
            "build-dependencies" => inner == "build.rs" || inner.starts_with("build/"),
            _ => inner != "build.rs",
        }
    };
    let own: Vec<&str> = workspace.below(&member.folder).map(|(path, _)| path).collect();
    let own = own.into_iter().filter(|path| is_rust(path) && within(path));
    let is_named = |path: &str| workspace.text(path).lines().any(|line| names(line, &ident));
    // Tests may take in a file of another crate by its path.
    own.clone().any(is_named)
        || entry.kind == "dev-dependencies"
            && own.flat_map(|path| rust::modules(&workspace.files, path)).any(|module| is_named(&module.path))
}

/// Whether a line of code names this crate: `name::`, `use name;`, `name!`.
fn names(line: &str, ident: &str) -> bool {
    let code = code(line);
    let is_part = |c: char| c.is_alphanumeric() || c == '_';
    code.match_indices(ident).any(|(at, _)| {
        let (before, after) = (&code[..at], &code[at + ident.len()..]);
        let begins = !before.ends_with(is_part) && (!before.ends_with("::") || before.ends_with(" ::"));
        begins
            && (after.starts_with("::")
                || (before.trim_start().starts_with("use ") && !after.starts_with(is_part)))
    })
}

fn replaced(workspace: &Workspace) -> Vec<Finding> {
    let lines = workspace.text(ROOT).lines().enumerate();
    let sections = lines.filter(|(_, line)| line.starts_with("[patch") || line.starts_with("[replace"));
    sections
        .map(|(line, text)| {
            at(line + 1, format!("{text} puts other code in a version's place"), "take a published version")
        })
        .collect()
}

/// Actions of a workflow are dependencies as well.
fn actions(workspace: &Workspace) -> Vec<Finding> {
    let moving = lines(workspace.below(".github/workflows")).filter_map(|(path, at, line)| {
        let used = line.split_once("uses:")?.1.split('#').next()?.trim();
        let (action, version) = used.rsplit_once('@').unwrap_or((used, ""));
        let help = format!("write `{action}@v1.2.3`, or the whole hash of a commit");
        let message = format!("the action {action} has no exact version");
        let is_moving = !is_exact_action(version) && !action.starts_with("./");
        is_moving.then(|| Finding::new(Code::Pins, (path, at), message, help))
    });
    moving.collect()
}

fn is_exact_action(version: &str) -> bool {
    let is_hash = version.len() == 40 && version.chars().all(|c| c.is_ascii_hexdigit());
    let parts: Vec<&str> = version.trim_start_matches('v').split('.').collect();
    is_hash || parts.len() == 3 && parts.iter().all(|part| part.parse::<u64>().is_ok())
}

/// Licences and sources are cargo-deny's to judge, in the same script.
fn deny(workspace: &Workspace) -> Option<Finding> {
    let script = workspace.text("ci/check");
    if script.lines().any(|line| line.trim() == "cargo xtask deny") {
        return None;
    }
    let help = "let the script run `cargo xtask deny` on a line of its own";
    Some(Finding::new(
        Code::Pins,
        ("ci/check", 1),
        "licences and sources of dependencies are not checked",
        help,
    ))
}
