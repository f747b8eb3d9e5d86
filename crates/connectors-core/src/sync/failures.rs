//! The dead-letter index: documents that failed, with the stage and the reason, until they no longer do.

use std::collections::HashSet;

use serde::Deserialize;
use serde_json::{Value, json};

use crate::document::hash;
use crate::elastic::{Bulk, Client, Item, Kind, Page, Request, index as elastic_index};
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
    let Some(page) = client.find_json::<Page<Hit>>(&request).await? else { return Ok(Vec::new()) };
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
        let mut bulk = Bulk::new(self.job.client, INDEX);
        for failure in &self.failures {
            put(&mut bulk, (&failure.index, &failure.id), Some(failure)).await?;
        }
        for id in over {
            put(&mut bulk, (self.job.index, id), None).await?;
        }
        finish(bulk, self.job.client).await
    }
}

/// Keeps an entry, or removes it.
async fn put(bulk: &mut Bulk, (index, id): (&str, &str), failure: Option<&Failure>) -> Result<()> {
    let id = key(index, id);
    let kind = if failure.is_some() { Kind::Upsert } else { Kind::Delete };
    let item = Item { hash: hash(id.as_bytes()), id, kind, mark: 0 };
    bulk.put(item, |_, out| out.extend_from_slice(json!(failure).to_string().as_bytes())).await
}

async fn finish(mut bulk: Bulk, client: &Client) -> Result<()> {
    bulk.finish().await?;
    if let Some(refused) = bulk.written().refused.first() {
        return Err(Error::unexpected("failed documents could not be kept").with("reason", &refused.reason));
    }
    elastic_index::refresh(client, INDEX).await
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
