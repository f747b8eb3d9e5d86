//! Sources that stay in memory between syncs.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use connectors_core::config::Field;
use connectors_core::{Connection, Context, Registered, Result, Waits};
use serde_json::{Map, Value};

use super::allow::{Allow, paths};
use crate::lock::lock;
use crate::protocol::{Connector, values};
use crate::secrets::{Secrets, mask_sensitive};

/// The sources that this worker has in memory, and what they may use.
pub(super) struct Connections {
    /// What every source gets.
    pub(super) context: Context,
    secrets: Secrets,
    allow: Allow,
    /// By the id of the connector.
    kept: Mutex<HashMap<String, Kept>>,
}

/// A source, and the values that it was made with.
struct Kept {
    values: Map<String, Value>,
    connection: Arc<dyn Connection>,
    /// What it waits for.
    waits: Waits,
    /// What its last full sync went by, if that completed and is verified: then the source may be asked whether anything
    /// changed.
    basis: Option<u64>,
}

/// What is in memory for a connector.
enum Found {
    None,
    Same(Arc<dyn Connection>),
    Other(Arc<dyn Connection>),
}

impl Connections {
    /// No sources yet; those to come may use what is allowed.
    pub(super) fn new(context: Context, secrets: Secrets, allow: Allow) -> Self {
        let context = Context { roots: allow.roots(), ..context };
        Self { context, secrets, allow, kept: Mutex::default() }
    }

    /// The source of a connector: the one in memory, or a new one where its values are others than before.
    ///
    /// # Errors
    /// `Config` for values that can't be used.
    pub(super) async fn connect(
        &self,
        connector: &Connector,
        source: &'static dyn Registered,
    ) -> Result<Arc<dyn Connection>> {
        let fields = source.fields();
        let allowed = self.allow.secrets_of(connector.id(), source.name());
        let secrets = self.secrets.limited_to(allowed);
        let values = secrets.resolve(&values(&connector.configuration(), &fields))?;
        mask_sensitive(&values, &fields);
        self.check_bounds(&values, &fields).await?;
        match self.find(connector.id(), &values) {
            Found::Same(connection) => return Ok(connection),
            Found::Other(old) => close(connector.id(), &old).await,
            Found::None => {}
        }
        let context = Context { waits: Waits::default(), ..self.context.clone() };
        let connection: Arc<dyn Connection> = source.connect(&values, &context)?.into();
        let kept = Kept { values, connection: connection.clone(), waits: context.waits, basis: None };
        lock(&self.kept).insert(connector.id().to_owned(), kept);
        Ok(connection)
    }

    /// Refuses values that lead where no connector may go.
    async fn check_bounds(&self, values: &Map<String, Value>, fields: &[Field]) -> Result<()> {
        self.allow.check_hosts(values, fields)?;
        for (setting, path) in paths(values, fields) {
            let roots = self.context.roots.clone();
            let checked = self.context.blocking(move || roots.check(&path)).await;
            checked.map_err(|error| error.with("setting", setting))?;
        }
        Ok(())
    }

    /// The source in memory; one with other values is taken out.
    fn find(&self, id: &str, values: &Map<String, Value>) -> Found {
        let mut kept = lock(&self.kept);
        match kept.get(id) {
            None => Found::None,
            Some(same) if same.values == *values => Found::Same(same.connection.clone()),
            Some(_) => kept.remove(id).map_or(Found::None, |other| Found::Other(other.connection)),
        }
    }

    /// What the source of a connector waits for.
    pub(super) fn waits(&self, connector: &str) -> Waits {
        lock(&self.kept).get(connector).map_or_else(Waits::default, |kept| kept.waits.clone())
    }

    /// What the last full sync of the connector went by, if it is verified: where nothing of it changed, the source may be
    /// asked whether anything changed there.
    pub(super) fn basis(&self, connector: &str) -> Option<u64> {
        lock(&self.kept).get(connector)?.basis
    }

    /// Keeps what a full sync of the connector went by.
    pub(super) fn keep_basis(&self, connector: &str, basis: Option<u64>) {
        if let Some(kept) = lock(&self.kept).get_mut(connector) {
            kept.basis = basis;
        }
    }

    /// Closes the sources of connectors that are not kept.
    pub(super) async fn retain(&self, is_kept: &impl Fn(&str) -> bool) {
        let closed: Vec<(String, Kept)> = lock(&self.kept).extract_if(|id, _| !is_kept(id)).collect();
        for (id, kept) in closed {
            close(&id, &kept.connection).await;
        }
    }
}

async fn close(connector: &str, connection: &Arc<dyn Connection>) {
    if let Err(error) = connection.source().close().await {
        tracing::warn!(connector, %error, "closing the source failed");
    }
}
