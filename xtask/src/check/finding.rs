//! What a check tells.

use std::fmt;

use clap::ValueEnum;
use serde::Serialize;

/// A point of the contribution checklist; each has a heading of this name in `docs/contributing.md`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, ValueEnum)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Code {
    Layout,
    Declared,
    Contract,
    Coverage,
    Pins,
    Async,
    Throttle,
    Docker,
    Volume,
    Layering,
    Scope,
    Docs,
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&format!("{self:?}").to_lowercase())
    }
}

/// Something that does not meet the checklist.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Finding {
    /// The point that it does not meet.
    pub(crate) code: Code,
    /// The file, relative to the workspace.
    pub(crate) path: String,
    /// The line in it, from 1.
    pub(crate) line: usize,
    /// What is wrong.
    pub(crate) message: String,
    /// How to mend it.
    pub(crate) help: String,
    /// Where the point is explained.
    pub(crate) link: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { code, path, line, message, help, link } = self;
        write!(f, "{path}:{line}: {code}: {message}\n  help: {help}\n  see {link}")
    }
}

/// The findings of one point.
pub(crate) struct Findings {
    pub(super) code: Code,
    pub(super) list: Vec<Finding>,
}

impl Findings {
    /// Adds a finding at a path and line.
    pub(super) fn add(
        &mut self,
        (path, line): (impl Into<String>, usize),
        message: impl Into<String>,
        help: impl Into<String>,
    ) {
        let (code, path, link) = (self.code, path.into(), format!("docs/contributing.md#{}", self.code));
        self.list.push(Finding { code, path, line, message: message.into(), help: help.into(), link });
    }
}
