//! The listing: each document is classified, fetched where needed, and put into a bulk.

use std::collections::{HashMap, HashSet, VecDeque};

use futures::stream::BoxStream;
use futures::{FutureExt, StreamExt, TryStreamExt};
use tokio::task::JoinSet;

use crate::elastic::key::IdHash;
use crate::elastic::scan::Mark;
use crate::elastic::{Bulk, Fence, Kind, index};
use crate::panics::caught_stream;
use crate::{Change, Content, Document, Error, Result};

use super::accounts::count;
use super::content::Fetched;
use super::draft::{Draft, stamp};
use super::dropped::Dropped;
use super::failures::Before;
use super::incremental::Checkpoints;
use super::inventory::{Inventory, Known};
use super::marks::MarkFile;
use super::mend::Mend;
use super::patience::{Patience, silent};
use super::prepare::Prepared;
use super::render::Render;
use super::report::{Failure, Phase, Report, Stage, Status};
use super::{Job, is_gone};

/// Changes that are taken in before anything else is looked after.
const AT_ONCE: usize = 64;

/// The most that is kept of a body's buffer, in bytes.
const MAX_SPARE: usize = 1 << 20;

/// A document with what reading its content came to.
type Joined = Result<(Draft, Fetched), tokio::task::JoinError>;

/// A change with the hash of the id of a listed document.
type Hashed = (Result<Change>, Option<IdHash>);

/// A sync between its preparation and its end.
pub(super) struct Run<'a, 'j> {
    pub(super) job: &'a Job<'j>,
    pub(super) report: &'a mut Report,
    pub(super) inventory: Inventory,
    /// Where the marks of this sync can be kept.
    pub(super) file: Option<MarkFile>,
    pub(super) bulk: Bulk,
    /// Where an incremental sync goes on.
    pub(super) checkpoints: Checkpoints,
    /// Ids that must not be deleted though they count as unseen: those that failed or share a hash.
    pub(super) spared: HashSet<String>,
    /// Scopes that could not be listed whole.
    pub(super) failed_scopes: Vec<String>,
    /// What failed and is not kept in the failures index yet.
    pub(super) unrecorded: Vec<Failure>,
    /// Ids that failed in this sync.
    pub(super) failing: HashSet<String>,
    /// What failed in earlier syncs, by id.
    pub(super) failed_before: HashMap<String, Before>,
    pub(super) render: Render,
    /// Documents that wait to be compared with the index.
    pub(super) mend: Mend,
    /// Documents that no sync of ours wrote, when this one began.
    pub(super) foreign: u64,
    /// True where documents may still carry marks of an older version.
    pub(super) is_remarking: bool,
    /// What the pipelines drop.
    pub(super) dropped: Dropped,
    /// True where documents go through pipelines.
    pub(super) is_piped: bool,
    /// The time in milliseconds, and as it is indexed.
    now: (i64, String),
    /// What bodies are serialised into, empty.
    spare: Vec<u8>,
    fetching: JoinSet<(Draft, Fetched)>,
    /// Ids whose contents are being read.
    fetching_ids: HashSet<String>,
}

impl<'a, 'j> Run<'a, 'j> {
    /// # Errors
    /// `Unexpected` for an index without a key.
    pub(super) fn new(job: &'a Job<'j>, prepared: Prepared, report: &'a mut Report) -> Result<Self> {
        let Prepared { existing, uuid, learnt, foreign, failed_before, pipeline, dropped } = prepared;
        let key = existing.meta.key.ok_or_else(|| no_key(job.index))?;
        let asked = pipeline.as_ref().map(|pipeline| pipeline.asked.as_deref());
        let bulk = match asked {
            Some(asked) => Bulk::piped(job.client, job.index, asked),
            None => Bulk::new(job.client, job.index),
        };
        let bulk = match uuid {
            Some(uuid) => bulk.fenced(Fence::same_index(job.client, job.index, &uuid)),
            None => bulk,
        };
        let bulk = bulk.versioned(job.client.epoch(&job.context.clock));
        let render = Render::new(job, key, pipeline.as_ref());
        let is_piped = pipeline.is_some();
        report.pipelines = pipeline.map(|pipeline| pipeline.names).unwrap_or_default();
        (report.known_by, report.marks_read) = (learnt.by, learnt.read);
        Ok(Self {
            job,
            report,
            inventory: learnt.inventory,
            file: learnt.file,
            bulk,
            checkpoints: Checkpoints::default(),
            spared: HashSet::new(),
            failed_scopes: Vec::new(),
            unrecorded: Vec::new(),
            failing: HashSet::new(),
            failed_before,
            render,
            mend: Mend::default(),
            foreign,
            is_remarking: existing.meta.is_remarking,
            dropped,
            is_piped,
            now: (0, String::new()),
            spare: Vec::new(),
            fetching: JoinSet::new(),
            fetching_ids: HashSet::new(),
        })
    }

