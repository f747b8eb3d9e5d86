use super::*;
use crate::cli::args;
use crate::tests::Machine;

#[test]
fn seeds_are_handed_on() {
    for (line, sources, told) in [
        ("", 2, "--seeds 20"),
        ("mongo --seed 7", 1, "--seed 7"),
        ("--fresh 5 --seeds 3", 2, "--seeds 3 --fresh 5"),
        ("--fresh 5", 2, "--seeds 20 --fresh 5"),
        ("--budget 600", 1, "--seeds 20 --seconds 600"),
        ("--budget 600", 2, "--seeds 20 --seconds 600"),
        ("--budget 600 --fresh 1", 30, "--seeds 20 --fresh 1 --seconds 40"),
    ] {
        assert_eq!(args::<Args>(line).unwrap().seeds(sources).join(" "), told, "{line}");
    }
}

#[test]
fn every_source_is_run_to_its_end_also_when_one_fails() {
    let machine = Machine::new();
    machine.source("mongo", ("", ""));
    machine.source("directory", ("", "exit 3"));
    let failed = run(&machine.shell, &args("--built built --seeds 2").unwrap()).unwrap_err().to_string();
    assert!(failed.contains("source-directory") && failed.contains("exit status: 3"), "{failed}");
    let arguments = "--chaos --program /W/built/connectors --embedded /W/built/elastic-embedded --seeds 2";
    let mut calls = machine.calls();
    calls.sort();
    assert_eq!(calls, ["directory", "mongo"].map(|name| format!("{name} {arguments} 1")));
}
