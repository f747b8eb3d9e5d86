mod command;
mod measured;

use std::collections::BTreeMap;

use super::workspace::{Dependency, Member};
use super::*;

/// A workspace without a fault: each file after a line `==== path`.
const GOOD: &str = include_str!("tests/good.txt");

/// A fault a line: the point that finds it; each edit as file, what stands there, and what stands there instead; and what the line of the
/// finding holds, behind `FILE >> ` where that is not in the first file, and several joined by ` & `. The point is the only one that finds
/// something, unless a `*` follows it; `none` says that nothing is found, `none of POINT` nothing by that one.
const FAULTS: &str = include_str!("tests/faults.txt");

fn files() -> BTreeMap<String, String> {
    let parts = GOOD.split("==== ").skip(1).map(|part| part.split_once('\n').unwrap());
    parts.map(|(path, text)| (path.to_owned(), text.to_owned())).collect()
}

/// The members as cargo would tell them.
fn members(files: &BTreeMap<String, String>) -> Vec<Member> {
    let manifests =
        files.iter().filter(|(path, _)| path.starts_with("crates/") && path.ends_with("/Cargo.toml"));
    let member = |(path, text): (&String, &String)| Member {
        name: manifest::at(text, &["package", "name"]).unwrap().as_str().unwrap().to_owned(),
        folder: path.trim_end_matches("/Cargo.toml").to_owned(),
        dependencies: manifest::dependencies(text)
            .iter()
            .map(|entry| Dependency {
                package: entry.package().to_owned(),
                is_dev: entry.kind == "dev-dependencies",
            })
            .collect(),
    };
    manifests.map(member).collect()
}

/// A change of a file: the text `from` in it becomes `to`; the whole file where `from` is `*`.
type Edit<'a> = (&'a str, &'a str, &'a str);

fn edited(edits: &[Edit<'_>]) -> Workspace {
    let mut files = files();
    for (path, from, to) in edits {
        let old = files.remove(*path).unwrap_or_default();
        assert!(*from == "*" || old.contains(from), "{path} holds no {from:?}");
        if *from != "*" {
            files.insert((*path).to_owned(), old.replacen(from, to, 1));
        } else if !to.is_empty() {
            files.insert((*path).to_owned(), (*to).to_owned());
        }
    }
    let members = members(&files);
    Workspace::new(files, members)
}

/// `code path:line` of each finding.
fn places(workspace: &Workspace) -> Vec<String> {
    let found = findings(workspace, &[]);
    found.iter().map(|finding| format!("{} {}:{}", finding.code, finding.path, finding.line)).collect()
}

/// The line of `needle` in a file, 1 where it is empty.
fn place(workspace: &Workspace, (code, path, needle): (&str, &str, &str)) -> String {
    let found = workspace.text(path).lines().position(|line| line.contains(needle));
    assert!(needle.is_empty() || found.is_some(), "{path} holds no {needle:?}");
    format!("{code} {path}:{}", if needle.is_empty() { 1 } else { found.unwrap() + 1 })
}

#[test]
fn a_good_workspace_has_no_finding() {
    let workspace = edited(&[]);
    assert_eq!(findings(&workspace, &[]), []);
    assert_eq!(workspace.sources.len(), 1);
}

#[test]
fn each_fault_alone_is_found_at_its_place_by_its_point() {
    let missed: Vec<String> = FAULTS.lines().filter_map(missed).collect();
    assert!(missed.is_empty(), "{}", missed.join("\n"));
    assert!(FAULTS.lines().count() >= 132);
}

fn missed(line: &str) -> Option<String> {
    let part = |part: &str| part.strip_prefix(' ').unwrap_or(part).replace("\\n", "\n");
    let parts: Vec<String> = line.split(" ~").map(part).collect();
    let [code, edits @ .., held] = parts.as_slice() else { return Some(line.to_owned()) };
    let edits: Vec<Edit> = edits.chunks_exact(3).map(|edit| (&*edit[0], &*edit[1], &*edit[2])).collect();
    let workspace = edited(&edits);
    let (point, is_only) = match code.strip_suffix('*').or(code.strip_prefix("none of ")) {
        Some(point) => (point, false),
        None => (code.as_str(), true),
    };
    let mut found = places(&workspace);
    found.retain(|place| is_only || place.starts_with(point));
    let at = |held: &str| {
        let (file, needle) = held.split_once(" >> ").unwrap_or((edits[0].0, held));
        place(&workspace, (point, file, needle))
    };
    let mut expected: Vec<String> = held.split(" & ").filter(|_| !code.starts_with("none")).map(at).collect();
    expected.sort();
    found.sort();
    (found != expected).then(|| format!("{line}\n  makes {found:?}\n  not {expected:?}"))
}

#[test]
fn a_long_file_and_differing_features_are_found() {
    let (path, line) = ("crates/connectors-core/src/document.rs", "//! x\n");
    assert_eq!(places(&edited(&[(path, "*", &line.repeat(601))])), [format!("layout {path}:601")]);
    let notes = notes(&edited(&[(path, "*", &line.repeat(401))]), &[]);
    assert_eq!(notes[0], format!("{path} has 401 lines; files should have fewer than 400"));
    let differing_features = vec![("source-b".into(), "regex v1.13.2".into(), "std, unicode".into())];
    let told = findings(&Workspace { differing_features, ..edited(&[]) }, &[])[0].to_string();
    assert!(told.contains("regex v1.13.2 has other features when source-b is built alone"), "{told}");
    assert!(told.contains("let `regex` have the features std, unicode there"), "{told}");
}

#[test]
fn a_table_of_settings_is_mended() {
    let path = "docs/sources/notes.md";
    let good = files()[path].clone();
    for (from, to) in [
        ("| `10` |", "| `20` |"),
        ("| `rate` |", "| `old` | Old | text | none | Gone. |\n| `rate` |"),
        ("| `token` | API token | secret | empty | Needs the right `notes.read`. |\n", ""),
    ] {
        let mut workspace = edited(&[(path, from, to)]);
        workspace.files.extend(docs::mended(&workspace));
        assert_eq!(workspace.text(path), good, "{from}");
        assert_eq!(docs::mended(&workspace), []);
    }
    let table: Vec<&str> = good.lines().filter(|line| line.starts_with('|')).collect();
    let first = good.lines().position(|line| line.starts_with('|')).unwrap();
    let length = good.lines().skip(first).take_while(|line| line.starts_with('|')).count();
    let without = good.replacen(&format!("{}\n\n", table[..length].join("\n")), "", 1);
    let mut workspace = edited(&[(path, "*", &without)]);
    assert!(places(&workspace).iter().any(|place| place.starts_with(&format!("docs {path}"))));
    workspace.files.extend(docs::mended(&workspace));
    assert_eq!(workspace.text(path), good, "a table that is not there is written");
}

#[test]
fn a_finding_tells_the_place_the_fault_and_the_way_out() {
    let workspace = edited(&[("docs/sources/notes.md", "| `10` |", "| `20` |")]);
    let found = findings(&workspace, &[Code::Docs]);
    let told = "docs/sources/notes.md:11: docs: the table does not tell `rate` as src/config.rs declares it
  help: run `cargo xtask check --fix`: it writes the table from src/config.rs
  see docs/contributing.md#docs";
    assert_eq!(found[0].to_string(), told);
    assert_eq!(found.len(), 1);
    assert_eq!(findings(&workspace, &[Code::Pins]), []);
}
