//! What is asked of a person on a terminal.

use std::io::{self, BufRead, IsTerminal};

use connectors_core::config::Field;
use connectors_core::{Error, Result};
use serde_json::{Map, Value};

use super::session::Session;
use crate::cli::Yes;
use crate::show;

/// True when somebody can be asked.
pub(super) fn is_possible() -> bool {
    io::stdin().is_terminal()
}

/// Whether somebody agrees; false where nobody can be asked, as there is no terminal or a program reads the answer.
pub(super) fn is_agreed(session: &Session, question: &str) -> Result<bool> {
    let can_ask = is_possible() && !session.json;
    Ok(can_ask && matches!(line(&format!("{question} [y/N]"))?.as_str(), "y" | "Y" | "yes"))
}

/// Goes on only if it was said beforehand, or somebody agrees.
///
/// # Errors
/// `Config` without a yes.
pub(super) fn agreed(session: &Session, question: &str, yes: &Yes) -> Result<()> {
    if yes.yes || is_agreed(session, question)? {
        return Ok(());
    }
    Err(Error::config("nothing was deleted: that is done only after a yes; `--yes` says it beforehand"))
}

/// One line, without its end.
pub(super) fn line(prompt: &str) -> Result<String> {
    show::note(&format!("{prompt}:"));
    first_line()
}

/// From the terminal without showing it, else the first line of standard input.
pub(super) fn secret(prompt: &str) -> Result<String> {
    if is_possible() { Ok(rpassword::prompt_password(format!("{prompt}: "))?) } else { first_line() }
}

/// Asks for each value that must be given and is not, in the order of the form.
pub(super) fn missing(fields: &[Field], given: &mut Map<String, Value>) -> Result<()> {
    for field in fields.iter().filter(|field| field.required && field.depends_on.is_empty()) {
        if given.contains_key(&field.name) {
            continue;
        }
        let prompt = format!("{} ({})", field.label, field.tooltip);
        let value = if field.sensitive { secret(&prompt)? } else { line(&prompt)? };
        given.insert(field.name.clone(), value.into());
    }
    Ok(())
}

fn first_line() -> Result<String> {
    let mut line = String::new();
    io::stdin().lock().read_line(&mut line)?;
    Ok(line.trim_end_matches(['\r', '\n']).to_owned())
}
