//! `layout`: every source crate has the same files, its README has its parts, and it exports `SOURCE`.

use syn::Item;

use super::finding::Findings;
use super::rust;
use super::workspace::{SourceCrate, Workspace};

const FILES: [(&str, &str); 8] = [
    ("src/lib.rs", "the README as docs, and `pub static SOURCE`"),
    ("src/config.rs", "the settings, in one `config!`"),
    ("src/client.rs", "the calls to the third party, and what its errors mean"),
    ("src/document.rs", "from a record to its document, without I/O"),
    ("src/source.rs", "the implementations of the contract's traits, thin"),
    ("tests/source/fixture.rs", "how to start, fill and change a real backend"),
    ("tests/source/main.rs", "its test program, by connectors_testkit::main!"),
    ("Cargo.toml", "every dependency as `name.workspace = true`"),
];

/// The rows of a source's README, in their order; others may stand between them.
const PARTS: [(&str, &str); 5] = [
    ("permissions", "what the account needs"),
    ("ids", "what a document's id is made of, and what changes it"),
    ("unchanged", "what tells that a document did not change"),
    ("scope", "what a part that could not be read is called"),
    ("limits", "what is left out or told differently"),
];
const ORDER: &str = "the rows stand in the order permissions, ids, unchanged, scope, limits";

/// Lines that no file may have more of.
const HARD: usize = 600;
/// Lines that a file should have fewer of.
const SOFT: usize = 400;

pub(super) fn check(workspace: &Workspace, out: &mut Findings) {
    for source in &workspace.sources {
        files(workspace, source, out);
        exported(source, out);
        readme(workspace, source, out);
    }
    for (path, lines) in rust_files(workspace) {
        if let Some(beside) = path.strip_suffix("/mod.rs") {
            out.add((path, 1), "a file mod.rs", format!("name it {beside}.rs, beside its folder"));
        }
        if lines > HARD {
            let message = format!("{lines} lines, {HARD} are the most");
            out.add((path, HARD + 1), message, "split it by what it is about: one idea to a file");
        }
    }
}

/// Files that are longer than they should be.
pub(super) fn notes(workspace: &Workspace) -> Vec<String> {
    let long = rust_files(workspace).filter(|(_, lines)| (SOFT + 1..=HARD).contains(lines));
    long.map(|(path, lines)| format!("{path} has {lines} lines; files should have fewer than {SOFT}"))
        .collect()
}

/// Every Rust file and how many lines it has.
fn rust_files(workspace: &Workspace) -> impl Iterator<Item = (&str, usize)> {
    let files = workspace.files.iter().filter(|(path, _)| path.ends_with(".rs"));
    files.map(|(path, text)| (path.as_str(), text.lines().count()))
}

fn files(workspace: &Workspace, source: &SourceCrate, out: &mut Findings) {
    for (file, holds) in FILES {
        let path = source.path(file);
        if !workspace.files.contains_key(&path) {
            out.add((path, 1), format!("{} has no {file}", source.package), format!("add the file: {holds}"));
        }
    }
    if source.folder != format!("crates/{}", source.package) {
        let message = format!("the package {} lies in {}", source.package, source.folder);
        out.add((source.path("Cargo.toml"), 1), message, format!("move it to crates/{}", source.package));
    }
    for module in source.modules.iter().chain(&source.fixture) {
        if let Err((line, error)) = &module.file {
            let help = "mend the syntax; nothing else of this file was checked";
            out.add((&module.path, *line), format!("can't be read as Rust: {error}"), help);
        }
    }
}

fn exported(source: &SourceCrate, out: &mut Findings) {
    let Some(library) = source.modules.first().filter(|library| library.file.is_ok()) else { return };
    let is_source = |item: &&Item| {
        let Item::Static(item) = item else { return false };
        let public = matches!(item.vis, syn::Visibility::Public(_));
        public && item.ident == "SOURCE" && rust::type_name(&item.ty) == "Definition"
    };
    if !library.items().iter().any(is_source) {
        let help =
            "add `pub static SOURCE: Definition<…> = Definition::new();`, with a method for each capability";
        out.add((&library.path, 1), "`pub static SOURCE` is not exported", help);
    }
}

/// The README is the table in the crate's docs.
fn readme(workspace: &Workspace, source: &SourceCrate, out: &mut Findings) {
    let path = source.path("src/lib.rs");
    let Some(text) = workspace.files.get(&path) else { return };
    let lines = (1..).zip(text.lines());
    let docs: Vec<(usize, &str)> =
        lines.filter_map(|(at, line)| Some((at, line.strip_prefix("//!")?.trim()))).collect();
    if docs.first().is_none_or(|(_, text)| text.is_empty()) {
        let help = "begin the file with `//! Product: one document per …`";
        out.add((&path, 1), "the README has no first line", help);
    }
    // Line, part, and what is said of it.
    let rows: Vec<(usize, &str, &str)> = docs
        .iter()
        .filter_map(|(at, text)| {
            let mut cells = text.strip_prefix('|')?.trim_end_matches('|').split('|').map(str::trim);
            Some((*at, cells.next()?, cells.next().unwrap_or_default()))
        })
        .collect();
    let mut last = 0;
    for (part, tells) in PARTS {
        let found = rows.iter().find(|row| row.1 == part);
        let fault = match found {
            None => Some("lacks"),
            Some((_, _, "")) => Some("says nothing of"),
            Some((line, ..)) if *line < last => Some("is out of order at"),
            Some(_) => None,
        };
        if let Some(fault) = fault {
            let line = found.or(rows.first()).map_or(1, |row| row.0);
            let help = format!("write a row `//! | {part} | … |` that says {tells}; {ORDER}");
            out.add((&path, line), format!("the README {fault} `{part}`"), help);
        }
        last = last.max(found.map_or(0, |row| row.0));
    }
}
