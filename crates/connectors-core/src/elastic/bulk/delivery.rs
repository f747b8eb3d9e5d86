//! One batch on its way: retried per item, split where it is too large, poison set aside.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::{Duration, Instant};

use bytes::Bytes;

use super::answer::{FILTER, FILTER_PIPED, Outcome, outcomes};
use super::batch::{Batch, Item, Kind, Sealed};
use super::epoch::Epoch;
use super::fault::{fault, is_fault, waited_for};
use super::runs::Runs;
use super::window::Window;
use crate::elastic::Fence;
use crate::elastic::client::{Client, Request, Response};
use crate::{Error, Result};

/// The results of a number of operations.
#[derive(Debug, Default)]
pub struct Written {
    /// Documents that were new.
    pub created: u64,
    /// Documents that took the place of another version.
    pub updated: u64,
    /// Documents removed.
    pub deleted: u64,
    /// Documents to be removed that the index did not hold.
    pub absent: u64,
    /// Documents that an ingest pipeline dropped.
    pub dropped: Vec<Item>,
    /// Operations that were not done as the index holds what a later bulk or sync wrote; see
    /// [`versioned`](super::Bulk::versioned).
    pub superseded: Vec<Item>,
    /// Operations that could not be done.
    pub refused: Vec<Refused>,
    /// Which of those that were answered each for itself were done, in order.
    pub runs: Runs,
}

/// An operation that could not be done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    /// The operation.
    pub item: Item,
    /// Why.
    pub reason: Arc<str>,
    /// True where the server refused just this operation; false where nothing more could be written, which says nothing of the
    /// document.
    pub is_own: bool,
}

impl Written {
    pub(super) fn add(&mut self, other: Self) {
        self.created += other.created;
        self.updated += other.updated;
        self.deleted += other.deleted;
        self.absent += other.absent;
        self.dropped.extend(other.dropped);
        self.superseded.extend(other.superseded);
        self.refused.extend(other.refused);
        self.runs.append(&other.runs);
    }

    /// Operations that were carried out.
    fn done(&self) -> u64 {
        self.created + self.updated + self.deleted + self.absent + self.dropped.len() as u64
    }

    fn count(&mut self, kind: Kind, status: u16) {
        self.runs.done();
        match kind {
            Kind::Create => self.created += 1,
            Kind::Upsert if status == 201 => self.created += 1,
            Kind::Update | Kind::Upsert => self.updated += 1,
            Kind::Delete => self.deleted += 1,
        }
    }

    /// Adds operations that are refused because nothing more can be written.
    pub(super) fn refuse(&mut self, items: impl Iterator<Item = Item>, reason: &str) {
        let reason: Arc<str> = reason.into();
        self.refused.extend(items.map(|item| Refused { item, reason: reason.clone(), is_own: false }));
    }

    /// Adds an operation that the server refused.
    fn refuse_one(&mut self, item: Item, reason: &str) {
        self.runs.refused();
        self.refused.push(Refused { item, reason: reason.into(), is_own: true });
    }
}

/// The result of a batch.
pub(super) struct Delivery {
    pub(super) bytes: usize,
    pub(super) hashes: Vec<u64>,
    pub(super) written: Written,
    pub(super) error: Option<Error>,
    /// What the batch lay in, unless something still holds it.
    pub(super) buffer: Option<Vec<u8>>,
}

/// Sends a batch until each of its items is written or refused.
pub(super) async fn deliver(client: &Client, to: &Target, batch: Batch, window: &Window) -> Delivery {
    let bytes = batch.sent_bytes();
    let sealed = batch.seal();
    let lines = sealed.lines();
    let hashes = sealed.items().map(|item| item.hash).collect();
    let mut sender =
        Sender { client, window, to, written: Written::default(), unversioned: None, is_repeat: false };
    let error = sender.send(sealed).await.err();
    let buffer = lines.is_unique().then(|| lines.into());
    Delivery { bytes, hashes, written: sender.written, error, buffer }
}

