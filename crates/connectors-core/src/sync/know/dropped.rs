//! Documents that an ingest pipeline drops: their marks are saved from one full sync to the next, so that they are not
//! sent each time.

use std::collections::{BTreeSet, HashSet};

use super::marks::MarkFile;
use super::pipeline::ActivePipelines;
use crate::Context;
use crate::elastic::Item;
use crate::elastic::index::Facts;
use crate::elastic::scan::Mark;
use crate::sync::job::Job;

/// Older versions of dropped documents that are remembered by name until they are deleted.
const MOST_OLDER: usize = 100_000;

/// The documents that were dropped.
#[derive(Debug, Default)]
pub(crate) struct Dropped {
    file: Option<MarkFile>,
    /// In the last sync.
    known: HashSet<Mark>,
    /// In the last sync or this one, and listed in this one.
    listed: BTreeSet<Mark>,
    /// Ids of which the index may hold an older version, which is left over.
    older: BTreeSet<String>,
    /// Older versions beyond those that are remembered: the next sync finds them again.
    forgotten: u64,
}

impl Dropped {
    /// What the pipelines dropped in the last sync of an index.
    pub(crate) async fn before(job: &Job<'_>, facts: &Facts, pipeline: Option<&ActivePipelines>) -> Self {
        let named = job.marks.zip(facts.uuid.as_deref()).filter(|_| pipeline.is_some());
        Self::read(named.and_then(|(folder, uuid)| MarkFile::dropped(folder, uuid)), job.context).await
    }

    /// Reads what the last sync saved, if it did.
    async fn read(file: Option<MarkFile>, context: &Context) -> Self {
        let Some(from) = file.clone() else { return Self::default() };
        let known = context.blocking(move || {
            let mut marks = HashSet::new();
            if let Some(mut kept) = from.open() {
                kept.each(|mark| _ = marks.insert(mark))?;
            }
            Ok(marks)
        });
        // What can't be read is sent again.
        let known = known.await.unwrap_or_default();
        Self { file, known, ..Self::default() }
    }

    /// Marks a document as listed if this version of it was dropped, and returns whether it was.
    pub(crate) fn mark_listed(&mut self, mark: Mark) -> bool {
        let is_known = self.contains(mark);
        if is_known {
            self.listed.insert(mark);
        }
        is_known
    }

    /// Whether this version of a document was dropped.
    pub(crate) fn contains(&self, mark: Mark) -> bool {
        self.known.contains(&mark) || self.listed.contains(&mark)
    }

    /// Adds a document that was dropped now.
    pub(crate) fn add(&mut self, item: &Item, is_in_index: bool) {
        if is_in_index && self.older.len() >= MOST_OLDER {
            // Without its mark it is sent, and dropped, once more.
            self.forgotten += 1;
            return;
        }
        self.listed.insert(Mark { id: item.hash.cast_signed(), mark: item.mark });
        if is_in_index {
            self.older.insert(item.id.clone());
        }
    }

    /// Marks a document as sent again: its older version is no longer left over.
    pub(crate) fn mark_sent(&mut self, id: &str) {
        self.older.remove(id);
    }

    /// The ids of which an older version is left over.
    pub(crate) fn older(&self) -> &BTreeSet<String> {
        &self.older
    }

    /// The number of older versions that the next sync has to find.
    pub(crate) fn forgotten(&self) -> u64 {
        self.forgotten
    }

    /// Takes the ids out, for the caller to delete.
    pub(crate) fn take_older(&mut self) -> BTreeSet<String> {
        std::mem::take(&mut self.older)
    }

    /// Saves the dropped documents for the next sync: after a whole listing those that it listed, else all that are known. What
    /// can't be saved is sent again.
    pub(crate) async fn save(&mut self, is_whole: bool, context: &Context) {
        let Some(file) = self.file.take() else { return };
        let mut marks = std::mem::take(&mut self.listed);
        if !is_whole {
            marks.extend(self.known.drain());
        }
        if marks.len() == self.known.len() && marks.iter().all(|mark| self.known.contains(mark)) {
            return;
        }
        let saved = context.blocking(move || Ok(file.save(marks.len() as u64, marks.into_iter())?));
        if let Err(error) = saved.await {
            tracing::warn!(%error, "the documents that a pipeline dropped can't be saved; the next sync sends them again");
        }
    }
}
