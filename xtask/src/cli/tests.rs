use super::*;
use crate::tests::Machine;

fn run_line(line: &str) -> (u8, String, String) {
    let machine = Machine::new();
    let arguments: Vec<String> = line.split_whitespace().map(str::to_owned).collect();
    let code = run(&machine.shell, &arguments);
    assert_eq!(machine.calls(), [""; 0]);
    (code, machine.out.get(), machine.err.get())
}

#[test]
fn arguments_are_declared_without_contradiction() {
    Task::command().debug_assert();
}

#[test]
fn help_lists_every_command_and_runs_none() {
    let (code, text, _) = run_line("--help");
    assert_eq!(code, 0);
    for name in names() {
        assert!(text.contains(&format!("\n  {name} ")), "{name}: {text}");
        let (code, help, _) = run_line(&format!("{name} --help"));
        assert!(code == 0 && help.lines().count() > 3, "{name}: {help}");
    }
}

#[test]
fn what_makes_no_sense_is_refused() {
    for (line, told) in [
        ("", "Usage: cargo xtask <COMMAND>"),
        ("tset", "unrecognized subcommand 'tset'"),
        ("check --jsno", "unexpected argument '--jsno'"),
        ("backend strat", "strat"),
    ] {
        let (code, _, error) = run_line(line);
        assert!(code == 2 && error.contains(told), "{line}: {error}");
    }
}

#[test]
fn switches_are_taken_out_and_others_refused() {
    let mut arguments = vec!["a".to_owned(), "--json".to_owned()];
    assert!(take_switch(&mut arguments, "--json"));
    assert!(!take_switch(&mut arguments, "--json"));
    assert!(no_more_switches(&arguments).is_ok());
    let error = no_more_switches(&["--jsno".to_owned()]).unwrap_err();
    assert_eq!(error.to_string(), "unknown switch `--jsno`; see --help");
}
