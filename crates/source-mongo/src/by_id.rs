//! Single documents, read by their `_id`.

use std::collections::BTreeMap;

use bson::raw::cstr;
use bson::{RawDocumentBuf, Timestamp, rawdoc};
use bytes::Bytes;
use connectors_core::{Document, DocumentId, Error, Result};
use futures::StreamExt as _;
use mongodb::error::Error as DriverError;
use mongodb::options::{ReadPreference, RunCursorCommandOptions, SelectionCriteria};
use mongodb::raw_batch_cursor::RawBatchCursor;
use tokio::sync::mpsc::Sender;
use tracing::debug;

use crate::attempts::Failures;
use crate::bson::{RawId, any_of};
use crate::client::{Client, Namespace, error};
use crate::document::Place;
use crate::rules::Find;

/// Documents that are asked for at a time.
const ASKED: usize = 1000;

/// The `_id`s to look up in one collection.
pub(crate) type Wanted = BTreeMap<DocumentId, RawId>;

/// Documents of one collection, from the primary: a secondary may not know of a change yet. Only what a majority of the
/// servers has counts, since the rest may be undone when the primary is lost.
pub(crate) struct ById<'a> {
    pub(crate) client: &'a Client,
    pub(crate) namespace: Namespace,
    pub(crate) place: Place,
    /// Documents that it leaves out are not there.
    pub(crate) rule: Option<&'a Find>,
    /// The answers hold everything up to this time; none outside of a replica set.
    pub(crate) not_before: Option<Timestamp>,
}

impl ById<'_> {
    /// Sends what is there, and takes it out of `wanted`: what is left when this succeeds is not there.
    ///
    /// # Errors
    /// When it could not be read to the end, also by further tries.
    pub(crate) async fn read<T>(
        &self,
        wanted: &mut Wanted,
        (sender, found): (&Sender<Result<T>>, impl Fn(Document) -> T),
    ) -> Result<()> {
        let mut asked = std::mem::take(wanted);
        while !asked.is_empty() {
            let rest = asked.keys().nth(ASKED).cloned();
            let mut chunk = asked;
            asked = rest.map(|from| chunk.split_off(&from)).unwrap_or_default();
            let read = self.chunk(&mut chunk, (sender, &found)).await;
            wanted.append(&mut chunk);
            if read.is_err() {
                wanted.append(&mut asked);
                return read;
            }
        }
        Ok(())
    }

    async fn chunk<T>(
        &self,
        wanted: &mut Wanted,
        (sender, found): (&Sender<Result<T>>, &impl Fn(Document) -> T),
    ) -> Result<()> {
        let mut failures = Failures::default();
        loop {
            let before = wanted.len();
            let Err(error) = self.attempt(wanted, (sender, found)).await else { return Ok(()) };
            if wanted.len() < before {
                failures = Failures::default();
            }
            if !failures.allow_another_try(&error).await {
                return Err(error);
            }
            debug!(namespace = %self.namespace, %error, "the rest is asked for again");
        }
    }

    async fn attempt<T>(
        &self,
        wanted: &mut Wanted,
        (sender, found): (&Sender<Result<T>>, &impl Fn(Document) -> T),
    ) -> Result<()> {
        let doing = format!("read {}", self.namespace);
        let failed = |error: DriverError| error::map(&error, &doing);
        let mut cursor = self.client.within(&doing, self.open(wanted)).await.map_err(failed)?;
        loop {
            let next = async { cursor.next().await.transpose() };
            let Some(reply) = self.client.within(&doing, next).await.map_err(failed)? else { return Ok(()) };
            for raw in reply.doc_slices().map_err(failed)? {
                let raw = raw.ok().and_then(|raw| raw.as_document());
                let raw = raw.ok_or_else(|| Error::unexpected("the server's reply can't be read"))?;
                let document = self.place.document(Bytes::copy_from_slice(raw.as_bytes()))?;
                // A collation may hold other ids to be equal.
                if wanted.remove(document.id()).is_some() {
                    // A receiver that is gone ends the task by itself.
                    let _ = sender.send(Ok(found(document))).await;
                }
            }
        }
    }

    async fn open(&self, wanted: &Wanted) -> Result<RawBatchCursor, DriverError> {
        let command = self.command(wanted)?;
        let driver = self.client.driver().await.map_err(DriverError::custom)?;
        let mut options = RunCursorCommandOptions::default();
        options.selection_criteria = Some(SelectionCriteria::ReadPreference(ReadPreference::Primary));
        let database = driver.database(&self.namespace.database);
        database.run_raw_cursor_command(command).with_options(options).batch().await
    }

    /// As a command, which takes any bytes for an `_id`.
    fn command(&self, wanted: &Wanted) -> Result<RawDocumentBuf, DriverError> {
        let ids = any_of(wanted.values());
        let mut command = rawdoc! {"find": self.namespace.collection.as_str()};
        match self.rule {
            None => command.append(cstr!("filter"), ids),
            Some(rule) => {
                let rule = RawDocumentBuf::try_from(&rule.filter)?;
                command.append(cstr!("filter"), rawdoc! {"$and": [ids, rule]});
            }
        }
        if let Some(projection) = self.rule.and_then(|rule| rule.projection.as_ref()) {
            command.append(cstr!("projection"), RawDocumentBuf::try_from(projection)?);
        }
        // One more than there are, so that one reply is all.
        command.append(cstr!("batchSize"), i32::try_from(wanted.len() + 1).unwrap_or(i32::MAX));
        if let Some(time) = self.not_before {
            command.append(cstr!("readConcern"), rawdoc! {"level": "majority", "afterClusterTime": time});
        }
        Ok(command)
    }
}
