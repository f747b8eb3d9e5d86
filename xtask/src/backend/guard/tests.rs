use std::io::{BufRead, BufReader, Read};
use std::os::unix::process::ExitStatusExt;
use std::process::{Command, Stdio};

use rustix::process::{Pid, Signal, kill_process};

use super::super::tests::{BROKEN, HEALTHY, TABLE};
use super::*;
use crate::tests::Machine;

const FOLDER: &str = "FOLDER_OF_THE_INTERRUPTED";

#[test]
fn servers_are_up_during_the_work_and_gone_after_it() {
    let machine = Machine::new();
    let url = with(&machine.shell, &[&TABLE[0]], |servers| {
        assert!(lifecycle::status(&machine.shell, &HEALTHY).running);
        Ok(servers[0].url.clone())
    });
    assert!(url.unwrap().starts_with("http://127.0.0.1:"));
    assert!(!lifecycle::status(&machine.shell, &HEALTHY).running);
}

#[test]
fn servers_are_gone_after_work_that_fails() {
    let machine = Machine::new();
    let outcome: Result<()> =
        with(&machine.shell, &[&TABLE[0]], |_| Err(Error::Gate("not good enough".into())));
    assert_eq!(outcome.unwrap_err().to_string(), "not good enough");
    assert!(!lifecycle::status(&machine.shell, &HEALTHY).running);
}

#[test]
fn work_does_not_begin_when_a_server_cannot_start() {
    let machine = Machine::new();
    let outcome = with(&machine.shell, &[&TABLE[0], &TABLE[1]], |_| -> Result<()> { panic!("began") });
    assert!(outcome.unwrap_err().to_string().starts_with(BROKEN.name));
    assert!(!lifecycle::status(&machine.shell, &HEALTHY).running);
}

#[test]
fn a_server_that_ran_before_is_left_running() {
    let machine = Machine::new();
    let before = lifecycle::start(&machine.shell, &HEALTHY).unwrap();
    with(&machine.shell, &[&TABLE[0]], |servers| {
        assert_eq!(servers, std::slice::from_ref(&before));
        Ok(())
    })
    .unwrap();
    assert_eq!(lifecycle::status(&machine.shell, &HEALTHY), before);
    lifecycle::stop(&machine.shell, &HEALTHY).unwrap();
}

#[test]
fn a_failure_to_stop_is_said() {
    let machine = Machine::new();
    let mut guard = Guard::new(&machine.shell).unwrap();
    guard.start(&TABLE[0]).unwrap();
    lifecycle::stop(&machine.shell, &HEALTHY).unwrap();
    std::fs::create_dir(machine.path("target/backends/healthy/server.json")).unwrap();
    drop(guard);
    assert!(machine.err.get().contains("error: cannot remove "), "{}", machine.err.get());
}

#[test]
fn servers_are_gone_after_an_interruption() {
    if let Ok(folder) = std::env::var(FOLDER) {
        return be_interrupted(folder);
    }
    let machine = Machine::new();
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["backend::guard::tests::servers_are_gone_after_an_interruption", "--exact", "--nocapture"])
        .env(FOLDER, machine.folder.path())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let _open = child.stdin.take().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    assert!(lines.any(|line| line.unwrap().contains("up and working")));
    assert!(lifecycle::status(&machine.shell, &HEALTHY).running);

    kill_process(Pid::from_child(&child), Signal::TERM).unwrap();
    let status = child.wait().unwrap();
    assert_eq!((status.code(), status.signal()), (Some(128 + 15), None));
    assert!(!lifecycle::status(&machine.shell, &HEALTHY).running);
    assert!(!machine.path("target/backends/healthy/server.json").exists());
}

/// The child's part: work that never ends by itself, for nobody writes to its input.
fn be_interrupted(folder: String) {
    let machine = Machine::new();
    let shell = Shell { root: folder.into(), ..machine.shell.clone() };
    with(&shell, &[&TABLE[0]], |_| {
        println!("up and working");
        std::io::stdin().read_to_end(&mut Vec::new()).map_err(Error::file("read", "input".as_ref())).map(drop)
    })
    .unwrap();
}
