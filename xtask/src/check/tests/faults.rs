//! Each fault, alone in a good workspace, and the one finding that it makes.

use super::{Edit, edited, place, places};

/// Path, what stands there, what stands there instead; then code, path and line of the finding.
type Fault = (Edit, (&'static str, &'static str, &'static str));

fn each_is_found(faults: &[Fault]) {
    let missed = |(edit, expected): &Fault| {
        let workspace = edited(&[*edit]);
        let (found, expected) = (places(&workspace), place(&workspace, *expected));
        (found != [expected.as_str()]).then(|| format!("{edit:?}\n  makes {found:?}\n  not {expected}"))
    };
    let missed: Vec<String> = faults.iter().filter_map(missed).collect();
    assert!(missed.is_empty(), "{}", missed.join("\n"));
}

const LIB: &str = "crates/source-notes/src/lib.rs";
const CONFIG: &str = "crates/source-notes/src/config.rs";
const CLIENT: &str = "crates/source-notes/src/client.rs";
const SOURCE: &str = "crates/source-notes/src/source.rs";
const FIXTURE: &str = "crates/source-notes/fixture.rs";
const MANIFEST: &str = "crates/source-notes/Cargo.toml";
const PROGRAM: &str = "crates/connectors/Cargo.toml";
const COMPOSE: &str = "docker/notes/compose.yml";
const PAGE: &str = "docs/sources/notes.md";
const SUITE: &str = "crates/source-notes/tests/contract.rs";

#[test]
fn layout() {
    each_is_found(&[
        (
            ("crates/source-notes/src/document.rs", "*", ""),
            ("layout", "crates/source-notes/src/document.rs", ""),
        ),
        (
            ("crates/source-notes/examples/ftest-notes.rs", "*", ""),
            ("layout", "crates/source-notes/examples/ftest-notes.rs", ""),
        ),
        ((LIB, "//! | scope | the notebook |\n", ""), ("layout", LIB, "| | |")),
        ((LIB, "| the notebook |", "| |"), ("layout", LIB, "| scope |")),
        ((LIB, "//! | ids |", "//! | limits | none |\n//! | ids |"), ("layout", LIB, "| limits | none |")),
        ((LIB, "//! Notes: one document per note.\n", ""), ("layout", LIB, "")),
        ((LIB, "pub static SOURCE", "static SOURCE"), ("layout", LIB, "")),
        (
            ("crates/source-notes/src/document.rs", "//! Pure.", "//! Pure.\nfn {"),
            ("layout", "crates/source-notes/src/document.rs", "fn {"),
        ),
        (
            ("crates/connectors-core/src/sync/mod.rs", "*", "//! Sync.\n"),
            ("layout", "crates/connectors-core/src/sync/mod.rs", ""),
        ),
    ]);
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
fn declared() {
    each_is_found(&[
        (("config.yml", "  notes: source-notes # the one", "  {}"), ("declared", "config.yml", "")),
        (("config.yml", "sources:", "sources:\n  wiki: source-wiki"), ("declared", "config.yml", "wiki")),
        (("config.yml", "  notes: s", "  note: s"), ("declared", "config.yml", "note:")),
        (("config.yml", "sources:", "connectors:"), ("declared", "config.yml", "")),
        (("config.yml", "sources:", "sources: ]"), ("declared", "config.yml", "sources:")),
        ((PROGRAM, "default = [\"source-notes\"]", "default = []"), ("declared", PROGRAM, "optional")),
        ((PROGRAM, "[\"dep:source-notes\"]", "[]"), ("declared", PROGRAM, "optional")),
        (
            (PROGRAM, "[build", "source-wiki = { workspace = true, optional = true }\n\n[build"),
            ("declared", PROGRAM, "source-wiki"),
        ),
    ]);
}

#[test]
fn contract() {
    each_is_found(&[
        ((SOURCE, "impl Source for", "impl Sauce for"), ("contract", SOURCE, "")),
        ((LIB, ".incremental()", ""), ("contract", SOURCE, "impl Incremental")),
        ((SOURCE, "impl Incremental for", "impl Increment for"), ("contract", LIB, "pub static SOURCE")),
        (
            (SUITE, "contract!(source_notes::SOURCE,", "contract!(source_other::SOURCE,"),
            ("contract", SUITE, ""),
        ),
        (
            (SUITE, "connectors_testkit::contract!", "// connectors_testkit::contract!"),
            ("contract", SUITE, ""),
        ),
        ((MANIFEST, "harness = false", "harness = true"), ("contract", MANIFEST, "[[test]]")),
        ((MANIFEST, "harness = false", "harness = false\ntest = false"), ("contract", MANIFEST, "[[test]]")),
        ((FIXTURE, "const SKIPS: bool = true", "const SKIPS: bool = false"), ("contract", FIXTURE, "SKIPS")),
        ((FIXTURE, "    const SKIPS: bool = true;\n", ""), ("contract", FIXTURE, "impl Fixture")),
        ((FIXTURE, "fn break_in_the_middle", "fn broke"), ("contract", FIXTURE, "impl Fixture")),
        (
            (FIXTURE, "        self.broken.set(true);\n        Ok(true)", "        Ok(false)"),
            ("contract", FIXTURE, "fn break_in"),
        ),
        ((FIXTURE, "vec![wrong(\"token\")]", "Vec::new()"), ("contract", FIXTURE, "fn wrong_settings")),
        ((FIXTURE, "Ok(self.broken.set(false))", "Ok(())"), ("contract", FIXTURE, "fn mend")),
        ((FIXTURE, "impl Fixture for", "impl Fix for"), ("contract", FIXTURE, "")),
    ]);
    let rules = [
        (SOURCE, "impl Incremental", "impl AdvancedRules for Notes {}\nimpl Incremental"),
        (LIB, "incremental()", "incremental().advanced_rules()"),
    ];
    assert_eq!(places(&edited(&rules)), [format!("contract {FIXTURE}:4")]);
}

/// A call in an async function.
const fn seeded(call: &'static str) -> Edit {
    (CLIENT, "self.http.get(", call)
}

const BLOCKING: &[Fault] = &[
    (seeded("std::thread::sleep(S); self.http.get("), ("async", CLIENT, "thread::sleep(S)")),
    (seeded("fs::read_to_string(path); self.http.get("), ("async", CLIENT, "read_to_string")),
    (seeded("File::open(path); self.http.get("), ("async", CLIENT, "File::open(path);")),
    (seeded("path.canonicalize(); self.http.get("), ("async", CLIENT, "canonicalize")),
    (seeded("self.read(path); self.http.get("), ("async", CLIENT, "self.read(path);")),
    (seeded("Self::read(self, path); self.http.get("), ("async", CLIENT, "Self::read")),
    (seeded("tokio::task::spawn_blocking(work); self.http.get("), ("async", CLIENT, "spawn_blocking")),
    (seeded("path.map(std::fs::read); self.http.get("), ("async", CLIENT, "std::fs::read")),
    (seeded("try_join!(fs::read(path)); self.http.get("), ("async", CLIENT, "try_join")),
    (
        seeded("select! { x = fs::read(path) => x, y = later() => y }; self.http.get("),
        ("async", CLIENT, "select"),
    ),
    ((SOURCE, "stream::empty()", "stream::iter(std::fs::read_dir(\"/\"))"), ("async", SOURCE, "read_dir")),
    (
        (SOURCE, "Ok(Self { client", "std::net::TcpStream::connect(0); Ok(Self { client"),
        ("async", SOURCE, "TcpStream"),
    ),
    (
        (CLIENT, "    fn read(", "    fn later(&self) { async { fs::read(\"x\") } }\n    fn read("),
        ("async", CLIENT, "fn later"),
    ),
    (
        (CLIENT, "    fn read(", "    fn later(&self) { async || { fs::read(\"x\") } }\n    fn read("),
        ("async", CLIENT, "fn later"),
    ),
    (
        (CLIENT, "use std::path", "#[allow(clippy::disallowed_methods)]\nuse std::path"),
        ("async", CLIENT, "allow("),
    ),
    (("clippy.toml", "std::thread::sleep", "std::thread::park"), ("async", "clippy.toml", "disallowed")),
    (("crates/source-notes/clippy.toml", "*", "# mine"), ("async", "crates/source-notes/clippy.toml", "")),
];

#[test]
fn blocking() {
    each_is_found(BLOCKING);
    let waits = seeded("select! { x = ready() => x, y = file.exists() => y }; self.http.get(");
    assert_eq!(places(&edited(&[waits])), [format!("async {CLIENT}:11")]);
    let free = "select! { x = file.exists().await => x, y = tokio::fs::read(path) => y }; self.http.get(";
    assert_eq!(places(&edited(&[seeded(free)])), [""; 0]);
}

#[test]
fn throttle() {
    each_is_found(&[
        ((CLIENT, "rate(config.rate)", "rate(10)"), ("throttle", CLIENT, "rate(10)")),
        ((CLIENT, "rate(config.rate)", "rate(RATE)"), ("throttle", CLIENT, "rate(RATE)")),
        ((CLIENT, "rate(config.rate)", "rate(rate)"), ("throttle", CLIENT, "rate(rate)")),
        ((CLIENT, ".concurrency(config.concurrency)", ""), ("throttle", CLIENT, "context.http")),
        ((CLIENT, "self.http.get(", "reqwest::get(url); self.http.get("), ("throttle", CLIENT, "reqwest")),
        ((CLIENT, "use std::path", "use hyper::client;\nuse std::path"), ("throttle", CLIENT, "hyper")),
    ]);
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

const fn image(to: &'static str) -> Edit {
    (COMPOSE, "example/notes:1.2.3", to)
}

const fn at(needle: &'static str) -> (&'static str, &'static str, &'static str) {
    ("docker", COMPOSE, needle)
}

const DOCKER: &[Fault] = &[
    ((COMPOSE, "*", ""), ("docker", COMPOSE, "")),
    ((COMPOSE, "services:", "services: ]"), at("services:")),
    ((COMPOSE, "services:", "parts:"), at("")),
    (image("example/notes"), at("image:")),
    (image("example/notes:latest"), at("image:")),
    (image("example/notes:1.2"), at("image:")),
    (image("example/notes:${TAG:-1.2.3}"), at("image:")),
    (image("localhost:5000/notes"), at("image:")),
    (image("notes:1.2.3@sha256:00"), at("image:")),
    (
        (
            COMPOSE,
            "image: example/notes:1.2.3",
            "# digest read from hub.docker.com on 2026-01-02\n    image: notes:1.2.3@sha256:0000",
        ),
        at("image:"),
    ),
    ((COMPOSE, "image: example/notes:1.2.3", "build: ."), at("  notes:")),
    ((COMPOSE, "      test: curl --fail http://localhost:80/", "      disable: true"), at("healthcheck:")),
    ((COMPOSE, "test: curl --fail http://localhost:80/", "test: [CMD, \"true\"]"), at("healthcheck:")),
    ((COMPOSE, "127.0.0.1:8080:80", "8080:80"), at("8080:80")),
    ((COMPOSE, "127.0.0.1:8080:80", "target: 80\n        host_ip: 0.0.0.0"), at("80")),
    ((COMPOSE, "    ports:\n      - 127.0.0.1:8080:80\n", ""), at("")),
    ((COMPOSE, "    ports:", "    network_mode: host\n    ports:"), at("network_mode")),
    ((COMPOSE, "data:/data", "./data:/data"), at("./data")),
    ((COMPOSE, "- data:/data", "- type: bind\n        source: /srv\n        target: /data"), at("/srv")),
    ((COMPOSE, "volumes:\n  data:", "volumes:\n  data:\n    driver_opts: {device: /srv}"), at("data:")),
    (("docker/Dockerfile", "rust:1.95.0-slim", "rust:slim"), ("docker", "docker/Dockerfile", "rust:slim")),
];

#[test]
fn docker() {
    each_is_found(DOCKER);
    let sum = "5f70bf18a086007016e948b04aed3b82103a36bea41755b6cddfaf10ace3c6ef";
    let known =
        format!("# digest read from hub.docker.com on 2026-01-02\n    image: notes:1.2.3@sha256:{sum}")
            .leak();
    assert_eq!(places(&edited(&[(COMPOSE, "image: example/notes:1.2.3", known)])), [""; 0]);
}

#[test]
fn volume() {
    let half = "crates/source-notes/numbered.rs";
    each_is_found(&[
        ((half, "10_000", "4_000"), ("volume", FIXTURE, "const LARGE")),
        ((FIXTURE, "2 * (numbered::HALF + 1) - 1", "10_000"), ("volume", FIXTURE, "const LARGE")),
        ((FIXTURE, "2 * (numbered::HALF + 1) - 1", "many()"), ("volume", FIXTURE, "const LARGE")),
        ((FIXTURE, "2 * (numbered::HALF + 1) - 1", "{ 40_000 / 4 }"), ("volume", FIXTURE, "const LARGE")),
    ]);
    let silent = (FIXTURE, "    const LARGE: usize = 2 * (numbered::HALF + 1) - 1;\n", "");
    assert_eq!(places(&edited(&[silent])), [""; 0]);
    let smaller = ("crates/connectors-testkit/src/fixture.rs", "20_000", "9_999");
    assert_eq!(places(&edited(&[silent, smaller])), [format!("volume {FIXTURE}:4")]);
}

#[test]
fn layering() {
    let (core, lib) = ("crates/connectors-core/Cargo.toml", "crates/connectors-core/src/lib.rs");
    let elastic = "crates/connectors-core/src/elastic.rs";
    each_is_found(&[
        ((lib, "//! Core.", "//! Core, also of source-notes."), ("layering", lib, "source-notes")),
        ((lib, "mod document", "const N: &str = \"notes\";\nmod document"), ("layering", lib, "notes")),
        (
            (elastic, "//! Does", "use crate::source::Source;\n//! Does"),
            ("layering", elastic, "crate::source"),
        ),
        ((elastic, "//! Does", "use elasticsearch::http;\n//! Does"), ("layering", elastic, "elasticsearch")),
        ((elastic, "//! Does", "use reqwest::Client;\n//! Does"), ("layering", elastic, "reqwest")),
        (
            ("crates/connectors-core/src/sync/take/write.rs", "*", "use crate::sync::settle::close;\n"),
            ("layering", "crates/connectors-core/src/sync/take/write.rs", "crate::sync::settle"),
        ),
        (
            ("crates/connectors-core/src/sync/accounts.rs", "*", "use crate::sync::know::marks;\n"),
            ("layering", "crates/connectors-core/src/sync/accounts.rs", "crate::sync::know"),
        ),
    ]);
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
    each_is_found(&[
        ((PAGE, "*", ""), ("docs", PAGE, "")),
        ((PAGE, "## Limits", "## Limit"), ("docs", PAGE, "")),
        ((PAGE, "## Documents", "## Limits\n## Documents"), ("docs", PAGE, "## Limits")),
        ((PAGE, "API token | secret", "API token | text"), ("docs", PAGE, "`token`")),
        ((CONFIG, "RATE: u32 = 10", "RATE: u32 = 20"), ("docs", PAGE, "`rate`")),
        ((CONFIG, "/// Newest first.", "/// Oldest first."), ("docs", PAGE, "`order`")),
        ((PAGE, "| setting |", "| key |"), ("docs", PAGE, "| key |")),
        (
            (PAGE, "Their owner. |\n", "Their owner. |\n| `old` | Old | text | none | Gone. |\n"),
            ("docs", PAGE, "`old`"),
        ),
        (("docs/sources/wiki.md", "*", "# Wiki\n"), ("docs", "docs/sources/wiki.md", "")),
        (("docs/contributing.md", "### volume\n", ""), ("docs", "docs/contributing.md", "")),
    ]);
    let without = "# Notes\n## Settings\n## Permissions\n## Documents\n## Limits\n";
    assert_eq!(places(&edited(&[(PAGE, "*", without)])), [format!("docs {PAGE}:2")]);
    let none = places(&edited(&[(CONFIG, "config! {", "form! {")]));
    assert!(none.contains(&format!("docs {CONFIG}:1")), "{none:?}");
}

#[test]
fn pins() {
    let root = "Cargo.toml";
    let version = |to| (root, "async-trait = \"=0.1.92\"", to);
    let member = "crates/connectors/Cargo.toml";
    each_is_found(&[
        (version("async-trait = \"0.1.92\""), ("pins", root, "async-trait")),
        (version("async-trait = \"=0.1\""), ("pins", root, "async-trait")),
        (version("async-trait = { git = \"https://example.com\" }"), ("pins", root, "async-trait")),
        (version("async-trait = { version = \"*\" }"), ("pins", root, "async-trait")),
        (version("bytes = \"=1.12.2\"\nasync-trait = \"=0.1.92\""), ("pins", root, "bytes")),
        (
            (MANIFEST, "async-trait.workspace = true", "async-trait = \"=0.1.92\""),
            ("pins", MANIFEST, "async-trait"),
        ),
        (
            (MANIFEST, "async-trait.workspace = true", "async-trait = { path = \"../a\" }"),
            ("pins", MANIFEST, "async-trait"),
        ),
        ((MANIFEST, "[dev-", "serde_yaml.workspace = true\n[dev-"), ("pins", MANIFEST, "serde_yaml")),
        ((member, "[build-", "async-trait.workspace = true\n\n[build-"), ("pins", member, "async-trait")),
        (
            (SOURCE, "use async_trait::async_trait", "// use async_trait::async_trait"),
            ("pins", MANIFEST, "async-trait"),
        ),
        (
            (member, "[build-", "[target.'cfg(unix)'.dependencies]\nasync-trait = \"1\"\n\n[build-"),
            ("pins", member, "async-trait"),
        ),
        ((root, "[workspace.dep", "[patch.crates-io]\n\n[workspace.dep"), ("pins", root, "[patch")),
        ((".github/workflows/ci.yml", "@v4.2.2", "@v4"), ("pins", ".github/workflows/ci.yml", "@v4")),
        (("ci/check", "cargo xtask deny", "# cargo xtask deny"), ("pins", "ci/check", "")),
    ]);
    let renamed = [
        (root, "serde_yaml =", "yaml_serde = \"=0.10.7\"\nserde_yaml ="),
        (member, "serde_yaml.workspace", "yaml_serde.workspace = true\nserde_yaml.workspace"),
        ("crates/connectors/build.rs", "fn main", "use yaml_serde;\nfn main"),
    ];
    let workspace = edited(&renamed);
    assert_eq!(places(&workspace), [place(&workspace, ("pins", root, "package = "))]);
}
