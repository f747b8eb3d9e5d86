//! `async`: no source blocks the runtime.
//!
//! A call that blocks may stand in a function that is not async and is reached only through `Context::blocking`.
//! So a function that blocks is followed by its name to whoever calls it, and told where it meets async code. clippy.toml
//! bans what blocks wherever it stands; what may block on another thread is nothing that clippy can tell.

use std::collections::BTreeMap;

use super::finding::Findings;
use super::functions::{Function, Reference, Target, of_module};
use super::workspace::{SourceCrate, Workspace, code, lines};

const AWAY: &str = "do it in `Context::blocking(…)`, or use an async library";
const OWN_CLIENT: &str = "use the client of connectors_core::http";
const ASYNC_DRIVER: &str = "use an async driver";

/// Paths whose functions wait, and what takes their place.
const BLOCKING: [(&str, &str); 20] = [
    ("std::fs", AWAY),
    ("std::net", "use tokio::net"),
    ("std::os::unix::net", "use tokio::net"),
    ("std::os::unix::fs", AWAY),
    ("std::thread", "use tokio::time::sleep to wait, Context::blocking for work that blocks"),
    ("std::process", AWAY),
    ("std::io::stdin", AWAY),
    ("tokio::task::spawn_blocking", "use Context::blocking, which reports a panic as an error"),
    ("tokio::task::block_in_place", "use Context::blocking"),
    ("tokio::runtime", "the program has one runtime: await instead"),
    ("futures::executor", "await instead"),
    ("reqwest::blocking", OWN_CLIENT),
    ("ureq", OWN_CLIENT),
    ("rustix::fs", AWAY),
    ("tempfile", AWAY),
    ("ignore", AWAY),
    ("walkdir", AWAY),
    ("rusqlite", AWAY),
    ("postgres", ASYNC_DRIVER),
    ("mysql", ASYNC_DRIVER),
];

/// Methods that wait, whatever they are called on, unless they are awaited.
const METHODS: &str = "canonicalize read_dir read_link symlink_metadata try_exists exists block_on blocking_send \
                       blocking_recv blocking_lock blocking_read blocking_write recv_timeout";

/// What clippy.toml must ban, for the calls that a look at one crate can't see.
const BANNED: &str = "std::thread::sleep futures::executor::block_on tokio::task::block_in_place \
                      tokio::runtime::Handle::block_on reqwest::blocking::get reqwest::blocking::Client::new";

/// Lints that hold the ban.
const LINTS: [&str; 3] = ["clippy::disallowed_methods", "clippy::all", "clippy::style"];

const CLIPPY: &str = "clippy.toml";

pub(super) fn check(workspace: &Workspace, out: &mut Findings) {
    let clippy: toml::Table = toml::from_str(workspace.text(CLIPPY)).unwrap_or_default();
    let listed = clippy.get("disallowed-methods").and_then(toml::Value::as_array).into_iter().flatten();
    let banned: Vec<&str> = listed.filter_map(|entry| entry.get("path").unwrap_or(entry).as_str()).collect();
    let line = workspace.line(CLIPPY, |line| line.starts_with("disallowed-methods"));
    for name in BANNED.split_whitespace().filter(|name| !banned.contains(name)) {
        let help = format!("add {{ path = \"{name}\", reason = \"…\" }} to disallowed-methods");
        out.add((CLIPPY, line), format!("`{name}` is not banned"), help);
    }
    for source in &workspace.sources {
        of_source(source, out);
        allowed(workspace, source, out);
    }
}

/// A lint that a source switches off holds nothing.
fn allowed(workspace: &Workspace, source: &SourceCrate, out: &mut Findings) {
    let shipped = source.modules.iter().map(|module| (module.path.as_str(), workspace.text(&module.path)));
    for (path, at, line) in lines(shipped) {
        if LINTS.iter().any(|lint| code(line).contains(lint)) {
            out.add((path, at), "the ban on blocking calls is switched off", AWAY);
        }
    }
    for own in [CLIPPY, ".clippy.toml"].map(|name| source.path(name)) {
        if workspace.files.contains_key(&own) {
            let help = "remove it: the workspace's clippy.toml holds for all";
            out.add((own, 1), "a source has lints of its own", help);
        }
    }
}

fn of_source(source: &SourceCrate, out: &mut Findings) {
    let functions: Vec<Function> = source.modules.iter().flat_map(of_module).collect();
    let blocking = blocking(&functions);
    for function in &functions {
        let on_runtime = function.references.iter().filter(|found| found.in_async || function.is_async);
        for reference in on_runtime {
            if let Some((what, help)) = cause((reference, function), &functions, &blocking) {
                let message = format!("{what} blocks a thread that runs async code");
                out.add((&function.path, reference.line), message, help);
            }
        }
    }
}

/// The functions that block, by their place in the list, with what they call to do so.
fn blocking(functions: &[Function]) -> BTreeMap<usize, String> {
    let mut blocking: BTreeMap<usize, String> = BTreeMap::new();
    loop {
        let before = blocking.len();
        for (at, function) in functions.iter().enumerate().filter(|(_, function)| !function.is_async) {
            let mut outside = function.references.iter().filter(|reference| !reference.in_async);
            let why = outside.find_map(|reference| cause((reference, function), functions, &blocking));
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
    (reference, from): (&Reference, &Function),
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
            METHODS.split_whitespace().any(|method| method == name).then(|| (format!("`.{name}()`"), AWAY))
        }
        Target::Path(parts) => {
            let path = parts.join("::");
            let is_function = parts.last().is_some_and(|last| last.starts_with(char::is_lowercase));
            let within = |prefix: &str| {
                path.strip_prefix(prefix).is_some_and(|rest| rest.is_empty() || rest.starts_with("::"))
            };
            let (_, help) = BLOCKING.into_iter().find(|(prefix, _)| is_function && within(prefix))?;
            Some((format!("`{path}`"), help))
        }
    }
}
