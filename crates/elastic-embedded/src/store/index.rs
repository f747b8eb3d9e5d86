//! One index: its description, its engine, and who sees what when.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};
use std::time::Instant;

use tantivy::indexer::IndexWriterOptions;
use tantivy::{IndexReader, IndexWriter, ReloadPolicy, Searcher};

use super::disk;
use super::engine::{self, Fields};
use super::folder::{HALF_MADE, NAME, clear, set_aside};
use super::log::Log;
use super::meta::{self, Meta, Settings};
use super::writing::Writing;
use crate::failure::{Failure, Result};
use crate::mapping::Mapping;

/// Memory that one writer may fill before it writes a segment.
const WRITER_BYTES: usize = 64 << 20;

/// An index, shared by all requests.
pub(crate) struct Index {
    pub(super) folder: PathBuf,
    meta: RwLock<Arc<Meta>>,
    engine: tantivy::Index,
    pub(super) fields: Fields,
    pub(super) reader: IndexReader,
    visible: RwLock<Searcher>,
    hidden: AtomicBool,
    pub(super) full: AtomicBool,
    /// When it was last looked whether there is room again.
    tried: Mutex<Option<Instant>>,
    pub(super) writing: Mutex<Writing>,
}

/// What a search works on: the documents of the last refresh and the mapping of now.
#[derive(Clone)]
pub(crate) struct View {
    pub(crate) meta: Arc<Meta>,
    pub(crate) searcher: Searcher,
    pub(crate) fields: Fields,
}

impl Index {
    /// Makes the folder of a new index.
    pub(super) fn create(folder: &Path, meta: Meta) -> Result<Self> {
        disk::check(&meta.name, folder.parent().unwrap_or(folder))?;
        std::fs::create_dir_all(folder)?;
        let half_made = folder.join(HALF_MADE);
        std::fs::write(&half_made, &meta.name)?;
        let index = Index::assemble(folder, meta)?;
        index.meta().save(folder)?;
        std::fs::rename(half_made, folder.join(NAME))?;
        folder.parent().map_or(Ok(()), disk::sync_folder)?;
        Ok(index)
    }

    /// Opens an index and brings back what its log holds; `None` if the folder has nothing of an index.
    pub(super) fn open(folder: &Path) -> Result<Option<Self>> {
        let Some(meta) = Meta::load(folder)? else {
            return match folder.join("engine").exists() {
                true => Err(Failure::internal(format!("its file {} is missing", meta::FILE))),
                false => Ok(None),
            };
        };
        let (name, called) = (folder.join(NAME), meta.name.clone());
        let index = Index::assemble(folder, meta)?;
        index.recover(&folder.join("log"))?;
        if !name.exists()
            && let Err(error) = std::fs::write(&name, called)
        {
            tracing::debug!(%error, "an index of an earlier program has no file with its name");
        }
        Ok(Some(index))
    }

    /// True once writes are refused for want of room on the disk.
    pub(super) fn is_full(&self) -> bool {
        self.full.load(Ordering::Acquire)
    }

    /// True if it was full, and there is room again. Says so once in a while, as it costs something to try.
    pub(super) fn may_be_opened_again(&self) -> bool {
        if !self.is_full() || !disk::has_room(&self.folder) {
            return false;
        }
        let mut tried = self.tried.lock().unwrap_or_else(PoisonError::into_inner);
        if tried.is_some_and(|tried| tried.elapsed() < disk::AGAIN) {
            return false;
        }
        *tried = Some(Instant::now());
        true
    }

    fn assemble(folder: &Path, meta: Meta) -> Result<Self> {
        let (engine, fields) = engine::open(&folder.join("engine"))?;
        let reader = engine.reader_builder().reload_policy(ReloadPolicy::Manual).try_into()?;
        let committed = engine.load_metas()?.payload.and_then(|payload| payload.parse().ok()).unwrap_or(0);
        Ok(Index {
            meta: RwLock::new(Arc::new(meta)),
            visible: RwLock::new(reader.searcher()),
            hidden: AtomicBool::new(false),
            full: AtomicBool::new(false),
            tried: Mutex::default(),
            writing: Mutex::new(Writing::new(Log::start(&folder.join("log"))?, committed)),
            folder: folder.to_owned(),
            engine,
            fields,
            reader,
        })
    }

