//! Where connectors and sync jobs are kept: two indices of Elasticsearch.

mod api;
mod create;
mod indices;
mod open;
mod pages;

use chrono::{DateTime, Utc};
use connectors_core::elastic::{Client, Request, Response, index};
use connectors_core::http::segment;
use connectors_core::{Error, ErrorKind, Result};
use serde_json::{Map, Value, json};

use super::{Connector, JobStatus, Record, SyncJob};

/// Documents of one page: as many as a server hands out by default.
const PAGE: usize = 10_000;
/// Tries of a change that others keep getting in the way of.
const TRIES: usize = 10;

/// Fields that change all the time while a job runs.
const PROGRESS: [&str; 5] = [
    "indexed_document_count",
    "deleted_document_count",
    "indexed_document_volume",
    "total_document_count",
    "metadata",
];
/// The header that servers want of requests to their own indices.
const ORIGIN: (&str, &str) = ("x-elastic-product-origin", "connectors");

/// The two kinds of documents.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Connector,
    Job,
}

impl Kind {
    /// The alias under which everybody reads and writes.
    pub(crate) fn index(self) -> &'static str {
        match self {
            Self::Connector => ".elastic-connectors",
            Self::Job => ".elastic-connectors-sync-jobs",
        }
    }
}

/// What came of a write that was conditional on a version.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Written {
    /// It is written; the document as it is now.
    Done(Record),
    /// Somebody else wrote first, or the document is gone.
    Conflict,
}

/// Connectors and sync jobs on one server.
#[derive(Debug, Clone)]
pub struct Store {
    client: Client,
    /// True where the server's connector API is there and wanted.
    has_api: bool,
    /// Documents of one page.
    page: usize,
}

impl Store {
    /// The connection.
    pub(crate) fn client(&self) -> &Client {
        &self.client
    }

    /// Asks once whether both indices can be read with these credentials.
    ///
    /// # Errors
    /// When the server does not answer, refuses, or lacks one of them.
    pub(crate) async fn check(&self) -> Result<()> {
        for kind in [Kind::Connector, Kind::Job] {
            let request =
                ours(Request::post(format!("/{}/_search", kind.index()))).body(&json!({ "size": 0 }));
            let response = self.client.send(&request).await?;
            self.success(&request, response).map_err(|error| error.with("index", kind.index()))?;
        }
        Ok(())
    }

    /// The server's time, in whole seconds; none where it does not say. Every user who may read connectors may ask.
    ///
    /// # Errors
    /// When the server can't be asked.
    pub(crate) async fn time(&self) -> Result<Option<DateTime<Utc>>> {
        let path = format!("/_cat/count/{}", Kind::Connector.index());
        let request = ours(Request::get(path)).query("format", "json").query("h", "epoch");
        let response = self.client.persist(&request).await?;
        if !response.is_success() {
            tracing::debug!(status = response.status, "the server does not answer with its time");
            return Ok(None);
        }
        let Ok(rows) = serde_json::from_slice::<Value>(&response.body) else { return Ok(None) };
        let epoch = &rows[0]["epoch"];
        let seconds = epoch.as_i64().or_else(|| epoch.as_str()?.parse().ok());
        Ok(seconds.and_then(|seconds| DateTime::from_timestamp(seconds, 0)))
    }

    /// Every connector, oldest first.
    ///
    /// # Errors
    /// When the server can't be asked.
    pub async fn connectors(&self) -> Result<Vec<Connector>> {
        let mut found = self.connectors_and_removed().await?;
        found.retain(|connector| !connector.is_removed());
        Ok(found)
    }

    /// The same, with connectors that are marked as removed.
    ///
    /// # Errors
    /// When the server can't be asked.
    pub async fn connectors_and_removed(&self) -> Result<Vec<Connector>> {
        let found = self.search_all(Kind::Connector, &json!({ "match_all": {} })).await?;
        let mut found: Vec<Connector> = found.into_iter().map(Connector).collect();
        found.sort_by_cached_key(|connector| (connector.0.date("created_at"), connector.id().to_owned()));
        Ok(found)
    }

    /// One connector, as it is this moment.
    ///
    /// # Errors
    /// When the server can't be asked.
    pub(crate) async fn connector(&self, id: &str) -> Result<Option<Connector>> {
        Ok(self.get(Kind::Connector, id).await?.map(Connector))
    }

    /// One job, as it is this moment.
    ///
    /// # Errors
    /// When the server can't be asked.
    pub(crate) async fn job(&self, id: &str) -> Result<Option<SyncJob>> {
        Ok(self.get(Kind::Job, id).await?.map(SyncJob))
    }

    /// Jobs in these states, oldest first.
    ///
    /// # Errors
    /// When the server can't be asked.
    pub(crate) async fn jobs_in(&self, states: &[JobStatus]) -> Result<Vec<SyncJob>> {
        self.jobs(&JobStatus::among(states), None).await
    }

    /// Jobs that match, oldest first; the newest `last` of them where a number is given.
    ///
    /// # Errors
    /// When the server can't be asked.
    pub(crate) async fn jobs(&self, query: &Value, last: Option<usize>) -> Result<Vec<SyncJob>> {
        let found = match last {
            Some(last) => self.newest(Kind::Job, query, last).await?,
            None => self.search_all(Kind::Job, query).await?,
        };
        let mut jobs: Vec<SyncJob> = found.into_iter().map(SyncJob).collect();
        jobs.sort_by(|a, b| (a.created_at(), a.id()).cmp(&(b.created_at(), b.id())));
        Ok(jobs)
    }

