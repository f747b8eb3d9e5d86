//! Where an incremental sync goes on: one cursor per content index, kept beside the indices.

use serde_json::{Value, json};

use crate::elastic::Request;
use crate::elastic::system::{self, Cause, System};
use crate::sync::job::Job;
use crate::{Cursor, Error, Result};

/// Where cursors are kept.
const INDEX: &str = ".connectors-state";

/// What a cursor belongs to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Place {
    /// The uuid of the index.
    pub(crate) uuid: Option<String>,
    /// The id of the backend, as the source knows it.
    pub(crate) backend: Option<String>,
}

/// The cursor of a content index.
///
/// # Errors
/// `Config` when there is none, or one of another index that had this name, of another backend, or of before document level
/// security was switched on or off, which concerns every document: a full sync makes one.
pub(crate) async fn load(job: &Job<'_>, place: &Place) -> Result<Cursor> {
    let (client, name) = (job.client, job.index);
    let needs_full = |what: &str| Error::config(format!("{what}; run a full sync first")).with("index", name);
    let request = Request::get(format!("/{INDEX}/_doc/{}", key(name))).query("filter_path", "_source");
    let kept = client.find_json::<Value>(&request).await?.map(|kept| kept["_source"].clone());
    let kept = kept.filter(|kept| kept["uuid"].as_str() == place.uuid.as_deref());
    let kept = kept.ok_or_else(|| needs_full("no place to go on from is kept for this index"))?;
    if (kept["secured"] == true) != job.options.document_level_security {
        return Err(needs_full("document level security was switched since the last full sync"));
    }
    if let (Some(before), Some(now)) = (kept["backend"].as_str(), place.backend.as_deref())
        && before != now
    {
        let what = "the source is another backend than the one that the last sync read";
        return Err(needs_full(what).with("before", before).with("now", now));
    }
    let text = kept["cursor"].as_str();
    text.and_then(|text| serde_json::from_str(text).ok())
        .map(Cursor)
        .ok_or_else(|| needs_full("the place to go on from can't be read"))
}

/// Keeps a cursor, as text, so that no shape of it can disturb the mapping.
///
/// # Errors
/// When the server refuses.
pub(crate) async fn save(job: &Job<'_>, place: &Place, cursor: &Cursor) -> Result<()> {
    let (client, name) = (job.client, job.index);
    let (properties, request) = (mapping(), Request::put(format!("/{INDEX}/_doc/{}", key(name))));
    let system = System { name: INDEX, properties: &properties };
    system::prepare(client, system).await?;
    let secured = job.options.document_level_security;
    let kept = json!({
        "index": name, "uuid": place.uuid, "backend": place.backend, "cursor": cursor.0.to_string(), "secured": secured,
    });
    let request = request.body(&kept);
    let refused = match client.call(&request).await {
        Err(error) if system::may_be_another(&error) => error,
        saved => return saved.map(drop),
    };
    match system::heal(client, system).await? {
        Cause::Other => Err(refused),
        Cause::Foreign(reason) => Err(reason),
        Cause::Recreated => client.call(&request).await.map(drop),
    }
}

/// Names of indices need no more escaping in a path than this.
fn key(index: &str) -> String {
    format!("{:016x}", crate::document::hash(index.as_bytes()))
}

fn mapping() -> Value {
    json!({
        "index": { "type": "keyword" },
        "uuid": { "type": "keyword" },
        "backend": { "type": "keyword", "index": false, "doc_values": false },
        "cursor": { "type": "keyword", "index": false, "doc_values": false },
    })
}
