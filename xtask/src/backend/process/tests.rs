use super::*;
use crate::tests::Machine;

fn shell_script(script: &str, log: &Path) -> (Child, Identity) {
    let child = spawn(Command::new("/bin/sh").args(["-c", script, "a marker"]), log).unwrap();
    let identity = identify(child.id(), "marker").unwrap();
    (child, identity)
}

/// Waits until the script has written its first line, and returns it.
fn first_line(log: &Path) -> String {
    loop {
        if let Some((line, _)) = fs::read_to_string(log).unwrap().split_once('\n') {
            return line.to_owned();
        }
        pause();
    }
}

#[test]
fn a_process_is_told_by_its_start_and_its_command_line() {
    let machine = Machine::new();
    let (mut child, identity) = shell_script("echo up; read never < /dev/zero", &machine.path("log"));
    assert_eq!(first_line(&machine.path("log")), "up");
    assert!(is_alive(&identity));
    assert!(!is_alive(&Identity { began: identity.began + 1, ..identity.clone() }));
    assert!(!is_alive(&Identity { marker: "another".into(), ..identity.clone() }));
    assert_eq!(
        end(&Identity { marker: "another".into(), ..identity.clone() }, Duration::ZERO),
        Ending::Absent
    );
    assert!(is_alive(&identity));
    assert_eq!(end(&identity, Duration::from_secs(60)), Ending::Asked);
    child.wait().unwrap();
    assert_eq!(identify(child.id(), "marker"), None);
    assert_eq!(end(&identity, Duration::ZERO), Ending::Absent);
}

#[test]
fn one_that_does_not_listen_is_killed() {
    let machine = Machine::new();
    let log = machine.path("log");
    let (mut child, identity) = shell_script("trap '' TERM; echo deaf; read never < /dev/zero", &log);
    assert_eq!(first_line(&log), "deaf");
    assert_eq!(end(&identity, Duration::from_millis(1)), Ending::Killed);
    assert!(!child.wait().unwrap().success());
}

#[test]
fn the_children_of_a_server_end_with_it() {
    let machine = Machine::new();
    let log = machine.path("log");
    let (mut child, identity) =
        shell_script("sh -c 'echo $$; read never < /dev/zero' 'marker too' & wait", &log);
    let grandchild = identify(first_line(&log).parse().unwrap(), "marker too").unwrap();
    assert_eq!(end(&identity, Duration::from_secs(60)), Ending::Asked);
    child.wait().unwrap();
    assert!(gone_within(&grandchild, Duration::from_secs(60)));
}

#[test]
fn output_and_errors_go_to_the_log() {
    let machine = Machine::new();
    let log = machine.path("log");
    let (mut child, _) = shell_script("echo one; echo two >&2", &log);
    child.wait().unwrap();
    assert_eq!(fs::read_to_string(&log).unwrap(), "one\ntwo\n");
}

#[test]
fn what_cannot_be_started_is_named() {
    let machine = Machine::new();
    let error = spawn(&mut Command::new("/no/such/program"), &machine.path("log")).unwrap_err();
    assert!(error.to_string().starts_with("cannot start `/no/such/program`"));
    let error = spawn(&mut Command::new("/bin/sh"), &machine.path("no/folder")).unwrap_err();
    assert!(error.to_string().starts_with("cannot write "));
}

#[test]
fn the_start_is_found_behind_any_name() {
    let fields: Vec<String> = (4..=24).map(|number| number.to_string()).collect();
    let stat = |state: &str| format!("17 (odd) name)) {state} {}", fields.join(" "));
    assert_eq!(parse(&stat("S")), Some(Look { began: 22, over: false }));
    assert_eq!(parse(&stat("Z")), Some(Look { began: 22, over: true }));
    assert_eq!(parse("nonsense"), None);
}

#[test]
fn a_process_without_a_command_line_yet_is_not_taken_for_another() {
    assert!(mentions(b"", "/there"));
    assert!(mentions(b"server\0--data\0/there/data\0", "/there"));
    assert!(!mentions(b"server\0--data\0/here/data\0", "/there"));
}
