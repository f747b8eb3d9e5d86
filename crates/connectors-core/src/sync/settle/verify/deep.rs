//! Documents field by field.

use std::collections::HashMap;

use serde::Serialize;
use serde_json::Value;

use crate::Result;
use crate::elastic::scan;
use crate::sync::accounts::Difference;
use crate::sync::job::Job;
use crate::sync::take::expected::Expected;
use crate::sync::take::render::Rendered;

/// Documents compared at a time.
const BATCH: usize = 200;
/// Bytes of them, about.
const BATCH_BYTES: usize = 4 << 20;
/// Documents that are shown.
const SHOWN: usize = 10;

/// How many documents differ in their fields, and the first of them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct FieldDifferences {
    /// How many.
    pub count: u64,
    /// Id → the first fields that differ, by dotted name.
    pub first: Vec<(String, Vec<String>)>,
}

/// Where documents go that differ, and those that could not be compared.
pub(super) type Findings<'a> = (&'a mut FieldDifferences, &'a mut Difference);

/// Collects documents and compares them with the index.
pub(super) struct Deep<'a> {
    job: &'a Job<'a>,
    batch: Vec<Expected>,
    bytes: usize,
    compared: u64,
}

impl<'a> Deep<'a> {
    pub(super) fn new(job: &'a Job<'a>) -> Self {
        Self { job, batch: Vec::new(), bytes: 0, compared: 0 }
    }

    /// Documents that were found in the index and compared.
    pub(super) fn compared(&self) -> u64 {
        self.compared
    }

    /// Takes a document in, and compares once enough are together.
    pub(super) async fn add(&mut self, document: &Rendered, found: Findings<'_>) -> Result<()> {
        let (expected, bytes) = Expected::of(self.job, &document.draft, document.mark)?;
        self.bytes += bytes;
        self.batch.push(expected);
        let is_full = self.batch.len() >= BATCH || self.bytes >= BATCH_BYTES;
        if is_full { self.flush(found).await } else { Ok(()) }
    }

    /// Compares what is left, documents whose marks the index holds.
    pub(super) async fn flush(&mut self, (differing, not_comparable): Findings<'_>) -> Result<()> {
        let batch = std::mem::take(&mut self.batch);
        self.bytes = 0;
        if batch.is_empty() {
            return Ok(());
        }
        let hashes: Vec<i64> = batch.iter().map(|expected| expected.hash).collect();
        let held = scan::sources(self.job.client, self.job.index, &hashes).await?;
        let mut held: HashMap<String, Value> = held.into_iter().collect();
        for expected in batch {
            let held = held.remove(&expected.id).filter(|held| held["_sync"] == expected.fields["_sync"]);
            let Some(held) = held else {
                not_comparable.add(&expected.id);
                continue;
            };
            self.compared += 1;
            let fields = expected.differing(&held);
            if !fields.is_empty() {
                differing.add(expected.id, fields);
            }
        }
        Ok(())
    }
}

impl FieldDifferences {
    fn add(&mut self, id: String, fields: Vec<String>) {
        self.count += 1;
        if self.first.len() < SHOWN {
            self.first.push((id, fields));
        }
    }
}
