//! `connectors completions`: what a shell needs to complete a command line.

use clap::CommandFactory as _;
use clap_complete::{Shell, generate};

use super::end::End;
use crate::cli::Cli;
use crate::show;

pub(super) fn run(shell: Shell) -> End {
    let mut script = Vec::new();
    generate(shell, &mut Cli::command(), "connectors", &mut script);
    show::script(&String::from_utf8_lossy(&script));
    End::Done
}
