//! How a collection is cut into ranges of `_id`.

use bson::{Bson, Document, doc};
use connectors_core::Result;
use futures::TryStreamExt as _;
use mongodb::Collection;
use mongodb::error::Error as DriverError;
use tracing::debug;

use super::{Part, Range, Task};
use crate::client::{Client, Kind, error};
use crate::rules::Query;

/// Smaller collections are read by one cursor.
const LARGE: u64 = 100_000;

/// Ranges of a large collection: more than are read at the same time, so that uneven ones even out.
const RANGES: usize = 8;

/// Sampled documents per range: the more, the more even.
const SAMPLED: usize = 32;

/// What a reply should hold at most; replies of the default 16 MB would only cost memory.
const REPLY_BYTES: u64 = 1024 * 1024;

/// Documents of a reply: more gain nothing.
const MAX_BATCH: u64 = 2000;

/// The parts of a namespace, and how many documents to ask for at a time.
pub(super) struct Plan {
    pub(super) parts: Vec<Part>,
    pub(super) batch_size: u32,
}

/// Size of a collection, as far as the user may see it.
#[derive(Default)]
struct Size {
    documents: u64,
    average_bytes: u64,
}

/// Decides how to read a task's namespace.
///
/// # Errors
/// When the server can't be reached.
pub(super) async fn plan(client: &Client, task: &Task) -> Result<Plan> {
    let collection = client.collection(&task.namespace).await?;
    if task.namespace.kind == Kind::Computed {
        return Ok(Plan { parts: vec![Part::Whole], batch_size: batch_size(0) });
    }
    let size = size(&collection).await;
    let batch_size = batch_size(size.average_bytes);
    let part = match &task.query {
        Query::Find(find) if find.is_filter() => Part::Sorted,
        Query::Find(_) | Query::Aggregate(_) => Part::Whole,
        Query::All if !has_index(&collection).await => Part::Whole,
        Query::All => return Ok(Plan { parts: ranges(&collection, size.documents).await, batch_size }),
    };
    Ok(Plan { parts: vec![part], batch_size })
}

fn batch_size(average_bytes: u64) -> u32 {
    let fitting = REPLY_BYTES / average_bytes.max(1);
    u32::try_from(fitting.clamp(100, MAX_BATCH)).unwrap_or(1000)
}

/// Nothing where the user may not see it: the listing then is only slower.
async fn size(collection: &Collection<Document>) -> Size {
    match stats(collection).await {
        Ok(size) => size,
        Err(error) => {
            debug!(collection = collection.name(), error = %error.kind, "its size can't be asked for");
            Size::default()
        }
    }
}

async fn stats(collection: &Collection<Document>) -> Result<Size, DriverError> {
    let pipeline = [doc! {"$collStats": {"storageStats": {}}}];
    let shards: Vec<Document> = collection.aggregate(pipeline).await?.try_collect().await?;
    let sum = |name: &str| -> u64 {
        let of = |shard: &Document| {
            shard.get_document("storageStats").ok().and_then(|stats| stats.get(name).and_then(whole))
        };
        shards.iter().filter_map(of).sum()
    };
    let (documents, bytes) = (sum("count"), sum("size"));
    Ok(Size { documents, average_bytes: bytes / documents.max(1) })
}

fn whole(value: &Bson) -> Option<u64> {
    match value {
        Bson::Int32(number) => u64::try_from(*number).ok(),
        Bson::Int64(number) => u64::try_from(*number).ok(),
        Bson::Double(number) => Some(*number as u64),
        _ => None,
    }
}

/// False for the few collections that were made without an index on `_id`.
async fn has_index(collection: &Collection<Document>) -> bool {
    const BAD_VALUE: i32 = 2;
    let found = collection.find(doc! {}).hint(mongodb::options::Hint::Keys(doc! {"_id": 1})).limit(1).await;
    !found.is_err_and(|error| error::code(&error) == Some(BAD_VALUE))
}

/// The ranges of a collection; one where it is small, or where sampling fails.
async fn ranges(collection: &Collection<Document>, documents: u64) -> Vec<Part> {
    if documents < LARGE {
        return between(Vec::new());
    }
    match borders(collection).await {
        Ok(borders) => between(borders),
        Err(error) => {
            debug!(collection = collection.name(), error = %error.kind, "no sample, so it is read by one cursor");
            between(Vec::new())
        }
    }
}

/// Some `_id`s that cut the collection into parts of about the same size, in the order of the index.
async fn borders(collection: &Collection<Document>) -> Result<Vec<Bson>, DriverError> {
    let size = i64::try_from(RANGES * SAMPLED).unwrap_or(i64::MAX);
    let pipeline =
        [doc! {"$sample": {"size": size}}, doc! {"$project": {"_id": 1}}, doc! {"$sort": {"_id": 1}}];
    let sample: Vec<Document> = collection.aggregate(pipeline).await?.try_collect().await?;
    Ok(evenly(sample.into_iter().filter_map(|mut document| document.remove("_id")).collect()))
}

fn evenly(sample: Vec<Bson>) -> Vec<Bson> {
    let step = sample.len().div_ceil(RANGES).max(1);
    let mut borders: Vec<Bson> = sample.into_iter().skip(step).step_by(step).collect();
    borders.dedup();
    borders
}

/// The ranges between borders, from the lowest key to the highest.
///
/// A range never holds its upper border, not even the highest key of all: that has a part of its own.
fn between(borders: Vec<Bson>) -> Vec<Part> {
    let ends = borders.iter().cloned().chain([Bson::MaxKey]);
    let starts = [None].into_iter().chain(borders.iter().cloned().map(Some));
    starts.zip(ends).map(|(from, to)| Part::Range(Box::new(Range { from, to }))).chain([Part::Top]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_cover_everything_once() {
        let range =
            |from: Option<i32>, to: Bson| Part::Range(Box::new(Range { from: from.map(Bson::Int32), to }));
        assert_eq!(between(Vec::new()), [range(None, Bson::MaxKey), Part::Top]);
        let parts = between(vec![Bson::Int32(1), Bson::Int32(2)]);
        let wanted = [
            range(None, Bson::Int32(1)),
            range(Some(1), Bson::Int32(2)),
            range(Some(2), Bson::MaxKey),
            Part::Top,
        ];
        assert_eq!(parts, wanted);
    }

    #[test]
    fn borders_lie_evenly_and_once() {
        let sample: Vec<Bson> = (0..256).map(Bson::Int32).collect();
        let borders = evenly(sample);
        assert_eq!(borders, [32, 64, 96, 128, 160, 192, 224].map(Bson::Int32));
        assert_eq!(evenly(vec![Bson::Int32(1); 256]), [Bson::Int32(1)]);
        assert!(evenly(Vec::new()).is_empty());
    }

    #[test]
    fn batches_stay_within_the_reply() {
        assert_eq!(batch_size(0), 2000);
        assert_eq!(batch_size(570), 1839);
        assert_eq!(batch_size(8_400), 124);
        assert_eq!(batch_size(16_000_000), 100);
    }
}
