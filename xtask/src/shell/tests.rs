use super::*;
use crate::tests::Machine;

#[test]
fn the_process_shell_stands_in_the_workspace() {
    let shell = Shell::from_process();
    assert!(shell.root.join("xtask/Cargo.toml").is_file());
    assert_eq!(shell.var("CARGO_PKG_NAME"), None);
    assert!(shell.find("sh").is_some());
}

#[test]
fn the_environment_chooses_variables_the_build_folder_and_programs() {
    let machine = Machine::new().var("SET", "x").var("EMPTY", "").program("tool", "echo old");
    assert_eq!(["SET", "EMPTY", "UNSET"].map(|name| machine.shell.var(name)), [Some("x"), None, None]);
    assert_eq!(machine.shell.target(), machine.path("target"));
    assert_eq!(machine.shell.with_var("CARGO_TARGET_DIR", "/build").target(), Path::new("/build"));
    std::fs::write(machine.path("bin/text"), "").unwrap();
    assert_eq!(machine.shell.find("tool"), Some(machine.path("bin/tool")));
    assert_eq!(machine.shell.find("text"), None, "it can't be executed");
    machine.script(machine.path("new/tool"), "echo new");
    let shell = machine.shell.with_path(&[machine.path("new")]);
    assert_eq!(shell.capture(&mut shell.command("tool")).unwrap(), "new\n");
}

#[test]
fn a_command_starts_in_the_workspace_with_only_the_shells_environment() {
    let machine = Machine::new().var("MINE", "1").program("tool", "pwd; echo $MINE$HOME");
    let text = machine.shell.capture(&mut machine.shell.command("tool")).unwrap();
    let folder = machine.folder.path().canonicalize().unwrap();
    assert_eq!(text, format!("{}\n1\n", folder.display()));
}

#[test]
fn a_failure_shows_the_command_and_the_end_of_its_errors() {
    let machine = Machine::new().program("tool", "echo no such thing >&2; exit 3");
    let shell = &machine.shell;
    let error = shell.capture(shell.command("tool").arg("x")).unwrap_err().to_string();
    assert!(error.ends_with("tool x` ended with exit status: 3\n    no such thing"), "{error}");
    let error = shell.stream(&mut shell.command("tool")).unwrap_err().to_string();
    assert!(error.ends_with("tool` ended with exit status: 3"), "{error}");
    for error in
        [shell.capture(&mut shell.command("absent")).map(drop), shell.stream(&mut shell.command("absent"))]
    {
        assert!(error.unwrap_err().to_string().starts_with("cannot start `absent`"));
    }
}

#[test]
fn results_and_progress_go_to_different_places() {
    let machine = Machine::new();
    machine.shell.say("result");
    machine.shell.note("progress");
    assert_eq!((machine.out.get(), machine.err.get()), ("result\n".into(), "progress\n".into()));
}
