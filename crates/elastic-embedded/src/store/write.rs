//! Writing: what an operation does to a document, and what of it is acknowledged.

use serde_json::{Map, Value};
use tantivy::indexer::UserOperation;

use super::disk;
use super::engine::Row;
use super::index::Index;
use super::log::Record;
use super::meta::Meta;
use super::read;
use super::writing::{MAX_PENDING, Pending, Tombstone, Writing};
use crate::failure::{Failure, Result};
use crate::mapping::{self, Stored};

/// The log may grow to this size before the engine takes over what it holds.
const MAX_LOG_BYTES: u64 = 64 << 20;

/// One operation on one document.
#[derive(Debug)]
pub(crate) struct Operation {
    pub(crate) id: String,
    pub(crate) action: Action,
    pub(crate) condition: Option<Condition>,
}

/// What to do with the document.
#[derive(Debug)]
pub(crate) enum Action {
    Index(Source),
    Create(Source),
    /// A new document under an id that this server just made.
    Add(Source),
    Update(Update),
    Delete,
}

/// A change of a document that is there, or the document to put in its place.
#[derive(Debug)]
pub(crate) struct Update {
    pub(crate) doc: Map<String, Value>,
    pub(crate) upsert: Option<Map<String, Value>>,
    pub(crate) detect_noop: bool,
}

/// A document as it was sent, and parsed.
#[derive(Debug)]
pub(crate) struct Source {
    pub(crate) bytes: bytes::Bytes,
    pub(crate) parsed: Map<String, Value>,
}

/// What of the document has to hold.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Condition {
    /// It is still the one that was seen.
    Seen { seq: u64, term: u64 },
    /// Its version is older than this one, which it gets; or the same, where that is enough.
    External { version: u64, or_equal: bool },
}

/// The version that a write makes.
fn version(condition: Option<Condition>, current: Option<Current>) -> u64 {
    match condition {
        Some(Condition::External { version, .. }) => version,
        _ => current.map_or(1, |current| current.version + 1),
    }
}

/// What became of the document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    Created,
    Updated,
    Deleted,
    NotFound,
    Noop,
}

/// An operation that was carried out.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Written {
    pub(crate) outcome: Outcome,
    pub(crate) version: u64,
    pub(crate) seq: u64,
}

/// The document that an operation meets.
#[derive(Debug, Clone, Copy)]
struct Current {
    seq: u64,
    version: u64,
    exists: bool,
}

/// What a write meets, and what it asks of it.
type Met = (Option<Current>, Option<Condition>);

impl Index {
    /// Carries out operations in order. What comes back as written is in the log.
    ///
    /// # Errors
    /// The outer error means that nothing is acknowledged; the inner ones are each operation's own.
    pub(crate) fn write(&self, operations: Vec<Operation>) -> Result<Vec<Result<Written>>> {
        disk::check(&self.meta().name, &self.folder)?;
        let mut writing = self.lock()?;
        let before = self.meta();
        let mut batch =
            Batch { index: self, writing: &mut writing, meta: Meta::clone(&before), extended: false };
        let results: Vec<_> = operations.into_iter().map(|operation| batch.apply(operation)).collect();
        let (meta, extended) = (batch.meta, batch.extended);
        self.whole(&writing)?;
        if writing.log.len() > 0 {
            self.hide();
        }
        let saved = if extended { self.replace(meta) } else { Ok(()) };
        let unsynced = match saved.and_then(|()| writing.log.flush()) {
            Ok(file) => file.filter(|_| self.has_to_sync(&mut writing)),
            Err(error) => return Err(self.fail_log(&mut writing, error)),
        };
        if writing.log.len() > MAX_LOG_BYTES || writing.pending.len() > MAX_PENDING {
            // What the engine has committed is on the disk.
            self.commit(&mut writing)?;
        } else if let Some(file) = unsynced {
            drop(writing);
            self.sync(&file)?;
        }
        Ok(results)
    }
}

