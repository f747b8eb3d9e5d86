//! Connectors that are declared in files, so that a fleet can be kept under version control.
//!
//! ```yaml
//! connectors:
//!   - id: notes
//!     type: dir
//!     index: search-notes
//!     settings:
//!       path: /srv/notes
//!       password: ${secret:notes}      # resolved by the worker, never here
//!     schedule:
//!       full: 0 0 2 * * ?              # what is not named does not run by itself
//!     rules:
//!       basic:
//!         - {policy: exclude, field: path, rule: ends_with, value: .tmp}
//!       advanced: {…}
//! ```
//!
//! A file holds such a list, or connectors one by one with `---` between them. What a declaration leaves out
//! is as in a new connector; language and pipeline stay as they are.

mod changes;
mod facts;
mod plan;
mod read;

pub(crate) use plan::{Difference, Plan, Shared, Step, Undeclared};
pub(crate) use read::{File, read};

use std::collections::BTreeMap;

use connectors_core::config::Field;
use serde_json::{Map, Value};

/// A connector as it is declared, with nothing wrong that can be known without its worker.
#[derive(Debug, Clone)]
pub(crate) struct Declared {
    pub(crate) id: String,
    pub(crate) service_type: String,
    pub(crate) name: String,
    pub(crate) index: String,
    pub(crate) language: Option<String>,
    pub(crate) pipeline: Option<String>,
    /// Given values, by setting; references to secrets as they were written.
    pub(crate) settings: Map<String, Value>,
    /// Type of job → quartz expression.
    pub(crate) schedule: BTreeMap<String, String>,
    /// Basic rules, each whole, without the catch-all.
    pub(crate) rules: Vec<Value>,
    /// Rules in the source's own language, or null.
    pub(crate) advanced: Value,
    /// The settings that its type has.
    fields: Vec<Field>,
}

/// A connector that the server has: its id, and its document as it was read.
#[derive(Debug, Clone)]
pub(crate) struct Existing {
    pub(crate) id: String,
    pub(crate) document: Value,
}

/// What of a document people keep, and a plan is made from; the service writes the rest all the time.
const KEPT: [&str; 9] = [
    "service_type",
    "name",
    "index_name",
    "configuration",
    "scheduling",
    "filtering",
    "pipeline",
    "language",
    "description",
];

impl Existing {
    /// What was changed in the document since it was read; nothing where a plan still holds.
    pub(crate) fn changed_in(&self, document: &Map<String, Value>) -> Vec<&'static str> {
        let is_other = |key: &&str| self.document[*key] != *document.get(*key).unwrap_or(&Value::Null);
        KEPT.into_iter().filter(is_other).collect()
    }
}

#[cfg(test)]
mod tests;
