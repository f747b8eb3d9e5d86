//! The program `connectors`, which keeps Elasticsearch indices equal to third-party sources. A library only so that
//! the fuzzer reaches what reads files of others: [`run`] is the whole of it.

mod cli;
mod commands;
mod declared;
mod logging;
mod private;
mod protocol;
mod registry;
mod schedule;
mod secrets;
mod server;
mod service;
mod settings;
mod show;

use std::process::ExitCode;

use clap::Parser;

#[cfg(any(test, fuzzing))]
#[doc(hidden)]
pub use settings::fuzzing;

/// Does what the command line says, tells errors on the standard error, and returns the exit code. The embedded server is
/// another process of the same executable, whose `main` has to be this function.
pub async fn run() -> ExitCode {
    logging::mask_panics();
    private::from_now_on();
    let cli = cli::Cli::parse();
    match commands::run(cli).await {
        Ok(end) => end.into(),
        Err(error) => {
            show::error(&error);
            commands::End::of(&error).into()
        }
    }
}
