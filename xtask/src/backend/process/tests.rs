use super::*;
use crate::tests::Machine;

/// A shell script with the words "a marker" in its command line. `block` in it waits for ever, at a pipe that nobody
/// opens; what still runs at the end of a test is killed.
struct Script {
    machine: Machine,
    child: Child,
    identity: Identity,
}

impl Script {
    fn start(script: &str) -> Self {
        let machine = Machine::new();
        let pipe = machine.path("pipe");
        assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
        let script = script.replace("block", &format!("read never < '{}'", pipe.display()));
        let mut command = Command::new("/bin/sh");
        let child = spawn(command.args(["-c", &script, "a marker"]), &machine.path("log")).unwrap();
        let identity = identify(child.id(), "a marker").unwrap();
        Self { machine, child, identity }
    }

    fn log(&self) -> String {
        fs::read_to_string(self.machine.path("log")).unwrap()
    }

    /// Waits until the script has written its first line, and returns it.
    fn first_line(&self) -> String {
        loop {
            if let Some((line, _)) = self.log().split_once('\n') {
                return line.to_owned();
            }
            pause();
        }
    }
}

impl Drop for Script {
    fn drop(&mut self) {
        send(&self.identity, Signal::KILL);
        let _ = self.child.wait();
    }
}

#[test]
fn a_process_is_told_by_its_start_and_its_command_line() {
    let mut script = Script::start("echo up; block");
    assert_eq!(script.first_line(), "up");
    let ours = script.identity.clone();
    let later = Identity { began: ours.began + 1, ..ours.clone() };
    let other = Identity { marker: "another".into(), ..ours.clone() };
    assert_eq!([&ours, &later, &other].map(is_alive), [true, false, false]);
    assert_eq!(end(&other, Duration::ZERO), Ending::Absent);
    assert!(is_alive(&ours));
    assert_eq!(end(&ours, Duration::from_secs(60)), Ending::Asked);
    script.child.wait().unwrap();
    assert_eq!(identify(script.child.id(), "a marker"), None);
    assert_eq!(end(&ours, Duration::ZERO), Ending::Absent);
}

#[test]
fn one_that_does_not_listen_is_killed() {
    let mut script = Script::start("trap '' TERM; echo deaf; block");
    assert_eq!(script.first_line(), "deaf");
    assert_eq!(end(&script.identity, Duration::from_millis(1)), Ending::Killed);
    assert!(!script.child.wait().unwrap().success());
}

#[test]
fn the_children_of_a_server_end_with_it() {
    let script = Script::start("(sh -c 'echo $PPID; block'; true) & wait");
    let grandchild = identify(script.first_line().parse().unwrap(), "a marker").unwrap();
    assert_eq!(end(&script.identity, Duration::from_secs(60)), Ending::Asked);
    assert!(gone_within(&grandchild, Duration::from_secs(60)));
}

#[test]
fn output_and_errors_go_to_the_log() {
    let mut script = Script::start("echo one; echo two >&2");
    script.child.wait().unwrap();
    assert_eq!(script.log(), "one\ntwo\n");
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
