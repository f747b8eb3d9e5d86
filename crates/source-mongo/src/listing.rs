//! Every document of the namespaces, in batches read ahead.

mod batch;
mod cursor;
mod ranges;
mod reader;

use std::sync::Arc;

use connectors_core::{Document, Error, Result};
use futures::stream::BoxStream;
use futures::{Stream, StreamExt as _, stream};

use crate::client::{Client, Namespace};
use crate::document::Place;
use crate::rules::Query;

/// Ranges, and so connections, that are read at the same time.
const PARALLEL: usize = 2;

/// One namespace and how to read it.
pub(crate) struct Task {
    pub(crate) namespace: Namespace,
    pub(crate) place: Place,
    pub(crate) query: Query,
}

/// A part of a namespace that one cursor reads.
#[derive(Debug, Clone, PartialEq)]
enum Part {
    /// All of it in whatever order, with no way to go on after a broken cursor.
    Whole,
    /// All of it that a filter takes, by `_id`.
    Sorted,
    /// A range of the index on `_id`.
    Range(Box<Range>),
    /// The one document whose `_id` is the highest key, `MaxKey`.
    Top,
}

/// From one `_id` on and up to another, without that.
#[derive(Debug, Clone, PartialEq)]
struct Range {
    from: Option<bson::Bson>,
    to: bson::Bson,
}

/// The documents of all tasks; what could not be read is an error in the scope of its namespace.
pub(crate) fn documents<'a>(
    client: Arc<Client>,
    tasks: Vec<Result<Task>>,
) -> BoxStream<'a, Result<Document>> {
    let split = stream::iter(tasks).map(move |task| parts(client.clone(), task)).buffered(1);
    let parts = split.flat_map(stream::iter);
    let batches = parts.flat_map_unordered(PARALLEL, |part| match part {
        Ok(reader) => reader.batches().boxed(),
        Err(error) => stream::iter([Err(error)]).boxed(),
    });
    batches.flat_map(unpacked).boxed()
}

/// The readers of a task's parts, which do not read yet.
async fn parts(client: Arc<Client>, task: Result<Task>) -> Vec<Result<reader::Reader>> {
    let task = match task {
        Ok(task) => Arc::new(task),
        Err(error) => return vec![Err(error)],
    };
    match ranges::plan(&client, &task).await {
        Ok(plan) => {
            let reader = |part| Ok(reader::Reader::new(client.clone(), task.clone(), part, plan.batch_size));
            plan.parts.into_iter().map(reader).collect()
        }
        Err(error) => vec![Err(in_scope(error, &task))],
    }
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
