//! Checks of connectors: whether their values can be used and their third parties be reached.

use std::collections::{BTreeMap, HashMap};
use std::sync::Mutex;
use std::time::Duration;

use chrono::{DateTime, Utc};
use connectors_core::rules::RuleSet;
use connectors_core::{Error, Registered, Result, caught};
use serde_json::{Map, Value, json};

use super::connections::Connections;
use super::{form, rules};
use crate::lock::lock;
use crate::protocol::{Connector, ConnectorStatus, Kind, Store, values};
use crate::secrets::masked;

/// How long a third party may take to answer a check.
const TIMEOUT: Duration = Duration::from_secs(60);

/// How much sooner a connector in error is checked again.
const SOONER: u32 = 12;

/// What this worker knows from checks.
pub(super) struct Checks {
    /// Between two checks of values that did not change.
    every: Duration,
    /// By the id of the connector.
    known: Mutex<HashMap<String, Known>>,
}

#[derive(Default)]
struct Known {
    /// True while a task checks it.
    is_checked_now: bool,
    /// What was checked last, and when.
    checked: Option<(Checked, DateTime<Utc>)>,
    /// Why it can't be used, as its last check found.
    error: Option<String>,
}

/// What a check is about: values, and a draft of rules that waits to be validated.
#[derive(PartialEq)]
struct Checked {
    values: Map<String, Value>,
    draft: Option<RuleSet>,
}

impl Checks {
    pub(super) fn new(every: Duration) -> Self {
        Self { every, known: Mutex::default() }
    }

    /// True when something about the connector changed or its check is due; the check then counts as begun.
    pub(super) fn begin(&self, connector: &Connector, source: &dyn Registered, now: DateTime<Utc>) -> bool {
        let given = Checked {
            values: values(&connector.configuration(), &source.fields()),
            draft: rules::waiting(&connector.0).map(|filtering| filtering.draft),
        };
        let mut known = lock(&self.known);
        let known = known.entry(connector.id().to_owned()).or_default();
        // What does not work is tried again sooner.
        let every = if known.error.is_some() { self.every / SOONER } else { self.every };
        let is_fresh = known.checked.as_ref().is_some_and(|(checked, at)| {
            *checked == given && (now - *at).to_std().unwrap_or_default() < every
        });
        let is_settled = !matches!(
            connector.status(),
            None | Some(ConnectorStatus::Created | ConnectorStatus::Configured)
        );
        if known.is_checked_now || (is_fresh && is_settled) {
            return false;
        }
        known.is_checked_now = true;
        known.checked = Some((given, now));
        true
    }

    /// The check that was begun is over; one that failed is due again.
    pub(super) fn end(&self, connector: &str, result: &Result<()>) {
        if let Some(known) = lock(&self.known).get_mut(connector) {
            known.is_checked_now = false;
            known.checked = known.checked.take().filter(|_| result.is_ok());
        }
    }

    /// The connectors that can't be used, with the reasons that their last checks found.
    pub(super) fn errors(&self) -> BTreeMap<String, String> {
        let known = lock(&self.known);
        known.iter().filter_map(|(id, known)| Some((id.clone(), known.error.clone()?))).collect()
    }

    /// Drops the connectors that are not kept.
    pub(super) fn retain(&self, is_kept: &impl Fn(&str) -> bool) {
        lock(&self.known).retain(|id, _| is_kept(id));
    }

    fn keep_error(&self, connector: &str, error: Option<&String>) {
        if let Some(known) = lock(&self.known).get_mut(connector) {
            known.error = error.cloned();
        }
    }
}

/// Completes the form of a connector, tries its values, writes what came of it, and validates a draft of its rules.
///
/// # Errors
/// When the server can't be asked.
pub(super) async fn check(
    store: &Store,
    connections: &Connections,
    checks: &Checks,
    (connector, source): (&Connector, &'static dyn Registered),
) -> Result<()> {
    let Some(connector) = form::complete(store, connector, source).await? else { return Ok(()) };
    if connector.status() == Some(ConnectorStatus::NeedsConfiguration) {
        return rules::validate_draft(store, connections, &connector, None).await;
    }
    let reached = caught(reach(connections, &connector, source)).await;
    let error = reached.err().map(|error| masked(&error));
    if let Some(error) = &error {
        tracing::warn!(connector = connector.id(), error, "the connector can't be used");
    }
    checks.keep_error(connector.id(), error.as_ref());
    let usable = error.is_none().then_some(source);
    write(store, &connector, error).await?;
    rules::validate_draft(store, connections, &connector, usable).await
}

async fn reach(
    connections: &Connections,
    connector: &Connector,
    source: &'static dyn Registered,
) -> Result<()> {
    let connection = connections.connect(connector, source).await?;
    let answer = tokio::time::timeout(TIMEOUT, connection.source().ping()).await;
    answer.unwrap_or_else(|_| Err(Error::transient("the third party did not answer the check in a minute")))
}

/// Writes the status and the error where they differ.
async fn write(store: &Store, connector: &Connector, error: Option<String>) -> Result<()> {
    let status = if error.is_some() { ConnectorStatus::Error } else { ConnectorStatus::Connected };
    let changed = store.change(Kind::Connector, connector.id(), |record| {
        let is_same =
            record.text("status") == Some(status.word()) && record.text("error") == error.as_deref();
        let patch = json!({ "status": status.word(), "error": error });
        Ok((!is_same).then(|| patch.as_object().cloned()).flatten())
    });
    changed.await.map(drop)
}
