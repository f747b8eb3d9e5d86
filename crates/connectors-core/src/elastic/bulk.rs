//! Bulk writes: sized in bytes, several in flight, each item accounted for.

mod answer;
mod batch;
mod delivery;
mod epoch;
mod fault;
mod runs;
mod window;

#[cfg(any(test, fuzzing))]
pub(crate) use answer::read_answer;
pub use batch::{Batch, Item, Kind};
pub use delivery::{Refused, Written};
pub use epoch::Epoch;
pub use runs::{Run, Runs};

use std::collections::HashSet;
use std::hash::{BuildHasherDefault, Hasher};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use tokio::task::JoinSet;

use self::delivery::{Delivery, Target, deliver};
use self::window::Window;
use super::{Client, Fence};
use crate::{Error, ErrorKind, Result};

/// A bulk of so many operations is sent however small they are, such as deletes: a server does each bulk on one thread.
const OPERATIONS: usize = 5_000;

/// Writes into one index. Operations are sent in bulks that are no larger than
/// [`chunk_bytes`](super::BulkSettings::chunk_bytes), save one operation that is larger by itself; their results are in
/// [`written`](Self::written) after [`finish`](Self::finish).
///
/// Two operations on one id are never in flight together. A bulk never makes an index: where there is none of that name,
/// its operations are refused.
pub struct Bulk {
    client: Client,
    target: Arc<Target>,
    open: Batch,
    /// A bulk that is full and waits for room in the window; empty while none does.
    full: Batch,
    /// Bulks that were begun.
    begun: u64,
    /// Buffers of bulks that are through, for those that come.
    spare: Vec<Vec<u8>>,
    flying: JoinSet<Delivery>,
    bytes_flying: usize,
    ids: HashSet<u64, BuildHasherDefault<AsIs>>,
    window: Arc<Window>,
    written: Written,
    broken: Option<(ErrorKind, String)>,
}

impl Bulk {
    /// A writer into this index.
    #[must_use]
    pub fn new(client: &Client, index: &str) -> Self {
        Self::to(client, Target::new(path(index)))
    }

    /// The same, through the ingest pipelines of the index, and this one in place of its default.
    #[must_use]
    pub fn piped(client: &Client, index: &str, pipeline: Option<&str>) -> Self {
        let target = Target::new(path(index));
        Self::to(client, Target { pipeline: pipeline.map(str::to_owned), is_piped: true, ..target })
    }

    fn to(client: &Client, target: Target) -> Self {
        let window = Arc::new(Window::new(client.settings().bulk.max_concurrency));
        Self {
            client: client.clone(),
            target: target.into(),
            open: Batch::default(),
            full: Batch::default(),
            begun: 0,
            spare: Vec::new(),
            flying: JoinSet::new(),
            bytes_flying: 0,
            ids: HashSet::default(),
            window,
            written: Written::default(),
            broken: None,
        }
    }

    /// The same, which sends a bulk, or sends it again, only while the fence holds. Behind a fence that is broken every
    /// operation is refused with the fence's reason, which is what [`put`](Self::put) and [`finish`](Self::finish)
    /// return.
    #[must_use]
    pub fn fenced(mut self, fence: Fence) -> Self {
        let target = Target { fence, ..Target::clone(&self.target) };
        self.target = target.into();
        self
    }

    /// The same, whose operations have versions, made of when the sync began and of the number of the bulk (`version_type`
    /// `external_gte`; 60 bytes for each). A request that arrives late, after newer ones, then changes nothing: its operations,
    /// or those of the older of two syncs, are in [`Written::superseded`]. A document whose version another tool keeps is
    /// written without one. Servers remember the version of a deleted document for a minute (`index.gc_deletes`).
    #[must_use]
    pub fn versioned(mut self, epoch: Epoch) -> Self {
        let target = Target { epoch: Some(epoch), ..Target::clone(&self.target) };
        self.target = target.into();
        self
    }

    /// The number of operations that the server has acknowledged so far; it grows as each answer comes, and may be read
    /// while [`put`](Self::put) waits.
    #[must_use]
    pub fn acknowledged(&self) -> Acknowledged {
        Acknowledged(self.target.acknowledged.clone())
    }

    /// Whether the result of an operation on the id of this hash is still unknown.
    #[must_use]
    pub fn awaits(&self, hash: u64) -> bool {
        self.ids.contains(&hash)
    }

    /// Puts one operation in; `write` appends the own line of the document with this id for anything but a delete.
    ///
    /// # Errors
    /// Why nothing more is written: a request that failed for good. Whatever was put in, before or after,
    /// this item too, is accounted for all the same.
    pub async fn put(&mut self, item: Item, write: impl FnOnce(&str, &mut Vec<u8>)) -> Result<()> {
        if self.ids.contains(&item.hash) {
            self.settle().await;
        }
        self.ids.insert(item.hash);
        if self.open.is_empty() {
            self.open = self.begin();
        }
        self.open.push(item, write);
        self.send_what_is_full().await;
        self.state()
    }

