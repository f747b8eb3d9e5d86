//! The dead-letter index: documents that failed, with the stage and the reason, until they no longer do.

mod kept;

use std::collections::HashMap;
use std::time::Duration;

use chrono::{DateTime, Utc};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::elastic::scan::LOOKUP;
use crate::elastic::{Client, Page, Request};
use crate::{Error, ErrorKind, Result, Unlisted};

use super::accounts::count;
use super::report::{Failure, Report, Stage};
use super::run::Run;
use super::{Job, system};

/// Where failed documents are kept.
pub const INDEX: &str = ".connectors-failures";
/// The most that is listed, and read at a time.
const MOST: usize = 10_000;
/// The most that a sync remembers of what failed before.
const MOST_BEFORE: usize = 100_000;
/// How often the wait before the next try doubles.
const MOST_DOUBLINGS: u32 = 6;

/// The documents that failed, the newest first, of one content index or of all.
///
/// # Errors
/// When the server can't be asked; `Config` where the index is something else than failures.
pub async fn list(client: &Client, index: Option<&str>) -> Result<Vec<Failure>> {
    let query =
        index.map_or_else(|| json!({ "match_all": {} }), |index| json!({ "term": { "index": index } }));
    let found =
        searched(client, &json!({ "size": MOST, "query": query, "sort": [{ "time": "desc" }] })).await;
    match found {
        Err(error) if system::may_be_another(&error) => match kept::another(client, error).await? {
            Some(error) => Err(error),
            None => Ok(Vec::new()),
        },
        found => Ok(found?.into_iter().filter_map(Hit::failure).collect()),
    }
}

/// A document that failed in an earlier sync of an index.
#[derive(Debug, Clone)]
pub(super) struct Before {
    failure: Failure,
    /// True once this sync listed, wrote or deleted it.
    pub(super) is_met: bool,
}

/// What failed in earlier syncs of an index, by id. Of very many the rest is left to full syncs, and reported. Where the index of
/// failures is something else, nothing is known of them, and the report says so.
pub(super) async fn before(job: &Job<'_>, report: &mut Report) -> Result<HashMap<String, Before>> {
    match all_before(job.client, job.index).await {
        Err(error) if system::may_be_another(&error) => {
            report.warnings.extend(kept::another(job.client, error).await?.map(|error| error.to_string()));
            Ok(HashMap::new())
        }
        before => before,
    }
}

async fn all_before(client: &Client, index: &str) -> Result<HashMap<String, Before>> {
    let (mut before, mut after) = (HashMap::new(), None);
    loop {
        let page = page(client, index, after.as_ref()).await?;
        let is_last = page.len() < MOST;
        after = page.last().map(|hit| hit.sort.clone());
        let failures = page.into_iter().filter_map(Hit::failure);
        before.extend(failures.map(|failure| (failure.id.clone(), Before { failure, is_met: false })));
        if is_last {
            return Ok(before);
        }
        if before.len() >= MOST_BEFORE {
            tracing::warn!(index, known = before.len(), "more documents failed before than are remembered");
            return Ok(before);
        }
    }
}

async fn page(client: &Client, index: &str, after: Option<&Value>) -> Result<Vec<Hit>> {
    let mut body =
        json!({ "size": MOST, "query": { "term": { "index": index } }, "sort": [{ "id": "asc" }] });
    if let Some(after) = after {
        body["search_after"] = after.clone();
    }
    searched(client, &body).await
}

async fn searched(client: &Client, body: &Value) -> Result<Vec<Hit>> {
    let request = Request::post(format!("/{INDEX}/_search"))
        .query("filter_path", "timed_out,_shards.failed,hits.hits._source,hits.hits.sort")
        .body(body);
    let Some(page) = client.find_json::<Page<Hit>>(&request).await? else { return Ok(Vec::new()) };
    Ok(page.whole(INDEX)?.0)
}

impl Before {
    /// As a source is asked for it.
    fn unlisted(&self) -> Unlisted {
        Unlisted { id: self.failure.id.as_str().into(), scope: self.failure.scope.clone() }
    }

    /// Whether it is to be tried again now: after a wait that doubles with each try.
    fn is_due(&self, now: DateTime<Utc>, wait: Duration) -> bool {
        let waited = (now - self.failure.tried.unwrap_or(self.failure.time)).to_std().unwrap_or_default();
        waited >= wait * 2_u32.saturating_pow(self.failure.tries.saturating_sub(1).min(MOST_DOUBLINGS))
    }
}

