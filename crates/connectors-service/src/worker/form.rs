//! The form of a connector: its fields, its features, and the status that follows from its values.

use connectors_core::{Registered, Result};
use serde_json::{Map, Value};

use crate::protocol::{
    Connector, ConnectorStatus, Kind, Record, Store, features, is_complete, missing_fields, overlay,
};

/// The feature that says whether the hosted service keeps an API key for a connector.
const HOSTED: &str = "native_connector_api_keys";

/// Completes the form of a connector in its document; none when it is deleted.
///
/// # Errors
/// When the server can't be asked.
pub(super) async fn complete(
    store: &Store,
    connector: &Connector,
    source: &'static dyn Registered,
) -> Result<Option<Connector>> {
    if missing(connector, source).is_none() {
        return Ok(Some(connector.clone()));
    }
    let patch = |record: &Record| Ok(missing(&Connector(record.clone()), source));
    match store.change(Kind::Connector, connector.id(), patch).await? {
        Some(record) => Ok(Some(Connector(record))),
        None => store.connector(connector.id()).await,
    }
}

/// What the document of a connector lacks: its type, fields, features, and the status that follows from them.
fn missing(connector: &Connector, source: &dyn Registered) -> Option<Map<String, Value>> {
    let (stored, fields) = (connector.configuration(), source.fields());
    let mut patch = Map::new();
    let added = missing_fields(&stored, &fields).unwrap_or_default();
    let whole = overlay(&stored, &added);
    if !added.is_empty() {
        patch.insert("configuration".into(), added.into());
    }
    if connector.service_type().is_none() {
        patch.insert("service_type".into(), source.name().into());
    }
    let is_new = matches!(connector.status(), None | Some(ConnectorStatus::Created));
    let (stored, mut ours) = (connector.0.value("features"), features(source.capabilities()));
    // Of the hosted service, and no business of a source.
    if let Some(keys) = stored.get(HOSTED).filter(|keys| keys.is_object()) {
        ours[HOSTED] = keys.clone();
    }
    let fitting = if is_new { ours } else { fitting(stored, ours) };
    if *stored != fitting {
        patch.insert("features".into(), fitting);
    }
    let status = ConnectorStatus::after_edit(connector.status(), is_complete(&whole, &fields));
    if connector.status() != Some(status) {
        patch.insert("status".into(), status.word().into());
        patch.insert("error".into(), Value::Null);
    }
    (!patch.is_empty()).then_some(patch)
}

/// The features of a document as far as the source has them: what is absent is added, what the source can't do is switched off,
/// and what somebody switched off stays so.
fn fitting(stored: &Value, ours: Value) -> Value {
    match (stored, ours) {
        (Value::Object(stored), Value::Object(ours)) => {
            let mut whole = stored.clone();
            for (name, ours) in ours {
                let fitting = fitting(stored.get(&name).unwrap_or(&Value::Null), ours);
                whole.insert(name, fitting);
            }
            whole.into()
        }
        (Value::Bool(stored), Value::Bool(ours)) => (*stored && ours).into(),
        (_, ours) => ours,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn features_fit_the_source_and_keep_what_is_switched_off() {
        let ours = json!({"rules": {"basic": {"enabled": true}, "advanced": {"enabled": false}}, "incremental": {"enabled": true}});
        for (stored, expected) in [
            (json!(null), ours.clone()),
            (json!({}), ours.clone()),
            (ours.clone(), ours.clone()),
            // Claimed, and not there; switched off; of the other service alone; no object at all.
            (
                json!({"rules": {"advanced": {"enabled": true}}, "incremental": {"enabled": false}, "theirs": {"enabled": true}}),
                json!({
                    "rules": {"basic": {"enabled": true}, "advanced": {"enabled": false}},
                    "incremental": {"enabled": false}, "theirs": {"enabled": true},
                }),
            ),
            (json!({"rules": true, "incremental": {"enabled": null}}), ours.clone()),
        ] {
            let whole = fitting(&stored, ours.clone());
            assert_eq!(whole, expected, "{stored}");
            assert_eq!(fitting(&whole, ours.clone()), whole, "it settles");
        }
    }
}
