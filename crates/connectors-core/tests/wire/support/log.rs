//! A source with a log of changes, and syncs that follow it.

use std::sync::Mutex;

use async_trait::async_trait;
use connectors_core::sync::{Report, full_resumable, incremental};
use connectors_core::{
    Change, Cursor, Document, DocumentId, Error, ErrorKind, Incremental, Lookup, Result, Rules, Source,
};
use futures::stream::{self, BoxStream, StreamExt};
use serde_json::json;
use tokio_util::sync::CancellationToken;

use super::source::document;
use super::{Entry, Memory, World};

/// An entry of the log.
#[derive(Debug, Clone)]
pub(crate) enum Event {
    Put(Entry),
    Delete(&'static str),
    Checkpoint(u64),
    Error(ErrorKind),
    Cancel(CancellationToken),
}

/// A source with a log of changes; a cursor is a place in it.
#[derive(Default)]
pub(crate) struct Log {
    pub(crate) memory: Memory,
    pub(crate) events: Mutex<Vec<Event>>,
    pub(crate) asked_from: Mutex<Vec<u64>>,
    pub(crate) has_no_log: bool,
    pub(crate) backend: Mutex<Option<String>>,
}

impl Log {
    pub(crate) fn of(count: i64) -> Self {
        Self { memory: Memory::numbered(count), ..Self::default() }
    }

    pub(crate) fn then(&self, events: impl IntoIterator<Item = Event>) {
        self.events.lock().unwrap().extend(events);
    }
}

#[async_trait]
impl Source for Log {
    async fn ping(&self) -> Result<()> {
        Ok(())
    }

    async fn backend(&self) -> Result<Option<String>> {
        Ok(self.backend.lock().unwrap().clone())
    }

    fn lookup(&self) -> Option<&dyn Lookup> {
        self.memory.lookup()
    }

    fn documents<'a>(&'a self, rules: &'a Rules) -> BoxStream<'a, Result<Document>> {
        self.memory.documents(rules)
    }
}

#[async_trait]
impl Incremental for Log {
    async fn cursor(&self) -> Result<Cursor> {
        if self.has_no_log {
            return Err(Error::config("no log is kept"));
        }
        Ok(Cursor(json!(self.events.lock().unwrap().len())))
    }

    fn changes<'a>(&'a self, from: Cursor, _: &'a Rules) -> BoxStream<'a, Result<Change>> {
        let from = from.0.as_u64().unwrap();
        self.asked_from.lock().unwrap().push(from);
        let events: Vec<Event> = self.events.lock().unwrap()[usize::try_from(from).unwrap()..].to_vec();
        stream::iter(events)
            .filter_map(async |event| match event {
                Event::Put(entry) => Some(Ok(Change::Upsert(document(entry, &self.memory.asked)))),
                Event::Delete(id) => Some(Ok(Change::Delete(DocumentId::from(id)))),
                Event::Checkpoint(place) => Some(Ok(Change::Checkpoint(Cursor(json!(place))))),
                Event::Error(kind) => Some(Err(Error::new(kind, "the log stumbled"))),
                Event::Cancel(token) => {
                    token.cancel();
                    None
                }
            })
            .boxed()
    }
}

pub(crate) async fn full(world: &World, log: &Log) -> Report {
    let report = full_resumable(&world.job(log, "docs"), log).await;
    assert!(report.adds_up(), "{report:?}");
    report
}

pub(crate) async fn apply(world: &World, log: &Log) -> Report {
    let report = incremental(&world.job(log, "docs"), log).await;
    assert!(report.adds_up(), "{report:?}");
    report
}

/// The cursor from which the next incremental sync goes on.
pub(crate) async fn cursor(world: &World, log: &Log) -> u64 {
    world.fake.behave();
    apply(world, log).await;
    *log.asked_from.lock().unwrap().last().unwrap()
}
