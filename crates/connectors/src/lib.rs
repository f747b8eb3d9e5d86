//! The program `connectors`, which keeps Elasticsearch indices equal to third-party sources. A library only so that
//! the fuzzer reaches what reads files of others: [`run`] is the whole of it.

mod cli;
mod commands;
mod logging;
mod private;
mod registry;
mod server;
mod settings;
mod show;
mod terminal;

use std::env;
use std::process::ExitCode;

use clap::Parser;
use connectors_core::Error;

use commands::End;

#[cfg(any(test, fuzzing))]
#[doc(hidden)]
pub use settings::fuzzing;

/// Does what the command line says, writes errors to the standard error, and returns the exit code. The embedded server is
/// another process of the same executable, whose `main` has to be this function.
pub async fn run() -> ExitCode {
    logging::mask_panics();
    private::from_now_on();
    let as_json = cli::asks_for_json(env::args_os());
    let end = match cli::Cli::try_parse() {
        Ok(cli) => commands::run(cli).await,
        Err(answer) if answer.use_stderr() => {
            show::misuse(&answer, as_json, End::Misused.code());
            Ok(End::Misused)
        }
        Err(answer) => {
            show::usage(&answer);
            Ok(End::Done)
        }
    };
    let ended = end.unwrap_or_else(|error| {
        let end = End::of(&error);
        show::error(&error, as_json, end.code());
        end
    });
    match show::failure() {
        None => ended.into(),
        Some(error) => {
            let error = Error::unexpected(format!("the results can't be written: {error}"));
            show::error(&error, as_json, End::Failed.code());
            End::Failed.into()
        }
    }
}
