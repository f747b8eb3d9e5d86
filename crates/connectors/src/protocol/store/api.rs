//! The server's own connector API, where it has one.
//!
//! It checks what it is given and keeps its own books, so it is asked wherever a write need not be
//! conditional on a version: making and removing connectors and jobs, cancels, signs of life. Claims and
//! everything else that two workers could do at once goes to the indices, as the API has no such condition.

use chrono::{DateTime, Utc};
use connectors_core::elastic::{Client, Request};
use connectors_core::http::segment;
use connectors_core::{Error, Result};
use serde_json::{Map, Value, json};

use super::{Kind, Store, ours};
use crate::protocol::{Connector, JobStatus, JobType, SyncJob, Trigger, timestamp};

/// Parts of a connector that the API takes one by one, after it was made.
const PARTS: [&str; 4] = ["configuration", "scheduling", "pipeline", "features"];

/// True when the server has the API; servers without it take the path for the name of an index.
pub(super) async fn is_there(client: &Client) -> Result<bool> {
    let request = ours(Request::get("/_connector")).query("size", "0");
    let response = client.persist(&request).await?;
    Ok(response.is_success())
}

impl Store {
    /// Makes a connector, under this id or one that the server finds; none when the id is taken.
    ///
    /// # Errors
    /// When the server refuses.
    pub(crate) async fn add_connector(
        &self,
        id: Option<&str>,
        document: &Map<String, Value>,
    ) -> Result<Option<String>> {
        match id {
            Some(id) if self.has_api => match self.connector(id).await? {
                Some(_) => Ok(None),
                None => {
                    self.make(Request::put(format!("/_connector/{}", segment(id))), document).await.map(Some)
                }
            },
            None if self.has_api => self.make(Request::post("/_connector"), document).await.map(Some),
            Some(id) => Ok(self.create(Kind::Connector, id, document).await?.then(|| id.to_owned())),
            None => self.add(Kind::Connector, document).await.map(Some),
        }
    }

    async fn make(&self, request: Request, document: &Map<String, Value>) -> Result<String> {
        let body: Map<String, Value> = ["index_name", "name", "service_type", "language", "is_native"]
            .into_iter()
            .filter_map(|key| {
                Some((key.to_owned(), document.get(key).filter(|value| !value.is_null())?.clone()))
            })
            .collect();
        let id = self.new_id(&ours(request).body(&body.into())).await?;
        for part in PARTS {
            let path = format!("/_connector/{}/_{part}", segment(&id));
            let body = json!({ part: document.get(part) });
            self.client.call(&ours(Request::put(path)).body(&body)).await?;
        }
        Ok(id)
    }

    async fn new_id(&self, request: &Request) -> Result<String> {
        let answer: Value = self.client.json(request).await?;
        let id = answer["id"].as_str().map(str::to_owned);
        id.ok_or_else(|| Error::unexpected("the connector API made something without an id"))
    }

    /// Makes a job that waits for a worker.
    ///
    /// # Errors
    /// When the server refuses.
    pub(crate) async fn add_job(
        &self,
        connector: &Connector,
        (job_type, trigger): (JobType, Trigger),
        now: DateTime<Utc>,
    ) -> Result<String> {
        if !self.has_api {
            return self.add(Kind::Job, &SyncJob::document(connector, (job_type, trigger), now)).await;
        }
        let body = json!({
            "id": connector.id(), "job_type": job_type.word(), "trigger_method": trigger.word(),
        });
        self.new_id(&ours(Request::post("/_connector/_sync_job")).body(&body)).await
    }

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
            let change = |record: &super::Record| requested(&SyncJob(record.clone())).map(Some);
            return Ok(self.change(Kind::Job, id, change).await?.map(SyncJob));
        }
        let Some(job) = self.job(id).await? else { return Ok(None) };
        requested(&job)?;
        let path = format!("/_connector/_sync_job/{}/_cancel", segment(id));
        self.client.call(&ours(Request::put(path))).await?;
        self.job(id).await
    }

    /// Tells that the service of a connector is there.
    ///
    /// # Errors
    /// When the server refuses; a connector that somebody else writes at this moment is told of it next time.
    pub(crate) async fn check_in(&self, connector: &Connector, now: DateTime<Utc>) -> Result<()> {
        if self.has_api {
            let path = format!("/_connector/{}/_check_in", segment(connector.id()));
            return self.client.find(&ours(Request::put(path))).await.map(drop);
        }
        let patch = Map::from_iter([("last_seen".to_owned(), timestamp(now))]);
        self.update(Kind::Connector, &connector.0, &patch).await.map(drop)
    }

    /// Removes a connector and its jobs that no worker has; false when there is no such connector.
    ///
    /// # Errors
    /// When the server refuses.
    pub(crate) async fn remove_connector(&self, id: &str) -> Result<bool> {
        let is_gone = if self.has_api {
            let request = ours(Request::delete(format!("/_connector/{}", segment(id))));
            self.client.find(&request).await?.is_some()
        } else {
            self.delete(Kind::Connector, id).await?
        };
        let waiting = json!({ "bool": { "filter": [
            { "term": { "connector.id": id } },
            JobStatus::among(&JobStatus::WAITING),
        ] } });
        for job in self.jobs(&waiting, None).await? {
            self.delete(Kind::Job, job.id()).await?;
        }
        Ok(is_gone)
    }
}
