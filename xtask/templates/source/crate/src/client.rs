//! The calls of the server that this source needs, and what an operator can do when one fails.

use chrono::{DateTime, Utc};
use connectors_core::http::{Cause, Next, OAuth, segment};
use connectors_core::{ByteStream, Context, Http, Result};
use futures::Stream;
use serde::Deserialize;

use crate::config::__Name__Config;

/// The server.
pub(crate) struct Client {
    http: Http,
}

/// Who the token stands for.
#[derive(Debug, Deserialize)]
pub(crate) struct Me {}

/// One page of items.
#[derive(Debug, Deserialize)]
struct Page {
    items: Vec<Item>,
    next: Option<String>,
}

/// An item as the server tells it.
#[derive(Debug, Deserialize)]
pub(crate) struct Item {
    pub(crate) id: String,
    pub(crate) title: String,
    pub(crate) tags: Vec<String>,
    pub(crate) revision: u64,
    pub(crate) updated_at: DateTime<Utc>,
    pub(crate) file: Option<File>,
}

/// What the server tells of an item's file.
#[derive(Debug, Deserialize)]
pub(crate) struct File {
    pub(crate) name: String,
    pub(crate) size: u64,
}

impl Client {
    pub(crate) fn new(config: &__Name__Config, context: &Context) -> Result<Self> {
        let tokens = OAuth::client_credentials("/oauth/token", &config.client_id, &config.client_secret);
        let http = context.http(&config.host)?.oauth(tokens).rate(config.rate).concurrency(config.concurrency);
        Ok(Self { http: http.fix(fix) })
    }

    /// The client's own account.
    ///
    /// # Errors
    /// `Denied` when the credentials are wrong or lack `items.read`.
    pub(crate) async fn me(&self) -> Result<Me> {
        self.http.get("/api/me").json().await
    }

    /// The name of every folder.
    pub(crate) async fn folders(&self) -> Result<Vec<String>> {
        self.http.get("/api/folders").json().await
    }

    /// Every item of a folder.
    pub(crate) fn items(&self, folder: &str) -> impl Stream<Item = Result<Item>> + Send + use<> {
        let request = self.http.get("/api/items").query(&[("folder", folder)]);
        request.pages(|page: Page| (page.items, Next::query("cursor", page.next)))
    }

    /// The bytes of an item's file.
    pub(crate) async fn file(&self, id: &str) -> Result<ByteStream> {
        self.http.get(format!("/api/items/{}/file", segment(id))).bytes().await
    }
}

/// What to do about a failed call, by the names of our settings.
fn fix(cause: Cause) -> Option<&'static str> {
    match cause {
        Cause::Unreachable => Some("see that the server runs, and check `host`"),
        Cause::Credentials => Some("check `client_id` and `client_secret`"),
        Cause::Status(403) => Some("give the client the right `items.read`"),
        Cause::Status(_) => None,
    }
}

#[cfg(test)]
mod tests;
