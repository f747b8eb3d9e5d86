//! Which connectors a worker serves, and with which sources.

use std::collections::{BTreeMap, HashSet};
use std::sync::{Arc, Mutex};

use connectors_core::Registered;
use connectors_core::config::Secret;

use super::options::Served;
use crate::lock::lock;
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
    /// Connectors of types that this program lacks, which were reported already.
    unknown: Arc<Mutex<HashSet<(String, String)>>>,
}

impl Assignment {
    pub(super) fn new(registry: Registry, only: BTreeMap<String, Served>, native: bool) -> Self {
        Self { registry, only, native, unknown: Arc::default() }
    }

    /// The source of a connector: of the type that its document names, else of the one that the settings name.
    pub(super) fn source_of(&self, connector: &Connector) -> Option<&'static dyn Registered> {
        let named = self.only.get(connector.id()).and_then(|served| served.service_type.as_deref());
        self.registry.find(connector.service_type().or(named)?)
    }

    /// True for a connector that this worker has the source of and is to serve.
    pub(super) fn serves(&self, connector: &Connector) -> bool {
        self.is_named(connector) && self.source_of(connector).is_some()
    }

    /// The connectors that this worker would serve if it had a source of their type, with that type; each is returned once.
    pub(super) fn newly_unknown<'c>(&self, connectors: &'c [Connector]) -> Vec<(&'c str, &'c str)> {
        let mut known = lock(&self.unknown);
        let unknown = connectors.iter().filter(|connector| self.is_named(connector));
        let unknown = unknown.filter_map(|connector| Some((connector.id(), connector.service_type()?)));
        unknown
            .filter(|(_, service_type)| self.registry.find(service_type).is_none())
            .filter(|(id, service_type)| known.insert(((*id).to_owned(), (*service_type).to_owned())))
            .collect()
    }

    fn is_named(&self, connector: &Connector) -> bool {
        let is_named = self.only.is_empty() || self.only.contains_key(connector.id());
        is_named && (self.native || !connector.is_native())
    }

    /// The key with which a connector's documents are written, where it has one of its own.
    pub(super) fn api_key(&self, connector: &str) -> Option<Secret> {
        self.only.get(connector).and_then(|served| served.api_key.clone())
    }
}
