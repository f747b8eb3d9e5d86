//! Ingest pipelines as the server defines them.

use std::collections::BTreeSet;

use serde_json::Value;

use super::{Client, Request};
use crate::http::segment;
use crate::{ErrorKind, Result};

/// Pipelines that one may lead to; more are no part of its fingerprint.
const MOST: usize = 100;

/// What a pipeline does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Definition {
    /// The server has none of this name.
    Missing,
    /// A number that changes when any of its processors does, those of pipelines that it leads to too; the same for all,
    /// where definitions may not be read.
    Fingerprint(u64),
}

/// What the pipeline of this name does.
///
/// # Errors
/// When the server can't be asked.
pub(crate) async fn definition(client: &Client, name: &str) -> Result<Definition> {
    let Some(first) = read(client, name).await? else { return Ok(Definition::Missing) };
    let mut text = part(name, Some(&first));
    let (mut seen, mut waiting) = (BTreeSet::from([name.to_owned()]), led_to(&first));
    while let Some(next) = waiting.pop_first() {
        if seen.len() >= MOST || !seen.insert(next.clone()) {
            continue;
        }
        let found = read(client, &next).await?;
        text.push_str(&part(&next, found.as_ref()));
        waiting.extend(found.iter().flat_map(led_to));
    }
    // 0 stands for no pipeline at all.
    Ok(Definition::Fingerprint(crate::document::hash(text.as_bytes()).max(1)))
}

/// A definition; null where nobody may read it, none where there is none.
async fn read(client: &Client, name: &str) -> Result<Option<Value>> {
    let request = Request::get(format!("/_ingest/pipeline/{}", segment(name)));
    match client.find_json::<Value>(&request).await {
        Ok(all) => Ok(all.and_then(|all| all.get(name).cloned())),
        Err(error) if error.kind() == ErrorKind::Denied => {
            tracing::info!(
                name,
                "the pipeline can't be read; when it changes, nothing is sent again by itself"
            );
            Ok(Some(Value::Null))
        }
        Err(error) => Err(error),
    }
}

/// What of a pipeline shapes documents.
fn part(name: &str, definition: Option<&Value>) -> String {
    let Some(definition) = definition else { return format!("{name}\n") };
    format!("{name} {} {}\n", definition["processors"], definition["on_failure"])
}

/// The pipelines that a definition names, in processors at any depth.
fn led_to(definition: &Value) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    let mut waiting = vec![definition];
    while let Some(value) = waiting.pop() {
        match value {
            Value::Object(fields) => {
                let name = fields.get("pipeline").and_then(|pipeline| pipeline["name"].as_str());
                // One that is made of the document itself has no definition to read.
                names.extend(name.filter(|name| !name.contains("{{")).map(str::to_owned));
                waiting.extend(fields.values());
            }
            Value::Array(items) => waiting.extend(items),
            _ => {}
        }
    }
    names
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn pipelines_are_found_wherever_processors_may_stand() {
        let definition = json!({
            "description": "pipeline",
            "processors": [
                {"pipeline": {"name": "a", "on_failure": [{"pipeline": {"name": "b"}}]}},
                {"foreach": {"field": "x", "processor": {"pipeline": {"name": "c"}}}},
                {"pipeline": {"name": "{{ own }}"}},
                {"set": {"field": "pipeline", "value": "d"}},
            ],
            "on_failure": [{"pipeline": {"name": "e"}}],
        });
        assert_eq!(led_to(&definition), ["a", "b", "c", "e"].map(str::to_owned).into());
    }

    #[test]
    fn what_shapes_no_document_is_no_part() {
        let one = json!({"version": 1, "_meta": {}, "processors": [{"set": {}}]});
        let two = json!({"version": 2, "processors": [{"set": {}}]});
        assert_eq!(part("a", Some(&one)), part("a", Some(&two)));
        assert_ne!(part("a", Some(&one)), part("a", None));
        assert_ne!(part("a", Some(&one)), part("a", Some(&json!({"processors": []}))));
        assert_ne!(part("a", Some(&one)), part("b", Some(&one)));
    }
}
