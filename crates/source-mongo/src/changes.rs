//! What changed since a cursor, by change streams.

mod event;
pub(crate) mod feed;
mod lookup;

use std::collections::BTreeMap;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use bson::{RawDocumentBuf, Timestamp, doc};
use connectors_core::{Change, Cursor, DocumentId, Error, Result};
use futures::stream::BoxStream;
use mongodb::error::Error as DriverError;
use serde::{Deserialize, Serialize};
use tokio::sync::mpsc::Sender;
use tokio::time::Instant;
use tracing::debug;

use crate::ahead::stream_of;
use crate::attempts::Failures;
use crate::bson::Plain;
use crate::client::{Client, Namespace, PlainIds, Selection, Uuids, error};
use crate::document;
use crate::rules::{Find, Query};
use event::{Event, Touched, Written};
use feed::{Feed, Position, Start, Token};

/// Events between two checkpoints.
const BATCH: usize = 1000;

/// Changes that wait to be taken.
const AHEAD: usize = 16;

/// Where changes go on, and for which collections.
#[derive(Debug, Serialize, Deserialize)]
struct Bookmark {
    /// The server's own BSON, in base64: as JSON its binary parts would come back as lists of numbers.
    resume_token: String,
    /// The selection: a token of one can't tell what another missed.
    collections: String,
    /// Ids of collections: a token of one deployment tells nothing in another that holds the same names.
    #[serde(default)]
    uuids: Uuids,
    /// Which ids of its collections have no mark; none in a cursor of an earlier version, where texts had none.
    #[serde(default)]
    plain_ids: Option<PlainIds>,
}

/// What is followed, and how it is known again.
#[derive(Debug, Clone)]
struct Followed {
    selection: Selection,
    uuids: Uuids,
    plain_ids: Option<PlainIds>,
}

impl Bookmark {
    fn cursor(token: &Token, followed: &Followed) -> Result<Cursor> {
        let written = serde_json::to_value(Self {
            resume_token: BASE64.encode(token.as_bytes()),
            collections: followed.selection.to_string(),
            uuids: followed.uuids.clone(),
            plain_ids: followed.plain_ids.clone(),
        });
        written.map(Cursor).map_err(|error| Error::unexpected("the cursor can't be written").caused_by(error))
    }

    fn read(cursor: Cursor, selection: &Selection) -> Result<(Token, Followed)> {
        let unreadable =
            |error: BoxError| Error::unexpected("the cursor can't be read: run a full sync").caused_by(error);
        let place: Self = serde_json::from_value(cursor.0).map_err(|error| unreadable(error.into()))?;
        if place.collections != selection.to_string() {
            return Err(Error::unexpected("the collections to sync are others than before: run a full sync")
                .with("before", place.collections)
                .with("now", selection));
        }
        let token = BASE64.decode(place.resume_token).map_err(|error| unreadable(error.into()))?;
        let token = RawDocumentBuf::from_bytes(token).map_err(|error| unreadable(error.into()))?;
        let (uuids, plain_ids) = (place.uuids, place.plain_ids);
        Ok((token, Followed { selection: selection.clone(), uuids, plain_ids }))
    }
}

type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// Where changes go on after a listing that begins now.
///
/// # Errors
/// `Config` when the server keeps no record of changes.
pub(crate) async fn cursor(client: &Client, selection: &Selection) -> Result<Cursor> {
    let Some(time) = client.operation_time().await? else { return Err(no_record()) };
    let token = client.token_at(selection, &Start::behind(time)).await?.ok_or_else(no_record)?;
    let (uuids, plain_ids) = (client.uuids(selection).await?, Some(client.plain_ids_now(selection).await?));
    Bookmark::cursor(&token, &Followed { selection: selection.clone(), uuids, plain_ids })
}

/// Fine when changes can be followed, and on a single server, which has none to follow.
///
/// # Errors
/// `Denied` without the privilege to.
pub(crate) async fn may_follow(client: &Client, selection: &Selection) -> Result<()> {
    let Some(time) = client.operation_time().await? else { return Ok(()) };
    client.token_at(selection, &Start::behind(time)).await.map(drop)
}

