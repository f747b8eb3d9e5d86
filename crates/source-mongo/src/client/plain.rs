//! Which ids of a collection have no mark: those of its scalars, or those of its texts.

use std::collections::BTreeMap;

use bson::{Document, doc};
use connectors_core::Result;
use mongodb::Client as Driver;

use super::{Client, Namespace, Selection, lock};
use crate::bson::Plain;

/// Collections that are remembered in a cursor at the most.
const MOST: usize = 100;

/// Types of `_id`s that Python prints as a text may read, in the words of `$type`.
const SCALARS: [&str; 4] = ["number", "bool", "date", "null"];
const TEXTS: [&str; 2] = ["string", "symbol"];

/// By `database.collection`.
pub(crate) type PlainIds = BTreeMap<String, Plain>;

impl Client {
    /// Which ids have no mark: those of scalars where there is one, else those of texts; as it was when one of them was
    /// first met.
    ///
    /// # Errors
    /// When the collection can't be read.
    pub(crate) async fn plain_ids(&self, namespace: &Namespace) -> Result<Plain> {
        // Without an index on `_id` the answer would cost as much as the listing.
        if !namespace.has_changes() {
            return Ok(Plain::Scalars);
        }
        let name = namespace.to_string();
        let known = lock(&self.plain_ids).get(&name).copied();
        if let Some(known) = known {
            return Ok(known);
        }
        let found = if self.has(namespace, &SCALARS).await? {
            Plain::Scalars
        } else if self.has(namespace, &TEXTS).await? {
            Plain::Texts
        } else {
            return Ok(Plain::default());
        };
        Ok(*lock(&self.plain_ids).entry(name).or_insert(found))
    }

    /// Asks each collection of a selection again.
    ///
    /// # Errors
    /// When the server can't be reached.
    pub(crate) async fn plain_ids_now(&self, selection: &Selection) -> Result<PlainIds> {
        lock(&self.plain_ids).clear();
        for namespace in self.present_namespaces(selection).await?.into_iter().take(MOST) {
            match self.plain_ids(&namespace).await {
                Err(error) if error.kind().is_passing() => return Err(error),
                // What can't be read is an error of the listing.
                Err(_) | Ok(_) => {}
            }
        }
        Ok(self.known_plain_ids())
    }

    /// Those that were asked, as many as a cursor remembers.
    pub(crate) fn known_plain_ids(&self) -> PlainIds {
        let known = lock(&self.plain_ids);
        known.iter().take(MOST).map(|(name, plain)| (name.clone(), *plain)).collect()
    }

    /// Goes by what a cursor remembers; texts had no mark where it is of a version that remembers nothing.
    ///
    /// # Errors
    /// When the server can't be reached.
    pub(crate) async fn recall_plain_ids(
        &self,
        selection: &Selection,
        known: Option<&PlainIds>,
    ) -> Result<()> {
        let known = match known {
            Some(known) => known.clone(),
            None => {
                let namespaces = self.present_namespaces(selection).await?;
                namespaces.iter().map(|namespace| (namespace.to_string(), Plain::Texts)).collect()
            }
        };
        lock(&self.plain_ids).extend(known);
        Ok(())
    }

    /// The collections that are there; what is missing or hidden is an error of the listing.
    async fn present_namespaces(&self, selection: &Selection) -> Result<Vec<Namespace>> {
        match self.namespaces(selection).await {
            Err(error) if error.kind().is_passing() => Err(error),
            Err(_) => Ok(Vec::new()),
            Ok(namespaces) => Ok(namespaces.into_iter().flatten().collect()),
        }
    }

    /// Whether there is an `_id` of these types; the index on `_id` tells.
    async fn has(&self, namespace: &Namespace, types: &[&str]) -> Result<bool> {
        let find = |driver: Driver| async move {
            let collection =
                driver.database(&namespace.database).collection::<Document>(&namespace.collection);
            collection.find_one(doc! {"_id": {"$type": types}}).projection(doc! {"_id": 1}).await
        };
        Ok(self.ask(&format!("read {namespace}"), find).await?.is_some())
    }
}
