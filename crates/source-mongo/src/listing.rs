//! Every document of the namespaces, in batches read ahead.

mod batch;
mod cursor;
mod plan;
mod reader;

pub(crate) use batch::Batch;
pub(crate) use cursor::Cursor;

use std::sync::Arc;
use std::sync::atomic::AtomicU32;

use connectors_core::{Document, Error, Result};
use futures::stream::BoxStream;
use futures::{Stream, StreamExt as _, stream};
use mongodb::options::CollectionOptions;

use crate::client::{Client, Namespace};
use crate::document::Place;
use crate::rules::Query;

/// Collections, and so connections, that are read at the same time.
const PARALLEL: usize = 2;

/// One namespace and how to read it.
pub(crate) struct Task {
    pub(crate) namespace: Namespace,
    pub(crate) place: Place,
    pub(crate) query: Query,
    /// From which servers, and how certain, it is read; what the connection string says where nothing else is.
    pub(crate) options: CollectionOptions,
}

impl Task {
    /// Completes "could not".
    pub(crate) fn doing(&self) -> String {
        format!("read {}", self.namespace)
    }
}

/// What one cursor reads of a namespace.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Part {
    /// All of it in whatever order, with no way to go on after a broken cursor.
    Whole,
    /// All of it in the order in which the server has it, which costs the server half of what the index on `_id` does; after a
    /// broken cursor it is read anew by `_id`.
    Natural,
    /// All of it that a filter takes, by `_id`.
    Sorted,
    /// All of it along the index on `_id`, but for the highest key, `MaxKey`.
    ById,
    /// The one document whose `_id` is the highest key.
    Top,
}

/// The documents of all tasks; what could not be read is an error in the scope of its namespace.
pub(crate) fn documents<'a>(
    client: Arc<Client>,
    tasks: Vec<Result<Task>>,
) -> BoxStream<'a, Result<Document>> {
    let restarts = Arc::new(AtomicU32::new(0));
    let readers = stream::iter(tasks).map(move |task| reader(client.clone(), task, restarts.clone()));
    let batches = readers.buffered(1).flat_map_unordered(PARALLEL, |reader| match reader {
        Ok(reader) => reader.batches().boxed(),
        Err(error) => stream::iter([Err(error)]).boxed(),
    });
    batches.flat_map(unpacked).boxed()
}

/// The reader of a task, which does not read yet.
async fn reader(client: Arc<Client>, task: Result<Task>, restarts: Arc<AtomicU32>) -> Result<reader::Reader> {
    let task = Arc::new(task?);
    let plan = plan::plan(&client, &task).await.map_err(|error| in_scope(error, &task))?;
    Ok(reader::Reader { client, task, plan, restarts })
}

fn in_scope(error: Error, task: &Task) -> Error {
    error.in_scope(task.place.scope())
}

fn unpacked(read: reader::Read) -> impl Stream<Item = Result<Document>> {
    let (batch, error) = match read {
        Ok((batch, task)) => (Some(batch.documents(task)), None),
        Err(error) => (None, Some(Err(error))),
    };
    stream::iter(batch.into_iter().flatten().chain(error))
}
