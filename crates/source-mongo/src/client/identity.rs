//! Which deployment answers.

use std::collections::BTreeMap;

use bson::{Bson, Document, doc};
use connectors_core::{Error, Result};
use futures::TryStreamExt as _;
use mongodb::Client as Driver;

use super::{Client, Selection};

/// Collections that are remembered at the most.
const MOST: usize = 100;

/// The server's own ids of collections, by `database.collection`: a restored or another deployment has others.
pub(crate) type Uuids = BTreeMap<String, String>;

impl Client {
    /// What identifies the deployment: the same after restarts and elections, and when members come and go. None for a
    /// single server, which keeps no record of changes.
    ///
    /// # Errors
    /// When the server can't be reached.
    pub(crate) async fn deployment(&self) -> Result<Option<String>> {
        let hello = self.told("admin", doc! {"hello": 1}).await?.unwrap_or_default();
        if let Ok(set) = hello.get_str("setName") {
            let config = self.told("admin", doc! {"replSetGetConfig": 1}).await?;
            let id = config.as_ref().and_then(|config| config.get_document("config").ok());
            let id = id.and_then(|config| config.get_document("settings").ok());
            let id = id.and_then(|settings| settings.get_object_id("replicaSetId").ok());
            return Ok(Some(
                id.map_or_else(|| format!("replica set {set}"), |id| format!("replica set {set} {id}")),
            ));
        }
        if hello.get_str("msg").is_ok_and(|msg| msg == "isdbgrid") {
            let version = self.told("config", doc! {"find": "version", "limit": 1}).await?;
            let first = version.as_ref().and_then(|reply| reply.get_document("cursor").ok());
            let first = first.and_then(|cursor| cursor.get_array("firstBatch").ok()?.first()?.as_document());
            let id = first.and_then(|version| version.get_object_id("clusterId").ok());
            return Ok(Some(
                id.map_or_else(|| "sharded cluster".to_owned(), |id| format!("sharded cluster {id}")),
            ));
        }
        Ok(None)
    }

    /// What the server answers; none where the user may not ask, or the server does not know the command.
    async fn told(&self, database: &str, command: Document) -> Result<Option<Document>> {
        let asked = self.ask("ask who answers", |driver: Driver| {
            let command = command.clone();
            async move { driver.database(database).run_command(command).await }
        });
        asked.await.map_or_else(unless_passing, |reply| Ok(Some(reply)))
    }

    /// The ids of up to a hundred collections of a selection, as far as the user may see them.
    ///
    /// # Errors
    /// When the server can't be reached.
    pub(crate) async fn uuids(&self, selection: &Selection) -> Result<Uuids> {
        let databases = match selection.database.fixed() {
            Some(name) => vec![name.to_owned()],
            None => self.permitted_databases().await.or_else(unless_passing_empty)?,
        };
        let mut found = Uuids::new();
        for database in databases.iter().filter(|name| selection.takes_database(name)) {
            let filter = match selection.collection.fixed() {
                Some(name) => doc! {"name": name},
                None => doc! {},
            };
            let of_database = self.uuids_of(database, filter).await?.into_iter();
            let room = MOST.saturating_sub(found.len());
            let taken = of_database.filter(|(name, _)| selection.takes(database, name)).take(room);
            found.extend(taken.map(|(name, uuid)| (format!("{database}.{name}"), uuid)));
        }
        Ok(found)
    }

    /// The first of these collections that is there under another id.
    ///
    /// # Errors
    /// When the server can't be reached.
    pub(crate) async fn replaced(&self, known: &Uuids) -> Result<Option<String>> {
        let mut databases: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for (database, name) in known.keys().filter_map(|name| name.split_once('.')) {
            databases.entry(database).or_default().push(name);
        }
        for (database, names) in databases {
            let now = self.uuids_of(database, doc! {"name": {"$in": names}}).await?;
            let mut now = now.into_iter().map(|(name, uuid)| (format!("{database}.{name}"), uuid));
            if let Some((name, _)) =
                now.find(|(name, uuid)| known.get(name).is_some_and(|known| known != uuid))
            {
                return Ok(Some(name));
            }
        }
        Ok(None)
    }

    async fn uuids_of(&self, database: &str, filter: Document) -> Result<BTreeMap<String, String>> {
        let command = doc! {"listCollections": 1, "filter": filter};
        let list = |driver: Driver| {
            let command = command.clone();
            async move {
                let cursor = driver.database(database).run_cursor_command(command).await?;
                cursor.try_collect::<Vec<Document>>().await
            }
        };
        let listed = self.ask(&format!("list the collections of {database}"), list).await;
        let uuid = |entry: &Document| {
            let Bson::Binary(uuid) = entry.get_document("info").ok()?.get("uuid")? else { return None };
            Some((entry.get_str("name").ok()?.to_owned(), uuid.to_uuid().ok()?.to_string()))
        };
        Ok(listed.or_else(unless_passing_empty)?.iter().filter_map(uuid).collect())
    }
}

fn unless_passing<T>(error: Error) -> Result<Option<T>> {
    if error.kind().is_passing() { Err(error) } else { Ok(None) }
}

fn unless_passing_empty<T>(error: Error) -> Result<Vec<T>> {
    unless_passing(error).map(Option::unwrap_or_default)
}
