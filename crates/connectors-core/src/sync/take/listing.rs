//! The stream of a source: read in batches, each item taken in its order.

use std::collections::VecDeque;

use futures::stream::BoxStream;
use futures::{FutureExt, StreamExt, TryStreamExt};

use super::document;
use super::stages::Stages;
use super::write;
use crate::elastic::key::IdHash;
use crate::panics::caught_stream;
use crate::sync::accounts::Status;
use crate::sync::know::fingerprint::Shape;
use crate::sync::patience::{Patience, silent};
use crate::{Change, Cursor, Document, DocumentId, Error, Result};

/// Changes that are taken before anything else is looked after.
const AT_ONCE: usize = 64;

/// A change, the id of a listed document hashed.
enum Hashed {
    Document(Document, IdHash),
    Delete(DocumentId),
    Checkpoint(Cursor),
    Failed(Error),
}

/// The changes of a source, and the scopes that it could not list.
pub(super) struct Changes<'s> {
    stream: BoxStream<'s, Result<Change>>,
    is_over: bool,
    failed_scopes: Vec<String>,
}

/// How far a stream was read.
pub(super) enum Reached {
    /// A cursor: everything before it was taken.
    Checkpoint(Cursor),
    /// The end, or the point at which the sync was stopped or the source went silent.
    End,
}

/// Takes the whole listing, and sorts the inventory; the scopes that could not be listed.
///
/// # Errors
/// What ends the sync.
pub(crate) async fn take(stages: &mut Stages<'_>) -> Result<Vec<String>> {
    let job = stages.job;
    let documents = caught_stream(|| job.source.documents(job.rules));
    let mut changes = Changes::new(documents.map_ok(Change::Upsert).boxed());
    while let Reached::Checkpoint(_) = changes.read(stages).await? {}
    let failed_scopes = changes.close();
    document::finish(stages).await?;
    stages.accounts.report.repeated = stages.snapshot.inventory.sort();
    Ok(failed_scopes)
}

impl<'s> Changes<'s> {
    pub(super) fn new(stream: BoxStream<'s, Result<Change>>) -> Self {
        Self { stream, is_over: false, failed_scopes: Vec::new() }
    }

    /// Drops the stream; the scopes that could not be listed.
    pub(super) fn close(self) -> Vec<String> {
        self.failed_scopes
    }

    /// Takes changes up to the next cursor, or to the end. The listing is complete only if its own end was reached without an
    /// error.
    pub(super) async fn read(&mut self, stages: &mut Stages<'_>) -> Result<Reached> {
        let job = stages.job;
        loop {
            let patience = Patience::of(job.context);
            let may_read = stages.contents.len() < job.context.limits.concurrent_contents.max(1);
            let change = tokio::select! {
                biased;
                () = job.cancel.cancelled() => {
                    stages.accounts.report.status = Status::Stopped;
                    return Ok(Reached::End);
                }
                read = stages.contents.next() => {
                    write::fetched(stages, read).await?;
                    continue;
                }
                () = patience.end(), if may_read => {
                    let error = silent(job.context, "the next document of the listing");
                    self.failed_scopes.push(stages.accounts.listing_error(error)?);
                    return Ok(Reached::End);
                },
                change = self.stream.next(), if may_read => change,
            };
            if let Some(cursor) = self.take_ready(change, stages).await? {
                return Ok(Reached::Checkpoint(cursor));
            }
            if self.is_over {
                stages.accounts.report.complete = stages.accounts.report.listing_errors == 0;
                return Ok(Reached::End);
            }
        }
    }

    /// Takes a change and those behind it that are there already, without a look at anything else in between: up to a cursor,
    /// which is returned.
    async fn take_ready(
        &mut self,
        first: Option<Result<Change>>,
        stages: &mut Stages<'_>,
    ) -> Result<Option<Cursor>> {
        let mut ready = self.ready(first, stages);
        stages.snapshot.inventory.read_ahead(ready.iter().filter_map(Hashed::id));
        stages.writer.refresh_timestamp();
        while let Some(change) = ready.pop_front() {
            match change {
                Hashed::Document(document, hash) => document::take(stages, document, hash).await?,
                Hashed::Delete(id) => write::delete(stages, id.into_string()).await?,
                Hashed::Checkpoint(cursor) => return Ok(Some(cursor)),
                Hashed::Failed(error) => self.failed_scopes.push(stages.accounts.listing_error(error)?),
            }
        }
        Ok(None)
    }

    /// A change and those behind it that are there already; a content or a cursor is the last of them.
    fn ready(&mut self, first: Option<Result<Change>>, stages: &Stages<'_>) -> VecDeque<Hashed> {
        let (mut ready, mut next) = (VecDeque::with_capacity(AT_ONCE), Some(first));
        while let Some(Some(change)) = next {
            let may_go_on = !ends_batch(&change) && stages.contents.len() == 0;
            ready.push_back(Hashed::of(change, &stages.render.shape));
            let has_room = ready.len() < AT_ONCE;
            next = if may_go_on && has_room { self.stream.next().now_or_never() } else { None };
        }
        self.is_over = next.is_some();
        ready
    }
}

impl Hashed {
    fn of(change: Result<Change>, shape: &Shape) -> Self {
        match change {
            Ok(Change::Upsert(document)) => {
                let hash = shape.id(document.id().as_str());
                Self::Document(document, hash)
            }
            Ok(Change::Delete(id)) => Self::Delete(id),
            Ok(Change::Checkpoint(cursor)) => Self::Checkpoint(cursor),
            Err(error) => Self::Failed(error),
        }
    }

    /// The hash that the inventory is asked for.
    fn id(&self) -> Option<i64> {
        match self {
            Self::Document(_, hash) => Some(hash.id),
            _ => None,
        }
    }
}

/// Whether what follows a change has to wait until it is taken.
fn ends_batch(change: &Result<Change>) -> bool {
    match change {
        Ok(Change::Upsert(document)) => document.0.content.is_some(),
        Ok(Change::Checkpoint(_)) => true,
        _ => false,
    }
}
