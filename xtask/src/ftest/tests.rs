use super::options::Server;
use super::*;
use crate::tests::Machine;

fn words(line: &str) -> Vec<String> {
    line.split_whitespace().map(str::to_owned).collect()
}

/// A machine with two sources that have tests, and one that has none.
fn machine() -> Machine {
    let machine = Machine::new();
    for name in ["mongo", "directory"] {
        machine.script(machine.path(&format!("crates/source-{name}/examples/ftest-{name}.rs")), "");
    }
    fs::create_dir_all(machine.path("crates/source-untested")).unwrap();
    fs::create_dir_all(machine.path("crates/connectors")).unwrap();
    machine
}

/// Programs that are there already: tests that note how they were called, and a server that answers.
fn with_programs(machine: Machine) -> Machine {
    let calls = machine.path("calls");
    for name in ["mongo", "directory"] {
        let note = format!("echo \"ftest-{name} $*\" >> '{}'", calls.display());
        machine.script(machine.path(&format!("built/examples/ftest-{name}")), &note);
    }
    let us = std::env::current_exe().unwrap();
    let serve = format!(
        "FAKE_SERVER_PORT=$2 exec '{}' backend::tests::a_server_in_a_process_of_its_own_answers --exact",
        us.display()
    );
    machine.script(machine.path("built/elastic-embedded"), &serve);
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
fn sources_with_a_test_are_known() {
    assert_eq!(known(&machine().shell.root, "ftest").unwrap(), ["directory", "mongo"]);
}

#[test]
fn each_source_is_tested_against_the_server() {
    let machine = with_programs(machine());
    run(&machine.shell, &words("directory --es embedded --built built --docs 300 --keep")).unwrap();
    let calls = machine.calls();
    let start = "ftest-directory --program /W/built/connectors --es http://127.0.0.1:";
    assert!(calls.len() == 1 && calls[0].starts_with(start), "{calls:?}");
    assert!(calls[0].ends_with(" --docs 300 --keep"), "{calls:?}");
}

#[test]
fn mongo_gets_a_server_of_its_own() {
    let machine = with_programs(machine()).program("mongod", "");
    let note = format!("echo \"$MONGOD\" >> '{}'", machine.path("calls").display());
    machine.script(machine.path("built/examples/ftest-mongo"), &note);
    run(&machine.shell, &words("mongo --es embedded --built built")).unwrap();
    assert_eq!(machine.calls(), ["mongod --version", "/W/bin/mongod"]);
}

/// A Docker that runs what it is told to, and says when.
fn with_docker(machine: Machine) -> Machine {
    let folder = machine.folder.path().display().to_string();
    let body = format!(
        "case \"$*\" in *' up '*) echo at $MONGODB_PORT > '{folder}/container' ;; \
         *' down '*) rm '{folder}/container' ;; *' ps '*) cat '{folder}/container' ;; esac"
    );
    machine.program("docker", &body)
}

#[test]
fn mongo_gets_a_container_where_an_engine_answers() {
    for end in ["0", "3"] {
        let machine = with_docker(with_programs(machine()));
        let note = format!(
            "echo \"$CONNECTORS_MONGODB is $(cat '{0}/container')$MONGOD\" >> '{0}/calls'; exit {end}",
            machine.folder.path().display()
        );
        machine.script(machine.path("built/examples/ftest-mongo"), &note);
        let done = run(&machine.shell, &words("mongo --es embedded --built built"));
        assert_eq!(done.is_ok(), end == "0");
        let calls = machine.calls();
        let [info, asked, up, test, is_up, down] = &calls[..] else { panic!("{calls:?}") };
        assert_eq!((info.as_str(), asked.as_str()), ("docker info", "docker info"));
        let compose = "docker compose --file docker/mongo/compose.yml";
        assert_eq!(up, &format!("{compose} up --detach --wait --wait-timeout 120"));
        let port = test.rsplit(' ').next().unwrap();
        assert_eq!(
            test,
            &format!("mongodb://root:s3cret@127.0.0.1:{port}/?directConnection=true is at {port}")
        );
        assert_eq!(is_up, &format!("{compose} ps --quiet --status running"));
        assert_eq!(down, &format!("{compose} down --volumes"), "also when the test fails");
    }
}

#[test]
fn a_mongodb_that_runs_already_is_taken() {
    let machine = with_docker(with_programs(machine())).var("CONNECTORS_MONGODB", "mongodb://theirs");
    let note = format!("echo \"$CONNECTORS_MONGODB\" >> '{}'", machine.path("calls").display());
    machine.script(machine.path("built/examples/ftest-mongo"), &note);
    run(&machine.shell, &words("mongo --es embedded --built built")).unwrap();
    assert_eq!(machine.calls(), ["mongodb://theirs"]);
}

#[test]
fn what_a_source_tests_besides_is_run_behind_its_steps() {
    let machine = with_programs(machine());
    for name in ["directory-links", "directories", "other"] {
        machine.script(machine.path(&format!("crates/source-directory/examples/ftest-{name}.rs")), "");
        let note = format!("echo \"ftest-{name} $3 $5\" >> '{}'", machine.path("calls").display());
        machine.script(machine.path(&format!("built/examples/ftest-{name}")), &note);
    }
    run(&machine.shell, &words("directory --es embedded --built built --docs 300")).unwrap();
    let calls = machine.calls();
    assert!(calls[0].starts_with("ftest-directory "), "{calls:?}");
    assert_eq!(calls[1..], ["ftest-directory-links --es --docs"]);
}

#[test]
fn what_is_missing_is_built() {
    let machine = machine().program("cargo", "");
    let options = Options::of(&words("directory"), &known(&machine.shell.root, "ftest").unwrap()).unwrap();
    assert_eq!(built(&machine.shell, &options).unwrap(), machine.path("target/debug"));
    let expected = [
        "cargo build --locked --package connectors --package elastic-embedded --bins",
        "cargo build --locked --package source-directory --example ftest-directory",
    ];
    assert_eq!(machine.calls(), expected);
}

#[test]
fn a_server_that_ends_early_and_a_test_that_fails_are_told() {
    let machine = with_programs(machine());
    machine.script(machine.path("built/examples/ftest-directory"), "exit 3");
    let failed =
        run(&machine.shell, &words("directory --es embedded --built built")).unwrap_err().to_string();
    assert!(failed.contains("ftest-directory") && failed.contains("exit status: 3"), "{failed}");
    machine.script(machine.path("built/elastic-embedded"), "exit 1");
    let ended = run(&machine.shell, &words("directory --es embedded --built built")).unwrap_err().to_string();
    assert_eq!(ended, "embedded: it does not answer");
}
