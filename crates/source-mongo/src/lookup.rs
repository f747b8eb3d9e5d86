//! Documents that a listing did not name: whether they are there all the same.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use bson::{Bson, Document as BsonDocument, Timestamp, doc};
use connectors_core::{DocumentId, Error, Found, Result, Unlisted};
use futures::stream::BoxStream;
use mongodb::options::{CollectionOptions, ReadConcern, ReadPreference, SelectionCriteria};
use tokio::sync::mpsc::Sender;

use crate::ahead::stream_of;
use crate::attempts::Failures;
use crate::bson::{Inverse, RawId};
use crate::by_id::{ById, Wanted};
use crate::client::{Client, Namespace, Selection, names_of};
use crate::document::{Place, id_value};
use crate::listing::{Batch, Cursor, Part, Task};
use crate::rules::{Find, Query};

/// Answers that wait to be taken.
const AHEAD: usize = 16;

/// Documents of a reply when a whole rule is read.
const REPLY: u32 = 1000;

/// What became of these documents, collection by collection.
pub(crate) fn look_up(
    (client, selection): (Arc<Client>, Selection),
    wanted: &[Unlisted],
    query: Query,
) -> BoxStream<'static, Result<Found>> {
    let mut scopes: BTreeMap<Option<String>, BTreeSet<DocumentId>> = BTreeMap::new();
    for one in wanted {
        scopes.entry(scope_of(one, &selection)).or_default().insert(one.id.clone());
    }
    stream_of(AHEAD, move |sender| async move {
        let asker = Asker { client, selection, query, sender };
        for (scope, ids) in scopes {
            let asked = asker.scope(scope.as_deref(), ids).await;
            if let Err(error) = asked {
                let error = error.in_scope(scope.unwrap_or_default());
                let _ = asker.sender.send(Err(error)).await;
            }
        }
    })
}

/// The scope that a document was indexed with; where none is kept, the one that its id or the settings name.
fn scope_of(one: &Unlisted, selection: &Selection) -> Option<String> {
    let named = || match (selection.database.fixed(), selection.collection.fixed()) {
        (Some(database), Some(collection)) => Some(Namespace::plain(database, collection).scope()),
        _ => {
            let (namespace, _) = one.id.as_str().split_once('/')?;
            namespace.split_once('.').map(|(database, collection)| format!("{database}/{collection}"))
        }
    };
    one.scope.clone().or_else(named)
}

struct Asker {
    client: Arc<Client>,
    selection: Selection,
    query: Query,
    sender: Sender<Result<Found>>,
}

type Ids = BTreeSet<DocumentId>;

impl Asker {
    async fn scope(&self, scope: Option<&str>, ids: Ids) -> Result<()> {
        let unknown = || Error::unexpected("it is not known in which collection a document lay");
        let (database, collection) = scope.and_then(names_of).ok_or_else(unknown)?;
        if !self.selection.takes(database, &collection) {
            return self.gone(ids).await;
        }
        // Nothing that a listing saw is missed: it may have read what a majority has only by now.
        let time = self.client.operation_time().await?;
        let Some(namespace) = self.client.present(database, &collection).await? else {
            return self.gone(ids).await;
        };
        match &self.query {
            Query::All => self.by_id((namespace, time), ids, None).await,
            Query::Find(find) if find.is_filter() => self.by_id((namespace, time), ids, Some(find)).await,
            Query::Find(_) | Query::Aggregate(_) => self.by_rule(namespace, ids).await,
        }
    }

    async fn gone(&self, ids: Ids) -> Result<()> {
        for id in ids {
            // A receiver that is gone ends the task by itself.
            let _ = self.sender.send(Ok(Found::Gone(id))).await;
        }
        Ok(())
    }

    /// Asks for each `_id`; those that an id does not tell are found among those of their types first.
    async fn by_id(
        &self,
        (namespace, not_before): (Namespace, Option<Timestamp>),
        ids: Ids,
        rule: Option<&Find>,
    ) -> Result<()> {
        let place = Place::of(&self.client, &namespace, (&self.selection, &self.query)).await?;
        let mut told = Told::of(ids, &place);
        self.gone(std::mem::take(&mut told.foreign)).await?;
        let task = Task {
            query: Query::All,
            options: confirming(),
            place: place.clone(),
            namespace: namespace.clone(),
        };
        let mut seen = self.among(task, &mut told, rule).await?;
        self.gone(told.untold).await?;
        let reading = ById { client: &self.client, namespace, place, rule, not_before };
        reading.read(&mut told.values, (&self.sender, Found::There)).await?;
        self.gone(told.values.into_keys().collect()).await?;
        reading.read(&mut seen, (&self.sender, Found::There)).await?;
        match seen.len() {
            0 => Ok(()),
            // Removed in between, or of a kind that can't be asked for: the next sync knows.
            left => {
                Err(Error::transient("some documents were seen and could then not be read")
                    .with("number", left))
            }
        }
    }

