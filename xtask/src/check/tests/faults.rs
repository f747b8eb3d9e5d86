//! Each fault, alone in a good workspace, and the one finding that it makes.

use super::{Edit, edited, place, places};

/// A fault a line: point, file, what stands there, what stands there instead, and what the line of the finding holds, behind
/// `FILE >> ` where that is in another file.
const FAULTS: &str = include_str!("faults.txt");

#[test]
fn each_fault_alone_makes_one_finding_at_its_place() {
    let missed: Vec<String> = FAULTS.lines().filter_map(missed).collect();
    assert!(missed.is_empty(), "{}", missed.join("\n"));
    assert!(FAULTS.lines().count() >= 109);
}

fn missed(line: &str) -> Option<String> {
    let part = |part: &str| part.strip_prefix(' ').unwrap_or(part).replace("\\n", "\n");
    let parts: Vec<String> = line.split(" ~").map(part).collect();
    let [code, path, from, to, held] = parts.as_slice() else {
        return Some(format!("not five parts: {line}"));
    };
    let (file, needle) = held.split_once(" >> ").unwrap_or((path, held));
    let workspace = edited(&[(path, from, to)]);
    let (found, expected) = (places(&workspace), place(&workspace, (code, file, needle)));
    (found != [expected.as_str()]).then(|| format!("{line}\n  makes {found:?}\n  not {expected}"))
}

const LIB: &str = "crates/source-notes/src/lib.rs";
const CONFIG: &str = "crates/source-notes/src/config.rs";
const CLIENT: &str = "crates/source-notes/src/client.rs";
const SOURCE: &str = "crates/source-notes/src/source.rs";
const FIXTURE: &str = "crates/source-notes/tests/source/fixture.rs";
const MANIFEST: &str = "crates/source-notes/Cargo.toml";
const COMPOSE: &str = "docker/notes/compose.yml";
const PAGE: &str = "docs/sources/notes.md";

#[test]
fn layout() {
    let long = "//! x\n".repeat(601).leak();
    let workspace = edited(&[("crates/connectors-core/src/document.rs", "*", long)]);
    assert_eq!(places(&workspace), ["layout crates/connectors-core/src/document.rs:601"]);
    let notes =
        super::notes(&edited(&[("crates/connectors-core/src/document.rs", "*", &long[..6 * 401])]), &[]);
    assert_eq!(
        notes[0],
        "crates/connectors-core/src/document.rs has 401 lines; files should have fewer than 400"
    );
}

#[test]
fn contract() {
    let rules = [
        (SOURCE, "impl Incremental", "impl AdvancedRules for Notes {}\nimpl Incremental"),
        (LIB, "incremental()", "incremental().advanced_rules()"),
    ];
    assert_eq!(places(&edited(&rules)), [format!("contract {FIXTURE}:4")]);
}

/// A call in an async function.
const fn seeded(call: &str) -> Edit<'_> {
    (CLIENT, "self.http.get(", call)
}

#[test]
fn blocking() {
    let waits = seeded("select! { x = ready() => x, y = file.exists() => y }; self.http.get(");
    assert_eq!(places(&edited(&[waits])), [format!("async {CLIENT}:11")]);
    let free = "select! { x = file.exists().await => x, y = tokio::fs::read(path) => y }; self.http.get(";
    assert_eq!(places(&edited(&[seeded(free)])), [""; 0]);
}

#[test]
fn throttle() {
    let pooled = [
        ("Cargo.toml", "async-trait", "mongodb = \"=3.9.1\"\nasync-trait"),
        (MANIFEST, "async-trait", "mongodb.workspace = true\nasync-trait"),
        (CLIENT, "use std::path", "use mongodb::Client;\nuse std::path"),
    ];
    assert_eq!(places(&edited(&pooled)), [format!("throttle {CONFIG}:1")]);
    let declared = (CONFIG, "pub rate: u32", "pub max_connections: u32");
    let unread = edited(&[pooled.as_slice(), &[declared]].concat());
    assert!(places(&unread).contains(&place(&unread, ("throttle", CONFIG, "max_connections"))));
    let read =
        edited(&[pooled.as_slice(), &[declared, (CLIENT, "config.rate", "config.max_connections")]].concat());
    assert!(places(&read).iter().all(|place| !place.starts_with("throttle")), "{:?}", places(&read));
    let http = [
        ("Cargo.toml", "async-trait", "reqwest = \"=0.12.28\"\nasync-trait"),
        (MANIFEST, "async-trait", "reqwest.workspace = true\nasync-trait"),
        ("crates/source-notes/src/document.rs", "*", "use reqwest::Url;\n"),
    ];
    let expected =
        [format!("throttle {MANIFEST}:6"), "throttle crates/source-notes/src/document.rs:1".into()];
    assert_eq!(places(&edited(&http)), expected);
}

