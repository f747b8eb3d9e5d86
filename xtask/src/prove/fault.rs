//! Faults as patches, read from `faults.txt`: `== NAME` begins a fault, `@@ FILE` an edit of it; the lines behind `-` stand
//! in the file exactly once and give way to those behind `+`. An edit without `-` is added to the end of the file.

use crate::error::{Error, Result};

const FAULTS: &str = include_str!("faults.txt");

/// Something that a contributor may get wrong, and how it looks.
#[derive(Debug)]
pub(super) struct Fault {
    /// What is wrong, in a few words.
    pub(super) name: String,
    pub(super) edits: Vec<Edit>,
}

/// A text in a file that gives way to another one.
#[derive(Debug)]
pub(super) struct Edit {
    /// Relative to the workspace.
    pub(super) file: String,
    find: String,
    replace: String,
}

/// The faults that must not get past the checklist and the contract.
pub(super) fn all() -> Vec<Fault> {
    read(FAULTS)
}

pub(super) fn read(text: &str) -> Vec<Fault> {
    let parts = |text: &str, mark: &str| -> Vec<(String, String)> {
        let (text, mark) = (format!("\n{text}"), format!("\n{mark} "));
        let named = text.split(&mark).skip(1).map(|part| part.split_once('\n').unwrap_or((part, "")));
        named.map(|(name, body)| (name.to_owned(), body.to_owned())).collect()
    };
    let edit = |(file, body): (String, String)| {
        let behind = |sign: char| {
            body.lines().filter_map(|line| line.strip_prefix(sign)).collect::<Vec<_>>().join("\n")
        };
        Edit { file, find: behind('-'), replace: behind('+') }
    };
    let fault = |(name, body): (String, String)| Fault {
        name,
        edits: parts(&body, "@@").into_iter().map(edit).collect(),
    };
    parts(text, "==").into_iter().map(fault).collect()
}

impl Edit {
    /// The text of the file with the fault in it.
    pub(super) fn applied(&self, text: &str, fault: &str) -> Result<String> {
        if self.find.is_empty() {
            return Ok(format!("{text}{}", self.replace));
        }
        match text.matches(&self.find).count() {
            1 => Ok(text.replacen(&self.find, &self.replace, 1)),
            count => Err(Error::Format {
                what: format!("the fault `{fault}`"),
                cause: format!("{} holds {count} times what stands there once: {:?}", self.file, self.find),
            }),
        }
    }
}
