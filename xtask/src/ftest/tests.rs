use super::*;
use crate::cli::args;
use crate::tests::Machine;

/// A machine with two sources whose test programs note how they were called, and hold servers.
fn machine(end: &str) -> Machine {
    let machine = Machine::new();
    let server = r#"{"name":"it","version":"1","url":"http://it","group":7}"#;
    let hold = format!("case $2 in hold) echo '[{server}]'; read end ;; esac");
    ["mongo", "directory"].into_iter().for_each(|name| machine.source(name, (&hold, end)));
    machine
}

#[test]
fn a_source_without_a_test_program_is_told() {
    let told = run(&machine("").shell, &args("mango").unwrap()).unwrap_err().to_string();
    assert_eq!(told, "no source `mango` with a test program; there are directory, mongo");
}

#[test]
fn each_source_is_tested_against_the_server() {
    let machine = machine("");
    run(&machine.shell, &args("directory --es embedded --built built --docs 300 --keep").unwrap()).unwrap();
    let embedded = "--program /W/built/connectors --embedded /W/built/elastic-embedded";
    assert_eq!(machine.calls(), [format!("directory --ftest {embedded} --docs 300 --keep 1")]);
}

#[test]
fn a_real_server_is_up_while_all_are_tested() {
    for end in ["", "[ $1 != --ftest ] || exit 3"] {
        let machine = machine(end);
        let done = run(&machine.shell, &args("--all --es opensearch --built built").unwrap())
            .map_err(|error| error.to_string());
        let test = "--ftest --program /W/built/connectors --es http://it --docs 12000 1";
        let mut expected = vec![format!("directory {test}"), format!("mongo {test}")];
        if let Err(error) = &done {
            assert!(error.contains("exit status: 3"), "{error}");
            expected.pop();
        }
        expected.push("directory --backend hold opensearch 1".into());
        assert_eq!(
            (done.is_ok(), machine.calls()),
            (end.is_empty(), expected),
            "the server goes last, also then"
        );
    }
}

#[test]
fn within_a_budget_the_source_that_changed_last_is_tested_and_the_others_are_named() {
    let machine = machine("").program("git", "case \"$*\" in *source-mongo) echo 20;; *) echo 10;; esac");
    run(&machine.shell, &args("--all --es embedded --built built --budget 0").unwrap()).unwrap();
    let tested: Vec<String> = machine.calls().into_iter().filter(|call| !call.starts_with("git")).collect();
    let test = "--ftest --program /W/built/connectors --embedded /W/built/elastic-embedded --docs 12000 1";
    assert_eq!(tested, [format!("mongo {test}")]);
    assert_eq!(machine.err.get(), "not run, as the time is over: directory\n");
}