#[test]
fn docker() {
    let sum = "5f70bf18a086007016e948b04aed3b82103a36bea41755b6cddfaf10ace3c6ef";
    let known =
        format!("# digest read from hub.docker.com on 2026-01-02\n    image: notes:1.2.3@sha256:{sum}")
            .leak();
    assert_eq!(places(&edited(&[(COMPOSE, "image: example/notes:1.2.3", known)])), [""; 0]);
}

#[test]
fn volume() {
    let silent = (FIXTURE, "    const LARGE: usize = 2 * (numbered::HALF + 1) - 1;\n", "");
    assert_eq!(places(&edited(&[silent])), [""; 0]);
    let smaller = ("crates/connectors-testkit/src/fixture.rs", "20_000", "9_999");
    assert_eq!(places(&edited(&[silent, smaller])), [format!("volume {FIXTURE}:4")]);
}

#[test]
fn layering() {
    let (core, lib) = ("crates/connectors-core/Cargo.toml", "crates/connectors-core/src/lib.rs");
    let core_on_testkit = [
        (core, "\"\n", "\"\n[dependencies]\nconnectors-testkit.workspace = true\n"),
        (lib, "mod document", "use connectors_testkit::A;\nmod document"),
    ];
    assert_eq!(places(&edited(&core_on_testkit)), [format!("layering {core}:4")]);
    let testkit_in_source = [
        (
            MANIFEST,
            "async-trait.workspace = true\n",
            "async-trait.workspace = true\nconnectors-testkit.workspace = true\n",
        ),
        (LIB, "mod client", "use connectors_testkit::A;\nmod client"),
    ];
    assert_eq!(places(&edited(&testkit_in_source)), [format!("layering {MANIFEST}:7")]);
}

#[test]
fn the_service_knows_core_alone() {
    let manifest = "crates/connectors-service/Cargo.toml";
    let text = "[package]
name = \"connectors-service\"

[dependencies]
connectors.workspace = true
connectors-core.workspace = true
connectors-testkit.workspace = true
source-notes.workspace = true

[dev-dependencies]
connectors-testkit.workspace = true
";
    let found = places(&edited(&[(manifest, "*", text)]));
    let found: Vec<&str> = found.iter().filter_map(|place| place.strip_prefix("layering ")).collect();
    let expected: Vec<String> = [5, 7, 8].iter().map(|line| format!("{manifest}:{line}")).collect();
    assert_eq!(found, expected);
}

#[test]
fn sources_know_nothing_of_each_other() {
    let wiki = "crates/source-wiki/Cargo.toml";
    let workspace = edited(&[
        (wiki, "*", "[package]\nname = \"source-wiki\"\n"),
        (MANIFEST, "async-trait", "source-wiki.workspace = true\nasync-trait"),
        (CLIENT, "use std::path", "use source_wiki::Page;\nuse std::path"),
        ("Cargo.toml", "async-trait", "source-wiki = { path = \"crates/source-wiki\" }\nasync-trait"),
    ]);
    let found: Vec<String> =
        places(&workspace).into_iter().filter(|place| place.starts_with("layering")).collect();
    let expected = [("layering", MANIFEST, "source-wiki"), ("layering", CLIENT, "source_wiki")];
    let mut expected = expected.map(|at| place(&workspace, at));
    expected.sort();
    assert_eq!(found, expected);
}

#[test]
fn docs() {
    let without = "# Notes\n## Settings\n## Permissions\n## Documents\n## Limits\n";
    assert_eq!(places(&edited(&[(PAGE, "*", without)])), [format!("docs {PAGE}:2")]);
    let none = places(&edited(&[(CONFIG, "config! {", "form! {")]));
    assert!(none.contains(&format!("docs {CONFIG}:1")), "{none:?}");
}

#[test]
fn pins() {
    let root = "Cargo.toml";
    let member = "crates/connectors/Cargo.toml";
    let renamed = [
        (root, "serde_yaml =", "yaml_serde = \"=0.10.7\"\nserde_yaml ="),
        (member, "serde_yaml.workspace", "yaml_serde.workspace = true\nserde_yaml.workspace"),
        ("crates/connectors/build.rs", "fn main", "use yaml_serde;\nfn main"),
    ];
    let workspace = edited(&renamed);
    assert_eq!(places(&workspace), [place(&workspace, ("pins", root, "package = "))]);
}