    /// An empty bulk.
    fn begin(&mut self) -> Batch {
        let version = self.target.epoch.as_ref().map(|epoch| epoch.version(self.begun));
        self.begun += 1;
        Batch::over(self.buffer()).versioned(version)
    }

    /// Sends the open bulk once it is as large as a bulk may be; where the last operation made it larger, without that one.
    async fn send_what_is_full(&mut self) {
        // From a call that was given up.
        if !self.full.is_empty() {
            self.launch().await;
        }
        let most = self.client.settings().bulk.chunk_bytes;
        if self.open.sent_bytes() > most
            && self.open.count() > 1
            && let Some(last) = self.open.take_last()
        {
            let mut next = self.begin();
            next.append(last);
            self.full = std::mem::replace(&mut self.open, next);
            self.launch().await;
        }
        if self.open.sent_bytes() >= most || self.open.count() >= OPERATIONS {
            self.launch().await;
        }
    }

    /// Sends what is left and waits for every answer.
    ///
    /// # Errors
    /// Why some could not be written; they are in [`Written::refused`].
    pub async fn finish(&mut self) -> Result<()> {
        self.settle().await;
        self.state()
    }

    /// The results so far.
    pub fn written(&mut self) -> &mut Written {
        &mut self.written
    }

    /// Bulks that may be in flight now.
    #[must_use]
    pub fn window(&self) -> usize {
        self.window.limit()
    }

    fn state(&self) -> Result<()> {
        let Some((kind, why)) = &self.broken else { return Ok(()) };
        Err(Error::new(*kind, why.as_str()))
    }

    async fn settle(&mut self) {
        while !(self.full.is_empty() && self.open.is_empty()) {
            self.launch().await;
        }
        while self.land().await {}
    }

    /// Sends the full bulk, or else the open one, once the window has room.
    async fn launch(&mut self) {
        if self.full.is_empty() {
            self.full = std::mem::take(&mut self.open);
        }
        let budget = self.client.settings().bulk.queue_bytes;
        while self.flying.len() >= self.window.limit() || self.bytes_flying + self.full.sent_bytes() > budget
        {
            if !self.land().await {
                break;
            }
        }
        if let Some((_, why)) = &self.broken {
            let unsent = std::mem::take(&mut self.full);
            self.written.refuse(unsent.seal().into_items(), &format!("not sent: {why}"));
            return;
        }
        let batch = std::mem::take(&mut self.full);
        self.bytes_flying += batch.sent_bytes();
        let (client, target, window) = (self.client.clone(), self.target.clone(), self.window.clone());
        self.flying.spawn(async move { deliver(&client, &target, batch, &window).await });
    }

    /// A buffer for a whole bulk: one that was used before, or a new one with room for its last document too.
    fn buffer(&mut self) -> Vec<u8> {
        let chunk = self.client.settings().bulk.chunk_bytes;
        self.spare.pop().unwrap_or_else(|| Vec::with_capacity(chunk + chunk / 8))
    }

    /// Keeps a buffer unless a very large document made it grow.
    fn keep(&mut self, buffer: Vec<u8>) {
        let usual = 2 * self.client.settings().bulk.chunk_bytes;
        if buffer.capacity() <= usual && self.spare.len() <= self.flying.len() {
            self.spare.push(buffer);
        }
    }

    /// Waits for one answer; false when nothing is in flight.
    async fn land(&mut self) -> bool {
        let Some(landed) = self.flying.join_next().await else { return false };
        match landed {
            Ok(delivery) => {
                self.bytes_flying = self.bytes_flying.saturating_sub(delivery.bytes);
                for hash in &delivery.hashes {
                    self.ids.remove(hash);
                }
                delivery.buffer.into_iter().for_each(|buffer| self.keep(buffer));
                self.written.add(delivery.written);
                self.break_by(delivery.error);
            }
            Err(error) => self.break_by(Some(Error::unexpected("a bulk ended early").caused_by(error))),
        }
        true
    }

    /// The first lasting error is the one that is reported.
    fn break_by(&mut self, error: Option<Error>) {
        let first = self.broken.take();
        self.broken = first.or_else(|| error.map(|error| (error.kind(), error.to_string())));
    }
}

/// A number that grows with each answer to a bulk.
#[derive(Debug, Clone, Default)]
pub struct Acknowledged(Arc<AtomicU64>);

impl Acknowledged {
    /// Operations that were carried out so far.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.0.load(Relaxed)
    }
}

fn path(index: &str) -> String {
    format!("/{index}/_bulk")
}

/// Hashes of ids are hashes already.
#[derive(Default)]
struct AsIs(u64);

impl Hasher for AsIs {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        self.0 = crate::document::hash(bytes);
    }

    fn write_u64(&mut self, hash: u64) {
        self.0 = hash;
    }
}
