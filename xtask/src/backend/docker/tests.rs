use super::super::{lifecycle, tests::HEALTHY};
use super::*;
use crate::tests::Machine;

/// A machine whose Docker has a container running once it was told to start one.
fn machine(up: &str) -> Machine {
    let machine = Machine::new();
    let body = format!(
        "case \"$*\" in *' up '*) echo \"port $HEALTHY_PORT\" >> '{0}/calls'; {up} ;; \
         *' down '*) rm -f '{0}/container' ;; *' ps '*) cat '{0}/container' ;; esac",
        machine.folder.path().display()
    );
    let container = machine.path("container");
    let body = body.replace("START", &format!("echo abc > '{}'", container.display()));
    machine.program("docker", &body)
}

#[test]
fn where_an_engine_answers_containers_are_used() {
    let machine = machine("START").var("HEALTHY_PORT", "24500");
    let server = lifecycle::start(&machine.shell, &HEALTHY).unwrap();
    assert!(server.running && server.process.is_none());
    let port = server.url.rsplit(':').next().unwrap();
    assert_eq!(lifecycle::status(&machine.shell, &HEALTHY), server);
    lifecycle::stop(&machine.shell, &HEALTHY).unwrap();
    assert!(!lifecycle::status(&machine.shell, &HEALTHY).running);
    let compose = "docker compose --file docker/healthy/compose.yml";
    let expected = [
        "docker info".to_owned(),
        format!("{compose} up --detach --wait --wait-timeout 60"),
        format!("port {port}"),
        format!("{compose} ps --quiet --status running"),
        format!("{compose} ps --quiet --status running"),
        format!("{compose} down --volumes"),
    ];
    assert_eq!(machine.calls(), expected);
}

#[test]
fn a_container_that_does_not_come_up_is_removed_and_explained() {
    let machine = machine("START; echo unhealthy >&2; exit 1");
    let error = lifecycle::start(&machine.shell, &HEALTHY).unwrap_err().to_string();
    assert!(error.ends_with("\n    unhealthy"), "{error}");
    assert!(!machine.path("container").exists());
    assert!(!machine.path("target/backends/healthy/server.json").exists());
}

#[test]
fn a_client_without_an_engine_is_not_enough() {
    assert!(!answers(&Machine::new().shell));
    assert!(!answers(&Machine::new().program("docker", "exit 1").shell));
    assert!(answers(&Machine::new().program("docker", "").shell));
}
