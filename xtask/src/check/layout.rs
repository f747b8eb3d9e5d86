//! `layout`: every source crate has the same files, its README has its parts, and it exports `SOURCE`.

use syn::Item;

use super::finding::{Code, Finding};
use super::rust;
use super::workspace::{SourceCrate, Workspace};

const FILES: [(&str, &str); 8] = [
    ("src/lib.rs", "the README as docs, and `pub static SOURCE`"),
    ("src/config.rs", "the settings, in one `config!`"),
    ("src/client.rs", "the calls to the third party, and what its errors mean"),
    ("src/document.rs", "from a record to its document, without I/O"),
    ("src/source.rs", "the implementations of the contract's traits, thin"),
    ("fixture.rs", "how to start, fill and change a real backend"),
    ("tests/contract.rs", "the behaviour suite, by connectors_testkit::contract!"),
    ("Cargo.toml", "every dependency as `name.workspace = true`"),
];

/// The rows of a source's README, in their order; others may stand between them.
pub(super) const PARTS: [(&str, &str); 5] = [
    ("permissions", "what the account needs"),
    ("ids", "what a document's id is made of, and what changes it"),
    ("unchanged", "what tells that a document did not change"),
    ("scope", "what a part that could not be read is called"),
    ("limits", "what is left out or told differently"),
];

/// Lines that no file may have more of.
const HARD: usize = 600;
/// Lines that a file should have fewer of.
const SOFT: usize = 400;

pub(super) fn check(workspace: &Workspace) -> Vec<Finding> {
    let mut findings: Vec<Finding> =
        workspace.sources.iter().flat_map(|source| of_source(workspace, source)).collect();
    findings.extend(rust_files(workspace).filter(|(path, _)| path.ends_with("/mod.rs")).map(|(path, _)| {
        let beside = path.trim_end_matches("/mod.rs");
        Finding::new(
            Code::Layout,
            (path, 1),
            "a file mod.rs",
            format!("name it {beside}.rs, beside its folder"),
        )
    }));
    findings.extend(long(workspace, HARD).map(|(path, lines)| {
        let message = format!("{lines} lines, {HARD} are the most");
        Finding::new(
            Code::Layout,
            (path, HARD + 1),
            message,
            "split it by what it is about: one idea to a file",
        )
    }));
    findings
}

/// Files that are longer than they should be.
pub(super) fn notes(workspace: &Workspace) -> Vec<String> {
    let soft = long(workspace, SOFT).filter(|(_, lines)| *lines <= HARD);
    soft.map(|(path, lines)| format!("{path} has {lines} lines; files should have fewer than {SOFT}"))
        .collect()
}

fn rust_files(workspace: &Workspace) -> impl Iterator<Item = (&str, &str)> {
    workspace
        .files
        .iter()
        .filter(|(path, _)| path.ends_with(".rs"))
        .map(|(path, text)| (path.as_str(), text.as_str()))
}

fn long(workspace: &Workspace, most: usize) -> impl Iterator<Item = (&str, usize)> {
    rust_files(workspace)
        .map(|(path, text)| (path, text.lines().count()))
        .filter(move |(_, lines)| *lines > most)
}

fn of_source(workspace: &Workspace, source: &SourceCrate) -> Vec<Finding> {
    let example = format!("examples/ftest-{}.rs", source.name());
    let files =
        FILES.into_iter().chain([(example.as_str(), "the end-to-end test, by connectors_testkit::ftest!")]);
    let missing = files.filter(|(file, _)| !workspace.files.contains_key(&source.path(file)));
    let mut findings: Vec<Finding> = missing
        .map(|(file, holds)| {
            let message = format!("{} has no {file}", source.package);
            Finding::new(Code::Layout, (source.path(file), 1), message, format!("add the file: {holds}"))
        })
        .collect();
    if source.folder != format!("crates/{}", source.package) {
        let message = format!("the package {} lies in {}", source.package, source.folder);
        let help = format!("move it to crates/{}", source.package);
        findings.push(Finding::new(Code::Layout, (source.path("Cargo.toml"), 1), message, help));
    }
    findings.extend(source.modules.iter().chain(&source.fixture).filter_map(unreadable));
    findings.extend(exported(source));
    findings.extend(readme(workspace, source));
    findings
}

fn unreadable(module: &rust::Module) -> Option<Finding> {
    let (line, error) = module.file.as_ref().err()?;
    let message = format!("can't be read as Rust: {error}");
    Some(Finding::new(
        Code::Layout,
        (&module.path, *line),
        message,
        "mend the syntax; nothing else of this file was checked",
    ))
}

fn exported(source: &SourceCrate) -> Option<Finding> {
    let library = source.modules.first()?;
    let is_source = |item: &&Item| {
        let Item::Static(item) = item else { return false };
        let public = matches!(item.vis, syn::Visibility::Public(_));
        public && item.ident == "SOURCE" && rust::type_name(&item.ty) == "Definition"
    };
    if library.file.is_err() || library.items().iter().any(is_source) {
        return None;
    }
    let help =
        "add `pub static SOURCE: Definition<…> = Definition::new();`, with a method for each capability";
    Some(Finding::new(Code::Layout, (&library.path, 1), "`pub static SOURCE` is not exported", help))
}

/// The README is the table in the crate's docs.
fn readme(workspace: &Workspace, source: &SourceCrate) -> Vec<Finding> {
    let path = source.path("src/lib.rs");
    if !workspace.files.contains_key(&path) {
        return Vec::new();
    }
    let lines = workspace.text(&path).lines().enumerate();
    let docs: Vec<(usize, &str)> =
        lines.filter_map(|(at, line)| Some((at + 1, line.strip_prefix("//!")?.trim()))).collect();
    let at = |line, message: String, help: String| Finding::new(Code::Layout, (&path, line), message, help);
    let mut findings = Vec::new();
    if docs.first().is_none_or(|(_, text)| text.is_empty()) {
        let help = "begin the file with `//! Product: one document per …`";
        findings.push(at(1, "the README has no first line".into(), help.into()));
    }
    let rows: Vec<Row> = docs.iter().filter_map(row).collect();
    let mut last = 0;
    for (part, tells) in PARTS {
        let help = format!("write a row `//! | {part} | … |` that says {tells}; {ORDER}");
        let found = rows.iter().find(|row| row.part == part);
        let fault = match found {
            None => Some("lacks"),
            Some(row) if row.is_empty => Some("says nothing of"),
            Some(row) if row.line < last => Some("is out of order at"),
            Some(_) => None,
        };
        let line = found.or(rows.first()).map_or(1, |row| row.line);
        findings.extend(fault.map(|fault| at(line, format!("the README {fault} `{part}`"), help)));
        last = last.max(found.map_or(0, |row| row.line));
    }
    findings
}

const ORDER: &str = "the rows stand in the order permissions, ids, unchanged, scope, limits";

/// A row of the README's table.
struct Row {
    line: usize,
    part: String,
    is_empty: bool,
}

fn row((line, text): &(usize, &str)) -> Option<Row> {
    let cells: Vec<&str> = text.strip_prefix('|')?.trim_end_matches('|').split('|').map(str::trim).collect();
    let is_empty = cells.get(1).is_none_or(|cell| cell.is_empty());
    Some(Row { line: *line, part: (*cells.first()?).to_owned(), is_empty })
}
