use super::*;
use crate::tests::Machine;

fn run_line(machine: &Machine, line: &str) -> u8 {
    let arguments: Vec<String> = line.split_whitespace().map(str::to_owned).collect();
    run(&machine.shell, &arguments)
}

#[test]
fn help_lists_every_command_with_its_first_line() {
    let machine = Machine::new();
    assert_eq!(run_line(&machine, "--help"), 0);
    let text = machine.out.get();
    for command in COMMANDS {
        assert!(text.contains(&format!("\n  {}", command.name)), "{text}");
        assert!(text.contains(command.help.lines().next().unwrap()), "{text}");
    }
}

#[test]
fn help_of_a_command_does_not_run_it() {
    let machine = Machine::new();
    assert_eq!(run_line(&machine, "backend start --help"), 0);
    assert!(machine.out.get().starts_with("cargo xtask backend start|stop|status"));
    assert_eq!(machine.calls(), [""; 0]);
}

#[test]
fn no_command_shows_the_list_and_fails() {
    let machine = Machine::new();
    assert_eq!(run_line(&machine, ""), 2);
    assert!(machine.out.get().contains("backend"));
}

#[test]
fn an_unknown_command_names_the_known_ones() {
    let machine = Machine::new();
    assert_eq!(run_line(&machine, "tset"), 2);
    let known: Vec<&str> = COMMANDS.iter().map(|command| command.name).collect();
    let expected = format!("error: no command `tset`; the commands are {}\n", known.join(", "));
    assert_eq!(machine.err.get(), expected);
}

#[test]
fn switches_are_taken_out_and_others_refused() {
    let mut arguments = vec!["a".to_owned(), "--json".to_owned()];
    assert!(take_switch(&mut arguments, "--json"));
    assert!(!take_switch(&mut arguments, "--json"));
    assert_eq!(arguments, ["a"]);
    assert!(no_more_switches(&arguments).is_ok());
    let error = no_more_switches(&["--jsno".to_owned()]).unwrap_err();
    assert_eq!(error.to_string(), "unknown switch `--jsno`; see --help");
}
