//! Documents whose marks are equal and whose fields were edited in the index: read, compared, and written again.

use std::collections::HashMap;

use serde_json::Value;

use super::draft::Draft;
use super::expected::Expected;
use crate::Result;
use crate::elastic::scan::{self, Mark};
use crate::sync::job::Job;

/// Documents compared at a time.
const BATCH: usize = 200;
/// Bytes of them, about.
const BATCH_BYTES: usize = 4 << 20;

/// Documents that wait to be compared.
#[derive(Default)]
pub(super) struct Mend {
    batch: Vec<(Draft, Mark, Expected)>,
    bytes: usize,
}

/// Documents that were compared with the index.
#[derive(Default)]
pub(super) struct Compared {
    /// How many it holds with all their fields.
    pub(super) same: u64,
    /// Those of which it holds other fields, under their marks.
    pub(super) differing: Vec<(Draft, Mark)>,
}

impl Mend {
    /// Adds a document that is unchanged by its mark; true once enough are together.
    pub(super) fn add(&mut self, draft: Draft, mark: Mark, job: &Job<'_>) -> Result<bool> {
        let (expected, bytes) = Expected::of(job, &draft, mark)?;
        self.bytes += bytes;
        self.batch.push((draft, mark, expected));
        Ok(self.batch.len() >= BATCH || self.bytes >= BATCH_BYTES)
    }

    /// Compares the documents that wait with the index.
    ///
    /// # Errors
    /// When the server can't be asked.
    pub(super) async fn compare(&mut self, job: &Job<'_>) -> Result<Compared> {
        let batch = std::mem::take(self).batch;
        if batch.is_empty() {
            return Ok(Compared::default());
        }
        let hashes: Vec<i64> = batch.iter().map(|(_, mark, _)| mark.id).collect();
        let held: HashMap<String, Value> =
            scan::sources(job.client, job.index, &hashes).await?.into_iter().collect();
        let mut compared = Compared::default();
        for (draft, mark, expected) in batch {
            let is_same = held.get(&draft.id).is_some_and(|held| expected.differing(held).is_empty());
            if is_same { compared.same += 1 } else { compared.differing.push((draft, mark)) }
        }
        Ok(compared)
    }

    /// Drops the documents that wait, after an error; their number.
    pub(super) fn abandon(&mut self) -> u64 {
        std::mem::take(&mut self.batch).len() as u64
    }
}