impl Run<'_, '_> {
    /// Keeps the document among those that failed, and from being deleted as unseen.
    pub(super) fn keep(&mut self, (id, scope): (String, Option<&str>), stage: Stage, reason: &str) {
        tracing::debug!(id, ?stage, reason, "a document failed");
        count(&self.job.counters.failed);
        self.spared.insert(id.clone());
        if self.failing.len() > self.job.options.max_failures {
            return;
        }
        let now = self.job.context.clock.now();
        let before = self.failed_before.get(&id).map(|before| &before.failure);
        self.unrecorded.push(Failure {
            index: self.job.index.to_owned(),
            stage,
            reason: self.job.context.mask.of(reason),
            time: before.map_or(now, |before| before.time),
            tried: Some(now),
            tries: before.map_or(0, |before| before.tries).saturating_add(1),
            scope: scope.map(str::to_owned).or_else(|| before.and_then(|before| before.scope.clone())),
            id: id.clone(),
        });
        self.failing.insert(id);
    }

    /// Ends the sync once more failed than may.
    pub(super) fn check_failures(&self) -> Result<()> {
        let failed = self.failing.len();
        if failed > self.job.options.max_failures { Err(too_many(failed)) } else { Ok(()) }
    }

    /// True when the document failed before and is to be sent whatever the index holds.
    pub(super) fn is_retried(&mut self, id: &str) -> bool {
        let Some(before) = self.failed_before.get_mut(id) else { return false };
        before.is_met = true;
        self.job.options.retry_failed
    }

    /// Tries again what failed in earlier syncs, by asking the source for it: what is there is written, what is gone is deleted.
    pub(super) async fn retry_failed(&mut self) -> Result<()> {
        let Some(lookup) = self.job.source.lookup() else { return Ok(()) };
        let (now, wait) = (self.job.context.clock.now(), self.job.options.retry_wait);
        let due = self.failed_before.values().filter(|before| before.is_due(now, wait));
        let due: Vec<Unlisted> = due.map(Before::unlisted).collect();
        for batch in due.chunks(LOOKUP) {
            let (there, gone) = self.looked_up(lookup, batch).await;
            for document in there {
                let hash = self.render.shape.id(document.id().as_str());
                self.document(document, hash).await?;
            }
            for id in gone {
                self.delete(id).await?;
            }
        }
        Ok(())
    }

    /// Keeps what failed since the last time.
    ///
    /// # Errors
    /// When it can't be kept: then nothing may go on as if it were.
    pub(super) async fn record_failures(&mut self) -> Result<()> {
        let failures = std::mem::take(&mut self.unrecorded);
        let entries =
            failures.iter().map(|failure| ((failure.index.as_str(), failure.id.as_str()), Some(failure)));
        kept::put(self.job.client, &entries.collect::<Vec<_>>()).await
    }

    /// Keeps what failed now, and forgets what failed before and no longer does. Where the index of failures is something else, a full
    /// sync goes on without, as it compares each document with the index, and reports it.
    pub(super) async fn settle_failures(&mut self) -> Result<()> {
        let settled = match self.record_failures().await {
            Ok(()) => self.forget_failures().await,
            failed => failed,
        };
        match settled {
            Err(error) if self.inventory.is_known() && error.kind() == ErrorKind::Config => {
                self.report.warnings.push(error.to_string());
                Ok(())
            }
            settled => settled,
        }
    }

    async fn forget_failures(&self) -> Result<()> {
        let lists_all = self.report.complete && self.inventory.is_known();
        let is_over = |id: &str, before: &Before| (before.is_met || lists_all) && !self.failing.contains(id);
        let over = self.failed_before.iter().filter(|(id, before)| is_over(id, before));
        let entries = over.map(|(id, _)| ((self.job.index, id.as_str()), None));
        kept::put(self.job.client, &entries.collect::<Vec<_>>()).await
    }
}

/// Too many documents fail for the rest to be worth it.
fn too_many(failed: usize) -> Error {
    Error::unexpected("too many documents failed; `connectors failures` lists the first")
        .with("failed", failed)
}

#[derive(Deserialize)]
struct Hit {
    #[serde(rename = "_source")]
    source: Value,
    #[serde(default)]
    sort: Value,
}

impl Hit {
    /// What failed; none for a document of another tool.
    fn failure(self) -> Option<Failure> {
        serde_json::from_value(self.source).ok()
    }
}
