//! Documents whose marks are right and whose fields somebody else changed in the index: read, compared, and written again.

use std::collections::HashMap;

use serde_json::Value;

use crate::Result;
use crate::elastic::Kind;
use crate::elastic::scan::{self, Mark};

use super::draft::Draft;
use super::run::Run;
use super::verify::deep::Expected;

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

impl Mend {
    /// Drops what waits, after an error; the number of documents.
    pub(super) fn abandon(&mut self) -> u64 {
        std::mem::take(&mut self.batch).len() as u64
    }
}

impl Run<'_, '_> {
    /// Takes in a document that is unchanged by its mark, and compares once enough are together.
    pub(super) async fn mend_later(&mut self, draft: Draft, mark: Mark) -> Result<()> {
        let (expected, bytes) = Expected::of(self.job, &draft, mark)?;
        self.mend.bytes += bytes;
        self.mend.batch.push((draft, mark, expected));
        let is_full = self.mend.batch.len() >= BATCH || self.mend.bytes >= BATCH_BYTES;
        if is_full { self.mend_now().await } else { Ok(()) }
    }

    /// Compares what waits with the index, and writes what differs.
    pub(super) async fn mend_now(&mut self) -> Result<()> {
        let batch = std::mem::take(&mut self.mend).batch;
        if batch.is_empty() {
            return Ok(());
        }
        let hashes: Vec<i64> = batch.iter().map(|(_, mark, _)| mark.id).collect();
        let held = scan::sources(self.job.client, self.job.index, &hashes).await?;
        let held: HashMap<String, Value> = held.into_iter().collect();
        for (draft, mark, expected) in batch {
            let is_same = held.get(&draft.id).is_some_and(|held| expected.differing(held).is_empty());
            if is_same {
                self.unchanged()?;
            } else {
                self.report.mended.add(&draft.id);
                self.send(draft, (mark, Kind::Update)).await?;
            }
        }
        Ok(())
    }
}
