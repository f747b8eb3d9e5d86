//! Which commands there are, and how arguments reach them.

use clap::{CommandFactory, Parser};

use crate::error::{Error, Result};
use crate::shell::Shell;
use crate::{backend, chaos, check, deny, ftest, fuzz, new_source, perf, prove, test};

/// The commands of a contributor.
#[derive(Parser)]
#[command(bin_name = "cargo xtask", disable_help_subcommand = true, infer_long_args = false)]
enum Task {
    #[command(about = summary(&new_source::COMMAND), long_about = new_source::COMMAND.help)]
    NewSource(Words),
    Check(check::Args),
    Test(test::Args),
    #[command(about = summary(&ftest::COMMAND), long_about = ftest::COMMAND.help)]
    Ftest(Words),
    Perf(perf::Args),
    #[command(about = summary(&chaos::COMMAND), long_about = chaos::COMMAND.help)]
    Chaos(Words),
    #[command(about = summary(&backend::COMMAND), long_about = backend::COMMAND.help)]
    Backend(Words),
    /// Check licences, bans and sources of all dependencies against deny.toml.
    ///
    /// Gets the pinned cargo-deny when it is not there.
    Deny,
    Fuzz(fuzz::Args),
    ProveChecks(prove::Args),
}

/// The words of a command that reads them itself.
#[derive(clap::Args)]
struct Words {
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    words: Vec<String>,
}

/// A command that reads its words itself.
pub struct Command {
    /// The word after `cargo xtask`.
    pub name: &'static str,
    /// Its arguments, for the first line of its help.
    pub usage: &'static str,
    /// What it does; the first line stands in the list of commands.
    pub help: &'static str,
    /// The command itself, given the arguments after its name.
    pub run: fn(&Shell, &[String]) -> Result<()>,
}

fn summary(command: &Command) -> &'static str {
    command.help.lines().next().unwrap_or_default()
}

/// The names of all commands, in the order of the help.
#[must_use]
pub fn names() -> Vec<String> {
    Task::command().get_subcommands().map(|command| command.get_name().to_owned()).collect()
}

/// Runs the command that `arguments` name and returns the exit code of the process.
#[must_use]
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
        Task::NewSource(Words { words }) => (new_source::COMMAND.run)(shell, &words),
        Task::Check(args) => check::run(shell, &args),
        Task::Test(args) => test::run(shell, &args),
        Task::Ftest(Words { words }) => (ftest::COMMAND.run)(shell, &words),
        Task::Perf(args) => perf::run(shell, args),
        Task::Chaos(Words { words }) => (chaos::COMMAND.run)(shell, &words),
        Task::Backend(Words { words }) => (backend::COMMAND.run)(shell, &words),
        Task::Deny => deny::run(shell),
        Task::Fuzz(args) => fuzz::run(shell, &args),
        Task::ProveChecks(args) => prove::run(shell, &args),
    }
}

/// Takes the switch `name` out of `arguments`; true if it stood there.
pub fn take_switch(arguments: &mut Vec<String>, name: &str) -> bool {
    let before = arguments.len();
    arguments.retain(|argument| argument != name);
    arguments.len() < before
}

/// Takes `name VALUE` out of `arguments`.
///
/// # Errors
/// When nothing follows the name.
pub fn take_value(arguments: &mut Vec<String>, name: &str) -> Result<Option<String>> {
    let Some(place) = arguments.iter().position(|argument| argument == name) else { return Ok(None) };
    if place + 1 == arguments.len() {
        return Err(Error::Usage(format!("{name} takes a value")));
    }
    arguments.remove(place);
    Ok(Some(arguments.remove(place)))
}

/// Refuses what is left of `arguments` when it looks like a switch.
///
/// # Errors
/// Names the first switch that nobody took.
pub fn no_more_switches(arguments: &[String]) -> Result<()> {
    match arguments.iter().find(|argument| argument.starts_with('-')) {
        Some(switch) => Err(Error::Usage(format!("unknown switch `{switch}`; see --help"))),
        None => Ok(()),
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
