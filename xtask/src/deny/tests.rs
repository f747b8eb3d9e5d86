use super::*;
use crate::tests::Machine;

#[test]
fn the_pinned_tool_reads_what_cargo_fetched() {
    let machine = Machine::new().program("cargo-deny", "echo cargo-deny 0.20.2").program("cargo", "");
    run(&machine.shell, &[]).unwrap();
    let expected = [
        "cargo-deny deny --version",
        "cargo fetch --locked --quiet",
        "cargo-deny --offline --locked check --hide-inclusion-graph licenses bans sources",
    ];
    assert_eq!(machine.calls(), expected);
}

#[test]
fn a_finding_fails_the_command() {
    let body = "if [ $1 = deny ]; then echo cargo-deny 0.20.2; else exit 4; fi";
    let machine = Machine::new().program("cargo-deny", body).program("cargo", "");
    let error = run(&machine.shell, &[]).unwrap_err().to_string();
    assert!(error.ends_with("ended with exit status: 4"), "{error}");
}
