//! `async`: no source blocks the runtime.
//!
//! A call that blocks may stand in a function that is not async and is reached only through `Context::blocking`.
//! So a function that blocks is followed by its name to whoever calls it, and told where it meets async code.

mod calls;

use std::collections::BTreeMap;

use syn::visit::Visit;

use super::finding::{Code, Finding};
use super::rust::Module;
use super::workspace::{SourceCrate, Workspace, code, lines};
use calls::{Function, Functions, Reference, Target};

/// Paths whose functions wait, and what takes their place.
const BLOCKING: [(&str, &str); 20] = [
    ("std::fs", ""),
    ("std::net", "use tokio::net"),
    ("std::os::unix::net", "use tokio::net"),
    ("std::os::unix::fs", ""),
    ("std::thread", "use tokio::time::sleep to wait, Context::blocking for work that blocks"),
    ("std::process", ""),
    ("std::io::stdin", ""),
    ("tokio::task::spawn_blocking", "use Context::blocking, which reports a panic as an error"),
    ("tokio::task::block_in_place", "use Context::blocking"),
    ("tokio::runtime", "the program has one runtime: await instead"),
    ("futures::executor", "await instead"),
    ("reqwest::blocking", "use the client of connectors_core::http"),
    ("ureq", "use the client of connectors_core::http"),
    ("rustix::fs", ""),
    ("tempfile", ""),
    ("ignore", ""),
    ("walkdir", ""),
    ("rusqlite", ""),
    ("postgres", "use an async driver"),
    ("mysql", "use an async driver"),
];

/// Methods that wait, whatever they are called on, unless they are awaited.
const METHODS: [&str; 13] = [
    "canonicalize",
    "read_dir",
    "read_link",
    "symlink_metadata",
    "try_exists",
    "exists",
    "block_on",
    "blocking_send",
    "blocking_recv",
    "blocking_lock",
    "blocking_read",
    "blocking_write",
    "recv_timeout",
];

/// What clippy.toml must ban, for the calls that a look at one crate can't see.
const BANNED: [&str; 6] = [
    "std::thread::sleep",
    "futures::executor::block_on",
    "tokio::task::block_in_place",
    "tokio::runtime::Handle::block_on",
    "reqwest::blocking::get",
    "reqwest::blocking::Client::new",
];

/// Lints that hold the ban.
const LINTS: [&str; 3] = ["clippy::disallowed_methods", "clippy::all", "clippy::style"];

const CLIPPY: &str = "clippy.toml";
const AWAY: &str = "do it in `Context::blocking(…)`, or use an async library";

pub(super) fn check(workspace: &Workspace) -> Vec<Finding> {
    let mut findings = bans(workspace);
    for source in &workspace.sources {
        findings.extend(of_source(source));
        findings.extend(allowed(workspace, source));
    }
    findings
}

fn bans(workspace: &Workspace) -> Vec<Finding> {
    let text = workspace.text(CLIPPY);
    let clippy: toml::Table = toml::from_str(text).unwrap_or_default();
    let listed = clippy.get("disallowed-methods").and_then(toml::Value::as_array);
    let path = |entry: &toml::Value| entry.get("path").unwrap_or(entry).as_str().map(str::to_owned);
    let banned: Vec<String> = listed.into_iter().flatten().filter_map(path).collect();
    let line = workspace.line(CLIPPY, |line| line.starts_with("disallowed-methods"));
    let missing = BANNED.into_iter().filter(|name| !banned.iter().any(|banned| banned == name));
    let told = missing.map(|name| {
        let help = format!("add {{ path = \"{name}\", reason = \"…\" }} to disallowed-methods");
        Finding::new(Code::Async, (CLIPPY, line), format!("`{name}` is not banned"), help)
    });
    told.collect()
}

/// A lint that a source switches off holds nothing.
fn allowed(workspace: &Workspace, source: &SourceCrate) -> Vec<Finding> {
    let shipped = source.modules.iter().map(|module| (module.path.as_str(), workspace.text(&module.path)));
    let off = lines(shipped).filter(|(_, _, line)| LINTS.iter().any(|lint| code(line).contains(lint)));
    let message = "the ban on blocking calls is switched off";
    let told = off.map(|(path, at, _)| Finding::new(Code::Async, (path, at), message, AWAY));
    let mut findings: Vec<Finding> = told.collect();
    let own = source.path(CLIPPY);
    if workspace.files.contains_key(&own) || workspace.files.contains_key(&source.path(".clippy.toml")) {
        let help = "remove it: the workspace's clippy.toml holds for all";
        findings.push(Finding::new(Code::Async, (own, 1), "a source has lints of its own", help));
    }
    findings
}

fn of_source(source: &SourceCrate) -> Vec<Finding> {
    let mut functions = Vec::new();
    for module in &source.modules {
        functions.extend(functions_of(module));
    }
    let blocking = blocking(&functions);
    let mut findings = Vec::new();
    for function in &functions {
        for reference in
            function.references.iter().filter(|reference| reference.in_async || function.is_async)
        {
            if let Some((what, help)) = cause(reference, function, &functions, &blocking) {
                let message = format!("{what} blocks a thread that runs async code");
                findings.push(Finding::new(Code::Async, (&function.path, reference.line), message, help));
            }
        }
    }
    findings
}

fn functions_of(module: &Module) -> Vec<Function> {
    let Ok(file) = &module.file else { return Vec::new() };
    let mut functions = Functions::new(&module.path, file);
    module.items().into_iter().for_each(|item| functions.visit_item(item));
    functions.found
}

/// The functions that block, by their place in the list, with what they call to do so.
fn blocking(functions: &[Function]) -> BTreeMap<usize, String> {
    let mut blocking: BTreeMap<usize, String> = BTreeMap::new();
    loop {
        let before = blocking.len();
        for (at, function) in functions.iter().enumerate().filter(|(_, function)| !function.is_async) {
            let outside = function.references.iter().filter(|reference| !reference.in_async);
            let why = outside.filter_map(|reference| cause(reference, function, functions, &blocking)).next();
            if let Some((what, _)) = why {
                blocking.entry(at).or_insert(what);
            }
        }
        if blocking.len() == before {
            return blocking;
        }
    }
}

/// Why a reference blocks, and what to do instead; none where it does not.
fn cause(
    reference: &Reference,
    from: &Function,
    functions: &[Function],
    blocking: &BTreeMap<usize, String>,
) -> Option<(String, &'static str)> {
    if let Some(found) = direct(&reference.target) {
        return Some(found);
    }
    let (at, through) = blocking.iter().find(|(at, _)| reference.target.is(&functions[**at], from))?;
    Some((format!("`{}` (by {through})", functions[*at].name), AWAY))
}

fn direct(target: &Target) -> Option<(String, &'static str)> {
    match target {
        Target::Method { name, .. } => {
            METHODS.contains(&name.as_str()).then(|| (format!("`.{name}()`"), AWAY))
        }
        Target::Path(parts) => {
            let path = parts.join("::");
            let is_function = parts.last().is_some_and(|last| last.starts_with(char::is_lowercase));
            let within = |prefix: &str| {
                path == prefix || path.strip_prefix(prefix).is_some_and(|rest| rest.starts_with("::"))
            };
            let (_, help) = BLOCKING.into_iter().find(|(prefix, _)| is_function && within(prefix))?;
            Some((format!("`{path}`"), if help.is_empty() { AWAY } else { help }))
        }
    }
}
