//! Sources that stay in memory between syncs, and the connections with which their documents are written.

use std::sync::Arc;

use connectors_core::config::Field;
use connectors_core::elastic::{Auth, Client};
use connectors_core::{Connection, Context, Registered, Result, Waits};
use serde_json::{Map, Value};

use super::Worker;
use super::allow::paths;
use crate::protocol::{Connector, values};
use crate::secrets::meet_sensitive;

/// A source, and the values that it was made with.
pub(super) struct Kept {
    values: Map<String, Value>,
    connection: Arc<dyn Connection>,
    /// What it waits for.
    waits: Waits,
    /// What its last full sync went by, if that completed and is verified: then the source may be asked whether anything
    /// changed.
    pub(super) basis: Option<u64>,
}

/// What is in memory for a connector.
enum Found {
    None,
    Same(Arc<dyn Connection>),
    Other(Arc<dyn Connection>),
}

impl Worker {
    /// The source of a connector: the one in memory, or a new one where its values are others than before.
    ///
    /// # Errors
    /// `Config` for values that can't be used.
    pub(super) async fn connection(
        &self,
        connector: &Connector,
        source: &'static dyn Registered,
    ) -> Result<Arc<dyn Connection>> {
        let fields = source.fields();
        let allowed = self.options.allow.secrets_of(connector.id(), source.name());
        let secrets = self.options.secrets.limited_to(allowed);
        let values = secrets.resolve(&values(&connector.configuration(), &fields))?;
        meet_sensitive(&values, &fields);
        self.check_bounds(&values, &fields).await?;
        match self.kept(connector.id(), &values) {
            Found::Same(connection) => return Ok(connection),
            Found::Other(old) => close(connector.id(), &old).await,
            Found::None => {}
        }
        let context = Context { waits: Waits::default(), ..self.context.clone() };
        let connection: Arc<dyn Connection> = source.connect(&values, &context)?.into();
        let kept = Kept { values, connection: connection.clone(), waits: context.waits, basis: None };
        self.known().entry(connector.id().to_owned()).or_default().kept = Some(kept);
        Ok(connection)
    }

    /// Refuses values that lead where no connector may go.
    async fn check_bounds(&self, values: &Map<String, Value>, fields: &[Field]) -> Result<()> {
        self.options.allow.check_hosts(values, fields)?;
        for (setting, path) in paths(values, fields) {
            let roots = self.context.roots.clone();
            let checked = self.context.blocking(move || roots.check(&path)).await;
            checked.map_err(|error| error.with("setting", setting))?;
        }
        Ok(())
    }

    /// What the source of a connector waits for.
    pub(super) fn waits(&self, connector: &str) -> Waits {
        let known = self.known();
        known
            .get(connector)
            .and_then(|known| known.kept.as_ref())
            .map_or_else(Waits::default, |kept| kept.waits.clone())
    }

    /// The source in memory; one with other values is taken out.
    fn kept(&self, id: &str, values: &Map<String, Value>) -> Found {
        let mut known = self.known();
        let Some(known) = known.get_mut(id) else { return Found::None };
        match known.kept.take() {
            None => Found::None,
            Some(kept) if kept.values != *values => Found::Other(kept.connection),
            Some(kept) => Found::Same(known.kept.insert(kept).connection.clone()),
        }
    }

    /// Forgets connectors that are gone.
    pub(super) async fn forget(&self, is_there: impl Fn(&str) -> bool) {
        let gone: Vec<(String, Arc<dyn Connection>)> = {
            let mut known = self.known();
            let gone: Vec<String> = known.keys().filter(|id| !is_there(id)).cloned().collect();
            gone.into_iter()
                .filter_map(|id| Some((id.clone(), known.remove(&id)?.kept?.connection)))
                .collect()
        };
        for (id, connection) in gone {
            close(&id, &connection).await;
        }
    }

    pub(super) async fn close_connections(&self) {
        self.forget(|_| false).await;
    }

    /// The connection that writes a connector's documents: with its own key, where the settings give one.
    ///
    /// # Errors
    /// When the server refuses the key.
    pub(super) async fn writer(&self, connector: &str) -> Result<Client> {
        let key = self.options.only.get(connector).and_then(|served| served.api_key.clone());
        let Some(key) = key else { return Ok(self.store.client().clone()) };
        let mut settings = self.store.client().settings().clone();
        settings.auth = Auth::ApiKey(key);
        Client::connect(settings).await
    }
}

async fn close(connector: &str, connection: &Arc<dyn Connection>) {
    if let Err(error) = connection.source().close().await {
        tracing::warn!(connector, %error, "the source did not close well");
    }
}
