//! Listings and changes with a flaw.

use std::future;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::sync::{Arc, MutexGuard, PoisonError};

use bytes::Bytes;
use chrono::{TimeDelta, Utc};
use connectors_core::{Body, Change, Content, Document, Error, Parts, Permissions, Result, Version};
use futures::stream::{self, BoxStream, StreamExt};
use serde_json::{Value, json};

use super::{Flaw, Flawed};

type Documents<'a> = BoxStream<'a, Result<Document>>;

/// Elasticsearch answers no more hits than this to one request.
const FIRST_HITS: usize = 10_000;
/// The sequence number of the store after the suite loaded 1,200 documents and made 36 changes.
const LAST: u64 = 1236;

impl Flawed {
    /// A listing, with what is wrong with its length or its end.
    pub(crate) fn listing<'a>(&'a self, documents: Documents<'a>) -> Documents<'a> {
        let documents = documents.then(|listed| self.listed(listed)).boxed();
        let run = self.count.fetch_add(u64::from(!self.is(Flaw::Resuming)), SeqCst);
        if self.is(Flaw::EarlyEnd) {
            return documents.take(1080).boxed();
        }
        if self.is(Flaw::FirstHits) {
            return documents.take(FIRST_HITS).boxed();
        }
        if self.is(Flaw::Hanging) {
            return documents.chain(stream::pending()).boxed();
        }
        if self.is(Flaw::Panic) {
            return documents.inspect(|_| panic!("boom")).boxed();
        }
        if self.is(Flaw::SwallowedError) {
            return documents.filter(|listed| future::ready(listed.is_ok())).boxed();
        }
        if self.is(Flaw::ErrorFirst) {
            let is_first = |listed: &Result<Document>| listed.is_err();
            let all = async move {
                let listed = documents.collect::<Vec<_>>().await;
                let fails = listed.iter().any(is_first);
                stream::iter(listed.into_iter().filter(move |listed| !fails || listed.is_err()))
            };
            return stream::once(all).flatten().boxed();
        }
        if self.is(Flaw::AllInMemory) {
            let all = async move { stream::iter(documents.collect::<Vec<_>>().await) };
            return stream::once(all).flatten().boxed();
        }
        self.remembering(self.mixed(documents), run)
    }

    /// A document, or an error about the second half of them.
    async fn listed(&self, listed: Result<Document>) -> Result<Document> {
        let document = listed.map_err(|error| match Flaw::of(self.flaw) {
            Flaw::LostScope => error,
            Flaw::NarrowScope => error.in_scope("la"),
            _ => error.in_scope("late"),
        })?;
        let document = self.document(document);
        if !self.is(Flaw::EagerContent) {
            return Ok(document);
        }
        let parts = document.into_parts();
        if let Some(content) = &parts.content {
            drop(content.open().await?);
        }
        Ok(made(parts))
    }

    /// A listing with documents or errors that do not belong there, or without some that do.
    fn mixed<'a>(&'a self, documents: Documents<'a>) -> Documents<'a> {
        let page = |place: usize| place / 10 == 7;
        if self.is(Flaw::SkippedPage) {
            let counted = documents.enumerate();
            return counted
                .filter_map(move |(place, listed)| future::ready((!page(place)).then_some(listed)))
                .boxed();
        }
        if self.is(Flaw::DuplicatePage) {
            let counted = documents.enumerate();
            return counted
                .flat_map(move |(place, listed)| stream::iter(doubled(listed, page(place))))
                .boxed();
        }
        if self.is(Flaw::RepeatedFirst) {
            return stream::iter([Ok(Document::new("record-0000000"))]).chain(documents).boxed();
        }
        if self.is(Flaw::SpuriousError) {
            return documents.chain(stream::iter([Err(Error::transient("hiccup"))])).boxed();
        }
        if self.is(Flaw::Placeholder) {
            return stream::iter([Ok(Document::new("placeholder"))]).chain(documents).boxed();
        }
        documents
    }

    /// A listing with what is wrong when something came before it.
    fn remembering<'a>(&'a self, documents: Documents<'a>, run: u64) -> Documents<'a> {
        let known = self.seen().clone();
        if self.is(Flaw::StickyError) && run > 0 {
            return stream::iter([Err(Error::transient("still broken"))]).boxed();
        }
        if self.is(Flaw::MissingDelete) {
            return documents.chain(stream::iter(known).map(|id| Ok(Document::new(id)))).boxed();
        }
        if self.is(Flaw::LateAddition) && run > 0 {
            let is_known = move |listed: &Result<Document>| {
                let known = |document: &Document| known.iter().any(|id| id == document.id().as_str());
                future::ready(listed.as_ref().is_ok_and(known))
            };
            return documents.filter(is_known).boxed();
        }
        if self.is(Flaw::Resuming) {
            let skipped = usize::try_from(self.count.load(SeqCst)).unwrap_or_default();
            return documents.skip(skipped).inspect(|_| _ = self.count.fetch_add(1, SeqCst)).boxed();
        }
        documents
    }