/// Where bulks go.
#[derive(Debug, Clone)]
pub(super) struct Target {
    pub(super) path: String,
    /// The pipeline that documents go through, where it is not the index's own.
    pub(super) pipeline: Option<String>,
    /// True where they go through any.
    pub(super) is_piped: bool,
    /// What has to hold for a bulk to be sent.
    pub(super) fence: Fence,
    /// Where the versions of operations begin, if they have any.
    pub(super) epoch: Option<Epoch>,
    /// Operations that were carried out.
    pub(super) acknowledged: Arc<AtomicU64>,
}

impl Target {
    pub(super) fn new(path: String) -> Self {
        let (fence, acknowledged) = (Fence::default(), Arc::default());
        Self { path, pipeline: None, is_piped: false, fence, epoch: None, acknowledged }
    }

    /// True for an operation that met what a later bulk or sync wrote.
    fn is_superseded(&self, outcome: &Outcome) -> bool {
        self.epoch.as_ref().zip(outcome.newer_version()).is_some_and(|(epoch, version)| epoch.knows(version))
    }

    /// True for an operation that met a version which another tool keeps.
    fn is_foreign(&self, outcome: &Outcome) -> bool {
        self.epoch.as_ref().zip(outcome.newer_version()).is_some_and(|(epoch, version)| !epoch.knows(version))
    }

    fn request(&self, lines: Bytes) -> Request {
        let filter = if self.is_piped { FILTER_PIPED } else { FILTER };
        let request = Request::post(&self.path).query("filter_path", filter).lines(lines);
        match &self.pipeline {
            Some(pipeline) => request.query("pipeline", pipeline),
            None => request,
        }
    }
}

/// A batch that is being sent.
struct Sender<'a> {
    client: &'a Client,
    window: &'a Window,
    to: &'a Target,
    written: Written,
    /// What is to be sent again without versions.
    unversioned: Option<Sealed>,
    /// True once an answer was lost: what was sent may have been done.
    is_repeat: bool,
}

/// The result of one attempt.
enum Try {
    /// Every item has its own answer.
    Items(Vec<Outcome>),
    /// The request itself is refused because of what is in it.
    Split(Response),
    /// The same may work later.
    Again(Option<Duration>, Error),
    /// Nothing more will work.
    Over(Error),
}

