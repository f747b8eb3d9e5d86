//! What a check tells.

use std::fmt;

use serde::Serialize;

use crate::error::{Error, Result};

/// A point of the contribution checklist; each has a heading of this name in `docs/contributing.md`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
#[expect(missing_docs, reason = "the checklist explains them")]
pub enum Code {
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

impl Code {
    /// All of them, in the order of the checklist.
    pub const ALL: [Self; 12] = [
        Self::Layout,
        Self::Declared,
        Self::Contract,
        Self::Coverage,
        Self::Pins,
        Self::Async,
        Self::Throttle,
        Self::Docker,
        Self::Volume,
        Self::Layering,
        Self::Scope,
        Self::Docs,
    ];

    /// The code of this name.
    ///
    /// # Errors
    /// With all names, when there is none.
    pub fn named(name: &str) -> Result<Self> {
        let found = Self::ALL.into_iter().find(|code| code.to_string() == name);
        found.ok_or_else(|| {
            let known: Vec<String> = Self::ALL.iter().map(ToString::to_string).collect();
            Error::Usage(format!("no check `{name}`; the checks are {}", known.join(", ")))
        })
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&format!("{self:?}").to_lowercase())
    }
}

/// Something that does not meet the checklist.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// The point that it does not meet.
    pub code: Code,
    /// The file, relative to the workspace.
    pub path: String,
    /// The line in it, from 1.
    pub line: usize,
    /// What is wrong.
    pub message: String,
    /// How to mend it.
    pub help: String,
    /// Where the point is explained.
    pub link: String,
}

impl Finding {
    /// A finding at a path and line.
    pub fn new(
        code: Code,
        (path, line): (impl Into<String>, usize),
        message: impl Into<String>,
        help: impl Into<String>,
    ) -> Self {
        let link = format!("docs/contributing.md#{code}");
        Self { code, path: path.into(), line, message: message.into(), help: help.into(), link }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { code, path, line, message, help, link } = self;
        write!(f, "{path}:{line}: {code}: {message}\n  help: {help}\n  see {link}")
    }
}
