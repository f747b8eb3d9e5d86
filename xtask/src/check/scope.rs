//! `scope`: a patch that adds or changes a source touches nothing else.

use std::collections::BTreeSet;

use super::finding::Findings;
use super::workspace::{SourceCrate, Workspace};

/// Where a source is declared.
const SHARED: [&str; 4] = ["config.yml", "Cargo.toml", "Cargo.lock", "crates/connectors/Cargo.toml"];

pub(super) fn check(workspace: &Workspace, out: &mut Findings) {
    let paths = workspace.patch.iter().flatten().map(String::as_str);
    let touched: BTreeSet<&str> = paths.clone().filter_map(source_of).collect();
    let Some(package) = touched.first() else { return };
    let source = workspace.sources.iter().find(|source| source.package == **package);
    for path in paths.filter(|path| !is_within(path, package, source)) {
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
        out.add((path, 1), message, help);
    }
}

/// That nothing could be compared.
pub(super) fn notes(workspace: &Workspace) -> Vec<String> {
    let told = "scope was not judged: there is neither origin/main nor main to compare with; name a base with --base";
    if workspace.patch.is_some() { Vec::new() } else { vec![told.into()] }
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
