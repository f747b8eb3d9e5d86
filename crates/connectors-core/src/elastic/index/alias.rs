//! Whether a name stands for one whole index.

use serde_json::Value;

use super::super::{Client, Request};
use crate::{Error, Result};

/// Refuses a name that is more or less than one index: a sync would delete documents that it can't see, or never see those
/// that it wrote. An alias of one whole index is as good as the index.
///
/// # Errors
/// `Config`, with the reason.
pub(super) async fn check(client: &Client, name: &str, indices: &[String]) -> Result<()> {
    match indices {
        [index] if index == name => Ok(()),
        [index] if index.starts_with(".ds-") => {
            Err(refused(name, "it is a data stream, in which documents can't be replaced"))
        }
        [index] => match partial(&aliases(client, name).await?[index]["aliases"][name]) {
            Some(why) => Err(refused(name, why).with("stands_for", index)),
            None => Ok(()),
        },
        several => Err(refused(name, "it stands for several indices").with("stands_for", several.join(", "))),
    }
}

fn refused(name: &str, why: &str) -> Error {
    let fix = "sync into an index of its own, or into an alias of one whole index";
    Error::config(format!("this name can't be kept equal to a source: {why}; {fix}")).with("index", name)
}

async fn aliases(client: &Client, name: &str) -> Result<Value> {
    client.json(&Request::get(format!("/_alias/{name}"))).await
}

/// Why an alias is less than its index, if it is.
fn partial(alias: &Value) -> Option<&'static str> {
    if !alias["filter"].is_null() {
        return Some("it is an alias with a filter, which hides documents");
    }
    if ["index_routing", "search_routing"].iter().any(|routing| !alias[*routing].is_null()) {
        return Some("it is an alias with a routing, which hides documents");
    }
    (alias["is_write_index"] == false).then_some("it is an alias that can't be written to")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn an_alias_of_a_part_is_found() {
        for (alias, reason) in [
            (json!({}), None),
            (json!({"is_write_index": true}), None),
            (json!({"filter": {"term": {"a": 1}}}), Some("filter")),
            (json!({"search_routing": "1"}), Some("routing")),
            (json!({"index_routing": "1"}), Some("routing")),
            (json!({"is_write_index": false}), Some("written")),
        ] {
            let found = partial(&alias);
            assert_eq!(found.is_some(), reason.is_some(), "{alias}");
            assert!(found.unwrap_or_default().contains(reason.unwrap_or_default()), "{alias}: {found:?}");
        }
    }
}
