//! Documents that an ingest pipeline drops: known by their marks from one full sync to the next, so that they are not
//! sent each time.

use std::collections::{BTreeSet, HashSet};

use super::marks::MarkFile;
use super::pipeline::InForce;
use crate::Context;
use crate::elastic::Item;
use crate::elastic::index::Facts;
use crate::elastic::scan::Mark;
use crate::sync::job::Job;

/// Older versions of dropped documents that are remembered by name until they are deleted.
const MOST_OLDER: usize = 100_000;

/// What was dropped.
#[derive(Debug, Default)]
pub(crate) struct Dropped {
    file: Option<MarkFile>,
    /// By the last sync.
    kept: HashSet<Mark>,
    /// By this one.
    met: BTreeSet<Mark>,
    /// Ids of which the index may hold an older version, which is left over.
    older: BTreeSet<String>,
    /// Older versions that were too many to be remembered: the next sync finds them again.
    left_out: u64,
}

impl Dropped {
    /// What the pipelines dropped in the last sync of an index.
    pub(crate) async fn before(job: &Job<'_>, facts: &Facts, pipeline: Option<&InForce>) -> Self {
        let named = job.marks.zip(facts.uuid.as_deref()).filter(|_| pipeline.is_some());
        Self::read(named.and_then(|(folder, uuid)| MarkFile::dropped(folder, uuid)), job.context).await
    }

    /// What the last sync kept in the file, if it did.
    async fn read(file: Option<MarkFile>, context: &Context) -> Self {
        let Some(from) = file.clone() else { return Self::default() };
        let kept = context.blocking(move || {
            let mut marks = HashSet::new();
            if let Some(mut kept) = from.open() {
                kept.each(|mark| _ = marks.insert(mark))?;
            }
            Ok(marks)
        });
        // What can't be read is sent again.
        let kept = kept.await.unwrap_or_default();
        Self { file, kept, ..Self::default() }
    }

    /// True, and noted, for a document that was dropped just so.
    pub(crate) fn meet(&mut self, mark: Mark) -> bool {
        let is_known = self.knows(mark);
        if is_known {
            self.met.insert(mark);
        }
        is_known
    }

    /// True for a document that was dropped just so.
    pub(crate) fn knows(&self, mark: Mark) -> bool {
        self.kept.contains(&mark) || self.met.contains(&mark)
    }

    /// Takes note of a document that was dropped now.
    pub(crate) fn add(&mut self, item: &Item, is_in_index: bool) {
        if is_in_index && self.older.len() >= MOST_OLDER {
            // Without its mark it is sent, and dropped, once more.
            self.left_out += 1;
            return;
        }
        self.met.insert(Mark { id: item.hash.cast_signed(), mark: item.mark });
        if is_in_index {
            self.older.insert(item.id.clone());
        }
    }

    /// Takes note that the id is sent once more, so that nothing of it is left over.
    pub(crate) fn is_sent(&mut self, id: &str) {
        self.older.remove(id);
    }

    /// The ids of which an older version is left over.
    pub(crate) fn older(&self) -> &BTreeSet<String> {
        &self.older
    }

    /// How many older versions are left to the next sync.
    pub(crate) fn left_out(&self) -> u64 {
        self.left_out
    }

    /// The same, which are then somebody else's to delete.
    pub(crate) fn take_older(&mut self) -> BTreeSet<String> {
        std::mem::take(&mut self.older)
    }

    /// Keeps what was dropped for the next sync: of a whole listing what it met, of another all that is known. What
    /// can't be kept is sent again.
    pub(crate) async fn save(&mut self, is_whole: bool, context: &Context) {
        let Some(file) = self.file.take() else { return };
        let mut marks = std::mem::take(&mut self.met);
        if !is_whole {
            marks.extend(self.kept.drain());
        }
        if marks.len() == self.kept.len() && marks.iter().all(|mark| self.kept.contains(mark)) {
            return;
        }
        let saved = context.blocking(move || Ok(file.save(marks.len() as u64, marks.into_iter())?));
        if let Err(error) = saved.await {
            tracing::warn!(%error, "what a pipeline dropped can't be kept; the next sync sends it again");
        }
    }
}
