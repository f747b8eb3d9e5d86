//! A change stream over a selection, and positions in it.

use std::time::Duration;

use bson::{Document, RawDocumentBuf, Timestamp, doc};
use connectors_core::Result;
use mongodb::change_stream::ChangeStream;
use mongodb::change_stream::event::ResumeToken;
use mongodb::error::Error as DriverError;
use mongodb::options::ChangeStreamOptions;

use crate::client::{Client, Selection};

/// How long the server holds an answer back when nothing happens.
const IDLE: Duration = Duration::from_millis(500);

/// Where a stream begins.
#[derive(Debug, Clone)]
pub(crate) enum Start {
    /// At a time of the server, with what happened at that time.
    At(Timestamp),
    /// Behind an event.
    After(ResumeToken),
}

impl Start {
    /// Behind a time of the server: what happened at that time is not told.
    pub(crate) fn behind(time: Timestamp) -> Self {
        Self::At(Timestamp { time: time.time, increment: time.increment.saturating_add(1) })
    }

    fn options(self) -> ChangeStreamOptions {
        let mut options = ChangeStreamOptions::default();
        match self {
            Self::At(time) => options.start_at_operation_time = Some(time),
            Self::After(token) => options.start_after = Some(token),
        }
        options
    }
}

/// A place in the order of all events; the later one is the greater.
///
/// Resume tokens are hexadecimal texts that are made to be compared.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Position(String);

impl Position {
    /// The place that a token stands for.
    pub(crate) fn of(token: &ResumeToken) -> Option<Self> {
        let value = bson::serialize_to_bson(token).ok()?;
        Some(Self(value.as_document()?.get_str("_data").ok()?.to_owned()))
    }
}

impl Client {
    /// Opens a stream over the events of a selection, each shaped by one more stage.
    pub(crate) async fn feed(
        &self,
        selection: &Selection,
        start: Start,
        stage: Document,
    ) -> Result<ChangeStream<RawDocumentBuf>, DriverError> {
        let mut options = start.options();
        options.max_await_time = Some(IDLE);
        self.watch(selection, options, vec![stage]).await
    }

    /// The token that stands for a start.
    pub(crate) async fn token_at(
        &self,
        selection: &Selection,
        start: Start,
    ) -> Result<Option<ResumeToken>, DriverError> {
        let mut options = start.options();
        // Without events in the first reply its position is the time itself.
        options.batch_size = Some(0);
        let stream = self.watch(selection, options, Vec::new()).await?;
        Ok(stream.resume_token())
    }

    /// The position of now; none where there is no record of changes.
    ///
    /// # Errors
    /// When the server can't be reached.
    pub(crate) async fn position_now(&self, selection: &Selection) -> Result<Option<Position>> {
        let Some(time) = self.operation_time().await? else { return Ok(None) };
        let token = self
            .token_at(selection, Start::At(time))
            .await
            .map_err(|error| super::failed(&error, selection))?;
        Ok(token.as_ref().and_then(Position::of))
    }

    async fn watch(
        &self,
        selection: &Selection,
        options: ChangeStreamOptions,
        stages: Vec<Document>,
    ) -> Result<ChangeStream<RawDocumentBuf>, DriverError> {
        let driver = self.driver().await.map_err(DriverError::custom)?;
        let pipeline: Vec<Document> = filter(selection).into_iter().chain(stages).collect();
        let watch = match (selection.database.fixed(), selection.collection.fixed()) {
            (Some(database), Some(collection)) => {
                let collection = driver.database(database).collection::<Document>(collection);
                return Ok(collection.watch().pipeline(pipeline).with_options(options).await?.with_type());
            }
            (Some(database), None) => {
                driver.database(database).watch().pipeline(pipeline).with_options(options).await?
            }
            (None, _) => driver.watch().pipeline(pipeline).with_options(options).await?,
        };
        Ok(watch.with_type())
    }
}

/// Keeps what concerns the selection, where the stream itself is wider.
fn filter(selection: &Selection) -> Option<Document> {
    if selection.is_single() {
        return None;
    }
    let database =
        matching(selection.database.as_str(), selection.database.fixed(), &selection.database.to_regex());
    let collection = matching(
        selection.collection.as_str(),
        selection.collection.fixed(),
        &selection.collection.to_regex(),
    );
    Some(doc! {"$match": {"$or": [
        {"ns.db": database.clone(), "ns.coll": collection.clone()},
        {"to.db": database.clone(), "to.coll": collection},
        {"ns.db": database, "operationType": "dropDatabase"},
        {"operationType": "invalidate"},
    ]}})
}

fn matching(pattern: &str, fixed: Option<&str>, regex: &str) -> Document {
    match (pattern, fixed) {
        ("*", _) => doc! {"$exists": true},
        (_, Some(name)) => doc! {"$eq": name},
        _ => doc! {"$regex": regex},
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_collection_needs_no_filter() {
        assert_eq!(filter(&Selection::new("shop", "orders").unwrap()), None);
    }

    #[test]
    fn the_server_filters_by_the_patterns() {
        let filter = filter(&Selection::new("shop", "orders_*").unwrap()).unwrap();
        let either = filter.get_document("$match").unwrap().get_array("$or").unwrap();
        let first = either[0].as_document().unwrap();
        assert_eq!(first.get_document("ns.db").unwrap(), &doc! {"$eq": "shop"});
        assert_eq!(first.get_document("ns.coll").unwrap(), &doc! {"$regex": r"^orders_[\s\S]*$"});
        assert_eq!(matching("*", None, ""), doc! {"$exists": true});
    }

    #[test]
    fn positions_are_ordered_as_their_tokens() {
        let token =
            |data: &str| -> ResumeToken { bson::deserialize_from_document(doc! {"_data": data}).unwrap() };
        let position = |data: &str| Position::of(&token(data)).unwrap();
        assert!(position("8263") < position("8264"));
        assert_eq!(position("82"), position("82"));
    }
}
