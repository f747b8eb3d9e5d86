//! One open cursor.

use bson::{Bson, Document, doc};
use futures::StreamExt as _;
use mongodb::error::Error as DriverError;
use mongodb::options::{FindOptions, Hint};
use mongodb::raw_batch_cursor::{RawBatch, SessionRawBatchCursor};
use mongodb::{Client as Driver, ClientSession};

use super::{Part, Task};
use crate::client::Client;
use crate::rules::options::{of_aggregate, of_find};
use crate::rules::{Find, Query};

/// A cursor with the session that it belongs to.
pub(crate) struct Cursor {
    cursor: SessionRawBatchCursor,
    session: ClientSession,
}

impl Cursor {
    /// Opens a cursor over a part, behind the last `_id` where there is one.
    ///
    /// By the index that `_id` itself is the first that comes again.
    pub(crate) async fn open(
        client: &Client,
        (task, part): (&Task, Part),
        last: Option<&Bson>,
        batch_size: u32,
    ) -> Result<Self, DriverError> {
        let driver = client.driver().await.map_err(DriverError::custom)?;
        client.within(&task.doing(), Self::begin(client, driver, (task, part), (last, batch_size))).await
    }

    async fn begin(
        client: &Client,
        driver: Driver,
        (task, part): (&Task, Part),
        (last, batch_size): (Option<&Bson>, u32),
    ) -> Result<Self, DriverError> {
        let database = driver.database(&task.namespace.database);
        let collection =
            database.collection_with_options::<Document>(&task.namespace.collection, task.options.clone());
        let mut session = client.session(&driver).await?;
        let cursor = match &task.query {
            Query::Aggregate(rule) => {
                // They were read so once, when the rules were checked.
                let options = of_aggregate(&rule.options).unwrap_or_default();
                let aggregate = collection.aggregate(rule.pipeline.clone()).with_options(options);
                aggregate.batch_size(batch_size).session(&mut session).batch().await?
            }
            Query::All => {
                let options = by_index(part, last, batch_size);
                let filter = if part == Part::Top {
                    doc! {"_id": Bson::MaxKey}
                } else {
                    doc! {}
                };
                collection.find(filter).with_options(options).session(&mut session).batch().await?
            }
            Query::Find(find) => {
                let options = by_rule(find, part, batch_size);
                let filter = behind(&find.filter, last);
                collection.find(filter).with_options(options).session(&mut session).batch().await?
            }
        };
        Ok(Self { cursor, session })
    }

    /// The next batch; none at the end.
    pub(crate) async fn next(
        &mut self,
        client: &Client,
        doing: &str,
    ) -> Result<Option<RawBatch>, DriverError> {
        let next = async { self.cursor.stream(&mut self.session).next().await.transpose() };
        client.within(doing, next).await
    }
}

/// In the order of the index, which spans all types: a comparison by `$gt` would stay within one.
fn by_index(part: Part, last: Option<&Bson>, batch_size: u32) -> FindOptions {
    let mut options = FindOptions::default();
    options.batch_size = Some(batch_size);
    if part == Part::ById {
        options.hint = Some(Hint::Keys(doc! {"_id": 1}));
        options.min = last.map(|id| doc! {"_id": id.clone()});
        options.max = Some(doc! {"_id": Bson::MaxKey});
    }
    options
}

fn by_rule(find: &Find, part: Part, batch_size: u32) -> FindOptions {
    // They were read so once, when the rules were checked.
    let mut options = of_find(&find.options).unwrap_or_default();
    options.batch_size = Some(batch_size);
    options.projection.clone_from(&find.projection);
    options.skip = find.skip;
    options.limit = find.limit;
    options.sort.clone_from(&find.sort);
    if part == Part::Sorted {
        options.sort = Some(doc! {"_id": 1});
    }
    options
}

/// The filter for what lies behind an `_id`, of whatever type.
fn behind(filter: &Document, last: Option<&Bson>) -> Document {
    match last {
        None => filter.clone(),
        Some(last) => {
            doc! {"$and": [filter.clone(), {"$expr": {"$gt": ["$_id", {"$literal": last.clone()}]}}]}
        }
    }
}
