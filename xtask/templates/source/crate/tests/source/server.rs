//! A small server in this process that speaks the protocol of the real one, with items that are made from their
//! numbers.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::ops::Bound::{Excluded, Unbounded};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use chrono::{DateTime, FixedOffset, TimeDelta};
use connectors_testkit::{Result, Service, Tokens};
use serde_json::{Value, json};

/// A client that may read.
pub(crate) const CLIENT: &str = "reader";
/// A client that may not.
pub(crate) const GUEST: &str = "guest";
/// The secret of both.
pub(crate) const SECRET: &str = "s3cret-of-the-client";
/// What every token begins with.
pub(crate) const TOKEN: &str = "t0ken-";

const FOLDERS: usize = 8;
/// Items of a page.
const PAGE: usize = 100;
/// Requests after which a token is worth nothing.
const USES: usize = 200;

/// Where the server stands.
const EAST: FixedOffset = match FixedOffset::east_opt(2 * 3600) {
    Some(offset) => offset,
    None => panic!("two hours are an offset"),
};

type Shared = Arc<Mutex<Items>>;

/// The items by folder and number, with their revision.
#[derive(Default)]
pub(crate) struct Items {
    folders: [BTreeMap<usize, u32>; FOLDERS],
    removed: BTreeSet<usize>,
    /// Whether the second page of a folder in the middle fails.
    pub(crate) is_broken: bool,
    /// The number of the item whose file can't be read.
    pub(crate) broken_file: Option<usize>,
}

impl Items {
    pub(crate) fn put(&mut self, number: usize, revision: u32) {
        self.folders[number % FOLDERS].insert(number, revision);
    }

    pub(crate) fn remove(&mut self, number: usize) {
        self.folders[number % FOLDERS].remove(&number);
        self.removed.insert(number);
    }

    pub(crate) fn clear(&mut self) {
        self.folders = Default::default();
        self.removed.clear();
    }

    pub(crate) fn mend(&mut self) {
        (self.is_broken, self.broken_file) = (false, None);
    }

    fn page(&self, folder: usize, after: Option<usize>) -> Value {
        let start = after.map_or(Unbounded, Excluded);
        let mut items: Vec<(usize, u32)> = self.folders[folder]
            .range((start, Unbounded))
            .map(|(number, revision)| (*number, *revision))
            .take(PAGE + 1)
            .collect();
        let next = (items.len() > PAGE).then(|| items[PAGE - 1].0.to_string());
        items.truncate(PAGE);
        json!({"items": items.into_iter().map(item).collect::<Vec<_>>(), "next": next})
    }
}

pub(crate) fn id(number: usize) -> String {
    format!("item/{number}")
}

pub(crate) fn folder(number: usize) -> String {
    format!("folder {}", number % FOLDERS)
}

pub(crate) fn title(number: usize, revision: u32) -> String {
    format!("Item {number}, revision {revision}")
}

pub(crate) fn tags(number: usize) -> Vec<&'static str> {
    ["red", "green", "blue"].into_iter().take(number % 4).collect()
}

pub(crate) fn text(number: usize, revision: u32) -> String {
    format!("Item {number}, revision {revision}: Grüße vom Server.\n").repeat(1 + number % 7)
}

/// As a server east of Greenwich writes it.
pub(crate) fn updated_at(number: usize, revision: u32) -> DateTime<FixedOffset> {
    let seconds = i64::try_from(number).unwrap_or_default() + 86_400 * i64::from(revision);
    DateTime::UNIX_EPOCH.with_timezone(&EAST) + TimeDelta::days(19_000) + TimeDelta::seconds(seconds)
}

fn item((number, revision): (usize, u32)) -> Value {
    json!({
        "id": id(number),
        "title": title(number, revision),
        "tags": tags(number),
        "revision": revision,
        "updated_at": updated_at(number, revision).to_rfc3339(),
        "file": {"name": format!("{number}.txt"), "size": text(number, revision).len()},
    })
}

/// A server on a port of its own; dropping it ends it.
pub(crate) struct Server {
    items: Shared,
    service: Service,
}

impl Server {
    pub(crate) async fn start() -> Result<Self> {
        let items = Shared::default();
        Ok(Self { service: Service::start(router(&items)).await?, items })
    }

    pub(crate) fn url(&self) -> String {
        self.service.url()
    }

    pub(crate) fn change(&self, change: impl FnOnce(&mut Items)) {
        change(&mut locked(&self.items));
    }
}

fn locked(items: &Shared) -> MutexGuard<'_, Items> {
    items.lock().unwrap_or_else(PoisonError::into_inner)
}

fn router(items: &Shared) -> Router {
    let router = Router::new()
        .route("/api/me", get(|| async { Json(json!({"name": CLIENT})) }))
        .route("/api/folders", get(|| async { Json((0..FOLDERS).map(folder).collect::<Vec<_>>()) }))
        .route("/api/items", get(list))
        .route("/api/items/{id}/file", get(file))
        .with_state(items.clone());
    Tokens::new((SECRET, TOKEN), USES).reader(CLIENT).guest(GUEST).guard("/oauth/token", router)
}

async fn list(State(items): State<Shared>, Query(query): Query<HashMap<String, String>>) -> Response {
    let Some(folder) = (0..FOLDERS).find(|number| query.get("folder") == Some(&folder(*number))) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let after = query.get("cursor").and_then(|cursor| cursor.parse().ok());
    let items = locked(&items);
    if items.is_broken && folder == FOLDERS / 2 && after.is_some() {
        return (StatusCode::INTERNAL_SERVER_ERROR, "the index of this folder is broken").into_response();
    }
    let mut page = items.page(folder, after);
    if let (Some("with"), None, Some(listed)) =
        (query.get("removed").map(String::as_str), after, page["items"].as_array_mut())
    {
        let removed = items.removed.iter().filter(|number| **number % FOLDERS == folder);
        listed.extend(removed.map(|number| item((*number, 0))));
    }
    Json(page).into_response()
}

async fn file(State(items): State<Shared>, Path(id): Path<String>) -> Response {
    let items = locked(&items);
    let number = id.strip_prefix("item/").and_then(|number| number.parse::<usize>().ok());
    let found = number.and_then(|number| Some((number, *items.folders[number % FOLDERS].get(&number)?)));
    match found {
        Some((number, _)) if items.broken_file == Some(number) => {
            (StatusCode::GONE, "the file was lost").into_response()
        }
        Some((number, revision)) => text(number, revision).into_response(),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}
