//! How a namespace is read.

use bson::{Bson, Document, doc};
use connectors_core::Result;
use futures::TryStreamExt as _;
use mongodb::Client as Driver;
use mongodb::error::Error as DriverError;
use tracing::debug;

use super::{Part, Task};
use crate::client::{Client, Kind, Namespace};
use crate::rules::Query;

/// What a reply should hold at most; replies of the default 16 MB would only cost memory.
const REPLY_BYTES: u64 = 1024 * 1024;

/// Documents of a reply: more gain nothing.
const MAX_BATCH: u64 = 2000;

/// In which order a namespace is read, and how many documents to ask for at a time.
pub(super) struct Plan {
    pub(super) part: Part,
    pub(super) batch_size: u32,
}

/// Decides how to read a task's namespace.
///
/// # Errors
/// When the server can't be reached.
pub(super) async fn plan(client: &Client, task: &Task) -> Result<Plan> {
    if task.namespace.kind == Kind::Computed {
        return Ok(Plan { part: Part::Whole, batch_size: batch_size(0) });
    }
    let part = match &task.query {
        Query::All => Part::Natural,
        Query::Find(find) if find.is_filter() => Part::Natural,
        Query::Find(_) | Query::Aggregate(_) => Part::Whole,
    };
    Ok(Plan { part, batch_size: batch_size(average_bytes(client, &task.namespace).await?) })
}

/// The parts by which a namespace is read anew, each of which can be taken up.
pub(super) fn parts_by_id(query: &Query) -> &'static [Part] {
    match query {
        Query::All => &[Part::ById, Part::Top],
        Query::Find(_) | Query::Aggregate(_) => &[Part::Sorted],
    }
}

fn batch_size(average_bytes: u64) -> u32 {
    let fitting = REPLY_BYTES / average_bytes.max(1);
    u32::try_from(fitting.clamp(100, MAX_BATCH)).unwrap_or(1000)
}

/// Nothing where the user may not see it: the listing then is only slower.
async fn average_bytes(client: &Client, namespace: &Namespace) -> Result<u64> {
    let doing = format!("read the size of {namespace}");
    match client.ask(&doing, |driver| stats(driver, namespace)).await {
        Err(error) if error.kind().is_passing() => Err(error),
        Err(error) => {
            debug!(%namespace, %error, "its size can't be asked for");
            Ok(0)
        }
        bytes => bytes,
    }
}

async fn stats(driver: Driver, namespace: &Namespace) -> Result<u64, DriverError> {
    let collection = driver.database(&namespace.database).collection::<Document>(&namespace.collection);
    let pipeline = [doc! {"$collStats": {"storageStats": {}}}];
    let shards: Vec<Document> = collection.aggregate(pipeline).await?.try_collect().await?;
    let sum = |name: &str| -> u64 {
        let of = |shard: &Document| {
            shard.get_document("storageStats").ok().and_then(|stats| stats.get(name).and_then(whole))
        };
        shards.iter().filter_map(of).sum()
    };
    Ok(sum("size") / sum("count").max(1))
}

fn whole(value: &Bson) -> Option<u64> {
    match value {
        Bson::Int32(number) => u64::try_from(*number).ok(),
        Bson::Int64(number) => u64::try_from(*number).ok(),
        Bson::Double(number) => Some(*number as u64),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn batches_are_sized_by_the_average_document_from_a_hundred_to_two_thousand() {
        assert_eq!(batch_size(0), 2000);
        assert_eq!(batch_size(570), 1839);
        assert_eq!(batch_size(8_400), 124);
        assert_eq!(batch_size(16_000_000), 100);
    }
}
