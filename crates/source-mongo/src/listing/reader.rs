//! Reads one part on a task of its own, one batch ahead of whoever takes it.

use std::sync::Arc;

use connectors_core::Result;
use futures::stream::BoxStream;
use mongodb::error::Error as DriverError;
use tokio::sync::mpsc::Sender;
use tracing::{debug, warn};

use super::batch::{Batch, Last};
use super::cursor::Cursor;
use super::{Part, Task, in_scope};
use crate::ahead::stream_of;
use crate::attempts::Failures;
use crate::client::{Client, error};
use crate::rules::Query;

/// A batch and whose it is.
pub(super) type Read = Result<(Batch, Arc<Task>)>;

/// The reader of one part.
pub(super) struct Reader {
    client: Arc<Client>,
    task: Arc<Task>,
    part: Part,
    batch_size: u32,
}

/// How far a reader is.
#[derive(Default)]
struct Position {
    /// The `_id` behind which to go on.
    last: Option<Last>,
    /// True once documents were handed on.
    begun: bool,
    failures: Failures,
}

/// How a pass over a part ended.
enum End {
    /// At its end, or nobody listens any more.
    Done,
    Broken(DriverError),
    Failed(connectors_core::Error),
}

impl Reader {
    pub(super) fn new(client: Arc<Client>, task: Arc<Task>, part: Part, batch_size: u32) -> Self {
        Self { client, task, part, batch_size }
    }

    /// The documents of the part, a batch at a time.
    pub(super) fn batches(self) -> BoxStream<'static, Read> {
        stream_of(1, move |sender| self.read(sender))
    }

    async fn read(self, sender: Sender<Read>) {
        let mut position = Position::default();
        loop {
            let error = match self.pass(&mut position, &sender).await {
                End::Done => return,
                End::Failed(error) => return self.give_up(error, &sender).await,
                End::Broken(error) => error,
            };
            let doing = format!("read {}", self.task.namespace);
            if !self.may_go_on(&error, &position) {
                return self.give_up(error::map(&error, &doing), &sender).await;
            }
            debug!(namespace = %self.task.namespace, error = %error.kind, "goes on");
            position.failures.pause().await;
        }
    }

    /// Reads on from a position until the end or an error.
    async fn pass(&self, position: &mut Position, sender: &Sender<Read>) -> End {
        let last = position.last.as_ref();
        let part = (&*self.task, &self.part);
        let mut cursor = match Cursor::open(&self.client, part, last.map(Last::value), self.batch_size).await
        {
            Ok(cursor) => cursor,
            Err(error) => return End::Broken(error),
        };
        let mut seen = position.last.clone().filter(|_| self.begins_again());
        loop {
            let Ok(place) = sender.reserve().await else { return End::Done };
            let reply = match cursor.next().await {
                Some(Ok(reply)) => reply,
                Some(Err(error)) => return End::Broken(error),
                None => return End::Done,
            };
            let mut batch = match Batch::of(reply) {
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

    /// True when a cursor that goes on begins with the last document again.
    fn begins_again(&self) -> bool {
        matches!((&self.part, &self.task.query), (Part::Range(_), Query::All))
    }

    fn may_go_on(&self, error: &DriverError, position: &Position) -> bool {
        let has_place = !position.begun || (self.part != Part::Whole && position.last.is_some());
        has_place && !position.failures.are_too_many() && error::is_passing(error)
    }

    async fn give_up(&self, error: connectors_core::Error, sender: &Sender<Read>) {
        warn!(namespace = %self.task.namespace, %error, "could not be read to its end");
        let _ = sender.send(Err(in_scope(error, &self.task))).await;
    }
}