fn no_record() -> Error {
    Error::config(
        "incremental syncs need a replica set: a single server keeps no record of changes (a set of one will do)",
    )
}

/// The changes since a cursor, up to those of the moment at which it is first polled.
pub(crate) fn changes(
    client: Arc<Client>,
    selection: Selection,
    from: Cursor,
    query: Query,
) -> BoxStream<'static, Result<Change>> {
    stream_of(AHEAD, move |sender| async move {
        let follower = Follower { client, selection, sender };
        if let Err(error) = follower.follow(from, query).await {
            let _ = follower.sender.send(Err(error)).await;
        }
    })
}

struct Follower {
    client: Arc<Client>,
    selection: Selection,
    sender: Sender<Result<Change>>,
}

/// How far a follower is.
struct Place {
    /// Behind this event.
    token: Token,
    followed: Followed,
    /// Where the server stood when it began.
    end: Position,
    failures: Failures,
}

/// Why following stopped before its end.
enum Stop {
    /// The stream broke: it may be opened again behind the last checkpoint.
    Broken(Error),
    /// No further try helps, or those that may help were made.
    Failed(Error),
}

impl From<Error> for Stop {
    fn from(error: Error) -> Self {
        Self::Failed(error)
    }
}

/// What happened between two checkpoints.
#[derive(Default)]
struct Batch {
    /// The last change of each document.
    touched: BTreeMap<DocumentId, Touched>,
    /// When the last of it happened.
    time: Option<Timestamp>,
}

impl Follower {
    async fn follow(&self, from: Cursor, query: Query) -> Result<()> {
        let rule = filter_of(query)?;
        let (token, followed) = Bookmark::read(from, &self.selection)?;
        if let Some(name) = self.client.replaced(&followed.uuids).await? {
            return Err(another(&name));
        }
        self.client.recall_plain_ids(&self.selection, followed.plain_ids.as_ref()).await?;
        let end = self.present(&token).await?;
        let mut place = Place { token, followed, end, failures: Failures::default() };
        loop {
            let error = match self.pass(&mut place, rule.as_ref()).await {
                Ok(()) => return Ok(()),
                Err(Stop::Failed(error)) => return Err(error),
                Err(Stop::Broken(error)) => error,
            };
            if !place.failures.allow_another_try(&error).await {
                return Err(error);
            }
            debug!(selection = %self.selection, %error, "goes on behind the last checkpoint");
        }
    }

    /// Follows on from a place to the end, or until an error.
    async fn pass(&self, place: &mut Place, rule: Option<&Find>) -> Result<(), Stop> {
        // Neither the document nor what changed in it: so an event stays far below the 16 MB of a message.
        let fields =
            doc! {"$project": {"operationType": 1, "ns": 1, "to": 1, "documentKey._id": 1, "clusterTime": 1}};
        let feed = self.client.feed(&self.selection, &Start::After(place.token.clone()), fields).await;
        let mut feed = feed.map_err(|error| Stop::Broken(failed(&error, &self.selection)))?;
        let mut moved = Instant::now();
        loop {
            let batch = self.batch(&mut feed).await?;
            self.send(batch, rule).await?;
            let token = feed.token().cloned().ok_or_else(no_record)?;
            if token != place.token {
                (place.token, place.failures, moved) = (token, Failures::default(), Instant::now());
            } else if moved.elapsed() > self.client.limit() {
                return Err(stands_still(&self.selection).into());
            }
            let reached = Position::of(&place.token).is_some_and(|position| position >= place.end);
            place.followed.plain_ids = Some(self.client.known_plain_ids());
            let checkpoint = Bookmark::cursor(&place.token, &place.followed)?;
            if self.sender.send(Ok(Change::Checkpoint(checkpoint))).await.is_err() || reached {
                return Ok(());
            }
        }
    }

    /// Where a document lies; nothing is asked where its id is the same anyhow.
    async fn place_of(&self, written: &Written) -> Result<document::Place> {
        if written.is_ambiguous() {
            return self.place(&written.namespace).await;
        }
        let forms = (self.client.forms(), Plain::default());
        Ok(document::Place::new(&written.namespace, &self.selection, forms))
    }

