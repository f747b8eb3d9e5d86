//! How commands end.

use std::process::ExitCode;

use connectors_core::sync::{Report, Status};
use connectors_core::{Error, ErrorKind};

/// How a command ended; its number is the program's exit code, as `--help` lists them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum End {
    Done = 0,
    Failed = 1,
    Misused = 2,
    Partial = 3,
    Withheld = 4,
    Differs = 5,
    Stopped = 130,
}

impl From<End> for ExitCode {
    fn from(end: End) -> Self {
        Self::from(end.code())
    }
}

impl End {
    /// The exit code.
    pub(crate) fn code(self) -> u8 {
        self as u8
    }

    /// What an error ends the program with.
    pub(crate) fn of(error: &Error) -> Self {
        if error.kind() == ErrorKind::Config { Self::Misused } else { Self::Failed }
    }

    pub(super) fn of_sync(report: &Report) -> Self {
        match report.status {
            Status::Completed | Status::Skipped => Self::Done,
            Status::Partial => Self::Partial,
            Status::Withheld | Status::Refused => Self::Withheld,
            Status::Stopped => Self::Stopped,
            Status::Failed => Self::Failed,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wrong_settings_have_a_code_of_their_own() {
        assert_eq!(End::of(&Error::config("x")), End::Misused);
        assert_eq!(End::of(&Error::transient("x")), End::Failed);
    }
}
