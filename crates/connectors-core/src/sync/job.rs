//! A sync as it is asked for: its source, its index, its options.

use std::path::Path;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use super::accounts::{Counters, Tolerance};
use crate::elastic::index::Owner;
use crate::elastic::{Client, Fence, Preset};
use crate::{Context, Result, Rules, Source};

/// One sync: what is read, where it goes, and within which limits.
pub struct Job<'a> {
    /// What is read.
    pub source: &'a dyn Source,
    /// What of it is wanted.
    pub rules: &'a Rules,
    /// Where it goes.
    pub client: &'a Client,
    /// The index that is kept equal.
    pub index: &'a str,
    /// The owner of the index, recorded in it: a sync of another owner is refused. None skips the check.
    pub owner: Option<&'a Owner>,
    /// Clock and limits.
    pub context: &'a Context,
    /// The folder where marks are saved from one sync to the next, 16 bytes a document; its files may be
    /// lost. Without one, every sync reads the marks of the whole index.
    pub marks: Option<&'a Path>,
    /// The ingest pipeline that documents go through, if any beside those of the index itself. Skipped where it is
    /// [`DEFAULT_PIPELINE`] and the server has none of that name.
    pub pipeline: Option<&'a Pipeline>,
    /// How it is done.
    pub options: Options,
    /// Counters that are updated while it runs.
    pub counters: &'a Counters,
    /// Has to hold before the index is made or changed, and before each request that writes documents.
    pub fence: Option<&'a Fence>,
    /// Ends the sync early: what is in flight is awaited, nothing is deleted.
    pub cancel: &'a CancellationToken,
}

impl Job<'_> {
    /// Whether contents are read: not where the connector's pipeline says that none is to be extracted.
    pub(crate) fn reads_contents(&self) -> bool {
        self.pipeline.is_none_or(|pipeline| pipeline.flags.extract_binary_content)
    }

    /// Whether the sync may write now.
    ///
    /// # Errors
    /// Why it may not.
    pub(crate) async fn may_write(&self) -> Result<()> {
        match self.fence {
            Some(fence) => fence.check().await,
            None => Ok(()),
        }
    }
}

/// How a sync is done.
#[derive(Debug, Clone, Copy)]
pub struct Options {
    /// Deletes above this share of the index are withheld, when they are more than [`Options::delete_floor`].
    pub delete_share: f64,
    /// This many deletes are always allowed.
    pub delete_floor: u64,
    /// True allows any number of deletes.
    pub allow_deletes: bool,
    /// True sends documents again that failed before, changed or not.
    pub retry_failed: bool,
    /// How long an incremental sync waits before it retries a document that failed, twice as long after each further
    /// failure; zero retries each of them each time. Only for sources that can be [looked up](crate::Lookup).
    pub retry_wait: Duration,
    /// Ends at once when the source is certain that nothing changed since its last sync, whose
    /// [`Report::basis`](super::Report::basis) this is: only where the index, rules, pipelines and permissions are still
    /// those of that sync.
    pub skip_unchanged: Option<u64>,
    /// How many documents may fail; with more of them the sync fails.
    pub tolerance: Tolerance,
    /// True lets documents be read only by those whom their permissions name.
    pub document_level_security: bool,
    /// How a new index is mapped.
    pub mapping: Preset,
    /// True reads every document of the index that is unchanged by its mark, and writes it again where a field differs: edits
    /// that others made in the index are undone.
    pub mend: bool,
    /// What to do with an index that holds documents that no sync of this owner wrote.
    pub take_over: TakeOver,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            delete_share: 0.5,
            delete_floor: 10,
            allow_deletes: false,
            retry_failed: false,
            retry_wait: Duration::ZERO,
            skip_unchanged: None,
            tolerance: Tolerance::default(),
            document_level_security: false,
            mapping: Preset::default(),
            mend: false,
            take_over: TakeOver::default(),
        }
    }
}

/// What a sync may do with an index that holds documents that are not its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub enum TakeOver {
    /// Refuse it.
    #[default]
    Never,
    /// Take over an index without an owner, such as an index that another tool keeps for the same connector: what the
    /// source does not have is deleted, under the guard of all deletes.
    Unowned,
    /// Take over any index, as asked for explicitly.
    Any,
}

/// The pipeline of connectors that name none; it may be missing on the server.
pub const DEFAULT_PIPELINE: &str = "search-default-ingestion";

/// The ingest pipeline that documents are to go through.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pipeline {
    /// Its name.
    pub name: String,
    /// What it does.
    pub flags: Flags,
}

impl Pipeline {
    /// The pipeline of this name, with all flags set.
    #[must_use]
    pub fn new(name: impl Into<String>) -> Self {
        let flags = Flags { extract_binary_content: true, reduce_whitespace: true, run_ml_inference: true };
        Self { name: name.into(), flags }
    }

    /// As an index records it.
    pub(crate) fn recorded(&self) -> Value {
        json!(self)
    }

    /// The one that was [recorded](Self::recorded); none for what can't be read.
    pub(crate) fn of_record(record: &Value) -> Option<Self> {
        Self::deserialize(record).ok()
    }
}

/// What a pipeline does: each flag is a field of the document that the pipeline reads.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Flags {
    /// Extract text (`_extract_binary_content`).
    pub extract_binary_content: bool,
    /// Make one space of several (`_reduce_whitespace`).
    pub reduce_whitespace: bool,
    /// Run models (`_run_ml_inference`).
    pub run_ml_inference: bool,
}

impl Flags {
    /// The fields that are written.
    pub(crate) fn names(self) -> impl Iterator<Item = &'static str> {
        let all = [
            (self.extract_binary_content, "_extract_binary_content"),
            (self.reduce_whitespace, "_reduce_whitespace"),
            (self.run_ml_inference, "_run_ml_inference"),
        ];
        all.into_iter().filter(|(is_set, _)| *is_set).map(|(_, name)| name)
    }
}
