//! Making documents. Each has its id before it is sent, so that a request whose answer was lost and which is sent
//! again makes nothing twice.

use std::hash::{BuildHasher, RandomState};

use chrono::{DateTime, Utc};
use connectors_core::Result;
use connectors_core::elastic::Request;
use connectors_core::http::segment;
use serde_json::{Map, Value};

use super::{Kind, Store, ours};
use crate::protocol::{Connector, JobType, Record, SyncJob, Trigger};

/// Fields by which a document is recognised as the one that was sent: two of different origin were not made in the
/// same microsecond.
const ORIGIN: [&str; 4] = ["created_at", "name", "service_type", "index_name"];

impl Store {
    /// Writes a new document; false when one with this id is there already.
    ///
    /// # Errors
    /// When the server refuses.
    pub(crate) async fn create(&self, kind: Kind, id: &str, document: &Map<String, Value>) -> Result<bool> {
        let path = format!("/{}/_create/{}", kind.index(), segment(id));
        let request = ours(Request::put(path)).query("refresh", "true").body(&document.clone().into());
        let response = self.client.persist(&request).await?;
        match response.status {
            409 => Ok(false),
            _ => self.success(&request, response).map(|_| true),
        }
    }

    /// Writes a new document under an id that nobody else has.
    ///
    /// # Errors
    /// When the server refuses.
    pub(crate) async fn add(&self, kind: Kind, document: &Map<String, Value>) -> Result<String> {
        let id = new_id();
        // One that is there is ours, and its answer was lost.
        self.create(kind, &id, document).await?;
        Ok(id)
    }

    /// Makes a connector, under this id or a new one; none when the id is taken.
    ///
    /// # Errors
    /// When the server refuses.
    pub(crate) async fn add_connector(
        &self,
        id: Option<&str>,
        document: &Map<String, Value>,
    ) -> Result<Option<String>> {
        let Some(id) = id else { return self.add(Kind::Connector, document).await.map(Some) };
        if self.create(Kind::Connector, id, document).await? {
            return Ok(Some(id.to_owned()));
        }
        let is_made = match self.get_any(Kind::Connector, id).await? {
            None => false,
            Some(record) if record.is_removed() => self.replace(&record, document).await?,
            Some(record) => ORIGIN.iter().all(|field| record.fields.get(*field) == document.get(*field)),
        };
        Ok(is_made.then(|| id.to_owned()))
    }

    /// Makes a job that waits for a worker.
    ///
    /// # Errors
    /// When the server refuses.
    pub(crate) async fn add_job(
        &self,
        connector: &Connector,
        asked: (JobType, Trigger),
        now: DateTime<Utc>,
    ) -> Result<String> {
        self.add(Kind::Job, &SyncJob::document(connector, asked, now)).await
    }

    /// Writes a connector over one that is marked as removed; false where somebody else did.
    async fn replace(&self, removed: &Record, document: &Map<String, Value>) -> Result<bool> {
        let path = format!("/{}/_doc/{}", Kind::Connector.index(), segment(&removed.id));
        let request = ours(Request::put(path))
            .query("if_seq_no", removed.version.0.to_string())
            .query("if_primary_term", removed.version.1.to_string())
            .query("refresh", "true")
            .body(&document.clone().into());
        let response = self.client.persist(&request).await?;
        match response.status {
            409 => Ok(false),
            _ => self.success(&request, response).map(|_| true),
        }
    }
}

/// 128 random bits in hexadecimal. The standard library's hashers are keyed by the system's random numbers.
fn new_id() -> String {
    let now = std::time::UNIX_EPOCH.elapsed().unwrap_or_default();
    let [high, low] = [RandomState::new(), RandomState::new()].map(|keyed| keyed.hash_one(now));
    format!("{high:016x}{low:016x}")
}
