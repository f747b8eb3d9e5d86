//! The dead-letter index: documents that failed, with the stage and the reason, until they no longer do.

pub(crate) mod entries;

pub use self::entries::INDEX;

use std::collections::HashMap;
use std::time::Duration;

use chrono::{DateTime, Utc};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::elastic::system;
use crate::elastic::{Client, Page, Request};
use crate::sync::accounts::{Failure, Report};
use crate::sync::job::Job;
use crate::{Result, Unlisted};

/// The most that is listed, and read at a time.
const MOST: usize = 10_000;
/// The most that a sync remembers of what failed before.
const MOST_BEFORE: usize = 100_000;
/// How often the wait before the next retry doubles.
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
        Err(error) if system::may_be_another(&error) => match entries::another(client, error).await? {
            Some(error) => Err(error),
            None => Ok(Vec::new()),
        },
        found => Ok(found?.into_iter().filter_map(Hit::failure).collect()),
    }
}

/// A document that failed in an earlier sync of an index.
#[derive(Debug, Clone)]
pub(crate) struct FailedBefore {
    pub(crate) failure: Failure,
    /// True once this sync listed, wrote or deleted it.
    pub(crate) is_seen: bool,
}

/// What failed in earlier syncs of an index, by id. Above [`MOST_BEFORE`], the rest is left to full syncs, with a
/// warning. Where the index of failures is something else, nothing is known of them, and the report says so.
pub(crate) async fn before(job: &Job<'_>, report: &mut Report) -> Result<HashMap<String, FailedBefore>> {
    match all_before(job.client, job.index).await {
        Err(error) if system::may_be_another(&error) => {
            report.warnings.extend(entries::another(job.client, error).await?.map(|error| error.to_string()));
            Ok(HashMap::new())
        }
        before => before,
    }
}

async fn all_before(client: &Client, index: &str) -> Result<HashMap<String, FailedBefore>> {
    let (mut before, mut after) = (HashMap::new(), None);
    loop {
        let page = page(client, index, after.as_ref()).await?;
        let is_last = page.len() < MOST;
        after = page.last().map(|hit| hit.sort.clone());
        let failures = page.into_iter().filter_map(Hit::failure);
        before.extend(failures.map(|failure| (failure.id.clone(), FailedBefore { failure, is_seen: false })));
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

impl FailedBefore {
    /// As a source is asked for it.
    pub(crate) fn unlisted(&self) -> Unlisted {
        Unlisted { id: self.failure.id.as_str().into(), scope: self.failure.scope.clone() }
    }

    /// Whether it is to be retried now: the wait doubles with each attempt.
    pub(crate) fn is_due(&self, now: DateTime<Utc>, wait: Duration) -> bool {
        let waited = (now - self.failure.tried.unwrap_or(self.failure.time)).to_std().unwrap_or_default();
        waited >= wait * 2_u32.saturating_pow(self.failure.tries.saturating_sub(1).min(MOST_DOUBLINGS))
    }
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
