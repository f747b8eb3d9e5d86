//! `cargo xtask`: the commands of a contributor.

use std::process::ExitCode;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    ExitCode::from(xtask::cli::run(&xtask::shell::Shell::from_process(), &arguments))
}
