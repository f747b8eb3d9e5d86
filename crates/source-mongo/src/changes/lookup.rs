//! The changed documents as they are now.

use std::collections::BTreeMap;
use std::future::IntoFuture as _;

use bson::{Bson, Document, RawDocumentBuf, doc};
use bytes::Bytes;
use connectors_core::{Change, DocumentId, Result};
use futures::TryStreamExt as _;
use mongodb::error::Error as DriverError;
use mongodb::options::{FindOptions, ReadPreference, SelectionCriteria};

use super::event::Touched;
use super::{Batch, Follower};
use crate::client::{Namespace, error};
use crate::document::Place;
use crate::rules::Find;

/// The `_id`s to look up in one collection.
type Wanted = BTreeMap<DocumentId, Bson>;

impl Follower {
    /// Hands on what became of the documents of a batch.
    ///
    /// Written documents are read now, each once however often it was written; one that is gone by now, or
    /// that the rule does not take, is a delete.
    pub(super) async fn send(&self, batch: Batch, rule: Option<&Find>) -> Result<()> {
        let mut written: BTreeMap<String, (Namespace, Wanted)> = BTreeMap::new();
        for (id, touched) in batch {
            match touched {
                Touched::Removed => self.hand_on(Ok(Change::Delete(id))).await,
                Touched::Written(namespace, value) => {
                    let (_, wanted) =
                        written.entry(namespace.to_string()).or_insert((namespace, Wanted::new()));
                    wanted.insert(id, value);
                }
            }
        }
        for (namespace, wanted) in written.into_values() {
            self.look_up(&namespace, wanted, rule).await?;
        }
        Ok(())
    }

    async fn look_up(&self, namespace: &Namespace, mut wanted: Wanted, rule: Option<&Find>) -> Result<()> {
        let failed = |error: DriverError| error::map(&error, &format!("read {namespace}"));
        let place = Place::new(namespace, &self.selection, self.client.legacy_uuid());
        let doing = format!("read {namespace}");
        let collection = self.client.collection(namespace).await?.clone_with_type::<RawDocumentBuf>();
        let (filter, options) = query(&wanted, rule);
        let find = collection.find(filter).with_options(options).into_future();
        let mut found = self.client.within(&doing, find).await.map_err(failed)?;
        while let Some(raw) = self.client.within(&doing, found.try_next()).await.map_err(failed)? {
            let document = place.document(Bytes::from(raw.into_bytes()));
            if let Ok(document) = &document {
                wanted.remove(document.id());
            }
            let change = document.map(Change::Upsert).map_err(|error| error.in_scope(place.scope()));
            self.hand_on(change).await;
        }
        for id in wanted.into_keys() {
            self.hand_on(Ok(Change::Delete(id))).await;
        }
        Ok(())
    }

    /// A receiver that is gone ends the task by itself.
    async fn hand_on(&self, change: Result<Change>) {
        let _ = self.sender.send(change).await;
    }
}

/// From the primary: a secondary might not know of the change yet.
fn query(wanted: &Wanted, rule: Option<&Find>) -> (Document, FindOptions) {
    let ids = doc! {"_id": {"$in": wanted.values().cloned().collect::<Vec<_>>()}};
    let mut options = FindOptions::default();
    options.batch_size = u32::try_from(wanted.len() + 1).ok();
    options.selection_criteria = Some(SelectionCriteria::ReadPreference(ReadPreference::Primary));
    let Some(rule) = rule else { return (ids, options) };
    options.projection.clone_from(&rule.projection);
    (doc! {"$and": [ids, rule.filter.clone()]}, options)
}
