//! The store as a source.

use std::ops::Bound;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::SeqCst};

use async_trait::async_trait;
use bytes::Bytes;
use connectors_core::config::{Secret, nearest};
use connectors_core::{
    AccessControl, AdvancedRules, Change, Connector, Content, Context, Cursor, Document, Error, FieldSpec,
    Identity, Incremental, Permissions, Result, RuleProblem, Rules, Source,
};
use futures::stream::{self, BoxStream, StreamExt, TryStreamExt};
use serde_json::json;

use super::rules::Wanted;
use super::store::{Entries, Entry, Store};

connectors_core::config! {
    /// Which store, and who reads it.
    pub struct MemoryConfig {
        /// Name of the store.
        #[label = "Store"]
        pub store: String,
        /// The store's token.
        #[label = "Token"]
        pub token: Secret,
    }
}

/// Changes between two checkpoints.
const PAGE: usize = 10;
/// No listing was completed yet.
const NEVER: u64 = u64::MAX;

/// The records of a [`Store`]: each a document, its text as content.
#[derive(Debug)]
pub struct Memory {
    config: MemoryConfig,
    /// Whether it is asked who may read a record.
    document_level_security: bool,
    /// The sequence number at which the last completed listing began.
    listed: AtomicU64,
}

impl Connector for Memory {
    const NAME: &'static str = "memory";
    type Config = MemoryConfig;

    fn connect(config: MemoryConfig, context: &Context) -> Result<Self> {
        let document_level_security = context.document_level_security;
        Ok(Self { config, document_level_security, listed: AtomicU64::new(NEVER) })
    }
}

impl Memory {
    fn store(&self) -> Result<Arc<Store>> {
        let name = &self.config.store;
        let Some(store) = Store::find(name) else {
            let names = Store::names();
            let near = nearest(name, names.iter().map(String::as_str)).unwrap_or("the name of a store");
            return Err(
                Error::config(format!("there is no such store: set `store` to {near}")).with("store", name)
            );
        };
        if store.token() != self.config.token.reveal() {
            return Err(
                Error::denied("the token is not this store's: set `token` to its token").with("store", name)
            );
        }
        Ok(store)
    }

    fn listing(&self, rules: &Rules) -> Result<Listing<'_>> {
        let store = self.store()?;
        let wanted = Wanted::read(rules).map_err(|problems| refused(&problems))?;
        let (sequence, entries) = (store.sequence(), store.entries());
        Ok(Listing { memory: self, store, sequence, entries, wanted, last: None, given: 0, is_over: false })
    }
}

#[async_trait]
impl Source for Memory {
    async fn ping(&self) -> Result<()> {
        self.store().map(drop)
    }

    async fn changed(&self) -> Result<bool> {
        Ok(self.listed.load(SeqCst) != self.store()?.sequence())
    }

    async fn declared_fields(&self) -> Result<Vec<FieldSpec>> {
        Ok(self.store()?.declared())
    }

    fn documents<'a>(&'a self, rules: &'a Rules) -> BoxStream<'a, Result<Document>> {
        stream::once(async move { self.listing(rules) })
            .map_ok(|listing| {
                stream::unfold(listing, |mut listing| async move { Some((listing.next()?, listing)) })
            })
            .try_flatten()
            .boxed()
    }
}

/// A listing on its way.
struct Listing<'a> {
    memory: &'a Memory,
    store: Arc<Store>,
    sequence: u64,
    entries: Entries,
    wanted: Wanted,
    last: Option<String>,
    given: usize,
    is_over: bool,
}

impl Listing<'_> {
    fn next(&mut self) -> Option<Result<Document>> {
        if self.is_over {
            return None;
        }
        if self.store.breaks_after().is_some_and(|count| self.given >= count) {
            self.is_over = true;
            return Some(Err(Error::transient("the store broke off").with("after", self.given)));
        }
        let after = self.last.as_ref().map_or(Bound::Unbounded, Bound::Excluded);
        let mut rest = self.entries.range::<String, _>((after, Bound::Unbounded));
        let Some((id, entry)) = rest.find(|(_, entry)| self.wanted.matches(&entry.record)) else {
            self.is_over = true;
            self.memory.listed.store(self.sequence, SeqCst);
            return None;
        };
        self.given += 1;
        self.last = Some(id.clone());
        Some(Ok(self.memory.document(id, entry, &self.store)))
    }
}

