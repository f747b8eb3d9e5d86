//! A source in memory that counts what is asked of it.

use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use bytes::Bytes;
use connectors_core::{
    Body, Content, Document, Error, ErrorKind, FieldSpec, Found, Lookup, Permissions, Result, Rules, Source,
    Unlisted,
};
use futures::stream::{self, BoxStream, StreamExt};
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

/// Turns of the runtime that reading a content takes.
const TURNS: usize = 50;

/// One document of the source.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Entry {
    pub(crate) id: String,
    pub(crate) body: Value,
    pub(crate) version: Option<String>,
    pub(crate) scope: Option<String>,
    pub(crate) permissions: Option<Permissions>,
    pub(crate) restarts: u32,
    /// Whether a listing names it without its body.
    pub(crate) is_without_body: bool,
    /// Its file's text, or the kind of error with which reading it fails.
    pub(crate) content: Option<Result<String, ErrorKind>>,
}

impl Entry {
    pub(crate) fn new(id: impl Into<String>, body: Value) -> Self {
        Self {
            id: id.into(),
            body,
            version: None,
            scope: None,
            permissions: None,
            restarts: 0,
            is_without_body: false,
            content: None,
        }
    }

    /// `{"n": number}`, without a version.
    pub(crate) fn plain(id: &str, number: i64) -> Self {
        Self::new(id, json!({ "n": number }))
    }

    /// `{"n": number}`, with the number as its version.
    pub(crate) fn versioned(id: &str, number: i64) -> Self {
        Self { version: Some(number.to_string()), ..Self::plain(id, number) }
    }

    /// Listed without its body, which a look-up tells.
    pub(crate) fn without_body(mut self) -> Self {
        self.is_without_body = true;
        self
    }

    pub(crate) fn scope(mut self, scope: &str) -> Self {
        self.scope = Some(scope.into());
        self
    }

    pub(crate) fn permissions(mut self, permissions: Permissions) -> Self {
        self.permissions = Some(permissions);
        self
    }

    pub(crate) fn restarts(mut self, restarts: u32) -> Self {
        self.restarts = restarts;
        self
    }

    pub(crate) fn text(mut self, text: &str) -> Self {
        self.content = Some(Ok(text.into()));
        self
    }

    pub(crate) fn broken(mut self, kind: ErrorKind) -> Self {
        self.content = Some(Err(kind));
        self
    }
}

/// What a listing comes to next.
#[derive(Debug, Clone)]
pub(crate) enum Step {
    Document(Entry),
    /// An error of this kind, perhaps in a scope.
    Error(ErrorKind, Option<&'static str>),
    /// Somebody ends the sync just now.
    Cancel(CancellationToken),
    /// Nothing, and no end.
    Silence,
    /// A body that does not serialise.
    Unserialisable(String),
    /// A body as these bytes.
    Raw(String, &'static str),
}

impl From<Entry> for Step {
    fn from(entry: Entry) -> Self {
        Self::Document(entry)
    }
}

/// Counts of what a source was asked for.
#[derive(Debug, Default)]
pub(crate) struct Asked {
    pub(crate) bodies: AtomicUsize,
    pub(crate) contents: AtomicUsize,
    pub(crate) listings: AtomicUsize,
    /// Contents that are being read, and the most that were at any time.
    reading: AtomicUsize,
    pub(crate) most_reading: AtomicUsize,
}

impl Asked {
    /// A text that is counted as being read for some turns of the runtime.
    fn read(self: Arc<Self>, text: String) -> BoxStream<'static, Result<Bytes>> {
        let now = self.reading.fetch_add(1, SeqCst) + 1;
        self.most_reading.fetch_max(now, SeqCst);
        let rest = async move {
            for _ in 0..TURNS {
                tokio::task::yield_now().await;
            }
            self.reading.fetch_sub(1, SeqCst);
            Ok(Bytes::new())
        };
        stream::iter([Ok(Bytes::from(text))]).chain(stream::once(rest)).boxed()
    }
}

#[derive(Debug)]
pub(crate) struct Memory {
    pub(crate) steps: Mutex<Vec<Step>>,
    pub(crate) asked: Arc<Asked>,
    pub(crate) is_unchanged: std::sync::atomic::AtomicBool,
    pub(crate) ping: Mutex<Option<ErrorKind>>,
    /// What it declares of its fields; an error where its catalogue can't be read.
    pub(crate) declared: Mutex<Result<Vec<FieldSpec>, ErrorKind>>,
    /// Where it can be asked by id: what it then holds beside its listing, or an error for ids that it can't be asked for.
    pub(crate) by_id: Option<Mutex<Vec<Result<Entry, &'static str>>>>,
    /// The ids that it was asked for.
    pub(crate) looked_up: Mutex<Vec<String>>,
}

impl Default for Memory {
    fn default() -> Self {
        Self {
            steps: Mutex::default(),
            asked: Arc::default(),
            is_unchanged: false.into(),
            ping: Mutex::default(),
            declared: Mutex::new(Ok(Vec::new())),
            by_id: None,
            looked_up: Mutex::default(),
        }
    }
}

impl Memory {
    pub(crate) fn new<S: Into<Step>>(steps: impl IntoIterator<Item = S>) -> Self {
        let memory = Self::default();
        memory.set(steps);
        memory
    }

