use std::fs;

use super::*;
use crate::tests::Machine;

fn words(line: &str) -> Vec<String> {
    line.split_whitespace().map(str::to_owned).collect()
}

/// A machine with two sources that have a bench, and programs that note how they were called.
fn machine() -> Machine {
    let machine = Machine::new().program("mongod", "");
    for name in ["mongo", "directory"] {
        machine.script(machine.path(&format!("crates/source-{name}/examples/chaos-{name}.rs")), "");
        let note = format!("echo \"chaos-{name} $* $MONGOD\" >> '{}'", machine.path("calls").display());
        machine.script(machine.path(&format!("built/examples/chaos-{name}")), &note);
    }
    fs::create_dir_all(machine.path("crates/source-untested")).unwrap();
    machine
}

#[test]
fn the_command_line_is_understood() {
    let known = words("directory mongo");
    let read = |line: &str| Options::of(&words(line), &known).map_err(|error| error.to_string());
    let given = read("mongo --seed 7 --es elasticsearch --built b").unwrap();
    let expected =
        Options { names: words("mongo"), seeds: words("--seed 7"), is_real: true, built: Some("b".into()) };
    assert_eq!(given, expected);
    let plain = read("").unwrap();
    assert_eq!(
        (plain.names, plain.is_real, plain.seeds.join(" ").as_str()),
        (known.clone(), false, "--seeds 20")
    );
    assert_eq!(read("--fresh 5 --seeds 3").unwrap().seeds.join(" "), "--seeds 3 --fresh 5");
    for (line, expected) in [
        ("mango", "no source `mango` with a chaos bench; there are directory, mongo"),
        ("--es solr", "--es takes embedded or elasticsearch, not `solr`"),
        ("--seeds", "--seeds takes a value"),
        ("--sed 1", "unknown switch `--sed`; see --help"),
    ] {
        assert_eq!(read(line).unwrap_err(), expected);
    }
}

#[test]
fn every_source_is_run_to_its_end_also_when_one_fails() {
    let machine = machine();
    let note = format!("echo \"chaos-directory $*\" >> '{}'; exit 3", machine.path("calls").display());
    machine.script(machine.path("built/examples/chaos-directory"), &note);
    let failed = run(&machine.shell, &words("--built built --seeds 2")).unwrap_err().to_string();
    assert!(failed.contains("chaos-directory") && failed.contains("exit status: 3"), "{failed}");
    let arguments = "--program /W/built/connectors --embedded /W/built/elastic-embedded --seeds 2";
    let mut expected = [
        "mongod --version".to_owned(),
        format!("chaos-directory {arguments}"),
        format!("chaos-mongo {arguments} /W/bin/mongod"),
    ];
    let mut calls = machine.calls();
    calls.sort();
    expected.sort();
    assert_eq!(calls, expected);
}

#[test]
fn what_is_missing_is_built() {
    let machine = machine().program("cargo", "");
    let options = Options::of(&words("directory"), &words("directory")).unwrap();
    assert_eq!(built(&machine.shell, &options).unwrap(), machine.path("target/debug"));
    let expected = [
        "cargo build --locked --package connectors --package elastic-embedded --bins",
        "cargo build --locked --package source-directory --example chaos-directory",
    ];
    assert_eq!(machine.calls(), expected);
}
