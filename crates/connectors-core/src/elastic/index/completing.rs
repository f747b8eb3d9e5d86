//! Adds to an index what it lacks: fields that a sync needs, and what `_meta.sync` is to say.

use serde_json::{Value, json};

use super::super::mapping::{Fields, Preset, of_new, ours, scope};
use super::super::{Client, Request};
use super::{Existing, Meta, Wanted};
use crate::{Error, Result};

/// Adds our fields to the mapping of an index that somebody else made, and to one made by [`Preset::Search`] those
/// that are declared and not mapped yet; and `meta` where it says something else.
///
/// # Errors
/// `Config` for an index that maps `_sync` as something else; when the server refuses.
pub async fn complete(
    client: &Client,
    index: &str,
    existing: Existing,
    (wanted, meta): (&Wanted<'_>, Meta),
) -> Result<Existing> {
    let Existing { mut mapping, meta: before } = existing;
    let missing = missing(&mapping, before.preset, wanted.fields);
    if before == meta && missing == json!({}) {
        return Ok(Existing { mapping, meta });
    }
    mapping["_meta"] = meta.over(&mapping);
    let body = json!({ "_meta": mapping["_meta"], "properties": missing });
    client.call(&Request::put(format!("/{index}/_mapping")).body(&body)).await?;
    Ok(Existing { mapping, meta })
}

/// Refuses an index whose `_sync` is something else than ours.
///
/// # Errors
/// `Config`.
pub(super) fn check_sync_field(index: &str, mapping: &Value) -> Result<()> {
    let Some(other) = wrong_sync_field(mapping) else { return Ok(()) };
    let fix = "sync into another index, or reindex this one without the field `_sync`";
    Err(Error::config(format!("the index maps `{other}` as something else; {fix}")).with("index", index))
}

fn missing(mapping: &Value, made_by: Option<Preset>, declared: Fields<'_>) -> Value {
    let all = if made_by == Some(Preset::Search) { of_new(Preset::Search, declared) } else { ours() };
    let mut missing = all["properties"].clone();
    if let Some(fields) = missing.as_object_mut() {
        fields.retain(|name, _| !is_taken(mapping, name));
        let sync = &mapping["properties"]["_sync"];
        if sync.is_object() && sync["properties"]["scope"].is_null() {
            fields.insert("_sync".into(), json!({ "properties": { "scope": scope() } }));
        }
    }
    missing
}

/// True when a field of that dotted name is mapped, or can't be, as one above it is no object.
fn is_taken(mapping: &Value, name: &str) -> bool {
    let mut level = mapping;
    for part in name.split('.') {
        let properties = &level["properties"];
        if level["type"].is_string() && properties.is_null() {
            return true;
        }
        level = &properties[part];
        if level.is_null() {
            return false;
        }
    }
    true
}

fn wrong_sync_field(mapping: &Value) -> Option<&'static str> {
    let sync = &mapping["properties"]["_sync"];
    if sync.is_null() {
        return None;
    }
    let is = |name: &str, kind: &str| sync["properties"][name]["type"] == kind;
    let has_scope = !sync["properties"]["scope"].is_null();
    let is_ours = is("id", "long") && is("mark", "long") && (!has_scope || is("scope", "keyword"));
    (!is_ours).then_some("_sync")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_foreign_sync_field_is_found() {
        assert_eq!(wrong_sync_field(&ours()), None);
        assert_eq!(wrong_sync_field(&json!({"properties": {}})), None);
        let foreign = json!({"properties": {"_sync": {"type": "keyword"}}});
        assert_eq!(wrong_sync_field(&foreign), Some("_sync"));
        let mut guessed = ours();
        guessed["properties"]["_sync"]["properties"]["scope"] = json!({"type": "text"});
        assert_eq!(wrong_sync_field(&guessed), Some("_sync"), "what a server makes of it by itself");
    }
}