    /// The `_id`s of the types in question that have a wanted id, each taken out of those that are not told.
    async fn among(&self, mut task: Task, told: &mut Told, rule: Option<&Find>) -> Result<Wanted> {
        let mut seen = Wanted::new();
        if told.untold.is_empty() {
            return Ok(seen);
        }
        let of_types = doc! {"_id": {"$type": told.types()}};
        let filter = match rule {
            Some(rule) => doc! {"$and": [of_types, rule.filter.clone()]},
            None => of_types,
        };
        let projection = Some(doc! {"_id": 1});
        task.query = Query::Find(Box::new(Find { filter, projection, ..Find::default() }));
        let task = Arc::new(task);
        self.each(&task, |raw| {
            let value = id_value(raw).ok().flatten();
            let id = value.and_then(|value| task.place.id(value).ok());
            if let Some(id) = id.filter(|id| told.untold.remove(id))
                && let Ok(Some(raw)) = RawId::of(raw)
            {
                seen.insert(id, raw);
            }
        })
        .await?;
        Ok(seen)
    }

    /// Reads what the rule takes once more: what counts is its result.
    async fn by_rule(&self, namespace: Namespace, mut ids: Ids) -> Result<()> {
        let place = Place::of(&self.client, &namespace, (&self.selection, &self.query)).await?;
        let told = Told::of(ids.clone(), &place);
        let task = Task { query: narrowed(&self.query, &told), options: confirming(), place, namespace };
        let task = Arc::new(task);
        let mut there = Vec::new();
        self.each(&task, |raw| {
            let document = task.place.document(bytes::Bytes::copy_from_slice(raw));
            if let Ok(document) = document
                && ids.remove(document.id())
            {
                there.push(document);
            }
        })
        .await?;
        for document in there {
            let _ = self.sender.send(Ok(Found::There(document))).await;
        }
        self.gone(ids).await
    }

    /// Reads what a task's query takes, from the start again after a failure that may pass.
    async fn each(&self, task: &Arc<Task>, mut take: impl FnMut(&[u8])) -> Result<()> {
        let mut failures = Failures::default();
        loop {
            let Err(error) = self.pass(task, &mut take).await else { return Ok(()) };
            if !failures.allow_another_try(&error).await {
                return Err(error);
            }
        }
    }

    async fn pass(&self, task: &Arc<Task>, take: &mut impl FnMut(&[u8])) -> Result<()> {
        let doing = task.doing();
        let failed = |error| crate::client::error::map(&error, &doing);
        let opened = Cursor::open(&self.client, (task, Part::Whole), None, REPLY).await;
        let mut cursor = opened.map_err(failed)?;
        while let Some(reply) = cursor.next(&self.client, &doing).await.map_err(failed)? {
            Batch::of(reply, 0)?.raw().for_each(&mut *take);
        }
        Ok(())
    }
}

/// Only what a majority has, from the primary.
fn confirming() -> CollectionOptions {
    let primary = SelectionCriteria::ReadPreference(ReadPreference::Primary);
    let mut options = CollectionOptions::default();
    (options.read_concern, options.selection_criteria) = (Some(ReadConcern::majority()), Some(primary));
    options
}

/// Ids by what they tell of their `_id`.
struct Told {
    /// The `_id` itself.
    values: Wanted,
    /// Its types at most.
    untold: Ids,
    types: BTreeSet<&'static str>,
    /// That no document of the place has it.
    foreign: Ids,
}

impl Told {
    fn of(ids: Ids, place: &Place) -> Self {
        let mut told =
            Self { values: Wanted::new(), untold: Ids::new(), types: BTreeSet::new(), foreign: Ids::new() };
        for id in ids {
            match place.inverse(&id) {
                Some(Inverse::Value(value)) => drop(told.values.insert(id, value)),
                Some(Inverse::Among(types)) => {
                    told.types.extend(types);
                    told.untold.insert(id);
                }
                None => drop(told.foreign.insert(id)),
            }
        }
        told
    }

    fn types(&self) -> Vec<Bson> {
        self.types.iter().map(|name| Bson::from(*name)).collect()
    }
}

/// A pipeline leaves out at its end what is not wanted. What a `find` takes depends on all that it sees, so it stays as
/// it is.
fn narrowed(query: &Query, told: &Told) -> Query {
    let Query::Aggregate(rule) = query else { return query.clone() };
    let values: Option<Vec<Bson>> = told.values.values().map(RawId::value).collect();
    let Some(values) = values else { return query.clone() };
    let mut either: Vec<BsonDocument> = vec![doc! {"_id": {"$in": values}}];
    if !told.types.is_empty() {
        either.push(doc! {"_id": {"$type": told.types()}});
    }
    let mut rule = rule.clone();
    rule.pipeline.push(doc! {"$match": {"$or": either}});
    Query::Aggregate(rule)
}
