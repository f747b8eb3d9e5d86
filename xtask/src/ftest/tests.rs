use super::options::Server;
use super::*;
use crate::tests::Machine;

fn words(line: &str) -> Vec<String> {
    line.split_whitespace().map(str::to_owned).collect()
}

/// A machine with two sources whose test programs note how they were called, and hold servers.
fn machine(end: &str) -> Machine {
    let machine = Machine::new();
    for name in ["mongo", "directory"] {
        machine.script(machine.path(&format!("crates/source-{name}/tests/source/main.rs")), "");
        let body = format!(
            "case $2 in hold) echo '[{{\"name\":\"it\",\"version\":\"1\",\"url\":\"http://it\",\"group\":7}}]'; read end ;; esac\n\
             echo \"{name} $* $CONNECTORS_INSTALL\" >> '{}'; {end}",
            machine.path("calls").display()
        );
        machine.test_program(("built", &format!("source-{name}"), name), &body);
    }
    machine
}

#[test]
fn the_command_line_is_understood() {
    let known = words("directory mongo");
    let options = Options::of(&words("mongo --es opensearch --docs 500 --keep --built b"), &known).unwrap();
    let expected = Options {
        names: words("mongo"),
        server: Server::OpenSearch,
        documents: "500".into(),
        keep: true,
        built: Some("b".into()),
    };
    assert_eq!(options, expected);
    let all = Options::of(&words("--all --es embedded"), &known).unwrap();
    assert_eq!((all.names, all.server, all.documents.as_str()), (known.clone(), Server::Embedded, "12000"));
    for (line, expected) in [
        ("", "name a source, or --all; there are directory, mongo"),
        ("mango", "no source `mango` to test; there are directory, mongo"),
        ("mongo --es solr", "--es takes embedded, elasticsearch or opensearch, not `solr`"),
        ("mongo --docs", "--docs takes a value"),
    ] {
        assert_eq!(Options::of(&words(line), &known).unwrap_err().to_string(), expected);
    }
}

#[test]
fn each_source_is_tested_against_the_server() {
    let machine = machine("");
    run(&machine.shell, &words("directory --es embedded --built built --docs 300 --keep")).unwrap();
    let embedded = "--program /W/built/connectors --embedded /W/built/elastic-embedded";
    assert_eq!(machine.calls(), [format!("directory --ftest {embedded} --docs 300 --keep 1")]);
}

#[test]
fn a_real_server_is_up_while_all_are_tested() {
    for end in ["", "[ $1 != --ftest ] || exit 3"] {
        let machine = machine(end);
        let done = run(&machine.shell, &words("--all --es opensearch --built built"))
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
