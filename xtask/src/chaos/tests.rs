use super::*;
use crate::tests::Machine;

fn words(line: &str) -> Vec<String> {
    line.split_whitespace().map(str::to_owned).collect()
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
    let machine = Machine::new();
    for (name, code) in [("mongo", 0), ("directory", 3)] {
        machine.script(machine.path(&format!("crates/source-{name}/tests/source/main.rs")), "");
        let note = format!("echo \"{name} $*\" >> '{}'; exit {code}", machine.path("calls").display());
        machine.test_program(("built", &format!("source-{name}"), name), &note);
    }
    let failed = run(&machine.shell, &words("--built built --seeds 2")).unwrap_err().to_string();
    assert!(failed.contains("source-directory") && failed.contains("exit status: 3"), "{failed}");
    let arguments = "--chaos --program /W/built/connectors --embedded /W/built/elastic-embedded --seeds 2";
    let mut calls = machine.calls();
    calls.sort();
    assert_eq!(calls, ["directory", "mongo"].map(|name| format!("{name} {arguments}")));
}
