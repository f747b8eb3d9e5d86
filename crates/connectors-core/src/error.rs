//! One error that answers "what now".

use std::error::Error as StdError;
use std::fmt;
use std::time::Duration;

/// The result of everything that can fail here.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// How an error is to be handled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ErrorKind {
    /// A setting is wrong: the operator has to change it.
    Config,
    /// The credentials are wrong or lack a permission: stop, and report it to the operator.
    Denied,
    /// The thing asked for is not there: skip it.
    Missing,
    /// The other side asks to slow down, and may say for how long.
    Busy(Option<Duration>),
    /// Likely to work when tried again: a broken connection, a time-out.
    Transient,
    /// Nothing of the above: the job fails.
    Unexpected,
}

impl ErrorKind {
    /// Its name to programs, such as `config`.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Config => "config",
            Self::Denied => "denied",
            Self::Missing => "missing",
            Self::Busy(_) => "busy",
            Self::Transient => "transient",
            Self::Unexpected => "unexpected",
        }
    }

    /// True for what may pass when the same is tried again.
    #[must_use]
    pub fn is_passing(self) -> bool {
        matches!(self, Self::Busy(_) | Self::Transient)
    }
}

/// What was tried, why it failed, and what to do.
///
/// The message is a lowercase fragment; values stand in the context; the vendor's error is the source, and
/// what lies beneath is shown too, each text once.
/// An error in a stream of documents may name the scope that it is about ([`Error::in_scope`]): then
/// only what lies there is unknown, else the whole listing is.
pub struct Error {
    inner: Box<Inner>,
}

struct Inner {
    kind: ErrorKind,
    message: String,
    context: Vec<(&'static str, String)>,
    scope: Option<String>,
    source: Option<Box<dyn StdError + Send + Sync>>,
}

impl Error {
    /// An error of this kind.
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        let inner = Inner { kind, message: message.into(), context: Vec::new(), scope: None, source: None };
        Self { inner: Box::new(inner) }
    }

    /// A wrong setting.
    pub fn config(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Config, message)
    }

    /// Wrong credentials, or a permission that is lacking.
    pub fn denied(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Denied, message)
    }

    /// Something that is not there.
    pub fn missing(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Missing, message)
    }

    /// Something that may pass.
    pub fn transient(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Transient, message)
    }

    /// An unexpected state: a bug, or a protocol violation.
    pub fn unexpected(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Unexpected, message)
    }

    /// The same, to be handled in another way.
    #[must_use]
    pub fn of_kind(mut self, kind: ErrorKind) -> Self {
        self.inner.kind = kind;
        self
    }

    /// Adds a value that says where it happened.
    #[must_use]
    pub fn with(mut self, key: &'static str, value: impl fmt::Display) -> Self {
        self.inner.context.push((key, value.to_string()));
        self
    }

    /// Keeps the error beneath.
    #[must_use]
    pub fn caused_by(mut self, source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        self.inner.source = Some(source.into());
        self
    }

    /// Limits the error to one scope: unseen documents at or under it stay, others may go.
    #[must_use]
    pub fn in_scope(mut self, scope: impl Into<String>) -> Self {
        self.inner.scope = Some(scope.into());
        self
    }

    /// The same once more, as a text: what lies beneath is kept in its words.
    #[must_use]
    pub fn again(&self) -> Self {
        Self::new(self.kind(), self.to_string())
    }

    /// What to do about it.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        self.inner.kind
    }

    /// The scope that it is about, or none when it is about everything.
    #[must_use]
    pub fn scope(&self) -> Option<&str> {
        self.inner.scope.as_deref()
    }

    /// True when the sync can't go on: the kind asks a person to act, and no scope limits it.
    #[must_use]
    pub fn is_fatal(&self) -> bool {
        let stops = matches!(self.kind(), ErrorKind::Config | ErrorKind::Denied | ErrorKind::Unexpected);
        stops && self.inner.scope.is_none()
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.inner.message)?;
        for (index, (key, value)) in self.inner.context.iter().enumerate() {
            let lead = if index == 0 { " (" } else { ", " };
            write!(f, "{lead}{key}: {value}")?;
        }
        if !self.inner.context.is_empty() {
            f.write_str(")")?;
        }
        let (mut cause, mut last) = (self.source(), String::new());
        while let Some(error) = cause {
            let text = error.to_string();
            if text != last {
                write!(f, ": {text}")?;
            }
            (cause, last) = (error.source(), text);
        }
        Ok(())
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}: {self}", self.inner.kind)
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.inner.source.as_deref().map(|source| source as _)
    }
}

impl From<std::io::Error> for Error {
    /// Classifies by the operating system's own kinds.
    fn from(error: std::io::Error) -> Self {
        use std::io::ErrorKind as Io;
        let kind = match error.kind() {
            Io::NotFound => ErrorKind::Missing,
            Io::PermissionDenied => ErrorKind::Denied,
            Io::TimedOut | Io::Interrupted | Io::ConnectionReset | Io::ConnectionAborted | Io::BrokenPipe => {
                ErrorKind::Transient
            }
            _ => ErrorKind::Unexpected,
        };
        Self::new(kind, "reading failed").caused_by(error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shows_message_context_and_cause_in_one_line() {
        let cause = std::io::Error::other("disk on fire");
        let error = Error::transient("could not read").with("path", "a/b").with("try", 2).caused_by(cause);
        assert_eq!(error.to_string(), "could not read (path: a/b, try: 2): disk on fire");
        assert_eq!(format!("{error:?}"), "Transient: could not read (path: a/b, try: 2): disk on fire");
    }

    #[test]
    fn a_scope_keeps_an_error_from_ending_the_sync() {
        assert!(Error::denied("no right").is_fatal());
        assert!(!Error::denied("no right").in_scope("a/b").is_fatal());
        assert!(!Error::missing("gone").is_fatal());
        assert_eq!(Error::missing("gone").in_scope("a").scope(), Some("a"));
    }

    #[test]
    fn io_errors_are_classified() {
        use std::io::ErrorKind as Io;
        for (io, kind) in [
            (Io::NotFound, ErrorKind::Missing),
            (Io::PermissionDenied, ErrorKind::Denied),
            (Io::TimedOut, ErrorKind::Transient),
            (Io::InvalidData, ErrorKind::Unexpected),
        ] {
            assert_eq!(Error::from(std::io::Error::from(io)).kind(), kind);
        }
        assert!(ErrorKind::Busy(None).is_passing() && !ErrorKind::Config.is_passing());
    }
}