impl Sender<'_> {
    /// Halves what is refused as a whole, until single poison documents are left.
    async fn send(&mut self, batch: Sealed) -> Result<()> {
        let mut waiting = vec![batch];
        let mut broken = None;
        while let Some(batch) = waiting.pop() {
            if let Some(reason) = broken.as_ref().map(|error: &Error| format!("not sent: {error}")) {
                self.written.refuse(batch.into_items(), &reason);
                continue;
            }
            match self.persist(batch).await {
                Ok(None) => {}
                Ok(Some((batch, response))) if batch.count() == 1 => {
                    let reason = too_large_or_bad(&response, batch.size(0));
                    batch.into_items().for_each(|item| self.written.refuse_one(item, &reason));
                }
                Ok(Some((batch, _))) => {
                    let half = batch.count() / 2;
                    waiting.push(batch.pick(|place| place >= half));
                    waiting.push(batch.pick(|place| place < half));
                }
                Err(error) => broken = Some(error),
            }
            waiting.extend(self.unversioned.take());
        }
        broken.map_or(Ok(()), Err)
    }

    /// Retries until nothing is left to retry, with new delays after each item that came through; returns a batch
    /// that is refused as a whole.
    async fn persist(&mut self, mut batch: Sealed) -> Result<Option<(Sealed, Response)>> {
        let mut delays = self.client.retry().delays();
        let waiting = self.client.waits_for(&self.to.request(Bytes::new()));
        loop {
            let tried = batch.count();
            let (asked, cause) = match self.once(&batch).await {
                Try::Items(outcomes) => match self.settle(batch, outcomes)? {
                    Some((rest, cause)) => {
                        batch = rest;
                        if batch.count() < tried {
                            delays = self.client.retry().delays();
                            waiting.restart();
                        }
                        (None, cause)
                    }
                    None => return Ok(None),
                },
                Try::Split(response) => return Ok(Some((batch, response))),
                Try::Again(asked, error) => {
                    self.is_repeat = true;
                    (asked, error)
                }
                Try::Over(error) => return self.give_up(batch, error),
            };
            self.window.shrink();
            let Some(delay) = delays.next() else { return self.give_up(batch, cause) };
            waiting.tried(&cause.to_string());
            if !self.client.pause(delay, asked).await {
                return self.give_up(batch, cause);
            }
        }
    }

    fn give_up<T>(&mut self, batch: Sealed, error: Error) -> Result<T> {
        self.written.refuse(batch.into_items(), &error.to_string());
        Err(error)
    }

    async fn once(&self, batch: &Sealed) -> Try {
        if let Err(broken) = self.to.fence.check().await {
            return Try::Over(broken);
        }
        let lines = batch.lines();
        let (bytes, started) = (lines.len(), Instant::now());
        let request = self.to.request(lines);
        let response = match self.client.send(&request).await {
            Ok(response) => response,
            Err(error) => return Try::Again(None, error),
        };
        match response.status {
            200 => {}
            413 | 400 => return Try::Split(response),
            _ if response.is_passing() => {
                let error = self.client.refusal(&request, &response);
                return Try::Again(response.retry_after, error);
            }
            _ => return Try::Over(self.client.refusal(&request, &response)),
        }
        self.window.through(bytes, started.elapsed());
        match outcomes(&response.body) {
            Some(outcomes) if outcomes.len() == batch.count() => Try::Items(outcomes),
            _ => Try::Again(None, Error::transient("the answer to a bulk does not fit what was sent")),
        }
    }

    /// Takes each item's answer; what may pass later is left over, with the reason of the first.
    fn settle(&mut self, batch: Sealed, outcomes: Vec<Outcome>) -> Result<Option<(Sealed, Error)>> {
        let before = self.written.done();
        let waits = |place: usize| outcomes[place].may_pass();
        let first = outcomes.iter().find(|outcome| outcome.may_pass());
        let rest = first.map(|first| (batch.pick(waits), self.shown(waited_for(first))));
        let fault = fault(&batch, &outcomes).map(|fault| self.shown(fault));
        let is_foreign = |outcome: &Outcome| self.to.is_foreign(outcome);
        if outcomes.iter().any(is_foreign) {
            self.unversioned = Some(batch.pick_unversioned(|place| is_foreign(&outcomes[place])));
        }
        for (item, outcome) in batch.into_items().zip(outcomes) {
            match &fault {
                _ if self.to.is_foreign(&outcome) => {}
                _ if outcome.may_pass() => {}
                Some(fault) if is_fault(&outcome) => {
                    self.written.refuse(std::iter::once(item), &fault.to_string());
                }
                _ => self.take(item, &outcome),
            }
        }
        self.to.acknowledged.fetch_add(self.written.done() - before, Relaxed);
        match (fault, rest) {
            (Some(fault), Some((rest, _))) => self.give_up(rest, fault),
            (Some(fault), None) => Err(fault),
            (None, rest) => Ok(rest),
        }
    }

    /// Takes the final answer to one item.
    fn take(&mut self, item: Item, outcome: &Outcome) {
        let is_delete = item.kind == Kind::Delete;
        let is_gone = is_delete && outcome.status == 404 && !is_fault(outcome);
        match outcome.status {
            200..300 if !is_delete && outcome.is_dropped() => self.written.dropped.push(item),
            200..300 => self.written.count(item.kind, outcome.status),
            // After a lost answer it may have been this very delete.
            _ if is_gone && self.is_repeat => self.written.count(item.kind, outcome.status),
            _ if is_gone => self.written.absent += 1,
            _ if self.to.is_superseded(outcome) => self.written.superseded.push(item),
            _ => self.written.refuse_one(item, &self.client.redacted(&outcome.reason())),
        }
    }

    /// An error without secrets that a server may have echoed.
    fn shown(&self, error: Error) -> Error {
        Error::new(error.kind(), self.client.redacted(&error.to_string()))
    }
}

fn too_large_or_bad(response: &Response, bytes: usize) -> String {
    match response.status {
        413 => format!("the document is too large for the server ({bytes} bytes)"),
        _ => format!("the server can't read the document: {}", String::from_utf8_lossy(&response.body)),
    }
}
