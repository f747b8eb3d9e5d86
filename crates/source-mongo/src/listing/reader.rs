//! Reads one namespace on a task of its own, one batch ahead of whoever takes it.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

use futures::stream::BoxStream;
use mongodb::error::Error as DriverError;
use tokio::sync::mpsc::Sender;
use tracing::{debug, warn};

use super::batch::{Batch, Last};
use super::cursor::Cursor;
use super::plan::{Plan, parts_by_id};
use super::{Part, Task, in_scope};
use crate::ahead::stream_of;
use crate::attempts::Failures;
use crate::client::{Client, error};
use connectors_core::Result;

/// A batch and whose it is.
pub(super) type Read = Result<(Batch, Arc<Task>)>;

/// The reader of one namespace.
pub(super) struct Reader {
    pub(super) client: Arc<Client>,
    pub(super) task: Arc<Task>,
    pub(super) plan: Plan,
    /// How often any namespace of the listing was begun anew.
    pub(super) restarts: Arc<AtomicU32>,
}

/// How far a reader is in a part.
#[derive(Default)]
struct Position {
    /// The `_id` behind which to go on.
    last: Option<Last>,
    /// True once documents were handed on.
    begun: bool,
    failures: Failures,
}

/// How reading ended.
enum End {
    /// At its end, or nobody listens any more.
    Done,
    Broken(DriverError),
    /// In the middle, with no place at which to go on.
    Lost(DriverError),
    Failed(connectors_core::Error),
}

impl Reader {
    /// The documents, a batch at a time.
    pub(super) fn batches(self) -> BoxStream<'static, Read> {
        stream_of(1, move |sender| self.read(sender))
    }

    async fn read(self, sender: Sender<Read>) {
        let mut end = self.part(self.plan.part, 0, &sender).await;
        if let (Part::Natural, End::Lost(error)) = (self.plan.part, &end) {
            debug!(namespace = %self.task.namespace, error = %error.kind, "begins anew, by _id");
            end = self.anew(parts_by_id(&self.task.query), &sender).await;
        }
        match end {
            End::Done => {}
            End::Failed(error) => self.give_up(error, &sender).await,
            End::Broken(error) | End::Lost(error) => {
                self.give_up(error::map(&error, &self.task.doing()), &sender).await;
            }
        }
    }

    /// Reads everything again, one part after the other.
    async fn anew(&self, parts: &[Part], sender: &Sender<Read>) -> End {
        let restarts = self.restarts.fetch_add(1, Relaxed) + 1;
        for part in parts {
            match self.part(*part, restarts, sender).await {
                End::Done => {}
                end => return end,
            }
        }
        End::Done
    }

    /// Reads a part, and takes it up as often as that may help.
    async fn part(&self, part: Part, restarts: u32, sender: &Sender<Read>) -> End {
        let mut position = Position::default();
        loop {
            let error = match self.pass((part, restarts), &mut position, sender).await {
                End::Broken(error) => error,
                end => return end,
            };
            let mapped = error::map(&error, &self.task.doing());
            if !mapped.kind().is_passing() {
                return End::Broken(error);
            }
            if position.begun && (!part.has_places() || position.last.is_none()) {
                return End::Lost(error);
            }
            if !position.failures.allow_another_try(&mapped).await {
                return End::Broken(error);
            }
            debug!(namespace = %self.task.namespace, error = %mapped, "goes on");
        }
    }

    /// Reads on from a position until the end or an error.
    async fn pass(
        &self,
        (part, restarts): (Part, u32),
        position: &mut Position,
        sender: &Sender<Read>,
    ) -> End {
        let last = position.last.as_ref().map(Last::value);
        let opened = Cursor::open(&self.client, (&self.task, part), last, self.plan.batch_size).await;
        let mut cursor = match opened {
            Ok(cursor) => cursor,
            Err(error) => return End::Broken(error),
        };
        // By the index, what was last read comes again.
        let mut seen = position.last.clone().filter(|_| part == Part::ById);
        let doing = self.task.doing();
        loop {
            let Ok(place) = sender.reserve().await else { return End::Done };
            let reply = match cursor.next(&self.client, &doing).await {
                Ok(Some(reply)) => reply,
                Err(error) => return End::Broken(error),
                Ok(None) => return End::Done,
            };
            let mut batch = match Batch::of(reply, restarts) {
                Ok(batch) => batch,
                Err(error) => return End::Failed(error),
            };
            let last = batch.last(&self.task.place);
            if let Some(seen) = seen.take() {
                batch.go_on_behind(&seen, &self.task.place);
            }
            if !batch.is_empty() {
                *position = Position { last, begun: true, failures: Failures::default() };
                place.send(Ok((batch, self.task.clone())));
            }
        }
    }

    async fn give_up(&self, error: connectors_core::Error, sender: &Sender<Read>) {
        warn!(namespace = %self.task.namespace, %error, "could not be read to its end");
        let _ = sender.send(Err(in_scope(error, &self.task))).await;
    }
}

impl Part {
    /// True for an order in which the last `_id` tells what is still to come.
    fn has_places(self) -> bool {
        matches!(self, Self::ById | Self::Sorted)
    }
}
