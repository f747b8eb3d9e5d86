use super::super::tests::{BROKEN, HEALTHY, SLOW};
use super::*;
use crate::tests::Machine;

#[test]
fn a_server_lives_until_it_is_stopped_by_its_record() {
    let machine = Machine::new();
    let server = start(&machine.shell, &HEALTHY).unwrap();
    assert_eq!(status(&machine.shell, &HEALTHY), server);
    let process = server.process.unwrap();
    assert!(process::is_alive(&process));
    stop(&machine.shell, &HEALTHY).unwrap();
    assert!(!process::is_alive(&process));
    assert_eq!(status(&machine.shell, &HEALTHY), Server::stopped("healthy", "1.0"));
    stop(&machine.shell, &HEALTHY).unwrap();
}

#[test]
fn the_record_of_a_process_that_is_gone_counts_as_none() {
    let machine = Machine::new();
    let state = site::state(&machine.shell, "healthy");
    fs::create_dir_all(&state).unwrap();
    let process = process::identify(std::process::id(), "a folder that is not in our command line");
    let record = Server { process, ..running(&HEALTHY, "1.0", 1) };
    record.write(&state.join("server.json")).unwrap();
    assert!(!status(&machine.shell, &HEALTHY).running);
    stop(&machine.shell, &HEALTHY).unwrap();
    assert!(!state.join("server.json").exists());
}

#[test]
fn a_server_that_ends_is_reported_with_its_log() {
    let machine = Machine::new();
    let error = start(&machine.shell, &BROKEN).unwrap_err().to_string();
    assert_eq!(error, "broken: it ended with exit status: 3 before it answered\n    out of luck");
    assert!(!machine.path("target/backends/broken/server.json").exists());
}

#[test]
fn a_server_that_stays_silent_is_ended() {
    let machine = Machine::new();
    let error = start(&machine.shell, &SLOW).unwrap_err().to_string();
    assert!(error.starts_with("slow: no answer within 0 s"), "{error}");
    assert!(!status(&machine.shell, &SLOW).running);
}

#[test]
fn the_port_variable_decides_and_is_checked() {
    let machine = Machine::new().var("HEALTHY_PORT", "24700");
    let [port, _] = choose_ports(&machine.shell, &HEALTHY).unwrap();
    assert!((24_700..24_800).contains(&port), "{port}");
    let error = |port: &str| {
        let machine = Machine::new().var("HEALTHY_PORT", port);
        choose_ports(&machine.shell, &HEALTHY).unwrap_err().to_string()
    };
    assert_eq!(error("http"), "HEALTHY_PORT is `http`, which is no port");
    assert_eq!(error("40000"), "healthy: no free port between 40000 and 32768");
}