    /// Takes in the whole listing, and puts the inventory in order.
    pub(super) async fn listing(&mut self) -> Result<()> {
        let documents = caught_stream(|| self.job.source.documents(self.job.rules));
        self.take_in(documents.map_ok(Change::Upsert).boxed()).await?;
        self.report.repeated = self.inventory.settle();
        Ok(())
    }

    /// Takes in changes until there are no more; complete only if that end was reached without any error.
    pub(super) async fn take_in(&mut self, mut changes: BoxStream<'_, Result<Change>>) -> Result<()> {
        loop {
            let patience = Patience::of(self.job.context);
            let may_read = self.fetching.len() < self.job.context.limits.concurrent_contents.max(1);
            tokio::select! {
                biased;
                () = self.job.cancel.cancelled() => {
                    self.report.status = Status::Stopped;
                    break;
                }
                content = self.next_content() => self.fetched(content).await?,
                () = patience.end(), if may_read => {
                    self.listing_error(silent(self.job.context, "the next document of the listing"))?;
                    break;
                },
                change = changes.next(), if may_read => if self.take_ready(change, &mut changes).await? {
                    self.report.complete = self.report.listing_errors == 0;
                    break;
                },
            }
        }
        drop(changes);
        self.finish_contents().await
    }

    /// Takes in what came and what is there already, without a look at anything else in between; true at the end.
    async fn take_ready(
        &mut self,
        first: Option<Result<Change>>,
        changes: &mut BoxStream<'_, Result<Change>>,
    ) -> Result<bool> {
        let (mut ready, mut next) = (VecDeque::with_capacity(AT_ONCE), Some(first));
        while let Some(Some(change)) = next {
            let may_go_on = !has_content(&change) && self.fetching.is_empty();
            ready.push_back(self.hashed(change));
            let has_room = ready.len() < AT_ONCE;
            next = if may_go_on && has_room { changes.next().now_or_never() } else { None };
        }
        self.inventory.read_ahead(ready.iter().filter_map(|(_, hash)| Some(hash.as_ref()?.id)));
        self.look_at_the_clock();
        while let Some((change, hash)) = ready.pop_front() {
            match (change, hash) {
                (Ok(Change::Upsert(document)), Some(hash)) => self.document(document, hash).await?,
                (Ok(change), _) => self.change(change).await?,
                (Err(error), _) => self.listing_error(error)?,
            }
        }
        Ok(next.is_some())
    }

    fn hashed(&self, change: Result<Change>) -> Hashed {
        let hash = match &change {
            Ok(Change::Upsert(document)) => Some(self.render.shape.id(document.id().as_str())),
            _ => None,
        };
        (change, hash)
    }

    async fn change(&mut self, change: Change) -> Result<()> {
        match change {
            Change::Upsert(document) => {
                let hash = self.render.shape.id(document.id().as_str());
                self.document(document, hash).await
            }
            Change::Delete(id) => self.delete(id.into_string()).await,
            Change::Checkpoint(cursor) => self.passed(cursor).await,
        }
    }

    /// Waits for the next content, for ever while none is being read. Nothing is lost when the wait is
    /// dropped; what it came to goes to [`fetched`](Self::fetched).
    async fn next_content(&mut self) -> Joined {
        match self.fetching.join_next().await {
            Some(content) => content,
            None => std::future::pending().await,
        }
    }

