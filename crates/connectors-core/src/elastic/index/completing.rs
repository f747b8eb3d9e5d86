//! Adds to an index what it lacks: fields that a sync needs, and what `_meta.sync` is to say.

use serde_json::{Value, json};

use super::super::mapping::lacking::{replace, unknown_type};
use super::super::mapping::{Preset, of_new, scope};
use super::super::{Client, Request};
use super::making::report_type;
use super::{Existing, Meta, Wanted};
use crate::{Error, Result};

/// Adds our fields to the mapping of an index that somebody else made, and to one made by a preset that takes declarations those
/// that are declared and not mapped yet, and how others are mapped where an earlier version made it; and `meta` where it says
/// something else.
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
    let made_by = before.preset.unwrap_or(Preset::Dynamic);
    let wanted = of_new(made_by, wanted.fields, client.engine().flavour);
    let missing = missing(&mapping, &wanted);
    let has_rules =
        wanted["date_detection"].is_null() || mapping["date_detection"] == wanted["date_detection"];
    if before == meta && missing == json!({}) && has_rules {
        return Ok(Existing { mapping, meta });
    }
    mapping["_meta"] = meta.over(&mapping);
    let mut body = json!({ "_meta": mapping["_meta"], "properties": missing });
    if !has_rules {
        for rule in ["date_detection", "dynamic_templates"] {
            mapping[rule] = wanted[rule].clone();
            body[rule] = wanted[rule].clone();
        }
    }
    put(client, index, body).await?;
    Ok(Existing { mapping, meta })
}

/// Changes the mapping, with other types in the place of those that the server lacks.
async fn put(client: &Client, index: &str, mut body: Value) -> Result<()> {
    let mut lacking = Vec::new();
    loop {
        let request = Request::put(format!("/{index}/_mapping")).body(&body);
        let response = client.persist(&request).await?;
        if response.is_success() {
            return Ok(());
        }
        let Some(name) = unknown_type(&response.body).filter(|name| !lacking.contains(name)) else {
            return Err(client.refusal(&request, &response));
        };
        report_type(index, &mut lacking, name);
        replace(&mut body, &lacking);
    }
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

/// The fields that the mapping lacks.
fn missing(mapping: &Value, wanted: &Value) -> Value {
    let mut missing = wanted["properties"].clone();
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
    use super::super::super::mapping::ours;
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