/// Operations that share one turn of the lock, one extension of the mapping, one flush of the log.
struct Batch<'a> {
    index: &'a Index,
    writing: &'a mut Writing,
    meta: Meta,
    extended: bool,
}

impl Batch<'_> {
    fn apply(&mut self, operation: Operation) -> Result<Written> {
        self.index.whole(self.writing)?;
        let Operation { id, action, condition } = operation;
        if let Action::Add(source) = action {
            return self.put(&id, source, (None, None));
        }
        let current = self.current(&id)?;
        if let Err(refusal) = self.admits((&id, &action), (current, condition)) {
            // The document is read first: what is wrong with it counts more, and its new fields are mapped.
            if let Action::Index(source) | Action::Create(source) = &action {
                self.values(&id, source)?;
            }
            return Err(refusal);
        }
        match action {
            Action::Delete => self.delete(&id, (current, condition)),
            Action::Update(update) => self.update(&id, update, current),
            Action::Index(source) | Action::Create(source) | Action::Add(source) => {
                self.put(&id, source, (current, condition))
            }
        }
    }

    /// # Errors
    /// 409 if what is there does not let the operation be done.
    fn admits(&self, (id, action): (&str, &Action), (current, condition): Met) -> Result<()> {
        let exists = current.is_some_and(|current| current.exists);
        if matches!(action, Action::Create(_)) && exists {
            return Err(self.conflict(id, &already_there(current)));
        }
        if !exists && matches!(action, Action::Update(_)) {
            return Ok(());
        }
        self.check(id, condition, current)
    }

    /// What is indexed of a document. Fields that are not mapped yet are.
    fn values(&mut self, id: &str, source: &Source) -> Result<Vec<(String, Stored)>> {
        let parsed = mapping::parse(id, &source.parsed, &self.meta.mapping, self.meta.settings.limits())?;
        if let Some(extended) = parsed.mapping {
            self.meta.mapping = extended;
            self.extended = true;
        }
        Ok(parsed.values)
    }

    fn update(&mut self, id: &str, update: Update, met: Option<Current>) -> Result<Written> {
        let Some(current) = met.filter(|current| current.exists) else {
            let reason = format!("[{id}]: document missing");
            let missing = self.located(Failure::new(404, "document_missing_exception", reason));
            return self.put(id, source_of(update.upsert.ok_or(missing)?)?, (met, None));
        };
        let bytes = self.index.source_of(self.writing, id)?.unwrap_or_default();
        let before: Map<String, Value> = serde_json::from_slice(&bytes).map_err(Failure::internal)?;
        let mut after = before.clone();
        merge(&mut after, update.doc);
        if update.detect_noop && after == before {
            return Ok(Written { outcome: Outcome::Noop, version: current.version, seq: current.seq });
        }
        self.put(id, source_of(after)?, (Some(current), None))
    }

    fn put(&mut self, id: &str, source: Source, (current, condition): Met) -> Result<Written> {
        let values = self.values(id, &source)?;
        let exists = current.is_some_and(|current| current.exists);
        let (seq, version) = (self.writing.take_seq(), version(condition, current));
        let record = Record { seq, version, id, source: Some(&source.bytes) };
        let place = self.writing.log.append(&record)?;
        let row = Row { id, source: &source.bytes, seq, version, values };
        let document = UserOperation::Add(self.index.fields.document(row));
        if exists {
            self.hand_over([UserOperation::Delete(self.index.fields.id_term(id)), document])?;
        } else {
            self.hand_over([document])?;
        }
        self.writing.pending.insert(id.into(), Pending { seq, version, place: Some(place) });
        Ok(Written { outcome: if exists { Outcome::Updated } else { Outcome::Created }, version, seq })
    }

    fn delete(&mut self, id: &str, (current, condition): Met) -> Result<Written> {
        let exists = current.is_some_and(|current| current.exists);
        let (seq, version) = (self.writing.take_seq(), version(condition, current));
        if exists {
            self.writing.log.append(&Record { seq, version, id, source: None })?;
            self.hand_over([UserOperation::Delete(self.index.fields.id_term(id))])?;
            self.writing.pending.insert(id.into(), Pending { seq, version, place: None });
        } else {
            self.writing.bury(id, seq, version);
        }
        Ok(Written { outcome: if exists { Outcome::Deleted } else { Outcome::NotFound }, version, seq })
    }

    /// Gives operations to the engine's thread. `run` is the one call that also tells of a thread that is
    /// gone when there is only something to delete.
    fn hand_over<const N: usize>(&mut self, operations: [UserOperation; N]) -> Result<()> {
        let writer = self.index.writer(&mut self.writing.writer);
        match writer.and_then(|writer| Ok(writer.run(operations)?)) {
            Ok(_) => Ok(()),
            Err(error) => Err(self.index.fail_engine(self.writing, error)),
        }
    }

    fn current(&self, id: &str) -> Result<Option<Current>> {
        if let Some(Pending { seq, version, place }) = self.writing.pending.get(id) {
            return Ok(Some(Current { seq: *seq, version: *version, exists: place.is_some() }));
        }
        if let Some(Tombstone { seq, version, .. }) = self.writing.tombstones.get(id) {
            return Ok(Some(Current { seq: *seq, version: *version, exists: false }));
        }
        let found = read::locate(&self.index.reader.searcher(), self.index.fields, id)?;
        Ok(found.map(|found| Current { seq: found.seq, version: found.version, exists: true }))
    }

    fn check(&self, id: &str, condition: Option<Condition>, current: Option<Current>) -> Result<()> {
        let (seq, term) = match condition {
            None => return Ok(()),
            Some(Condition::Seen { seq, term }) => (seq, term),
            Some(Condition::External { version, or_equal }) => {
                return self.check_version(id, (version, or_equal), current);
            }
        };
        match current.filter(|current| current.exists) {
            Some(current) if current.seq == seq && term == 1 => Ok(()),
            Some(current) => Err(self.conflict(
                id,
                &format!(
                    "required seqNo [{seq}], primary term [{term}]. current document has seqNo [{}] and primary term [1]",
                    current.seq
                ),
            )),
            None => Err(self.conflict(id, &format!("required seqNo [{seq}], primary term [{term}]. but no document was found"))),
        }
    }

    /// A document that was deleted a moment ago counts with the version of its deletion.
    fn check_version(
        &self,
        id: &str,
        (given, or_equal): (u64, bool),
        current: Option<Current>,
    ) -> Result<()> {
        match current.map(|current| current.version) {
            Some(current) if current > given || (current == given && !or_equal) => {
                let than = if or_equal { "higher than" } else { "higher or equal to" };
                let why = format!("current version [{current}] is {than} the one provided [{given}]");
                Err(self.conflict(id, &why))
            }
            _ => Ok(()),
        }
    }

    fn conflict(&self, id: &str, why: &str) -> Failure {
        let reason = format!("[{id}]: version conflict, {why}");
        self.located(Failure::new(409, "version_conflict_engine_exception", reason))
    }

    fn located(&self, failure: Failure) -> Failure {
        failure
            .with("index_uuid", self.meta.uuid.clone())
            .with("shard", "0")
            .with("index", self.meta.name.clone())
    }
}

fn already_there(current: Option<Current>) -> String {
    format!("document already exists (current version [{}])", current.map_or(0, |current| current.version))
}

fn source_of(parsed: Map<String, Value>) -> Result<Source> {
    let bytes = serde_json::to_vec(&parsed).map_err(Failure::internal)?.into();
    Ok(Source { bytes, parsed })
}

/// Merges objects member by member; anything else is replaced.
fn merge(into: &mut Map<String, Value>, from: Map<String, Value>) {
    for (key, value) in from {
        match (into.get_mut(&key), value) {
            (Some(Value::Object(before)), Value::Object(value)) => merge(before, value),
            (_, value) => {
                into.insert(key, value);
            }
        }
    }
}
