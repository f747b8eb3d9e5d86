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
        ("backend strat", "a similar value exists: 'start'"),
        ("backend start --now", "unexpected argument '--now'"),
        ("ftest", "<NAME>..."),
        ("ftest mongo --es solr", "embedded, elasticsearch, opensearch"),
        ("ftest mongo --docs", "a value is required for '--docs"),
        ("chaos --seed 1 --seeds 2", "cannot be used with"),
        ("chaos --es solr", "embedded, elasticsearch, opensearch"),
        ("new-source", "<NAME>"),
    ] {
        let (code, _, error) = run_line(line);
        assert!(code == 2 && error.contains(told), "{line}: {error}");
    }
}
