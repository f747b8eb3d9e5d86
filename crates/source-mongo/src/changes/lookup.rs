//! The changed documents as they are now.

use std::collections::BTreeMap;

use connectors_core::{Change, Result};

use super::event::Touched;
use super::{Batch, Follower};
use crate::by_id::{ById, Wanted};
use crate::client::Namespace;
use crate::rules::Find;

impl Follower {
    /// Hands on what became of the documents of a batch.
    ///
    /// Written documents are read now, each once however often it was written; one that is gone by now, or
    /// that the rule does not take, is a delete.
    pub(super) async fn send(&self, batch: Batch, rule: Option<&Find>) -> Result<()> {
        let mut written: BTreeMap<String, (Namespace, Wanted)> = BTreeMap::new();
        for (id, touched) in batch.touched {
            match touched {
                Touched::Removed => self.hand_on(Change::Delete(id)).await,
                Touched::Written(namespace, value) => {
                    let (_, wanted) =
                        written.entry(namespace.to_string()).or_insert((namespace, Wanted::new()));
                    wanted.insert(id, value);
                }
            }
        }
        for (namespace, mut wanted) in written.into_values() {
            let place = self.place(&namespace).await?;
            let reading = ById { client: &self.client, namespace, place, rule, not_before: batch.time };
            reading.read(&mut wanted, (&self.sender, Change::Upsert)).await?;
            for id in wanted.into_keys() {
                self.hand_on(Change::Delete(id)).await;
            }
        }
        Ok(())
    }

    /// A receiver that is gone ends the task by itself.
    async fn hand_on(&self, change: Change) {
        let _ = self.sender.send(Ok(change)).await;
    }
}
