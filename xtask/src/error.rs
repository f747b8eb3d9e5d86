//! What can go wrong, said so that the reader knows what to do next.

use std::path::{Path, PathBuf};

/// The result of everything in this crate.
pub type Result<T> = std::result::Result<T, Error>;

/// Why a command ended without success.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The arguments do not make sense.
    #[error("{0}")]
    Usage(String),
    /// A file or folder refused what was asked of it.
    #[error("cannot {action} {}: {cause}", .path.display())]
    File {
        /// What was tried, for example `read`.
        action: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// The system's answer.
        cause: std::io::Error,
    },
    /// A program could not be started.
    #[error("cannot start `{command}`: {cause}")]
    Start {
        /// The command line.
        command: String,
        /// The system's answer.
        cause: std::io::Error,
    },
    /// A program ended with a failure.
    #[error("`{command}` ended with {status}{tail}")]
    Command {
        /// The command line.
        command: String,
        /// Its exit status.
        status: String,
        /// The end of what it wrote, indented, or nothing.
        tail: String,
    },
    /// The machine lacks something that could not be brought in.
    #[error("{what}\n  fix: {fix}")]
    Missing {
        /// What is missing, and what was tried.
        what: String,
        /// What the reader can do.
        fix: String,
    },
    /// A server did not come up, or did not end.
    #[error("{name}: {what}{tail}")]
    Server {
        /// The backend's name.
        name: &'static str,
        /// What happened.
        what: String,
        /// The end of its log, indented, or nothing.
        tail: String,
    },
    /// A text that another program wrote was not understood.
    #[error("cannot understand {what}: {cause}")]
    Format {
        /// Which text.
        what: String,
        /// Where it differs from what was expected.
        cause: String,
    },
    /// Everything ran, and a requirement of the project is not met.
    #[error("{0}")]
    Gate(String),
}

impl Error {
    /// Turns the system's answer about `path` into an error; for `map_err`.
    pub fn file(action: &'static str, path: &Path) -> impl FnOnce(std::io::Error) -> Self {
        move |cause| Self::File { action, path: path.to_owned(), cause }
    }

    /// The process's exit code: 2 for arguments that make no sense, 1 for everything else.
    #[must_use]
    pub fn exit_code(&self) -> u8 {
        if matches!(self, Self::Usage(_)) { 2 } else { 1 }
    }
}

/// The last `count` lines of `text`, each indented and on a line of its own, as an ending for a message.
#[must_use]
pub fn tail(text: &str, count: usize) -> String {
    let lines: Vec<&str> = text.lines().filter(|line| !line.trim().is_empty()).collect();
    lines[lines.len().saturating_sub(count)..].iter().map(|line| format!("\n    {line}")).collect()
}

#[cfg(test)]
mod tests;
