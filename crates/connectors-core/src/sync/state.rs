//! Where an incremental sync goes on: one cursor per content index, kept beside the indices.

use serde_json::{Value, json};

use crate::elastic::index::Facts;
use crate::elastic::{Request, index};
use crate::{Cursor, Error, Result};

use super::{Job, system};

/// Where cursors are kept.
const INDEX: &str = ".connectors-state";

/// The cursor of a content index.
///
/// # Errors
/// `Config` when there is none, or one of another index that had this name, or of before document level security was
/// switched on or off, which concerns every document: a full sync makes one.
pub(super) async fn load(job: &Job<'_>, facts: &Facts) -> Result<Cursor> {
    let (client, name) = (job.client, job.index);
    let request = Request::get(format!("/{INDEX}/_doc/{}", key(name))).query("filter_path", "_source");
    let kept = client.find_json::<Value>(&request).await?;
    let kept = kept.filter(|kept| kept["_source"]["uuid"].as_str() == facts.uuid.as_deref());
    let was_secured = kept.as_ref().map(|kept| kept["_source"]["secured"] == true);
    if was_secured.is_some_and(|was| was != job.options.document_level_security) {
        let switched = "document level security was switched since the last full sync; run a full sync first";
        return Err(Error::config(switched).with("index", name));
    }
    let text = kept.as_ref().and_then(|kept| kept["_source"]["cursor"].as_str());
    text.and_then(|text| serde_json::from_str(text).ok()).map(Cursor).ok_or_else(|| {
        Error::config("no place to go on from is kept for this index; run a full sync first")
            .with("index", name)
    })
}

/// Keeps a cursor, as text, so that no shape of it can disturb the mapping.
///
/// # Errors
/// When the server refuses.
pub(super) async fn save(job: &Job<'_>, cursor: &Cursor) -> Result<()> {
    let (client, name) = (job.client, job.index);
    system::prepare(client, INDEX, &mapping()).await?;
    let uuid = index::uuid(client, name).await?;
    let secured = job.options.document_level_security;
    let kept = json!({ "index": name, "uuid": uuid, "cursor": cursor.0.to_string(), "secured": secured });
    let request = Request::put(format!("/{INDEX}/_doc/{}", key(name))).body(&kept);
    client.call(&request).await.map(drop)
}

/// Names of indices need no more escaping in a path than this.
fn key(index: &str) -> String {
    format!("{:016x}", crate::document::hash(index.as_bytes()))
}

fn mapping() -> Value {
    json!({
        "index": { "type": "keyword" },
        "uuid": { "type": "keyword" },
        "cursor": { "type": "keyword", "index": false, "doc_values": false },
    })
}
