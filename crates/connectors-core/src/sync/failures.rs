//! The dead-letter index: documents that failed, with the stage and the reason, until they no longer do.

use std::collections::HashSet;

use serde::Deserialize;
use serde_json::{Value, json};

use crate::document::hash;
use crate::elastic::{Client, Page, Request};
use crate::{Error, Result};

use super::report::Failure;
use super::run::Run;
use super::system;

/// Where failed documents are kept.
pub const INDEX: &str = ".connectors-failures";
/// The most that is listed.
const MOST: usize = 10_000;

/// The documents that failed, the newest first, of one content index or of all.
///
/// # Errors
/// When the server can't be asked.
pub async fn list(client: &Client, index: Option<&str>) -> Result<Vec<Failure>> {
    let query =
        index.map_or_else(|| json!({ "match_all": {} }), |index| json!({ "term": { "index": index } }));
    let request = Request::post(format!("/{INDEX}/_search"))
        .query("filter_path", "timed_out,_shards.failed,hits.hits._source")
        .body(&json!({ "size": MOST, "query": query, "sort": [{ "time": "desc" }] }));
    let Some(response) = client.find(&request).await? else { return Ok(Vec::new()) };
    let page: Page<Hit> = serde_json::from_slice(&response.body)
        .map_err(|error| Error::unexpected("the list of failures was not understood").caused_by(error))?;
    let (hits, ()) = page.whole(INDEX)?;
    Ok(hits.into_iter().map(|hit| hit.source).collect())
}

/// The ids that failed in earlier syncs of an index.
pub(super) async fn ids(client: &Client, index: &str) -> Result<HashSet<String>> {
    Ok(list(client, Some(index)).await?.into_iter().map(|failure| failure.id).collect())
}

impl Run<'_, '_> {
    /// Keeps what failed now, and forgets what failed before and no longer does.
    pub(super) async fn settle_failures(&mut self) -> Result<()> {
        let failing: HashSet<&str> = self.failures.iter().map(|failure| failure.id.as_str()).collect();
        let lists_all = self.report.complete && self.inventory.is_known();
        let is_over = |id: &str, met: bool| (met || lists_all) && !failing.contains(id);
        let before = self.failed_before.iter();
        let over: Vec<&str> =
            before.filter(|(id, met)| is_over(id, **met)).map(|(id, _)| id.as_str()).collect();
        if self.failures.is_empty() && over.is_empty() {
            return Ok(());
        }
        system::prepare(self.job.client, INDEX, &mapping()).await?;
        let kept = self.failures.iter().flat_map(|failure| {
            [json!({ "index": { "_id": key(&failure.index, &failure.id) } }), json!(failure)]
        });
        let dropped = over.iter().map(|id| json!({ "delete": { "_id": key(self.job.index, id) } }));
        let lines: Vec<Value> = kept.chain(dropped).collect();
        for chunk in lines.chunks(2_000) {
            write(self.job.client, chunk).await?;
        }
        Ok(())
    }
}

async fn write(client: &Client, lines: &[Value]) -> Result<()> {
    let body: String = lines.iter().map(|line| format!("{line}\n")).collect();
    let request = Request::post(format!("/{INDEX}/_bulk"))
        .query("refresh", "true")
        .query("filter_path", "items.*.error.reason")
        .lines(body.into());
    let answer: Value = client.json(&request).await?;
    match answer["items"][0].pointer("/index/error/reason").and_then(Value::as_str) {
        Some(reason) => Err(Error::unexpected("failed documents could not be kept").with("reason", reason)),
        None => Ok(()),
    }
}

fn mapping() -> Value {
    json!({
        "index": { "type": "keyword" },
        "id": { "type": "keyword" },
        "stage": { "type": "keyword" },
        "reason": { "type": "text" },
        "time": { "type": "date" },
    })
}

/// One entry per content index and id.
fn key(index: &str, id: &str) -> String {
    format!("{:016x}{:016x}", hash(index.as_bytes()), hash(id.as_bytes()))
}

#[derive(Deserialize)]
struct Hit {
    #[serde(rename = "_source")]
    source: Failure,
}
