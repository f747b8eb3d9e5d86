//! A connector as a file declares it, and one as the server has it.

use std::collections::BTreeMap;

use connectors_core::config::Field;
use serde_json::{Map, Value};

use crate::protocol::Connector;

/// A connector as it is declared, with nothing wrong that can be known without its worker.
#[derive(Debug, Clone)]
pub struct Declared {
    /// Its id.
    pub id: String,
    /// The type of its source.
    pub service_type: String,
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
    pub(super) fields: Vec<Field>,
}

/// A connector that the server has: its id, and its document as it was read.
#[derive(Debug, Clone)]
pub struct Existing {
    /// Its id.
    pub id: String,
    /// Its document, as it was read.
    pub document: Value,
}

/// What of a document people keep, and a plan is made from; the service writes the rest all the time.
const EDITABLE: [&str; 9] = [
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

impl From<Connector> for Existing {
    fn from(Connector(record): Connector) -> Self {
        Self { id: record.id, document: record.fields.into() }
    }
}

impl Existing {
    /// The type of its source.
    pub fn service_type(&self) -> &str {
        self.text("service_type")
    }

    /// The index that it keeps.
    pub fn index(&self) -> &str {
        self.text("index_name")
    }

    /// Its name.
    pub(super) fn name(&self) -> &str {
        self.text("name")
    }

    fn text(&self, key: &str) -> &str {
        self.document[key].as_str().unwrap_or_default()
    }

    /// What was changed in the document since it was read; nothing where a plan still holds.
    pub(crate) fn changed_in(&self, document: &Map<String, Value>) -> Vec<&'static str> {
        let is_other = |key: &&str| self.document[*key] != *document.get(*key).unwrap_or(&Value::Null);
        EDITABLE.into_iter().filter(is_other).collect()
    }
}
