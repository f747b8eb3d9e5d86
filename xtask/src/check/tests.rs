mod command;
mod faults;
mod measured;

use std::collections::BTreeMap;

use super::workspace::{Dependency, Member};
use super::*;

/// A workspace without a fault: each file after a line `==== path`.
const GOOD: &str = include_str!("tests/good.txt");

fn files() -> BTreeMap<String, String> {
    let parts = GOOD.split("==== ").skip(1).map(|part| part.split_once('\n').unwrap());
    parts.map(|(path, text)| (path.to_owned(), text.to_owned())).collect()
}

/// The members as cargo would tell them.
fn members(files: &BTreeMap<String, String>) -> Vec<Member> {
    let manifests =
        files.iter().filter(|(path, _)| path.starts_with("crates/") && path.ends_with("/Cargo.toml"));
    let member = |(path, text): (&String, &String)| Member {
        name: manifest::text_at(text, &["package", "name"]).unwrap(),
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
fn a_source_without_a_server_says_so_in_its_manifest() {
    let reason = "[package]\nmetadata.connector.no-backend = \"a file\"\n";
    let manifest = "crates/source-notes/Cargo.toml";
    let declared = (manifest, "[package]\n", reason);
    assert_eq!(places(&edited(&[declared, ("docker/notes/compose.yml", "*", "")])), [""; 0]);
    assert_eq!(places(&edited(&[declared])), ["docker crates/source-notes/Cargo.toml:1"]);
    let empty = (manifest, "[package]\n", "[package]\nmetadata.connector.no-backend = \" \"\n");
    let missing = places(&edited(&[empty, ("docker/notes/compose.yml", "*", "")]));
    assert_eq!(missing, ["docker docker/notes/compose.yml:1"]);
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