    fn seen(&self) -> MutexGuard<'_, Vec<String>> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A document with what is wrong with it.
    fn document(&self, document: Document) -> Document {
        let mut parts = document.into_parts();
        let (id, run) = (parts.id.as_str().to_owned(), self.count.load(SeqCst));
        match Flaw::of(self.flaw) {
            Flaw::MissingDelete | Flaw::LateAddition => self.seen().push(id),
            Flaw::LostField => parts.body = edited(parts.body, |fields| _ = fields.remove("colour")),
            Flaw::StaleBody => {
                parts.body = edited(parts.body, |fields| _ = fields.insert("revision".into(), json!(0)));
            }
            Flaw::ListBody => parts.body = as_they_are(b"[1]"),
            Flaw::DoubledName => parts.body = as_they_are(b"{\"a\":1,\"a\":2}"),
            Flaw::FoldedNames => parts.id = id.trim().to_lowercase().into(),
            Flaw::IdOfRun => parts.id = format!("{id}-{run}").into(),
            Flaw::IdOfConnection => parts.id = format!("{id}-{}", self.number).into(),
            Flaw::VersionOfRun => parts.version = Some(Version::from(run + self.number * 1000)),
            Flaw::FixedVersion => parts.version = Some(Version::from(1)),
            Flaw::TimestampOfRun => parts.timestamp = Some(Utc::now()),
            Flaw::LostPermissions => {
                parts.permissions = parts.permissions.map(|_| Permissions::to(["user:eve"]));
            }
            Flaw::UnaskedPermissions => {
                parts.permissions = parts.permissions.or(Some(Permissions::Everybody));
            }
            Flaw::OpenPermissions if parts.permissions == Some(Permissions::Unknown) => {
                parts.permissions = Some(Permissions::Everybody);
            }
            Flaw::LocalTime => parts.timestamp = parts.timestamp.map(|at| at + TimeDelta::hours(2)),
            _ => parts.content = parts.content.and_then(|content| self.content(content)),
        }
        made(parts)
    }

    fn content(&self, content: Content) -> Option<Content> {
        match Flaw::of(self.flaw) {
            Flaw::LostContent => None,
            Flaw::SilentContent => Some(silent(content)),
            Flaw::TornContent => Some(readable(|| "the text")),
            Flaw::BrokenContent => Some(Content::new("x", None, || async { Err(Error::missing("gone")) })),
            Flaw::ContentOnce => {
                let was_read = AtomicBool::new(false);
                Some(readable(move || if was_read.swap(true, SeqCst) { "" } else { "text" }))
            }
            _ => Some(content),
        }
    }

    /// Changes with what is wrong with them.
    pub(crate) fn told<'a>(
        &'a self,
        changes: BoxStream<'a, Result<Change>>,
    ) -> BoxStream<'a, Result<Change>> {
        let changes = changes.map(|change| {
            Ok(match change? {
                Change::Upsert(document) if self.is(Flaw::LostPermissionsOfChanges) => {
                    let parts = document.into_parts();
                    Change::Upsert(Document::new(parts.id).body(parts.body).content(parts.content))
                }
                Change::Upsert(document) => Change::Upsert(self.document(document)),
                Change::Checkpoint(cursor) if self.is(Flaw::HastyCheckpoint) => {
                    let sequence = cursor.0["sequence"].as_u64().unwrap_or_default() + 5;
                    Change::Checkpoint(connectors_core::Cursor(json!({"sequence": sequence.min(LAST)})))
                }
                other => other,
            })
        });
        let wanted = |change: &Result<Change>| match change {
            Ok(Change::Delete(_)) => !self.is(Flaw::MissingDelete),
            Ok(Change::Checkpoint(_)) => !self.is(Flaw::NoCheckpoint),
            _ => true,
        };
        let changes = changes.filter(move |change| future::ready(wanted(change)));
        let anew = self.is(Flaw::ChangesAnew).then(|| Ok(Change::Upsert(Document::new("anew"))));
        changes.chain(stream::iter(anew)).boxed()
    }
}

fn readable(text: impl Fn() -> &'static str + Send + Sync + 'static) -> Content {
    Content::new("x", None, move || {
        let text = Bytes::from(text());
        async move { Ok(stream::iter([Ok(text)]).boxed()) }
    })
}

/// A content that is empty where it can't be read.
fn silent(content: Content) -> Content {
    let content = Arc::new(content);
    Content::new("x", None, move || {
        let content = Arc::clone(&content);
        async move { Ok(content.open().await.unwrap_or_else(|_| stream::empty().boxed())) }
    })
}

fn doubled(listed: Result<Document>, again: bool) -> Vec<Result<Document>> {
    let again =
        listed.as_ref().ok().filter(|_| again).map(|document| Ok(Document::new(document.id().clone())));
    [listed].into_iter().chain(again).collect()
}

fn as_they_are(bytes: &'static [u8]) -> Body {
    Body::raw(Bytes::from_static(bytes), |bytes, out| {
        out.extend_from_slice(bytes);
        Ok(())
    })
}

fn edited(body: Body, edit: fn(&mut serde_json::Map<String, Value>)) -> Body {
    let fields = body.into_bytes().ok().and_then(|bytes| serde_json::from_slice(&bytes).ok());
    let mut fields = fields.unwrap_or_default();
    edit(&mut fields);
    Body::from(&fields)
}

fn made(parts: Parts) -> Document {
    let is_late = parts.id.as_str() >= "record-0000600";
    let document = Document::new(parts.id).scope(if is_late { "late/a" } else { "early" });
    let document = document.timestamp(parts.timestamp).body(parts.body).content(parts.content);
    let document = match parts.version {
        Some(version) => document.version(version),
        None => document,
    };
    match parts.permissions {
        Some(permissions) => document.permissions(permissions),
        None => document,
    }
}
