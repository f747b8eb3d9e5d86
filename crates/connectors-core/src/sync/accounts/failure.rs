//! A document that failed.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// Where a document failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Stage {
    /// Its body could not be serialised.
    Body,
    /// Its file could not be read; the document is indexed without the text.
    Content,
    /// The server refused it.
    Bulk,
}

/// A document that failed, as it stands in the dead-letter index.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    /// The content index.
    pub index: String,
    /// The document's id.
    pub id: String,
    /// Where it failed.
    pub stage: Stage,
    /// Why.
    pub reason: String,
    /// When, first.
    pub time: DateTime<Utc>,
    /// When it was last tried; none for entries of earlier versions.
    #[serde(default)]
    pub tried: Option<DateTime<Utc>>,
    /// How often it was tried.
    #[serde(default)]
    pub tries: u32,
    /// The scope of the document, where the source names one.
    #[serde(default)]
    pub scope: Option<String>,
}
