//! The server's own connector API, where it has one.
//!
//! It checks what it is given and keeps its own books, so it is asked wherever a write need not be
//! conditional on a version: removing connectors, cancels, when a connector was last seen. Claims and everything else that two
//! workers could do at once goes to the indices, as the API has no such condition; so does whatever makes a
//! document, as the API makes another one when it is asked again.

use chrono::{DateTime, Utc};
use connectors_core::elastic::{Client, Request};
use connectors_core::http::segment;
use connectors_core::{Error, Result};
use serde_json::{Map, json};

use super::{Kind, Store, ours};
use crate::protocol::{Connector, JobStatus, Record, SyncJob, timestamp};

/// True when the server has the API; servers without it take the path for the name of an index.
pub(super) async fn is_available(client: &Client) -> Result<bool> {
    let request = ours(Request::get("/_connector")).query("size", "0");
    let response = client.persist(&request).await?;
    Ok(response.is_success())
}

impl Store {
    /// Asks a job to stop; none when there is no such job.
    ///
    /// # Errors
    /// `Config` when it is in a state that does not allow it.
    pub(crate) async fn cancel_job(&self, id: &str, now: DateTime<Utc>) -> Result<Option<SyncJob>> {
        let requested = |job: &SyncJob| {
            let state = job.status().map_or("in a state that is not known", JobStatus::word);
            let refused =
                || Error::config(format!("the job can't be cancelled: it is {state}")).with("job", id);
            job.cancel_requested(now).ok_or_else(refused)
        };
        if !self.has_api {
            let change = |record: &Record| requested(&SyncJob(record.clone())).map(Some);
            return Ok(self.change(Kind::Job, id, change).await?.map(SyncJob));
        }
        let Some(job) = self.job(id).await? else { return Ok(None) };
        requested(&job)?;
        let path = format!("/_connector/_sync_job/{}/_cancel", segment(id));
        self.client.call(&ours(Request::put(path))).await?;
        self.job(id).await
    }

    /// Writes that the service of a connector was seen now.
    ///
    /// # Errors
    /// When the server refuses; a connector that somebody else writes at this moment is written the next time.
    pub(crate) async fn check_in(&self, connector: &Connector, now: DateTime<Utc>) -> Result<()> {
        if self.has_api {
            let path = format!("/_connector/{}/_check_in", segment(connector.id()));
            return self.client.find(&ours(Request::put(path))).await.map(drop);
        }
        let patch = Map::from_iter([("last_seen".to_owned(), timestamp(now))]);
        self.update(Kind::Connector, &connector.0, &patch).await.map(drop)
    }

    /// Removes a connector that passes the check, and its jobs that no worker has; false when there is no such
    /// connector. What passed is what is removed: where somebody writes the connector in between, it is checked
    /// again. The server's connector API knows no such condition, so there the check comes right before.
    ///
    /// # Errors
    /// What the check returns, and when the server refuses.
    pub(crate) async fn remove_connector(
        &self,
        id: &str,
        check: impl Fn(&Record) -> Result<()> + Send + Sync,
    ) -> Result<bool> {
        let mut was_there = false;
        while let Some(Connector(record)) = self.connector(id).await? {
            check(&record)?;
            was_there = true;
            if self.has_api {
                let request = ours(Request::delete(format!("/_connector/{}", segment(id))));
                was_there = self.client.find(&request).await?.is_some();
                break;
            }
            if self.delete_unchanged(Kind::Connector, &record).await? {
                break;
            }
        }
        let waiting = json!({ "bool": { "filter": [
            { "term": { "connector.id": id } },
            JobStatus::among(&JobStatus::WAITING),
        ] } });
        for job in self.jobs(&waiting, None).await? {
            self.delete(Kind::Job, job.id()).await?;
        }
        Ok(was_there)
    }
}