    pub(crate) fn meta(&self) -> Arc<Meta> {
        self.meta.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Changes the description; it is saved before the change is seen.
    pub(crate) fn change(&self, change: impl FnOnce(&mut Meta) -> Result<()>) -> Result<()> {
        disk::check(&self.meta().name, &self.folder)?;
        let _writing = self.lock()?;
        let mut meta = Meta::clone(&self.meta());
        change(&mut meta)?;
        self.replace(meta)
    }

    pub(crate) fn change_mapping(&self, other: Mapping) -> Result<()> {
        self.change(|meta| {
            meta.mapping.merge(other)?;
            let limit = meta.settings.limits().total_fields;
            if meta.mapping.count() > limit {
                return Err(Failure::argument(format!("Limit of total fields [{limit}] has been exceeded")));
            }
            Ok(())
        })
    }

    pub(crate) fn change_settings(&self, settings: Settings) -> Result<()> {
        if let Some(key) = settings.fixed() {
            let name = &self.meta().name;
            return Err(Failure::argument(format!(
                "Can't update non dynamic settings [[{key}]] for open indices [[{name}]]"
            )));
        }
        self.change(|meta| {
            meta.settings.merge(settings);
            Ok(())
        })
    }

    /// Saves and shows a description; the caller holds the lock of writes.
    pub(super) fn replace(&self, meta: Meta) -> Result<()> {
        meta.save(&self.folder)?;
        *self.meta.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(meta);
        Ok(())
    }

    /// Shows every write so far to searches.
    pub(crate) fn refresh(&self) -> Result<()> {
        let mut writing = self.lock()?;
        self.commit(&mut writing)?;
        *self.visible.write().unwrap_or_else(PoisonError::into_inner) = self.reader.searcher();
        writing.refreshed = Instant::now();
        self.hidden.store(false, Ordering::Release);
        Ok(())
    }

    /// The documents that a search sees; refreshes first if the view is older than the index allows.
    pub(crate) fn view(&self) -> Result<View> {
        if self.hidden.load(Ordering::Acquire) {
            let interval = self.meta().settings.refresh_interval();
            let due = interval.is_some_and(|interval| {
                self.writing.lock().unwrap_or_else(PoisonError::into_inner).refreshed.elapsed() >= interval
            });
            match due.then(|| self.refresh()) {
                // What was written before is still found, as where the real one is at its flood stage.
                Some(Err(failure)) if !failure.is_of_a_full_disk() => return Err(failure),
                _ => {}
            }
        }
        let searcher = self.visible.read().unwrap_or_else(PoisonError::into_inner).clone();
        Ok(View { meta: self.meta(), searcher, fields: self.fields })
    }

    /// The lock of writes.
    ///
    /// # Errors
    /// If the index was deleted, or its log or engine has failed.
    pub(super) fn lock(&self) -> Result<MutexGuard<'_, Writing>> {
        let writing = self.lock_even_broken()?;
        self.whole(&writing)?;
        Ok(writing)
    }

    pub(super) fn lock_even_broken(&self) -> Result<MutexGuard<'_, Writing>> {
        let writing = self.writing.lock().unwrap_or_else(PoisonError::into_inner);
        if writing.closed { Err(Failure::index_not_found(&self.meta().name)) } else { Ok(writing) }
    }

    pub(super) fn hide(&self) {
        self.hidden.store(true, Ordering::Release);
    }

    /// The engine's writer, started when it is first needed.
    pub(super) fn writer<'a>(&self, slot: &'a mut Option<IndexWriter>) -> Result<&'a mut IndexWriter> {
        match slot {
            Some(writer) => Ok(writer),
            None => {
                let options = IndexWriterOptions::builder()
                    .num_worker_threads(1)
                    .num_merge_threads(1)
                    .memory_budget_per_thread(WRITER_BYTES)
                    .build();
                let writer = self.engine.writer_with_options(options)?;
                // A commit that was cut off may have left files of deletions under names that this writer will use.
                writer.garbage_collect_files().wait()?;
                Ok(slot.insert(writer))
            }
        }
    }

    /// Hands everything to the disk and lets the engine go.
    pub(super) fn close(&self) -> Result<()> {
        let mut writing = self.lock()?;
        self.commit(&mut writing)?;
        writing.closed = true;
        match writing.writer.take() {
            Some(writer) => Ok(writer.wait_merging_threads()?),
            None => Ok(()),
        }
    }

    /// Removes the index from the disk, one whose log or engine has failed too.
    ///
    /// # Errors
    /// If it could not be removed; it is then as it was.
    pub(super) fn remove(&self) -> Result<()> {
        let mut writing = self.lock_even_broken()?;
        let gone = set_aside(&self.folder)?;
        writing.closed = true;
        writing.writer = None;
        writing.pending = HashMap::new();
        clear(&gone);
        Ok(())
    }
}

#[cfg(test)]
mod tests;
