//! A change stream over a selection, and positions in it.
//!
//! It is read as the cursor that it is: the driver's own change stream opens itself again without limit or pause where
//! each reply is lost.

use std::collections::VecDeque;
use std::time::Duration;

use bson::{Document, RawDocument, RawDocumentBuf, Timestamp, doc};
use connectors_core::Result;
use futures::StreamExt as _;
use mongodb::Client as Driver;
use mongodb::error::Error as DriverError;
use mongodb::options::{AggregateOptions, ReadConcern};
use mongodb::raw_batch_cursor::{RawBatch, RawBatchCursor};

use crate::attempts::Failures;
use crate::client::{Client, Selection};

/// How long the server holds an answer back when nothing happens.
const IDLE: Duration = Duration::from_millis(500);

/// Events of a reply.
const EVENTS: u32 = 1000;

/// A resume token, as the server made it.
pub(crate) type Token = RawDocumentBuf;

/// Where a stream begins.
#[derive(Debug, Clone)]
pub(crate) enum Start {
    /// At a time of the server, with what happened at that time.
    At(Timestamp),
    /// Behind an event.
    After(Token),
}

impl Start {
    /// Behind a time of the server: what happened at that time is not told.
    pub(crate) fn behind(time: Timestamp) -> Self {
        Self::At(Timestamp { time: time.time, increment: time.increment.saturating_add(1) })
    }

    /// The first stage of a stream that begins here.
    fn stage(&self) -> Result<Document, DriverError> {
        Ok(match self {
            Self::At(time) => doc! {"startAtOperationTime": *time},
            Self::After(token) => doc! {"startAfter": Document::try_from(&**token)?},
        })
    }
}

/// A place in the order of all events; the later one is the greater.
///
/// Resume tokens are hexadecimal texts that are made to be compared.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Position(String);

impl Position {
    /// The place that a token stands for.
    pub(crate) fn of(token: &RawDocument) -> Option<Self> {
        Some(Self(token.get_str("_data").ok()?.to_owned()))
    }

    /// True when it lies in a later second; a cursor may lie just behind the last that happened.
    pub(crate) fn is_after(&self, other: &Self) -> bool {
        self.time() > other.time()
    }

    /// The type, and the seconds of the server's time, with which each token begins.
    fn time(&self) -> &str {
        self.0.get(..10).unwrap_or(&self.0)
    }
}

/// An open change stream.
pub(crate) struct Feed {
    cursor: RawBatchCursor,
    waiting: VecDeque<RawDocumentBuf>,
    /// Behind the last event that was taken.
    token: Option<Token>,
    /// Behind the last event of the reply.
    end: Option<Token>,
    replies: u64,
}

impl Feed {
    fn new(cursor: RawBatchCursor) -> Self {
        Self { cursor, waiting: VecDeque::new(), token: None, end: None, replies: 0 }
    }

    /// The token behind the last event that was taken.
    pub(crate) fn token(&self) -> Option<&Token> {
        self.token.as_ref()
    }

    /// True once it was read on behind the reply that it was opened with.
    pub(crate) fn goes_on(&self) -> bool {
        self.replies > 1
    }

    /// The next event; none when the server has none for now.
    ///
    /// # Errors
    /// When the stream broke, and when the server ended it.
    pub(crate) async fn next_if_any(
        &mut self,
        client: &Client,
    ) -> Result<Option<RawDocumentBuf>, DriverError> {
        if self.waiting.is_empty() {
            let next = async { self.cursor.next().await.transpose() };
            match client.within("follow the changes", next).await? {
                Some(reply) => self.take(&reply)?,
                None => return Err(ended()),
            }
        }
        let event = self.waiting.pop_front();
        let behind = match &event {
            Some(event) if !self.waiting.is_empty() => event.get_document("_id").ok().map(ToOwned::to_owned),
            _ => self.end.clone(),
        };
        self.token = behind.or_else(|| self.token.take());
        Ok(event)
    }

