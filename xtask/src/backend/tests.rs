use super::*;
use crate::cli::args;
use crate::tests::Machine;

/// A machine with a source that has a server, one that has none, and test programs that note how they were called.
fn machine() -> Machine {
    let machine = Machine::new().program("cargo", "");
    machine.script(machine.path("docker/mongo/compose.yml"), "");
    fs::write(machine.path("config.yml"), "sources:\n  dir: source-directory\n  mongodb: source-mongo\n")
        .unwrap();
    for (package, hash) in [(TESTKIT, "1"), ("source-mongo", "2")] {
        let note =
            format!("echo \"{package} $* $CONNECTORS_INSTALL\" >> '{}'", machine.path("calls").display());
        machine.test_program(("target/debug", package, hash), &note);
    }
    machine
}

fn called(line: &str) -> Vec<String> {
    let machine = machine();
    run(&machine.shell, &args(line).unwrap()).unwrap();
    machine.calls().into_iter().filter(|call| !call.starts_with("cargo")).collect()
}

#[test]
fn the_program_that_knows_a_server_does_the_work() {
    for (line, expected) in [
        ("start elasticsearch", "connectors-testkit --backend start elasticsearch 1"),
        ("status opensearch --json", "connectors-testkit --backend status opensearch --json 1"),
        ("stop mongodb", "source-mongo --backend stop mongodb 1"),
        ("start mongodb elasticsearch", "source-mongo --backend start elasticsearch mongodb 1"),
        ("stop", "source-mongo --backend stop elasticsearch opensearch mongodb 1"),
    ] {
        assert_eq!(called(line), [expected], "{line}");
    }
}

#[test]
fn a_server_that_nobody_declares_is_refused() {
    let machine = machine();
    for name in ["mysql", "dir"] {
        let told = run(&machine.shell, &args(&format!("start {name}")).unwrap()).unwrap_err().to_string();
        assert_eq!(told, format!("no backend `{name}`; there are elasticsearch, opensearch, mongodb"));
    }
    assert_eq!(machine.calls(), [""; 0]);
}

#[test]
fn servers_are_held_while_the_work_is_done_also_when_it_fails() {
    let machine = machine();
    let calls = machine.path("calls");
    let hold = format!(
        "echo '[{{\"name\":\"it\",\"version\":\"1\",\"url\":\"u\",\"group\":7,\"running\":true,\"log\":\"\"}}]'; read end; echo \"ended $*\" >> '{}'",
        calls.display()
    );
    machine.test_program(("built", "source-mongo", "3"), &hold);
    let programs = Programs::of(&machine.shell, Some(Path::new("built")), &[]).unwrap();
    let done: Result<()> = with(&machine.shell, (&programs, "mongo"), &["it"], |servers| {
        let it = Server { name: "it".into(), version: "1".into(), url: "u".into(), group: 7 };
        assert_eq!((servers, machine.calls()), (&[it][..], Vec::new()));
        Err(Error::Gate("not good enough".into()))
    });
    assert_eq!(done.unwrap_err().to_string(), "not good enough");
    assert_eq!(machine.calls(), ["ended --backend hold it"]);
    machine.test_program(("built", "source-mongo", "3"), "exit 1");
    let failed = with(&machine.shell, (&programs, "mongo"), &["it"], |_| -> Result<()> { panic!("began") });
    assert!(failed.unwrap_err().to_string().contains("ended before it answered"));
}