    /// The place of a namespace whose changes are followed.
    async fn place(&self, namespace: &Namespace) -> Result<document::Place> {
        document::Place::of(&self.client, namespace, (&self.selection, &Query::All)).await
    }

    /// Where the server stands now, once it has come to where the cursor is: a member may lag behind another.
    async fn present(&self, token: &Token) -> Result<Position> {
        let mut waits = Failures::default();
        loop {
            let now = self.client.position_now(&self.selection).await?.ok_or_else(no_record)?;
            if !Position::of(token).is_some_and(|at| at.is_after(&now)) {
                return Ok(now);
            }
            if !waits.allow_another_try(&Error::transient("the server lags behind")).await {
                return Err(ahead());
            }
        }
    }

    /// The next events, as many as are there at once.
    async fn batch(&self, feed: &mut Feed) -> Result<Batch, Stop> {
        let mut batch = Batch::default();
        for _ in 0..BATCH {
            let next = feed.next_if_any(&self.client).await;
            let next = next.map_err(|error| Stop::Broken(failed(&error, &self.selection)))?;
            let Some(event) = next else { break };
            batch.time = event::time_of(&event).or(batch.time);
            match Event::of(event.as_bytes(), &self.selection)? {
                Event::Document(written) => {
                    let place = self.place_of(&written).await?;
                    let (id, touched) = written.in_place(&place)?;
                    batch.touched.insert(id, touched);
                }
                Event::Structure(what) => return Err(needs_full_sync(&what).into()),
                Event::Other => {}
            }
        }
        Ok(batch)
    }
}

/// The filter and projection of a rule, which tell for each document by itself.
fn filter_of(query: Query) -> Result<Option<Find>> {
    match query {
        Query::All => Ok(None),
        Query::Find(find) if find.is_filter() => Ok(Some(*find)),
        Query::Find(_) | Query::Aggregate(_) => Err(Error::config(
            "rules with skip, limit, sort or aggregate can't be followed change by change: run full syncs with them",
        )),
    }
}

fn another(collection: &str) -> Error {
    Error::unexpected(format!(
        "{collection} is another collection than that of the cursor: it was dropped and made again, or the server is \
         another or a restored one: run a full sync"
    ))
}

fn ahead() -> Error {
    Error::unexpected(
        "the cursor is ahead of the server's time: the server was restored from an older backup, or is another one: \
         run a full sync",
    )
}

/// A server tells only what a majority of the set has.
fn stands_still(selection: &Selection) -> Error {
    Error::transient(format!(
        "the changes of {selection} stand still before the present: has the replica set a majority of its members?"
    ))
}

fn needs_full_sync(what: &str) -> Error {
    Error::unexpected(format!("{what}, which events do not tell document by document: run a full sync"))
}

fn failed(error: &DriverError, selection: &Selection) -> Error {
    if error::is_history_lost(error) {
        return Error::unexpected(
            "the changes since the last sync are no longer in the server's record (oplog): run a full sync, \
             and more often or with a larger oplog from then on",
        )
        .caused_by(error.kind.to_string());
    }
    if error::is_foreign_token(error) {
        return Error::unexpected("the server does not know the cursor: run a full sync")
            .caused_by(error.kind.to_string());
    }
    if error::is_denied(error) {
        return not_permitted(selection).caused_by(error.kind.to_string());
    }
    error::map(error, &format!("follow the changes of {selection}"))
}

fn not_permitted(selection: &Selection) -> Error {
    let (place, role) = match (selection.database.fixed(), selection.collection.fixed()) {
        (Some(database), Some(collection)) => (format!("{database}.{collection}"), "`read`"),
        (Some(database), None) => (format!("the whole database {database}"), "`read`"),
        (None, _) => ("all databases".to_owned(), "`readAnyDatabase`"),
    };
    Error::denied(format!(
        "no right to follow changes: the privilege `changeStream` on {place} is missing, which the role {role} holds; \
         full syncs need none"
    ))
}

#[cfg(test)]
mod tests;
