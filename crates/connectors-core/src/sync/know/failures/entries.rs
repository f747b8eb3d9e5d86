//! The entries of the dead-letter index, written and removed; the index is made again where it is something else.

use serde_json::{Value, json};

use crate::document::hash;
use crate::elastic::system::{self, Cause, System};
use crate::elastic::{Bulk, Client, Item, Kind, index};
use crate::sync::accounts::Failure;
use crate::{Error, Result};

/// Where failed documents are kept.
pub const INDEX: &str = ".connectors-failures";

/// The content index and id of an entry, and the entry; none where it is to be removed.
pub(crate) type Entry<'a> = ((&'a str, &'a str), Option<&'a Failure>);

/// Why the index can't be used after an error; none where it was made again. The error itself where the index is as it
/// should be.
///
/// # Errors
/// The same, where the reason lies elsewhere; when the server can't be asked.
pub(crate) async fn another(client: &Client, error: Error) -> Result<Option<Error>> {
    let properties = mapping();
    match system::heal(client, System { name: INDEX, properties: &properties }).await? {
        Cause::Other => Err(error),
        Cause::Recreated => Ok(None),
        Cause::Foreign(reason) => {
            tracing::warn!(error = %reason, "failed documents can not be kept");
            Ok(Some(reason))
        }
    }
}

/// Writes and removes entries, with another try once the index was made again.
///
/// # Errors
/// When the server refuses, with what the index is where it is something else.
pub(crate) async fn put(client: &Client, entries: &[Entry<'_>]) -> Result<()> {
    if entries.is_empty() {
        return Ok(());
    }
    match put_once(client, entries).await {
        Err(error) if system::may_be_another(&error) => match another(client, error).await? {
            Some(reason) => Err(reason),
            None => put_once(client, entries).await,
        },
        put => put,
    }
}

async fn put_once(client: &Client, entries: &[Entry<'_>]) -> Result<()> {
    let properties = mapping();
    system::prepare(client, System { name: INDEX, properties: &properties }).await?;
    let mut bulk = Bulk::new(client, INDEX);
    for ((index, id), failure) in entries {
        let id = key(index, id);
        let kind = if failure.is_some() { Kind::Upsert } else { Kind::Delete };
        let item = Item { hash: hash(id.as_bytes()), id, kind, mark: 0, scope: None };
        bulk.put(item, |_, out| out.extend_from_slice(json!(failure).to_string().as_bytes())).await?;
    }
    bulk.finish().await?;
    if let Some(refused) = bulk.written().refused.first() {
        return Err(Error::unexpected("failed documents could not be kept").with("reason", &refused.reason));
    }
    index::refresh(client, INDEX).await
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
