//! `scope`: a patch that adds or changes a source touches nothing else.

use super::finding::{Code, Finding};
use super::workspace::{SourceCrate, Workspace};

/// Where a source is declared.
const SHARED: [&str; 4] = ["config.yml", "Cargo.toml", "Cargo.lock", "crates/connectors/Cargo.toml"];

pub(super) fn check(workspace: &Workspace) -> Vec<Finding> {
    let paths: Vec<&str> = workspace.patch.iter().flatten().map(String::as_str).collect();
    let mut touched: Vec<&str> = paths.iter().filter_map(|path| source_of(path)).collect();
    touched.sort_unstable();
    touched.dedup();
    let Some(package) = touched.first().copied() else { return Vec::new() };
    let source = workspace.sources.iter().find(|source| source.package == package);
    let outside = paths.into_iter().filter(|path| !is_within(path, package, source));
    outside.map(|path| finding(path, package)).collect()
}

/// That nothing could be compared.
pub(super) fn notes(workspace: &Workspace) -> Vec<String> {
    if workspace.patch.is_some() {
        return Vec::new();
    }
    vec!["scope was not judged: there is neither origin/main nor main to compare with; name a base with --base".into()]
}

fn source_of(path: &str) -> Option<&str> {
    let (package, _) = path.strip_prefix("crates/")?.split_once('/')?;
    package.starts_with("source-").then_some(package)
}

fn is_within(path: &str, package: &str, source: Option<&SourceCrate>) -> bool {
    let name = package.trim_start_matches("source-");
    let page = source.and_then(|source| source.service_type.as_deref()).unwrap_or(name);
    source_of(path) == Some(package)
        || SHARED.contains(&path)
        || path.starts_with(&format!("docker/{name}/"))
        || path == format!("docs/sources/{page}.md")
}

fn finding(path: &str, package: &str) -> Finding {
    let (message, help) = match source_of(path) {
        Some(other) => (
            format!("the patch changes {package} and {other}"),
            format!("make one patch for each source: take {other} out of this one"),
        ),
        None => (
            format!("the patch changes {package} and what is not its own"),
            format!(
                "keep to crates/{package}, {}, docker/ and docs/sources/; make a patch of its own for the framework, and that first",
                SHARED.join(", ")
            ),
        ),
    };
    Finding::new(Code::Scope, (path, 1), message, help)
}