    /// Makes everything written so far visible to searches.
    ///
    /// # Errors
    /// When the server can't be asked.
    pub(crate) async fn refresh(&self, kind: Kind) -> Result<()> {
        index::refresh(&self.client, kind.index()).await
    }

    /// Writes these fields into the version that was read.
    ///
    /// # Errors
    /// When the server refuses for another reason than a version that is no longer there.
    pub(crate) async fn update(
        &self,
        kind: Kind,
        record: &Record,
        patch: &Map<String, Value>,
    ) -> Result<Written> {
        let path = format!("/{}/_update/{}", kind.index(), segment(&record.id));
        // A new state must be visible at once; the renewal of a lease need not be.
        let is_visible = patch.keys().any(|key| key != "last_seen" && !PROGRESS.contains(&key.as_str()));
        let request = ours(Request::post(path))
            .query("if_seq_no", record.version.0.to_string())
            .query("if_primary_term", record.version.1.to_string())
            .query("refresh", if is_visible { "true" } else { "false" })
            .body(&json!({ "doc": patch }));
        let response = self.client.persist(&request).await?;
        if matches!(response.status, 404 | 409) {
            return Ok(Written::Conflict);
        }
        // Where the answer was cut short, what was written is read again, as where none came.
        let body = self.success(&request, response)?.body;
        let Ok(answer) = serde_json::from_slice::<Value>(&body) else { return Ok(Written::Conflict) };
        let mut written = record.clone();
        merge(&mut written.fields, patch);
        let number = |key: &str| answer[key].as_u64().unwrap_or_default();
        written.version = (number("_seq_no"), number("_primary_term"));
        Ok(Written::Done(written))
    }

    /// Reads a document, lets `change` say what to write, and writes it, again from the start while others get
    /// in the way. None when there is no such document, or `change` wants nothing written.
    ///
    /// # Errors
    /// What `change` returns; `Busy` when others never stop.
    pub(crate) async fn change(
        &self,
        kind: Kind,
        id: &str,
        mut change: impl FnMut(&Record) -> Result<Option<Map<String, Value>>> + Send,
    ) -> Result<Option<Record>> {
        for _ in 0..TRIES {
            let Some(record) = self.get(kind, id).await? else { return Ok(None) };
            let Some(patch) = change(&record)? else { return Ok(None) };
            if let Written::Done(written) = self.update(kind, &record, &patch).await? {
                return Ok(Some(written));
            }
        }
        let busy =
            Error::new(ErrorKind::Busy(None), "a document is changed by others all the time; try again");
        Err(busy.with("index", kind.index()).with("id", id))
    }

    /// Removes a document; false when it was not there.
    ///
    /// # Errors
    /// When the server refuses.
    pub(crate) async fn delete(&self, kind: Kind, id: &str) -> Result<bool> {
        let path = format!("/{}/_doc/{}", kind.index(), segment(id));
        Ok(self.client.find(&ours(Request::delete(path)).query("refresh", "true")).await?.is_some())
    }

    /// Removes the version of a document that was read; false when it is another or gone.
    ///
    /// # Errors
    /// When the server refuses.
    pub(crate) async fn delete_unchanged(&self, kind: Kind, record: &Record) -> Result<bool> {
        let request = ours(Request::delete(format!("/{}/_doc/{}", kind.index(), segment(&record.id))))
            .query("if_seq_no", record.version.0.to_string())
            .query("if_primary_term", record.version.1.to_string())
            .query("refresh", "true");
        let response = self.client.persist(&request).await?;
        match response.status {
            404 | 409 => Ok(false),
            _ => self.success(&request, response).map(|_| true),
        }
    }

    async fn get(&self, kind: Kind, id: &str) -> Result<Option<Record>> {
        Ok(self.get_any(kind, id).await?.filter(|record| !record.is_removed()))
    }

    /// The same, with connectors that are marked as removed.
    async fn get_any(&self, kind: Kind, id: &str) -> Result<Option<Record>> {
        let path = format!("/{}/_doc/{}", kind.index(), segment(id));
        let found = self.client.find_json::<Value>(&ours(Request::get(path))).await?;
        Ok(found.as_ref().and_then(Record::from_hit))
    }

    fn success(&self, request: &Request, response: Response) -> Result<Response> {
        if response.is_success() { Ok(response) } else { Err(self.client.refusal(request, &response)) }
    }
}

/// A request to the server's own indices or its connector API.
fn ours(request: Request) -> Request {
    request.header(ORIGIN.0, ORIGIN.1)
}

/// Lays a partial document over another, object by object, as the server does.
fn merge(fields: &mut Map<String, Value>, patch: &Map<String, Value>) {
    for (key, value) in patch {
        match (fields.get_mut(key), value) {
            (Some(Value::Object(below)), Value::Object(patch)) => merge(below, patch),
            _ => drop(fields.insert(key.clone(), value.clone())),
        }
    }
}

#[cfg(test)]
mod tests;