    /// Other documents from now on.
    pub(crate) fn set<S: Into<Step>>(&self, steps: impl IntoIterator<Item = S>) {
        *self.steps.lock().unwrap() = steps.into_iter().map(Into::into).collect();
    }

    /// Documents `d0…` with their number as body and version.
    pub(crate) fn numbered(count: i64) -> Self {
        Self::new(super::entries(0..count))
    }

    /// One that can be asked by id, and holds these beside its listing.
    pub(crate) fn with_lookup(mut self, hidden: impl IntoIterator<Item = Entry>) -> Self {
        self.by_id = Some(Mutex::new(hidden.into_iter().map(Ok).collect()));
        self
    }

    fn answer(&self, wanted: &Unlisted) -> Option<Result<Found>> {
        let id = wanted.id.as_str();
        self.looked_up.lock().unwrap().push(id.to_owned());
        let hidden = self.by_id.as_ref()?.lock().unwrap().clone();
        if hidden.iter().any(|entry| *entry == Err(id) || matches!(entry, Err("*"))) {
            return Some(Err(Error::transient("the source can't be asked")));
        }
        let listed = self.steps.lock().unwrap().clone().into_iter().filter_map(|step| match step {
            Step::Document(entry) => Some(entry),
            _ => None,
        });
        let found = hidden.into_iter().flatten().chain(listed).find(|entry| entry.id == id);
        Some(Ok(match found {
            Some(entry) => Found::There(document(Entry { is_without_body: false, ..entry }, &self.asked)),
            None => Found::Gone(wanted.id.clone()),
        }))
    }

    /// Bodies serialised and contents opened since the last call.
    pub(crate) fn take_asked(&self) -> (usize, usize) {
        (self.asked.bodies.swap(0, SeqCst), self.asked.contents.swap(0, SeqCst))
    }

    fn item(step: Step, asked: &Arc<Asked>) -> Option<Result<Document>> {
        match step {
            Step::Document(entry) => Some(Ok(document(entry, asked))),
            Step::Error(kind, scope) => {
                let error = Error::new(kind, "the source stumbled");
                Some(Err(match scope {
                    Some(scope) => error.in_scope(scope),
                    None => error,
                }))
            }
            Step::Cancel(token) => {
                token.cancel();
                None
            }
            Step::Silence => None,
            Step::Unserialisable(id) => Some(Ok(Document::new(id).body(&json!([1])))),
            Step::Raw(id, bytes) => Some(Ok(Document::new(id).body(Body::raw(
                Bytes::from_static(bytes.as_bytes()),
                |bytes, out| {
                    out.extend_from_slice(bytes);
                    Ok(())
                },
            )))),
        }
    }
}

/// The document of an entry, counting in `asked` what is made of it.
pub(crate) fn document(entry: Entry, asked: &Arc<Asked>) -> Document {
    let (body, bodies) = (entry.body, asked.clone());
    let mut document = Document::new(entry.id.clone()).restarts(entry.restarts);
    document = match entry.version {
        None => document.body(&body),
        Some(version) => document.version(version).body(Body::lazy(move || {
            bodies.bodies.fetch_add(1, SeqCst);
            body
        })),
    };
    if entry.is_without_body {
        document = document.body(Body::looked_up());
    }
    if let Some(scope) = entry.scope {
        document = document.scope(scope);
    }
    if let Some(permissions) = entry.permissions {
        document = document.permissions(permissions);
    }
    let Some(text) = entry.content else { return document };
    let contents = asked.clone();
    document.content(Content::new(format!("{}.txt", entry.id), None, move || {
        contents.contents.fetch_add(1, SeqCst);
        let (text, asked) = (text.clone(), contents.clone());
        async move { Ok(asked.read(text.map_err(|kind| Error::new(kind, "the file could not be read"))?)) }
    }))
}

#[async_trait]
impl Source for Memory {
    async fn ping(&self) -> Result<()> {
        match *self.ping.lock().unwrap() {
            Some(kind) => Err(Error::new(kind, "the source is out of reach")),
            None => Ok(()),
        }
    }

    async fn declared_fields(&self) -> Result<Vec<FieldSpec>> {
        self.declared.lock().unwrap().clone().map_err(|kind| Error::new(kind, "the catalogue can't be read"))
    }

    async fn changed(&self) -> Result<bool> {
        Ok(!self.is_unchanged.load(SeqCst))
    }

    fn lookup(&self) -> Option<&dyn Lookup> {
        self.by_id.as_ref().map(|_| self as &dyn Lookup)
    }

    fn documents<'a>(&'a self, _: &'a Rules) -> BoxStream<'a, Result<Document>> {
        self.asked.listings.fetch_add(1, SeqCst);
        let steps = self.steps.lock().unwrap().clone();
        let next = async |step| match step {
            Step::Silence => std::future::pending().await,
            step => Self::item(step, &self.asked),
        };
        stream::iter(steps).filter_map(next).boxed()
    }
}

impl Lookup for Memory {
    fn look_up<'a>(&'a self, wanted: &'a [Unlisted], _: &'a Rules) -> BoxStream<'a, Result<Found>> {
        stream::iter(wanted).filter_map(async |wanted| self.answer(wanted)).boxed()
    }
}
