//! What documents are called, beside their ids.

use std::collections::HashMap;

use connectors_core::elastic::{Client, Request};
use serde_json::{Value, json};

use crate::show;

/// Ids that are looked up at once.
const AT_ONCE: usize = 500;

/// Path, title or name of those of these documents that the index holds. What can't be looked up has none: the ids are shown
/// anyway.
pub(super) async fn of(client: &Client, index: &str, ids: &[&str]) -> HashMap<String, String> {
    let mut names = HashMap::new();
    for ids in ids.chunks(AT_ONCE) {
        let request = Request::post(format!("/{index}/_search")).body(&json!({
            "size": ids.len(), "_source": show::TITLES, "query": { "ids": { "values": ids } },
        }));
        let answer: Value = match client.json(&request).await {
            Ok(answer) => answer,
            Err(error) => {
                tracing::debug!(index, %error, "the names of documents were not looked up");
                return names;
            }
        };
        let hits = answer["hits"]["hits"].as_array().into_iter().flatten();
        names.extend(hits.filter_map(|hit| {
            let id = hit["_id"].as_str()?;
            show::title_of(&hit["_source"]).map(|title| (id.to_owned(), title.to_owned()))
        }));
    }
    names
}

/// An id as it is shown: behind the name, where there is one.
pub(super) fn beside(names: &HashMap<String, String>, id: &str) -> String {
    match names.get(id) {
        Some(name) if name != id => format!("{name} ({id})"),
        _ => id.to_owned(),
    }
}
