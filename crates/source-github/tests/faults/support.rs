//! An organization, a connection to it, and what a sync would read.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use connectors_core::{
    Connection, Context, Document, Error, Found, Limits, Registered, Result, Retry, Rules, Unlisted,
};
use futures::StreamExt;
use serde_json::{Map, Value, json};

use crate::server::{Server, TOKEN};
use crate::world::{ACME, Item, REPOSITORIES};

/// Enough for second pages of the issues of each repository.
pub(crate) const ITEMS: usize = 640;

/// A server with repositories and items.
pub(crate) async fn filled(items: usize) -> Server {
    let server = Server::start().await.unwrap();
    {
        let mut all = server.all();
        all.world.clear(REPOSITORIES);
        (0..items).for_each(|number| all.world.put(number, 0));
    }
    server
}

/// A server whose first repository has second pages, and whose others are empty: each call is there, and few of a kind.
pub(crate) async fn small() -> Server {
    let server = filled(0).await;
    let first = (0..ITEMS).filter(|number| item(*number).repository() == 0);
    first.for_each(|number| server.all().world.put(number, 0));
    server
}

pub(crate) fn settings(server: &Server) -> Map<String, Value> {
    let settings = json!({
        "data_source": "github_server", "host": server.url(), "token": TOKEN, "repo_type": "organization",
        "org_name": ACME, "files": "all", "rate": 1000,
    });
    settings.as_object().cloned().unwrap()
}

pub(crate) fn with(server: &Server, more: Value) -> Map<String, Value> {
    let mut settings = settings(server);
    settings.extend(more.as_object().cloned().unwrap());
    settings
}

pub(crate) fn connect(settings: &Map<String, Value>) -> Box<dyn Connection> {
    let wait = Duration::from_millis(1);
    let retry = Retry { initial: wait, longest: wait, ..Retry::default() };
    let context = Context { limits: Limits { retry, ..Limits::default() }, ..Context::default() };
    source_github::SOURCE.connect(settings, &context).unwrap()
}

/// What a sync into an empty index reads: a listing, and the bodies that it lacks.
#[derive(Default)]
pub(crate) struct Read {
    /// Scope and fields of each document, by id.
    pub(crate) documents: BTreeMap<String, (String, Value)>,
    /// The scopes of documents without an answer to their lookup, by id.
    pub(crate) unanswered: BTreeMap<String, String>,
    pub(crate) gone: BTreeSet<String>,
    pub(crate) errors: Vec<Error>,
}

impl Read {
    pub(crate) async fn of(connection: &dyn Connection) -> Self {
        let (mut read, mut wanted) = (Self::default(), Vec::new());
        let rules = Rules::NONE;
        let mut documents = connection.source().documents(&rules);
        while let Some(listed) = documents.next().await {
            match listed {
                Ok(document) if document.is_looked_up() => wanted.push(unlisted(&document)),
                Ok(document) => read.take(document),
                Err(error) => read.errors.push(error),
            }
        }
        for chunk in wanted.chunks(500) {
            let found = looked_up(connection, chunk).await;
            found.into_iter().for_each(|found| read.answer(found));
        }
        for Unlisted { id, scope } in wanted {
            let id = id.into_string();
            if !read.documents.contains_key(&id) && !read.gone.contains(&id) {
                read.unanswered.insert(id, scope.unwrap());
            }
        }
        read
    }

    fn take(&mut self, document: Document) {
        let scope = document.lies_in().unwrap().to_owned();
        let parts = document.into_parts();
        let body = serde_json::from_slice(&parts.body.into_bytes().unwrap()).unwrap();
        let twice = self.documents.insert(parts.id.into_string(), (scope, body));
        assert!(twice.is_none(), "listed twice: {twice:?}");
    }

    fn answer(&mut self, found: Result<Found>) {
        match found {
            Ok(Found::There(document)) => self.take(document),
            Ok(Found::Gone(id)) => drop(self.gone.insert(id.into_string())),
            Err(error) => self.errors.push(error),
        }
    }
}

fn unlisted(document: &Document) -> Unlisted {
    Unlisted { id: document.id().clone(), scope: document.lies_in().map(str::to_owned) }
}

pub(crate) async fn looked_up(connection: &dyn Connection, wanted: &[Unlisted]) -> Vec<Result<Found>> {
    connection.source().lookup().unwrap().look_up(wanted, &Rules::NONE).collect().await
}

/// A document that is asked for by its id.
pub(crate) fn wanted(id: &str, scope: &str) -> Unlisted {
    Unlisted { id: id.into(), scope: (!scope.is_empty()).then(|| scope.to_owned()) }
}

pub(crate) fn item(number: usize) -> Item {
    Item { number, revision: 0 }
}