    fn take(&mut self, reply: &RawBatch) -> Result<(), DriverError> {
        self.replies += 1;
        for event in reply.doc_slices()? {
            let event = event?.as_document().ok_or_else(|| unreadable("an event is no document"))?;
            self.waiting.push_back(event.to_owned());
        }
        let end = reply.as_raw_document().get_document("cursor");
        self.end =
            end.and_then(|cursor| cursor.get_document("postBatchResumeToken")).ok().map(ToOwned::to_owned);
        Ok(())
    }
}

fn ended() -> DriverError {
    DriverError::custom(connectors_core::Error::transient("the server ended the change stream"))
}

fn unreadable(what: &str) -> DriverError {
    DriverError::custom(connectors_core::Error::unexpected(what))
}

impl Client {
    /// Opens a stream over the events of a selection, each shaped by one more stage.
    pub(crate) async fn feed(
        &self,
        selection: &Selection,
        start: &Start,
        stage: Document,
    ) -> Result<Feed, DriverError> {
        let mut options = AggregateOptions::default();
        options.max_await_time = Some(IDLE);
        options.batch_size = Some(EVENTS);
        self.watch(selection, start, (options, Some(stage))).await
    }

    /// The token that stands for a start.
    ///
    /// # Errors
    /// When the server can't be reached, and `Denied` without the right to change streams.
    pub(crate) async fn token_at(&self, selection: &Selection, start: &Start) -> Result<Option<Token>> {
        let mut failures = Failures::default();
        loop {
            let error = match self.try_token_at(selection, start).await {
                Ok(token) => return Ok(token),
                Err(error) => super::failed(&error, selection),
            };
            if !failures.allow_another_try(&error).await {
                return Err(error);
            }
        }
    }

    async fn try_token_at(&self, selection: &Selection, start: &Start) -> Result<Option<Token>, DriverError> {
        let mut options = AggregateOptions::default();
        // Without events in the first reply its position is the time itself.
        options.batch_size = Some(0);
        let mut feed = self.watch(selection, start, (options, None)).await?;
        feed.next_if_any(self).await?;
        Ok(feed.token)
    }

    /// The position of now; none where there is no record of changes.
    ///
    /// # Errors
    /// When the server can't be reached.
    pub(crate) async fn position_now(&self, selection: &Selection) -> Result<Option<Position>> {
        let Some(time) = self.operation_time().await? else { return Ok(None) };
        let token = self.token_at(selection, &Start::At(time)).await?;
        Ok(token.as_deref().and_then(Position::of))
    }

    async fn watch(
        &self,
        selection: &Selection,
        start: &Start,
        (mut options, stage): (AggregateOptions, Option<Document>),
    ) -> Result<Feed, DriverError> {
        options.read_concern = Some(ReadConcern::majority());
        let driver = self.driver().await.map_err(DriverError::custom)?;
        let mut first = start.stage()?;
        if selection.database.fixed().is_none() {
            first.insert("allChangesForCluster", true);
        }
        let stages = [Some(doc! {"$changeStream": first}), filter(selection), stage];
        let open = opened(driver, selection, (stages.into_iter().flatten().collect(), options));
        self.within("open a change stream", open).await.map(Feed::new)
    }
}

/// A cursor over the collection or database that is named, or over everything.
async fn opened(
    driver: Driver,
    selection: &Selection,
    (stages, options): (Vec<Document>, AggregateOptions),
) -> Result<RawBatchCursor, DriverError> {
    let database = driver.database(selection.database.fixed().unwrap_or("admin"));
    match (selection.database.fixed(), selection.collection.fixed()) {
        (Some(_), Some(name)) => {
            let collection = database.collection::<Document>(name);
            collection.aggregate(stages).with_options(options).batch().await
        }
        _ => database.aggregate(stages).with_options(options).batch().await,
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
    use bson::rawdoc;

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
        let position = |data: &str| Position::of(&rawdoc! {"_data": data}).unwrap();
        assert!(position("8263") < position("8264"));
        let (event, time) = (position("826566A0C5000000012B04"), position("826566A0C500000001"));
        assert!(event > time && !event.is_after(&time), "an event of a second is not after it");
        assert!(position("826566A0C600000000").is_after(&event));
        assert_eq!(position("82"), position("82"));
    }
}