    /// Waits for every content that is being read.
    pub(super) async fn finish_contents(&mut self) -> Result<()> {
        while let Some(content) = self.fetching.join_next().await {
            self.fetched(content).await?;
        }
        self.mend_now().await
    }

    /// Keeps the order of one id: what comes for it now waits for its content from before.
    async fn await_content_of(&mut self, id: &str) -> Result<()> {
        if self.fetching_ids.contains(id) { self.finish_contents().await } else { Ok(()) }
    }

    /// Puts a delete into the bulk.
    pub(super) async fn delete(&mut self, id: String) -> Result<()> {
        self.await_content_of(&id).await?;
        self.is_retried(&id);
        let item = self.render.shape.delete(id);
        self.await_write_of(item.hash).await?;
        self.bulk.put(item, |_, _| ()).await
    }

    /// Waits for every write and takes the answers into the accounts.
    pub(super) async fn finish_writes(&mut self) -> Result<()> {
        let abandoned = self.fetching.len() as u64 + self.mend.abandon();
        self.fetching.abort_all();
        self.report.failed += abandoned;
        let finished = self.bulk.finish().await;
        self.settle_writes();
        finished?;
        self.delete_older().await?;
        let finished = self.bulk.finish().await;
        self.settle_writes();
        finished
    }

    /// Keeps what failed and makes everything visible, however the sync ended; not where the server is gone.
    pub(super) async fn close(&mut self, ended: Result<()>) -> Result<()> {
        if is_gone(&ended) {
            return ended;
        }
        self.job.counters.enter(Phase::Closing);
        self.dropped.save(self.report.complete, self.job.context).await;
        let settled = self.settle_failures().await;
        ended.and(settled).and(self.show().await)
    }

    /// Makes what is written visible; a verified index is.
    async fn show(&self) -> Result<()> {
        if self.report.verified { Ok(()) } else { index::refresh(self.job.client, self.job.index).await }
    }

    pub(super) async fn document(&mut self, mut document: Document, hash: IdHash) -> Result<()> {
        self.job.options.close(&mut document);
        if self.came_again(&document, hash) {
            return Ok(());
        }
        self.report.listed += 1;
        count(&self.job.counters.listed);
        self.await_content_of(document.0.id.as_str()).await?;
        let is_retried = self.is_retried(document.0.id.as_str());
        let mark = if is_retried { None } else { self.render.shape.quick(&document, hash) };
        if mark.is_some_and(|mark| !self.job.options.mend && self.inventory.meet(mark)) {
            self.note_closed(&document);
            return self.unchanged();
        }
        if mark.is_some_and(|mark| self.dropped.meet(mark)) {
            self.report.dropped += 1;
            return Ok(());
        }
        let document = match self.job.rules.basic.sift(document) {
            Ok(document) => document,
            Err(id) => return self.filtered(id.into_string()).await,
        };
        self.note_closed(&document);
        let scope = document.0.scope.clone();
        let made = Draft::new(document, std::mem::take(&mut self.spare)).map(|(mut draft, content)| {
            self.report.renamed.add(std::mem::take(&mut draft.renames));
            (draft, content)
        });
        match made {
            Ok((draft, Some(content))) => self.fetch(draft, content),
            Ok((draft, None)) => return self.write(draft, None).await,
            Err((id, error)) => {
                self.report.failed += 1;
                self.keep((id.into_string(), scope.as_deref()), Stage::Body, &error.to_string());
            }
        }
        self.check_failures()
    }

    /// True for what was listed just so before the listing began anew.
    fn came_again(&mut self, document: &Document, hash: IdHash) -> bool {
        let mark = (document.0.restarts > 0).then(|| self.render.shape.quick(document, hash)).flatten();
        mark.is_some_and(|mark| self.inventory.was_met(mark, document.0.restarts))
    }

