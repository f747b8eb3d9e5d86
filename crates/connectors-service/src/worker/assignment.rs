//! Which connectors a worker serves, and with which sources.

use std::collections::BTreeMap;

use connectors_core::Registered;
use connectors_core::config::Secret;

use super::options::Served;
use crate::protocol::Connector;
use crate::registry::Registry;

/// The sources of a worker, and the connectors that its settings name.
#[derive(Clone)]
pub(super) struct Assignment {
    registry: Registry,
    /// The connectors that it serves; all whose source it has, where none are named.
    only: BTreeMap<String, Served>,
    /// Whether those of the hosted service are served too.
    native: bool,
}

impl Assignment {
    pub(super) fn new(registry: Registry, only: BTreeMap<String, Served>, native: bool) -> Self {
        Self { registry, only, native }
    }

    /// The source of a connector: of the type that its document names, else of the one that the settings name.
    pub(super) fn source_of(&self, connector: &Connector) -> Option<&'static dyn Registered> {
        let named = self.only.get(connector.id()).and_then(|served| served.service_type.as_deref());
        self.registry.find(connector.service_type().or(named)?)
    }

    /// True for a connector that this worker has the source of and is to serve.
    pub(super) fn serves(&self, connector: &Connector) -> bool {
        let is_named = self.only.is_empty() || self.only.contains_key(connector.id());
        is_named && (self.native || !connector.is_native()) && self.source_of(connector).is_some()
    }

    /// The key with which a connector's documents are written, where it has one of its own.
    pub(super) fn api_key(&self, connector: &str) -> Option<Secret> {
        self.only.get(connector).and_then(|served| served.api_key.clone())
    }
}
