//! Which commands there are, and how arguments reach them.

use crate::error::{Error, Result};
use crate::shell::Shell;

/// One command: declared once, in its own module, as a constant.
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

/// Every command, in the order of the help.
pub const COMMANDS: &[Command] = &[
    crate::new_source::COMMAND,
    crate::check::COMMAND,
    crate::test::COMMAND,
    crate::ftest::COMMAND,
    crate::perf::COMMAND,
    crate::chaos::COMMAND,
    crate::backend::COMMAND,
    crate::deny::COMMAND,
    crate::fuzz::COMMAND,
    crate::prove::COMMAND,
];

/// Runs the command that `arguments` name and returns the exit code of the process.
#[must_use]
pub fn run(shell: &Shell, arguments: &[String]) -> u8 {
    match dispatch(shell, arguments) {
        Ok(()) => 0,
        Err(error) => {
            shell.note(format_args!("error: {error}"));
            error.exit_code()
        }
    }
}

fn dispatch(shell: &Shell, arguments: &[String]) -> Result<()> {
    let Some((name, rest)) = arguments.split_first() else {
        shell.say(overview());
        return Err(Error::Usage("name a command".into()));
    };
    if is_help(name) {
        shell.say(overview());
        return Ok(());
    }
    let command = find(name)?;
    if rest.iter().take_while(|argument| *argument != "--").any(|argument| is_help(argument)) {
        shell.say(format_args!("cargo xtask {} {}\n\n{}", command.name, command.usage, command.help));
        return Ok(());
    }
    (command.run)(shell, rest)
}

fn is_help(argument: &str) -> bool {
    matches!(argument, "help" | "--help" | "-h")
}

fn find(name: &str) -> Result<&'static Command> {
    COMMANDS.iter().find(|command| command.name == name).ok_or_else(|| {
        let known: Vec<&str> = COMMANDS.iter().map(|command| command.name).collect();
        Error::Usage(format!("no command `{name}`; the commands are {}", known.join(", ")))
    })
}

fn overview() -> String {
    let lines = COMMANDS.iter().map(|command| {
        format!("\n  {:<14}{}", command.name, command.help.lines().next().unwrap_or_default())
    });
    format!("cargo xtask COMMAND [--help]\n{}", lines.collect::<String>())
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

#[cfg(test)]
mod tests;
