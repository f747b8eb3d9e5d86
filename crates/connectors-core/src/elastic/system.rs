//! The hidden indices that the program keeps for itself.

use serde_json::{Value, json};

use super::index::is_there_already;
use super::{Client, Request};
use crate::{Error, ErrorKind, Result};

/// An index of the program: its name, and the mappings of its fields.
#[derive(Clone, Copy)]
pub(crate) struct System<'a> {
    pub(crate) name: &'static str,
    pub(crate) properties: &'a Value,
}

/// Why a request to an index of the program was refused.
pub(crate) enum Cause {
    /// Not for what the index is.
    Other,
    /// It was something else that a sync of ours had written, and was made again, empty.
    Recreated,
    /// It is something else, which is not ours to delete: what is in it, and what to do.
    Foreign(Error),
}

/// Makes the index, unless it is there.
pub(crate) async fn prepare(client: &Client, system: System<'_>) -> Result<()> {
    let request = Request::put(format!("/{}", system.name)).body(&json!({
        "settings": { "index.hidden": true, "index.number_of_replicas": 0 },
        "mappings": { "dynamic": false, "properties": system.properties },
    }));
    let response = client.persist(&request).await?;
    let is_there = response.is_success() || is_there_already(&response.body);
    if is_there { Ok(()) } else { Err(client.refusal(&request, &response)) }
}

/// True for errors that an index with another mapping leads to.
pub(crate) fn may_be_another(error: &Error) -> bool {
    matches!(error.kind(), ErrorKind::Config | ErrorKind::Unexpected)
}

/// Looks for what made the server refuse a request, and makes the index again where that helps: only where a sync of ours
/// filled it, so that what is lost is a copy.
///
/// # Errors
/// When the server can't be asked.
pub(crate) async fn heal(client: &Client, system: System<'_>) -> Result<Cause> {
    let request = Request::get(format!("/{}/_mapping", system.name));
    let Some(answer) = client.find_json::<Value>(&request).await? else { return Ok(Cause::Other) };
    let indices = answer.as_object().into_iter().flatten();
    let found: Vec<(&str, &Value)> =
        indices.map(|(name, index)| (name.as_str(), &index["mappings"])).collect();
    let [(name, mapping)] = found[..] else { return Ok(Cause::Foreign(foreign(system.name))) };
    if name == system.name && is_mapped(mapping, system.properties) {
        return Ok(Cause::Other);
    }
    if name != system.name || !mapping["_meta"]["sync"].is_object() {
        return Ok(Cause::Foreign(foreign(system.name)));
    }
    let response = client.persist(&Request::delete(format!("/{name}"))).await?;
    if !response.is_success() {
        return Ok(Cause::Foreign(foreign(system.name)));
    }
    prepare(client, system).await?;
    tracing::warn!(
        index = name,
        "the index held documents of a source, and was made again, empty, for the program's own use"
    );
    Ok(Cause::Recreated)
}

fn is_mapped(mapping: &Value, properties: &Value) -> bool {
    let wanted = properties.as_object().into_iter().flatten();
    wanted.into_iter().all(|(field, wanted)| mapping["properties"][field]["type"] == wanted["type"])
}

fn foreign(index: &str) -> Error {
    let what = "this index is kept for the program's own use, and is something else; delete it, or the alias of this name, and the \
                next sync makes it";
    Error::config(what).with("index", index)
}
