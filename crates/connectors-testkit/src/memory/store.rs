//! Documents in memory, by id, with a log of what happened to them.

use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, LazyLock, Mutex, MutexGuard, PoisonError, Weak};

use chrono::{DateTime, Utc};
use connectors_core::{FieldSpec, Identity, Permissions};
use serde_json::{Map, Value, json};

static STORES: LazyLock<Mutex<HashMap<String, Weak<Store>>>> = LazyLock::new(Mutex::default);

/// One document of a store.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Record {
    /// Its fields.
    pub fields: Map<String, Value>,
    /// The text of the file that belongs to it.
    pub text: Option<String>,
    /// Who may read it; nobody knows, where there are none.
    pub permissions: Option<Permissions>,
}

impl Record {
    /// A record with the fields of a JSON object; without any for other values.
    #[must_use]
    pub fn new(fields: &Value) -> Self {
        Self { fields: fields.as_object().cloned().unwrap_or_default(), ..Self::default() }
    }
}

/// A record as it was written.
#[derive(Debug, Clone)]
pub(super) struct Entry {
    pub(super) record: Arc<Record>,
    pub(super) sequence: u64,
    pub(super) updated: DateTime<Utc>,
}

/// A state of all records that later writes do not touch.
pub(super) type Entries = Arc<BTreeMap<String, Entry>>;

#[derive(Debug, Default)]
struct State {
    entries: Entries,
    /// Ids in the order in which they were written or removed; the place is the sequence number less one.
    log: Vec<String>,
    identities: Vec<Identity>,
    fields: Vec<FieldSpec>,
    /// How many documents the next listing hands out before it fails.
    break_after: Option<usize>,
    /// The record whose text can't be read.
    broken_text: Option<String>,
    /// The record of which it can't be read who may read it.
    broken_permissions: Option<String>,
}

/// A backend in memory, found by the name that stands in the settings. Gone when its last handle is.
#[derive(Debug)]
pub struct Store {
    name: String,
    token: String,
    state: Mutex<State>,
}

impl Store {
    /// An empty store with a name and a token that no other has.
    #[must_use]
    pub fn new() -> Arc<Self> {
        static COUNT: AtomicU64 = AtomicU64::new(0);
        let number = COUNT.fetch_add(1, Relaxed);
        let (name, token) = (format!("store-{number}"), format!("t0ken-{}-{number}", std::process::id()));
        let store = Arc::new(Self { name: name.clone(), token, state: Mutex::default() });
        stores().insert(name, Arc::downgrade(&store));
        store
    }

    /// The store of a name, while a handle to it is kept.
    #[must_use]
    pub fn find(name: &str) -> Option<Arc<Self>> {
        stores().get(name)?.upgrade()
    }

    /// The names of all stores that there are.
    pub(super) fn names() -> Vec<String> {
        stores().iter().filter(|(_, store)| store.strong_count() > 0).map(|(name, _)| name.clone()).collect()
    }

    /// The settings of a connector that reads this store.
    #[must_use]
    pub fn settings(&self) -> Map<String, Value> {
        Map::from_iter([("store".to_owned(), json!(self.name)), ("token".to_owned(), json!(self.token))])
    }

    /// The secret that a connector must know.
    #[must_use]
    pub fn token(&self) -> &str {
        &self.token
    }

    /// Writes a record, new or over an earlier one.
    pub fn put(&self, id: impl Into<String>, record: Record) {
        let (id, mut state) = (id.into(), self.state());
        state.log.push(id.clone());
        let entry = Entry { record: Arc::new(record), sequence: state.log.len() as u64, updated: Utc::now() };
        Arc::make_mut(&mut state.entries).insert(id, entry);
    }

    /// Removes a record; false when there was none.
    pub fn remove(&self, id: &str) -> bool {
        let mut state = self.state();
        let was_there = Arc::make_mut(&mut state.entries).remove(id).is_some();
        if was_there {
            state.log.push(id.to_owned());
        }
        was_there
    }

    /// Removes every record.
    pub fn clear(&self) {
        let mut state = self.state();
        let entries = std::mem::take(&mut state.entries);
        state.log.extend(entries.keys().cloned());
    }

    /// Makes the text of this record unreadable, or none any more.
    pub fn break_text(&self, id: Option<String>) {
        self.state().broken_text = id;
    }

    pub(super) fn breaks_text(&self, id: &str) -> bool {
        self.state().broken_text.as_deref() == Some(id)
    }

    /// Makes it impossible to read who may read this record, or possible for all again.
    pub fn break_permissions(&self, id: Option<String>) {
        self.state().broken_permissions = id;
    }

    pub(super) fn breaks_permissions(&self, id: &str) -> bool {
        self.state().broken_permissions.as_deref() == Some(id)
    }

    /// Says who may search.
    pub fn set_identities(&self, identities: Vec<Identity>) {
        self.state().identities = identities;
    }

    /// Says what is declared of its records' fields.
    pub fn declare(&self, fields: Vec<FieldSpec>) {
        self.state().fields = fields;
    }

    pub(super) fn declared(&self) -> Vec<FieldSpec> {
        self.state().fields.clone()
    }

    /// Makes listings fail after so many documents, or no more.
    pub fn break_after(&self, documents: Option<usize>) {
        self.state().break_after = documents;
    }

    pub(super) fn entries(&self) -> Entries {
        Arc::clone(&self.state().entries)
    }

    pub(super) fn sequence(&self) -> u64 {
        self.state().log.len() as u64
    }

    pub(super) fn breaks_after(&self) -> Option<usize> {
        self.state().break_after
    }

    pub(super) fn identities(&self) -> Vec<Identity> {
        self.state().identities.clone()
    }

    /// What the log says of the sequence numbers after this one: an id each, with its record if there is one now.
    pub(super) fn since(&self, sequence: u64, limit: usize) -> Vec<(String, Option<Entry>)> {
        let state = self.state();
        let after = usize::try_from(sequence).unwrap_or(usize::MAX).min(state.log.len());
        let ids = state.log[after..].iter().take(limit);
        ids.map(|id| (id.clone(), state.entries.get(id).cloned())).collect()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn stores() -> MutexGuard<'static, HashMap<String, Weak<Store>>> {
    STORES.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Drop for Store {
    fn drop(&mut self) {
        stores().remove(&self.name);
    }
}
