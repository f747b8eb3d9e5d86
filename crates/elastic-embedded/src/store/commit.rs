//! Committing: from the log into the engine, also what the log of an earlier process holds.

use std::path::Path;
use std::time::{Duration, Instant};

use tantivy::IndexWriter;

use super::engine::Row;
use super::index::Index;
use super::log::{self, Record};
use super::meta::Meta;
use super::writing::{Pending, Tombstone, Writing};
use crate::failure::{Failure, Result};
use crate::mapping;

const KEEP_TOMBSTONES: Duration = Duration::from_secs(60);

impl Index {
    /// Makes the engine hold all that the log holds.
    ///
    /// # Errors
    /// If the engine fails. It has then lost what it was to commit, and would commit nothing, green, if it
    /// were asked again: so it is not, and the log keeps everything for the next start.
    pub(super) fn commit(&self, writing: &mut Writing) -> Result<()> {
        if writing.log.len() == 0 {
            return Ok(());
        }
        if let Err(error) = self.commit_engine(writing) {
            return Err(self.fail_engine(writing, error));
        }
        writing.log.rotate()?;
        let now = Instant::now();
        writing.tombstones.retain(|_, stone| now.duration_since(stone.since) < KEEP_TOMBSTONES);
        for (id, pending) in std::mem::take(&mut writing.pending) {
            let Pending { seq, version, place } = pending;
            match place {
                Some(_) => writing.tombstones.remove(&id),
                None => writing.tombstones.insert(id, Tombstone { seq, version, since: now }),
            };
        }
        Ok(())
    }

    fn commit_engine(&self, writing: &mut Writing) -> Result<()> {
        let next_seq = writing.next_seq;
        let mut prepared = self.writer(&mut writing.writer)?.prepare_commit()?;
        prepared.set_payload(&next_seq.to_string());
        prepared.commit()?;
        Ok(self.reader.reload()?)
    }

    /// Brings back what the log of an earlier process holds.
    pub(super) fn recover(&self, folder: &Path) -> Result<()> {
        let mut writing = self.lock()?;
        let meta = self.meta();
        let from = writing.next_seq;
        let mut found = false;
        log::replay(folder, |record| {
            if record.seq < from {
                return Ok(());
            }
            found = true;
            writing.next_seq = writing.next_seq.max(record.seq + 1);
            self.replay(self.writer(&mut writing.writer)?, &record, &meta)
        })?;
        if found {
            self.commit_engine(&mut writing)?;
        }
        writing.log.discard_older()?;
        drop(writing);
        self.refresh()
    }

    fn replay(&self, writer: &IndexWriter, record: &Record<'_>, meta: &Meta) -> Result<()> {
        writer.delete_term(self.fields.id_term(record.id));
        let Some(source) = record.source else {
            return Ok(());
        };
        let object = serde_json::from_slice(source).map_err(Failure::internal)?;
        let parsed = mapping::parse(record.id, &object, &meta.mapping, meta.settings.limits())?;
        let (id, seq, version) = (record.id, record.seq, record.version);
        writer.add_document(self.fields.document(Row { id, source, seq, version, values: parsed.values }))?;
        Ok(())
    }
}
