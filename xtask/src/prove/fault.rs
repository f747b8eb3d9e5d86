//! A fault as a patch.

use crate::error::{Error, Result};

/// Something that a contributor may get wrong, and how it looks.
#[derive(Debug)]
pub(super) struct Fault {
    /// What is wrong, in a few words.
    pub(super) name: &'static str,
    pub(super) edits: &'static [Edit],
}

/// A text in a file that gives way to another one.
#[derive(Debug)]
pub(super) struct Edit {
    /// Relative to the workspace.
    pub(super) file: &'static str,
    /// Stands there exactly once; empty: the end of the file.
    pub(super) find: &'static str,
    pub(super) replace: &'static str,
}

impl Edit {
    /// The text of the file with the fault in it.
    pub(super) fn applied(&self, text: &str, fault: &str) -> Result<String> {
        if self.find.is_empty() {
            return Ok(format!("{text}{}", self.replace));
        }
        match text.matches(self.find).count() {
            1 => Ok(text.replacen(self.find, self.replace, 1)),
            count => Err(Error::Format {
                what: format!("the fault `{fault}`"),
                cause: format!("{} holds {count} times what stands there once: {:?}", self.file, self.find),
            }),
        }
    }
}