/// A record as it is indexed.
fn document(id: &str, entry: &Entry, store: &Arc<Store>) -> Document {
    let record = Arc::clone(&entry.record);
    let content = record.text.as_ref().map(|text| {
        let (text, id, store) = (Bytes::from(text.clone()), id.to_owned(), Arc::downgrade(store));
        let size = text.len() as u64;
        Content::new(format!("{id}.txt"), size, move || {
            let is_broken = store.upgrade().is_none_or(|store| store.breaks_text(&id));
            let opened = if is_broken { Err(Error::missing("the text was lost")) } else { Ok(text.clone()) };
            async move { Ok(stream::iter([Ok(opened?)]).boxed()) }
        })
    });
    Document::new(id).version(entry.sequence).timestamp(entry.updated).body(&record.fields).content(content)
}

impl Memory {
    /// A record, with who may read it only where that is asked.
    fn document(&self, id: &str, entry: &Entry, store: &Arc<Store>) -> Document {
        let document = document(id, entry, store);
        if !self.document_level_security {
            return document;
        }
        let known = entry.record.permissions.clone().filter(|_| !store.breaks_permissions(id));
        document.permissions(known.unwrap_or(Permissions::Unknown))
    }
}

#[async_trait]
impl Incremental for Memory {
    async fn cursor(&self) -> Result<Cursor> {
        Ok(cursor(self.store()?.sequence()))
    }

    fn changes<'a>(&'a self, from: Cursor, rules: &'a Rules) -> BoxStream<'a, Result<Change>> {
        stream::once(async move { self.changes_from(&from, rules) })
            .map_ok(move |changes| {
                stream::unfold(
                    changes,
                    move |mut changes| async move { Some((changes.page(self)?, changes)) },
                )
            })
            .map_ok(|pages| pages.flat_map(stream::iter).map(Ok))
            .try_flatten()
            .boxed()
    }
}

impl Memory {
    fn changes_from(&self, from: &Cursor, rules: &Rules) -> Result<Changes> {
        let store = self.store()?;
        let wanted = Wanted::read(rules).map_err(|problems| refused(&problems))?;
        Ok(Changes { sequence: position(from, &store)?, store, wanted })
    }
}

/// Changes on their way.
struct Changes {
    store: Arc<Store>,
    wanted: Wanted,
    sequence: u64,
}

impl Changes {
    /// The next changes and a checkpoint behind them; none when all were told.
    fn page(&mut self, memory: &Memory) -> Option<Vec<Change>> {
        let page = self.store.since(self.sequence, PAGE);
        if page.is_empty() {
            return None;
        }
        self.sequence += page.len() as u64;
        let checkpoint = Change::Checkpoint(cursor(self.sequence));
        let changes = page.into_iter().map(|(id, entry)| match entry {
            Some(entry) if self.wanted.matches(&entry.record) => {
                Change::Upsert(memory.document(&id, &entry, &self.store))
            }
            _ => Change::Delete(id.into()),
        });
        Some(changes.chain([checkpoint]).collect())
    }
}

fn cursor(sequence: u64) -> Cursor {
    Cursor(json!({"sequence": sequence}))
}

fn position(cursor: &Cursor, store: &Store) -> Result<u64> {
    let sequence = cursor.0["sequence"].as_u64().filter(|sequence| *sequence <= store.sequence());
    sequence.ok_or_else(|| {
        Error::config("the store does not know this cursor: run a full sync").with("cursor", &cursor.0)
    })
}

impl AccessControl for Memory {
    fn identities(&self) -> BoxStream<'_, Result<Identity>> {
        match self.store() {
            Ok(store) => stream::iter(store.identities()).map(Ok).boxed(),
            Err(error) => stream::iter([Err(error)]).boxed(),
        }
    }
}

#[async_trait]
impl AdvancedRules for Memory {
    async fn validate(&self, rules: &Rules) -> Result<Vec<RuleProblem>> {
        Ok(Wanted::read(rules).err().unwrap_or_default())
    }
}

fn refused(problems: &[RuleProblem]) -> Error {
    let texts: Vec<String> =
        problems.iter().map(|problem| format!("{}: {}", problem.place, problem.message)).collect();
    Error::config(format!("the rules can't be used: {}", texts.join("; ")))
}
