//! The hidden indices that the program keeps for itself.

use serde_json::{Value, json};

use crate::Result;
use crate::elastic::index::is_there_already;
use crate::elastic::{Client, Request};

/// Makes a hidden index with these fields, unless it is there.
pub(super) async fn prepare(client: &Client, index: &str, properties: &Value) -> Result<()> {
    let request = Request::put(format!("/{index}")).body(&json!({
        "settings": { "index.hidden": true, "index.number_of_replicas": 0 },
        "mappings": { "dynamic": false, "properties": properties },
    }));
    let response = client.persist(&request).await?;
    let is_there = response.is_success() || is_there_already(&response.body);
    if is_there { Ok(()) } else { Err(client.refusal(&request, &response)) }
}
