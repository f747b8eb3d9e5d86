//! `pins`: exact versions, once, in the workspace's table, and what a crate takes is used. That a crate takes each of the
//! table's is cargo-deny's to judge.

use super::features;
use super::finding::Findings;
use super::manifest::{self, Entry};
use super::rust;
use super::workspace::{Member, Workspace, code, lines};

const ROOT: &str = "Cargo.toml";
const MANIFEST: &str = "crates/workspace-hack/Cargo.toml";

pub(super) fn check(workspace: &Workspace, out: &mut Findings) {
    let root = workspace.text(ROOT);
    let table = manifest::workspace_dependencies(root);
    for (at, entry) in table.iter().enumerate() {
        exact(entry, ROOT, out);
        if let Some(first) = table[..at].iter().find(|other| other.package() == entry.package()) {
            let package = entry.package();
            let message =
                format!("the package `{package}` stands here as `{}` and as `{}`", first.name, entry.name);
            out.add((ROOT, entry.line.max(first.line)), message, "keep one of them");
        }
    }
    let (unified, members): (Vec<_>, Vec<_>) =
        workspace.members.iter().partition(|member| member.name == features::UNIFIED);
    // It names what others bring in, and no crate takes its versions.
    let bound = unified.iter().flat_map(|member| entries(workspace, member));
    bound.for_each(|entry| exact(&entry, &format!("{}/Cargo.toml", unified[0].folder), out));
    members.into_iter().for_each(|member| of_member(workspace, member, out));
    unified_features(workspace, out);
    let sections = (1..).zip(root.lines());
    for (at, line) in sections.filter(|(_, line)| line.starts_with("[patch") || line.starts_with("[replace"))
    {
        let message = format!("{line} puts other code in a version's place");
        out.add((ROOT, at), message, "take a published version");
    }
    actions(workspace, out);
    // Licences, sources and versions that no crate takes are cargo-deny's to judge, in the same script.
    if !workspace.text("ci/check").lines().any(|line| line.trim() == "cargo xtask deny") {
        let help = "let the script run `cargo xtask deny` on a line of its own";
        out.add(("ci/check", 1), "licences and sources of dependencies are not checked", help);
    }
}

/// A package has the same features whichever crate is built, so that nothing is compiled again when one is built alone.
fn unified_features(workspace: &Workspace, out: &mut Findings) {
    for (member, package, features) in &workspace.differing_features {
        let name = package.split(' ').next().unwrap_or(package);
        let line = workspace.line(MANIFEST, |line| line.split(' ').next() == Some(name));
        let message =
            format!("{package} has other features when {member} is built alone: it is compiled twice");
        out.add((MANIFEST, line), message, format!("let `{name}` have the features {features} there"));
    }
}

fn exact(entry: &Entry<'_>, path: &str, out: &mut Findings) {
    let (name, place) = (&entry.name, (path, entry.line));
    if entry.text("git").is_some() || entry.text("registry").is_some() {
        return out.add(place, format!("`{name}` does not come from crates.io"), "take a published version");
    }
    let version = entry.version().unwrap_or("*");
    if entry.text("path").is_none() && !version.strip_prefix('=').is_some_and(is_version) {
        let help =
            format!("write `{name} = \"=1.2.3\"` with the version that was tried (`cargo info {name}`)");
        out.add(place, format!("`{name}` asks for `{version}`, which is no exact version"), help);
    }
}

/// Whether this is a version of three numbers, whatever stands behind them.
fn is_version(text: &str) -> bool {
    let release = text.trim().split(['-', '+']).next().unwrap_or_default();
    let parts: Vec<&str> = release.split('.').collect();
    parts.len() == 3 && parts.iter().all(|part| part.parse::<u64>().is_ok())
}

fn entries<'a>(workspace: &'a Workspace, member: &Member) -> Vec<Entry<'a>> {
    manifest::dependencies(workspace.text(&format!("{}/Cargo.toml", member.folder)))
}

fn of_member(workspace: &Workspace, member: &Member, out: &mut Findings) {
    let path = format!("{}/Cargo.toml", member.folder);
    for entry in &entries(workspace, member) {
        let (name, kind) = (&entry.name, entry.kind);
        if !entry.is("workspace") {
            let help =
                format!("put it into [workspace.dependencies] of {ROOT}, and `{name}.workspace = true` here");
            out.add((&path, entry.line), format!("`{name}` has a version of its own"), help);
        } else if !entry.is("optional")
            && entry.package() != features::UNIFIED
            && !is_used(workspace, member, entry)
        {
            let message = format!("`{name}` is not used by the code that takes it as one of its {kind}");
            let help = "remove the line, or move it to the kind of dependencies that uses it";
            out.add((&path, entry.line), message, help);
        }
    }
}

fn is_used(workspace: &Workspace, member: &Member, entry: &Entry<'_>) -> bool {
    let ident = entry.name.replace('-', "_");
    let within = |path: &str| {
        let inner = &path[member.folder.len() + 1..];
        match entry.kind {
            "dependencies" => inner.starts_with("src/"),
            "build-dependencies" => inner == "build.rs" || inner.starts_with("build/"),
            _ => inner != "build.rs",
        }
    };
    let own = workspace.below(&member.folder).map(|(path, _)| path);
    let own: Vec<&str> = own.filter(|path| path.ends_with(".rs") && within(path)).collect();
    let is_named = |path: &str| workspace.text(path).lines().any(|line| names(line, &ident));
    // Tests may take in a file of another crate by its path.
    own.iter().any(|path| is_named(path))
        || entry.kind == "dev-dependencies"
            && own
                .iter()
                .flat_map(|path| rust::modules(&workspace.files, path))
                .any(|module| is_named(&module.path))
}

/// Whether a line of code names this crate: `name::`, `use name;`, `name!`.
fn names(line: &str, ident: &str) -> bool {
    let code = code(line);
    let is_part = |c: char| c.is_alphanumeric() || c == '_';
    code.match_indices(ident).any(|(at, _)| {
        let (before, after) = (&code[..at], &code[at + ident.len()..]);
        let begins = !before.ends_with(is_part) && (!before.ends_with("::") || before.ends_with(" ::"));
        let is_used = before.trim_start().starts_with("use ") && !after.starts_with(is_part);
        begins && (after.starts_with("::") || is_used)
    })
}

/// Actions of a workflow are dependencies as well.
fn actions(workspace: &Workspace, out: &mut Findings) {
    for (path, at, line) in lines(workspace.below(".github/workflows")) {
        let Some((_, used)) = line.split_once("uses:") else { continue };
        let used = used.split('#').next().unwrap_or_default().trim();
        let (action, version) = used.rsplit_once('@').unwrap_or((used, ""));
        let is_hash = version.len() == 40 && version.chars().all(|c| c.is_ascii_hexdigit());
        if !is_hash && !is_version(version.trim_start_matches('v')) && !action.starts_with("./") {
            let help = format!("write `{action}@v1.2.3`, or the whole hash of a commit");
            out.add((path, at), format!("the action {action} has no exact version"), help);
        }
    }
}
