//! `cargo xtask deny`: licences, banned crates and sources of everything that we link.

use crate::error::Result;
use crate::shell::Shell;
use crate::tools;

pub(crate) fn run(shell: &Shell) -> Result<()> {
    let deny = tools::ensure(shell, "cargo-deny")?;
    shell.stream(shell.command("cargo").args(["fetch", "--locked", "--quiet"]))?;
    let checks = "--offline --locked check --hide-inclusion-graph licenses bans sources";
    shell.stream(shell.command(deny).args(checks.split(' ')))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::Machine;

    #[test]
    fn the_pinned_tool_reads_what_cargo_fetched_and_its_findings_fail() {
        let body = "[ $1 = deny ] && echo cargo-deny 0.20.2 || exit 4";
        let machine = Machine::new().program("cargo-deny", body).program("cargo", "");
        let error = run(&machine.shell).unwrap_err().to_string();
        assert!(error.ends_with("ended with exit status: 4"), "{error}");
        let expected = [
            "cargo-deny deny --version",
            "cargo fetch --locked --quiet",
            "cargo-deny --offline --locked check --hide-inclusion-graph licenses bans sources",
        ];
        assert_eq!(machine.calls(), expected);
    }
}
