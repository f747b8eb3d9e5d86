//! What somebody asks of connectors: to create, change, schedule and delete them.

use chrono::{DateTime, Utc};
use connectors_core::config::no_such_setting;
use connectors_core::{Error, Registered, Result};
use serde_json::{Map, Value, json};

use crate::ownership::{self, Target};
use crate::protocol::{
    Connector, ConnectorStatus, JobType, Kind, NewConnector, Record, Schedule, Store, is_complete, lack,
    missing_fields, overlay,
};
use crate::registry::Registry;
use crate::schedule::Expression;

/// A connector that somebody asks for.
#[derive(Debug, Clone)]
pub struct Creation {
    /// Its id; a random one where none is given.
    pub id: Option<String>,
    /// Its name; that of the index where none is given.
    pub name: Option<String>,
    /// The index that it keeps.
    pub target: Target,
    /// Its settings.
    pub values: Map<String, Value>,
    /// The language of its documents.
    pub language: Option<String>,
    /// The ingest pipeline of its documents.
    pub pipeline: Option<String>,
    /// When it is synced in full; never by itself where there is none.
    pub schedule: Option<Expression>,
}

/// What of a connector is to change.
#[derive(Debug, Clone, Default)]
pub struct Update {
    /// Another name.
    pub name: Option<String>,
    /// Other settings; those that are not named stay.
    pub values: Map<String, Value>,
}

/// Creates a connector of this source, and gives it its index.
///
/// # Errors
/// `Config` for settings that the source does not have, and for an id that is taken; when the server refuses.
pub async fn create(
    store: &Store,
    source: &dyn Registered,
    asked: Creation,
    now: DateTime<Utc>,
) -> Result<Connector> {
    check_names(source, &asked.values)?;
    let Target { index, is_transferred } = asked.target;
    let schedules =
        asked.schedule.map(|at| (JobType::Full, Schedule { enabled: true, interval: at.to_string() }));
    let new = NewConnector {
        name: asked.name.unwrap_or_else(|| index.clone()),
        index_name: index.clone(),
        values: asked.values,
        language: asked.language,
        pipeline: asked.pipeline,
        schedules: schedules.into_iter().collect(),
    };
    let created = store.add_connector(asked.id.as_deref(), &new.document(source, now)).await?;
    let id = created.ok_or_else(|| {
        Error::config(
            "there is a connector with this id already; take another, or `connectors connector update`",
        )
    })?;
    if is_transferred {
        ownership::transfer(store, &index, &id).await?;
    }
    get(store, &id).await
}

/// The connector with this id.
///
/// # Errors
/// `Config` where there is none; when the server can't be asked.
pub async fn get(store: &Store, id: &str) -> Result<Connector> {
    store.connector(id).await?.ok_or_else(|| unknown(id))
}

/// Gives a connector of this source other settings or another name.
///
/// # Errors
/// `Config` for settings that the source does not have, and where there is no such connector; when the server refuses.
pub async fn update(store: &Store, source: &dyn Registered, id: &str, asked: &Update) -> Result<Connector> {
    check_names(source, &asked.values)?;
    change(store, id, |record| {
        let mut patch = Map::new();
        if let Some(name) = &asked.name {
            patch.insert("name".into(), name.as_str().into());
        }
        if !asked.values.is_empty() {
            patch.extend(configured(source, &Connector(record.clone()), &asked.values));
        }
        patch
    })
    .await
}

/// Sets when jobs of one type run: by this expression, or not by themselves.
///
/// # Errors
/// `Config` where there is no such connector; when the server refuses.
pub async fn schedule(
    store: &Store,
    id: &str,
    job_type: JobType,
    expression: Option<&Expression>,
) -> Result<Connector> {
    let mut schedule = json!({ "enabled": expression.is_some() });
    if let Some(expression) = expression {
        schedule["interval"] = expression.to_string().into();
    }
    let scheduling = json!({ job_type.word(): schedule });
    change(store, id, |_| Map::from_iter([("scheduling".to_owned(), scheduling.clone())])).await
}

/// Deletes a connector and its jobs that wait; its index stays.
///
/// # Errors
/// `Config` where there is none; when the server refuses.
pub async fn delete(store: &Store, id: &str) -> Result<()> {
    store.remove_connector(id, |_| Ok(())).await?.then_some(()).ok_or_else(|| unknown(id))
}

/// Refuses settings that the source does not have.
///
/// # Errors
/// `Config`, with each of them and the nearest that there is.
pub fn check_names(source: &dyn Registered, values: &Map<String, Value>) -> Result<()> {
    let known: Vec<String> = source.fields().into_iter().map(|field| field.name).collect();
    let unknown = values.keys().filter(|name| !known.contains(name));
    let problems: Vec<String> =
        unknown.map(|name| format!("  {name}: {}", no_such_setting(name, &known))).collect();
    if problems.is_empty() {
        return Ok(());
    }
    let what = format!("the settings of {} can't be used:\n{}", source.name(), problems.join("\n"));
    Err(Error::config(what))
}

/// Refuses jobs of a type that the source of this service type does not have; a type that this program does not know may
/// have any.
///
/// # Errors
/// `Config`, with what the source can do.
pub fn check_job_type(registry: &Registry, service_type: &str, job_type: JobType) -> Result<()> {
    let Some(source) = registry.find(service_type) else { return Ok(()) };
    let Some(lack) = lack(job_type, source.capabilities()) else { return Ok(()) };
    Err(Error::config(format!("{lack}; leave jobs of the type `{job_type}` out")).with("type", service_type))
}

/// The patch of configuration and status that gives a connector other values.
pub(crate) fn configured(
    source: &dyn Registered,
    connector: &Connector,
    values: &Map<String, Value>,
) -> Map<String, Value> {
    let (stored, fields) = (connector.configuration(), source.fields());
    let mut configuration = missing_fields(&stored, &fields).unwrap_or_default();
    for (name, value) in values {
        let field = configuration.entry(name.clone()).or_insert_with(|| json!({}));
        field["value"] = value.clone();
    }
    let whole = overlay(&stored, &configuration);
    let status = ConnectorStatus::after_edit(connector.status(), is_complete(&whole, &fields));
    Map::from_iter([
        ("configuration".to_owned(), configuration.into()),
        ("status".to_owned(), status.word().into()),
    ])
}

async fn change(
    store: &Store,
    id: &str,
    patch: impl Fn(&Record) -> Map<String, Value> + Send + Sync,
) -> Result<Connector> {
    let changed = store.change(Kind::Connector, id, |record| Ok(Some(patch(record)))).await?;
    changed.map(Connector).ok_or_else(|| unknown(id))
}

fn unknown(id: &str) -> Error {
    Error::config("there is no such connector; `connectors connector list` lists all").with("id", id)
}
