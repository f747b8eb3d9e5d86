//! Which commands there are, and how arguments reach them.

use clap::{CommandFactory, Parser};

use crate::error::Result;
use crate::shell::Shell;
use crate::{backend, chaos, check, deny, ftest, fuzz, new_source, perf, prove, test};

/// The commands of a contributor.
#[derive(Parser)]
#[command(bin_name = "cargo xtask", disable_help_subcommand = true, infer_long_args = false)]
enum Task {
    NewSource(new_source::Args),
    Check(check::Args),
    Test(test::Args),
    Ftest(ftest::Args),
    Perf(perf::Args),
    Chaos(chaos::Args),
    Backend(backend::Args),
    /// Check licences, bans and sources of all dependencies against deny.toml.
    ///
    /// Gets the pinned cargo-deny when it is not there.
    Deny,
    Fuzz(fuzz::Args),
    ProveChecks(prove::Args),
}

/// The names of all commands, in the order of the help.
pub fn names() -> Vec<String> {
    Task::command().get_subcommands().map(|command| command.get_name().to_owned()).collect()
}

/// Runs the command that `arguments` name and returns the exit code of the process.
pub fn run(shell: &Shell, arguments: &[String]) -> u8 {
    let done = match parse(arguments) {
        Ok(task) => dispatch(shell, task),
        Err(error) if error.use_stderr() => {
            shell.note(error.to_string().trim_end());
            return 2;
        }
        Err(help) => {
            shell.say(help.to_string().trim_end());
            return 0;
        }
    };
    done.map_or_else(
        |error| {
            shell.note(format_args!("error: {error}"));
            error.exit_code()
        },
        |()| 0,
    )
}

fn parse<T: Parser>(arguments: &[String]) -> std::result::Result<T, clap::Error> {
    T::try_parse_from(std::iter::once("cargo xtask").chain(arguments.iter().map(String::as_str)))
}

fn dispatch(shell: &Shell, task: Task) -> Result<()> {
    match task {
        Task::NewSource(args) => new_source::run(shell, &args),
        Task::Check(args) => check::run(shell, &args),
        Task::Test(args) => test::run(shell, &args),
        Task::Ftest(args) => ftest::run(shell, &args),
        Task::Perf(args) => perf::run(shell, args),
        Task::Chaos(args) => chaos::run(shell, &args),
        Task::Backend(args) => backend::run(shell, &args),
        Task::Deny => deny::run(shell),
        Task::Fuzz(args) => fuzz::run(shell, &args),
        Task::ProveChecks(args) => prove::run(shell, &args),
    }
}

/// The arguments of one command, as a line of words gives them.
#[cfg(test)]
pub(crate) fn args<T: clap::Args + clap::FromArgMatches>(line: &str) -> std::result::Result<T, String> {
    let command = T::augment_args(clap::Command::new("command"));
    let words = std::iter::once("command").chain(line.split_whitespace());
    let matches = command.try_get_matches_from(words).map_err(|error| error.to_string())?;
    T::from_arg_matches(&matches).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests;
