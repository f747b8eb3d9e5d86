//! Documents on their way into bulks.

use super::draft::{Draft, format_timestamp};
use crate::elastic::scan::Mark;
use crate::elastic::{Bulk, Fence, Item, Kind, Written};
use crate::sync::job::{Flags, Job};
use crate::sync::know::pipeline::ActivePipelines;
use crate::{Clock, Result};

/// The most that is kept of a body's buffer, in bytes.
const MAX_SPARE: usize = 1 << 20;

/// Writes documents into the index.
pub(crate) struct Writer {
    bulk: Bulk,
    /// What the pipelines are to do; none where documents go through none.
    flags: Option<Flags>,
    clock: Clock,
    /// The time in milliseconds, and as it is indexed.
    now: (i64, String),
    /// An empty buffer for the next body.
    spare: Vec<u8>,
}

impl Writer {
    /// A writer into the index of this uuid, through these pipelines.
    pub(super) fn new(job: &Job<'_>, uuid: Option<&str>, pipeline: Option<&ActivePipelines>) -> Self {
        let bulk = match pipeline {
            Some(pipeline) => Bulk::piped(job.client, job.index, pipeline.asked.as_deref()),
            None => Bulk::new(job.client, job.index),
        };
        let same_index = uuid.map(|uuid| Fence::same_index(job.client, job.index, uuid));
        let bulk = bulk.fenced(job.fence.cloned().unwrap_or_default().and(same_index.unwrap_or_default()));
        Self {
            bulk: bulk.versioned(job.client.epoch(&job.context.clock)),
            flags: pipeline.map(|pipeline| pipeline.flags),
            clock: job.context.clock.clone(),
            now: (0, String::new()),
            spare: Vec::new(),
        }
    }

    /// Formats the time again where a millisecond has passed.
    pub(crate) fn refresh_timestamp(&mut self) {
        let now = self.clock.now();
        if self.now.0 != now.timestamp_millis() || self.now.1.is_empty() {
            self.now = (now.timestamp_millis(), format_timestamp(now));
        }
    }

    /// An empty buffer for a body.
    pub(super) fn buffer(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.spare)
    }

    /// Puts a document into the bulk.
    ///
    /// # Errors
    /// Why nothing more is written.
    pub(crate) async fn put(&mut self, mut draft: Draft, (mark, kind): (Mark, Kind)) -> Result<()> {
        let line = (self.now.1.as_str(), self.flags.unwrap_or_default());
        let item = draft.item(mark, kind);
        let put = self.bulk.put(item, |id, out| draft.write((id, mark), out, line)).await;
        self.keep_buffer(draft.body);
        put
    }

    /// Puts a delete into the bulk.
    ///
    /// # Errors
    /// Why nothing more is written.
    pub(super) async fn delete(&mut self, item: Item) -> Result<()> {
        self.bulk.put(item, |_, _| ()).await
    }

    /// Whether a pipeline may still drop an operation on the id of this hash that is under way.
    pub(super) fn may_be_dropped(&self, hash: u64) -> bool {
        self.flags.is_some() && self.bulk.awaits(hash)
    }

    /// Sends what is left and waits for every answer.
    ///
    /// # Errors
    /// Why some could not be written.
    pub(crate) async fn finish(&mut self) -> Result<()> {
        self.bulk.finish().await
    }

    /// The answers since the last time.
    pub(crate) fn take_written(&mut self) -> Written {
        std::mem::take(self.bulk.written())
    }

    /// Keeps a buffer for the next body, unless a very large one made it grow.
    fn keep_buffer(&mut self, mut buffer: Vec<u8>) {
        if buffer.capacity() <= MAX_SPARE {
            buffer.clear();
            self.spare = buffer;
        }
    }
}
