//! What can go wrong, said so that the reader knows what to do next.

use std::path::{Path, PathBuf};

/// The result of everything in this crate.
pub(crate) type Result<T> = std::result::Result<T, Error>;

/// Why a command ended without success.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    /// The arguments do not make sense.
    #[error("{0}")]
    Usage(String),
    /// A file or folder refused what was asked of it.
    #[error("cannot {action} {}: {cause}", .path.display())]
    File { action: &'static str, path: PathBuf, cause: std::io::Error },
    /// A program could not be started.
    #[error("cannot start `{command}`: {cause}")]
    Start { command: String, cause: std::io::Error },
    /// A program ended with a failure; `tail` is the end of what it wrote, indented, or nothing.
    #[error("`{command}` ended with {status}{tail}")]
    Command { command: String, status: String, tail: String },
    /// The machine lacks something that could not be brought in.
    #[error("{what}\n  fix: {fix}")]
    Missing { what: String, fix: String },
    /// A text that another program wrote was not understood.
    #[error("cannot understand {what}: {cause}")]
    Format { what: String, cause: String },
    /// Everything ran, and a requirement of the project is not met.
    #[error("{0}")]
    Gate(String),
}

impl Error {
    /// Turns the system's answer about `path` into an error; for `map_err`.
    pub(crate) fn file(action: &'static str, path: &Path) -> impl FnOnce(std::io::Error) -> Self {
        move |cause| Self::File { action, path: path.to_owned(), cause }
    }

    /// The process's exit code: 2 for arguments that make no sense, 1 for everything else.
    pub(crate) fn exit_code(&self) -> u8 {
        if matches!(self, Self::Usage(_)) { 2 } else { 1 }
    }
}

/// The last `count` lines of `text`, each indented and on a line of its own, as an ending for a message.
pub(crate) fn tail(text: &str, count: usize) -> String {
    let lines: Vec<&str> = text.lines().filter(|line| !line.trim().is_empty()).collect();
    lines[lines.len().saturating_sub(count)..].iter().map(|line| format!("\n    {line}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_error_names_action_path_and_cause_and_a_tail_is_the_last_lines() {
        let error = Error::file("read", Path::new("/some/file"))(std::io::Error::other("disk on fire"));
        assert_eq!(error.to_string(), "cannot read /some/file: disk on fire");
        assert_eq!((error.exit_code(), Error::Usage("what?".into()).exit_code()), (1, 2));
        assert_eq!((tail("a\n\nb\nc\n", 2).as_str(), tail("", 2).as_str()), ("\n    b\n    c", ""));
    }
}