    /// Counts a document that the rules leave out. A full sync finds it unseen at the end, an incremental one
    /// deletes it now.
    async fn filtered(&mut self, id: String) -> Result<()> {
        self.report.filtered += 1;
        if self.inventory.is_known() { Ok(()) } else { self.delete(id).await }
    }

    pub(super) fn unchanged(&mut self) -> Result<()> {
        self.report.unchanged += 1;
        count(&self.job.counters.unchanged);
        Ok(())
    }

    fn fetch(&mut self, draft: Draft, content: Content) {
        let reader = self.render.reader.clone();
        self.fetching_ids.insert(draft.id.clone());
        self.fetching.spawn(async move {
            let fetched = reader.fetch(&content).await;
            (draft, fetched)
        });
    }

    /// Writes a document whose content was read.
    async fn fetched(&mut self, joined: Joined) -> Result<()> {
        let (mut draft, fetched) = joined.map_err(|error| {
            self.report.failed += 1;
            Error::unexpected("reading a content ended early").caused_by(error)
        })?;
        self.fetching_ids.remove(&draft.id);
        self.look_at_the_clock();
        let mut failure = None;
        match fetched {
            Fetched::Text(text) => {
                self.report.contents.extracted += 1;
                draft.text = Some(text);
            }
            Fetched::Skipped(reason) => *self.report.contents.skipped.entry(reason).or_default() += 1,
            Fetched::Failed(error) => {
                self.report.contents.failed += 1;
                failure = Some(error);
            }
        }
        self.write(draft, failure).await
    }

    /// Puts a document into the bulk unless the index holds it just so.
    async fn write(&mut self, draft: Draft, failure: Option<Error>) -> Result<()> {
        let mark = self.render.mark_of(&draft, failure.is_some());
        if let Some(error) = failure {
            self.keep((draft.id.clone(), draft.scope.as_deref()), Stage::Content, &error.to_string());
        }
        let is_retried = self.job.options.retry_failed && self.failed_before.contains_key(&draft.id);
        if !is_retried && self.dropped.meet(mark) {
            self.report.dropped += 1;
            return Ok(());
        }
        self.await_write_of(mark.id.cast_unsigned()).await?;
        self.dropped.is_sent(&draft.id);
        let kind = match self.inventory.look(mark) {
            Known::Unchanged if !is_retried && self.job.options.mend => {
                return self.mend_later(draft, mark).await;
            }
            Known::Unchanged if !is_retried => return self.unchanged(),
            Known::New if self.foreign == 0 && !self.is_remarking => Kind::Create,
            Known::New | Known::Unknown => Kind::Upsert,
            Known::Unchanged | Known::Changed => Kind::Update,
            Known::Contested => {
                self.spared.insert(draft.id.clone());
                Kind::Update
            }
        };
        self.send(draft, (mark, kind)).await
    }

    /// Puts a document into the bulk.
    pub(super) async fn send(&mut self, mut draft: Draft, (mark, kind): (Mark, Kind)) -> Result<()> {
        let told = (self.now.1.as_str(), self.render.flags);
        let item = draft.item(mark, kind);
        let put = self.bulk.put(item, |id, out| draft.write((id, mark), out, told)).await;
        self.keep_buffer(draft.body);
        self.settle_writes();
        put?;
        self.delete_older().await?;
        self.check_failures()
    }

    /// Writes the time down anew where a millisecond has passed.
    fn look_at_the_clock(&mut self) {
        let now = self.job.context.clock.now();
        if self.now.0 != now.timestamp_millis() || self.now.1.is_empty() {
            self.now = (now.timestamp_millis(), stamp(now));
        }
    }

    /// Keeps a buffer for the next body, unless a very large one made it grow.
    fn keep_buffer(&mut self, mut buffer: Vec<u8>) {
        if buffer.capacity() <= MAX_SPARE {
            buffer.clear();
            self.spare = buffer;
        }
    }
}

fn has_content(change: &Result<Change>) -> bool {
    matches!(change, Ok(Change::Upsert(document)) if document.0.content.is_some())
}

fn no_key(index: &str) -> Error {
    Error::unexpected("`_meta.sync` of the index holds no key").with("index", index)
}
