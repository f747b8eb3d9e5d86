//! The form of a connector: its fields, its features, and the status that follows from its values.

use connectors_core::{Registered, Result};
use serde_json::{Map, Value};

use crate::protocol::{
    Connector, ConnectorStatus, Kind, Record, Store, features, is_complete, missing_fields, overlay,
};

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
    if is_new || connector.0.value("features").is_null() {
        patch.insert("features".into(), features(source.capabilities()));
    }
    let status = ConnectorStatus::after_edit(connector.status(), is_complete(&whole, &fields));
    if connector.status() != Some(status) {
        patch.insert("status".into(), status.word().into());
        patch.insert("error".into(), Value::Null);
    }
    (!patch.is_empty()).then_some(patch)
}
