//! The life of a connector: its form is written, its values are checked, its status told.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use connectors_core::rules::RuleSet;
use connectors_core::{Error, Registered, Result, caught};
use serde_json::{Map, Value, json};

use super::connections::Kept;
use super::metrics::Totals;
use super::{Worker, drafts};
use crate::protocol::{
    Connector, ConnectorStatus, JobType, Kind, Record, completed, features, is_filled, laid_over, values,
};
use crate::secrets::masked;

/// How long a third party may take to answer a check.
const PATIENCE: Duration = Duration::from_secs(60);

/// How much sooner a connector in error is checked again.
const SOONER: u32 = 12;

/// What a worker remembers of a connector.
#[derive(Default)]
pub(super) struct Known {
    /// True while a task looks at it.
    is_attended: bool,
    /// What was checked last, and when.
    checked: Option<(Looked, DateTime<Utc>)>,
    /// Its source.
    pub(super) kept: Option<Kept>,
    /// Since when a schedule is as it is.
    pub(super) schedules: HashMap<JobType, (String, DateTime<Utc>)>,
    /// When it last got a slot.
    pub(super) served: Option<DateTime<Utc>>,
    /// When its last sync completed.
    pub(super) completed: Option<DateTime<Utc>>,
    /// What its jobs did.
    pub(super) totals: Totals,
    /// Why it can't be used, as its last check found.
    error: Option<String>,
}

/// What a check looks at: values, and a draft of rules that waits to be validated.
#[derive(PartialEq)]
struct Looked {
    values: Map<String, Value>,
    draft: Option<RuleSet>,
}

impl Worker {
    /// Looks at a connector in a task of its own, unless one does so already or one of its jobs runs: a job tells
    /// by itself whether the configuration is good.
    pub(super) fn attend(self: &Arc<Self>, connector: &Connector) {
        let Some(source) = self.source_of(connector) else { return };
        let is_running = self.all_running().iter().any(|running| running.connector == connector.id());
        if is_running || !self.needs_attention(connector, source) {
            return;
        }
        let (worker, connector) = (self.clone(), connector.clone());
        self.tasks.spawn(async move {
            let looked = caught(worker.look_at(&connector, source)).await;
            if let Err(error) = &looked {
                tracing::warn!(connector = connector.id(), %error, "looking at a connector failed; trying again");
            }
            if let Some(known) = worker.known().get_mut(connector.id()) {
                known.is_attended = false;
                known.checked = known.checked.take().filter(|_| looked.is_ok());
            }
        });
    }

    /// The connector's type: that of its document, else that of the settings.
    pub(super) fn source_of(&self, connector: &Connector) -> Option<&'static dyn Registered> {
        let named = self.options.only.get(connector.id()).and_then(|served| served.service_type.as_deref());
        self.registry.find(connector.service_type().or(named)?)
    }

    /// True when something about the connector changed or its check is due; it then counts as attended.
    fn needs_attention(&self, connector: &Connector, source: &dyn Registered) -> bool {
        let now = self.now();
        let given = Looked {
            values: values(&connector.configuration(), &source.fields()),
            draft: drafts::waiting(&connector.0).map(|filtering| filtering.draft),
        };
        let mut known = self.known();
        let known = known.entry(connector.id().to_owned()).or_default();
        // What does not work is tried again sooner.
        let due = if known.error.is_some() { self.options.check / SOONER } else { self.options.check };
        let is_fresh = known
            .checked
            .as_ref()
            .is_some_and(|(checked, at)| *checked == given && (now - *at).to_std().unwrap_or_default() < due);
        let settled = !matches!(
            connector.status(),
            None | Some(ConnectorStatus::Created | ConnectorStatus::Configured)
        );
        if known.is_attended || (is_fresh && settled) {
            return false;
        }
        known.is_attended = true;
        known.checked = Some((given, now));
        true
    }

    async fn look_at(&self, connector: &Connector, source: &'static dyn Registered) -> Result<()> {
        let Some(connector) = self.prepare(connector, source).await? else { return Ok(()) };
        if connector.status() == Some(ConnectorStatus::NeedsConfiguration) {
            return self.validate_draft(&connector, None).await;
        }
        let reached = caught(self.reach(&connector, source)).await;
        let error = reached.err().map(|error| masked(&error));
        if let Some(error) = &error {
            tracing::warn!(connector = connector.id(), error, "the connector can't be used");
        }
        if let Some(known) = self.known().get_mut(connector.id()) {
            known.error.clone_from(&error);
        }
        let status = if error.is_some() { ConnectorStatus::Error } else { ConnectorStatus::Connected };
        let usable = error.is_none().then_some(source);
        self.tell(&connector, status, error).await?;
        self.validate_draft(&connector, usable).await
    }

    /// Completes the form of a connector and moves it on; none when it is gone.
    pub(super) async fn prepare(
        &self,
        connector: &Connector,
        source: &'static dyn Registered,
    ) -> Result<Option<Connector>> {
        if form(connector, source).is_none() {
            return Ok(Some(connector.clone()));
        }
        let changed = self
            .store
            .change(Kind::Connector, connector.id(), |record| Ok(form(&Connector(record.clone()), source)))
            .await?;
        match changed {
            Some(record) => Ok(Some(Connector(record))),
            None => self.store.connector(connector.id()).await,
        }
    }

    /// The connectors that can't be used, with the reasons that their last checks found.
    pub(super) fn in_error(&self) -> BTreeMap<String, String> {
        let known = self.known();
        known.iter().filter_map(|(id, known)| Some((id.clone(), known.error.clone()?))).collect()
    }

    async fn reach(&self, connector: &Connector, source: &'static dyn Registered) -> Result<()> {
        let connection = self.connection(connector, source).await?;
        let answer = tokio::time::timeout(PATIENCE, connection.source().ping()).await;
        answer
            .unwrap_or_else(|_| Err(Error::transient("the third party did not answer the check in a minute")))
    }

    /// Writes the status where it differs.
    async fn tell(
        &self,
        connector: &Connector,
        status: ConnectorStatus,
        error: Option<String>,
    ) -> Result<()> {
        let told = self.store.change(Kind::Connector, connector.id(), |record| {
            let is_told =
                record.text("status") == Some(status.word()) && record.text("error") == error.as_deref();
            let patch = json!({ "status": status.word(), "error": error });
            Ok((!is_told).then(|| patch.as_object().cloned()).flatten())
        });
        told.await.map(drop)
    }
}

/// What the document of a connector lacks: its type, fields, features, and the status that follows from them.
fn form(connector: &Connector, source: &dyn Registered) -> Option<Map<String, Value>> {
    let (stored, fields) = (connector.configuration(), source.fields());
    let mut patch = Map::new();
    let added = completed(&stored, &fields).unwrap_or_default();
    let whole = laid_over(&stored, &added);
    if !added.is_empty() {
        patch.insert("configuration".into(), added.into());
    }
    let record: &Record = &connector.0;
    if connector.service_type().is_none() {
        patch.insert("service_type".into(), source.name().into());
    }
    let is_new = matches!(connector.status(), None | Some(ConnectorStatus::Created));
    if is_new || record.value("features").is_null() {
        patch.insert("features".into(), features(source.capabilities()));
    }
    let status = ConnectorStatus::looked_at(connector.status(), is_filled(&whole, &fields));
    if connector.status() != Some(status) {
        patch.insert("status".into(), status.word().into());
        patch.insert("error".into(), Value::Null);
    }
    (!patch.is_empty()).then_some(patch)
}
