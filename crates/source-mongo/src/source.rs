//! The MongoDB source.

use std::sync::Arc;

use async_trait::async_trait;
use connectors_core::{
    AdvancedRules, Change, Connector, Context, Cursor, Document, Error, Found, Incremental, Lookup, Result,
    RuleProblem, Rules, Source, Unlisted,
};
use futures::stream::BoxStream;
use futures::{StreamExt as _, TryStreamExt as _, stream};
use mongodb::options::CollectionOptions;
use tracing::warn;

use crate::changes;
use crate::client::{Client, Namespace, Selection};
use crate::config::MongoConfig;
use crate::document::Place;
use crate::listing::{self, Task};
use crate::lookup;
use crate::rules::{self, Query};
use crate::watch::Watch;

/// Collections whose readability a ping tries; of a pattern's hundreds the rest is seen in the sync.
const PINGED: usize = 10;

/// The MongoDB source: its connection and what it watches, kept between syncs.
pub struct Mongo {
    client: Arc<Client>,
    selection: Selection,
    watch: Watch,
}

impl Connector for Mongo {
    const NAME: &'static str = "mongodb";
    type Config = MongoConfig;

    fn connect(config: MongoConfig, context: &Context) -> Result<Self> {
        let selection = Selection::new(&config.database, &config.collection)?;
        let client = Client::new(config, context)?.into();
        Ok(Self { client, selection, watch: Watch::default() })
    }
}

#[async_trait]
impl Source for Mongo {
    async fn ping(&self) -> Result<()> {
        self.client.reach().await?;
        let namespaces = self.client.namespaces(&self.selection).await?;
        let (found, failed): (Vec<_>, Vec<_>) = namespaces.into_iter().partition(Result::is_ok);
        // What failed in part is told by the listing, which has the rest.
        let met = if found.is_empty() { failed } else { found };
        for namespace in met.into_iter().take(PINGED) {
            self.client.may_read(&namespace?).await?;
        }
        match changes::may_follow(&self.client, &self.selection).await {
            Err(error) if error.kind().is_passing() => Err(error),
            Err(error) => {
                warn!(selection = %self.selection, %error, "incremental syncs are not possible");
                Ok(())
            }
            Ok(()) => Ok(()),
        }
    }

    async fn backend(&self) -> Result<Option<String>> {
        self.client.deployment().await
    }

    async fn changed(&self) -> Result<bool> {
        self.watch.changed(&self.client, &self.selection).await
    }

    fn origin(&self) -> String {
        format!("{}/{}", self.client.servers(), self.selection)
    }

    fn documents<'a>(&'a self, rules: &'a Rules) -> BoxStream<'a, Result<Document>> {
        stream::once(self.listing(rules)).try_flatten().boxed()
    }

    fn lookup(&self) -> Option<&dyn Lookup> {
        Some(self)
    }

    async fn close(&self) -> Result<()> {
        self.watch.end();
        self.client.close().await;
        Ok(())
    }
}

impl Mongo {
    /// Watches from here on, then lists: what happens in between is seen by one or the other.
    async fn listing(&self, rules: &Rules) -> Result<BoxStream<'_, Result<Document>>> {
        let query = Query::of(rules)?;
        let mark = self.watch.begin(&self.client, &self.selection).await?;
        let namespaces = self.client.namespaces(&self.selection).await?;
        let all_watched = namespaces.iter().flatten().all(Namespace::has_changes);
        let mut tasks = Vec::with_capacity(namespaces.len());
        for namespace in namespaces {
            tasks.push(match namespace {
                Ok(namespace) => self.task(namespace, &query).await,
                Err(error) => Err(error),
            });
        }
        let documents = listing::documents(self.client.clone(), tasks);
        Ok(if all_watched { self.watch.complete_with(mark, documents) } else { documents })
    }

    async fn task(&self, namespace: Namespace, query: &Query) -> Result<Task> {
        let place = Place::of(&self.client, &namespace, (&self.selection, query)).await;
        let place = place.map_err(|error| error.in_scope(namespace.scope()))?;
        Ok(Task { place, namespace, query: query.clone(), options: CollectionOptions::default() })
    }
}

impl Lookup for Mongo {
    fn look_up<'a>(&'a self, wanted: &'a [Unlisted], rules: &'a Rules) -> BoxStream<'a, Result<Found>> {
        match Query::of(rules) {
            Ok(query) => lookup::look_up((self.client.clone(), self.selection.clone()), wanted, query),
            Err(error) => stream::iter([Err(error)]).boxed(),
        }
    }
}

#[async_trait]
impl Incremental for Mongo {
    async fn cursor(&self) -> Result<Cursor> {
        changes::cursor(&self.client, &self.selection).await
    }

    fn changes<'a>(&'a self, from: Cursor, rules: &'a Rules) -> BoxStream<'a, Result<Change>> {
        match Query::of(rules) {
            Ok(query) => changes::changes(self.client.clone(), self.selection.clone(), from, query),
            Err(error) => stream::iter([Err(error)]).boxed(),
        }
    }
}

#[async_trait]
impl AdvancedRules for Mongo {
    async fn validate(&self, rules: &Rules) -> Result<Vec<RuleProblem>> {
        let query = match rules::parse(rules) {
            Ok(query) => query,
            Err(problems) => return Ok(problems),
        };
        let namespaces = self.client.namespaces(&self.selection).await?;
        match namespaces.into_iter().flatten().next() {
            Some(namespace) => self.client.explain(&namespace, &query).await,
            None => Err(Error::missing("there is no collection to check the rules on")),
        }
    }
}
