//! Which connectors a worker serves, and with which sources.

use std::collections::{BTreeMap, HashMap};
use std::sync::Mutex;

use connectors_core::Registered;
use connectors_core::config::Secret;

use super::options::Served;
use crate::lock::lock;
use crate::protocol::Connector;
use crate::registry::Registry;

/// The sources of a worker, and the connectors that its settings name.
pub(super) struct Assignment {
    registry: Registry,
    /// The connectors that it serves; all whose source it has, where none are named.
    only: BTreeMap<String, Served>,
    /// Whether those of the hosted service are served too.
    native: bool,
    /// The types that this program lacks, as they were reported, by connector.
    reported: Mutex<HashMap<String, String>>,
}

impl Assignment {
    pub(super) fn new(registry: Registry, only: BTreeMap<String, Served>, native: bool) -> Self {
        Self { registry, only, native, reported: Mutex::default() }
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
        let mut reported = lock(&self.reported);
        let is_unknown =
            |connector: &&Connector| self.is_named(connector) && self.source_of(connector).is_none();
        let unknown = connectors.iter().filter(is_unknown);
        let unknown = unknown.filter_map(|connector| Some((connector.id(), connector.service_type()?)));
        let is_news = |(id, service_type): &(&str, &str)| {
            reported.insert((*id).to_owned(), (*service_type).to_owned()).as_deref() != Some(service_type)
        };
        unknown.filter(is_news).collect()
    }

    /// Logs once about each connector that waits because this program has no source of its type.
    pub(super) fn report_unknown(&self, connectors: &[Connector]) {
        for (connector, service_type) in self.newly_unknown(connectors) {
            tracing::warn!(
                connector,
                service_type,
                "this program has no source of this type, so the connector waits; `connectors sources` lists those that it has"
            );
        }
    }

    /// Drops the connectors that are not kept.
    pub(super) fn retain(&self, is_kept: &impl Fn(&str) -> bool) {
        lock(&self.reported).retain(|id, _| is_kept(id));
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
