//! `connectors connector`: makes, shows and changes connectors that the service runs.

use connectors_core::elastic::index::check_content_name;
use connectors_core::{Error, Registered, Result};
use serde_json::{Map, Value, json};

use super::{Desk, End, Fleet, prompt, take_over};
use crate::cli::{self, Create, SourceArgs, Values};
use crate::protocol::{
    Connector, ConnectorStatus, JobType, Kind, NewConnector, Record, Schedule, completed, is_filled,
    laid_over, masked,
};
use crate::{registry, schedule, settings, show};

pub(super) async fn run(desk: &Desk, asked: cli::Connector) -> Result<End> {
    Fleet::during(desk, async |fleet| answer(desk, fleet, asked).await).await
}

async fn answer(desk: &Desk, fleet: &Fleet, asked: cli::Connector) -> Result<()> {
    match asked {
        cli::Connector::Create(create) => make(desk, fleet, create).await,
        cli::Connector::List => list(desk, fleet).await,
        cli::Connector::Show { id } => {
            let connector = fleet.store.connector(&id).await?.ok_or_else(|| unknown(&id))?;
            told(desk, &connector);
            Ok(())
        }
        cli::Connector::Update { id, values, name } => update(desk, fleet, (&id, values, name)).await,
        cli::Connector::Delete { id } => {
            fleet.store.remove_connector(&id, |_| Ok(())).await?.then_some(()).ok_or_else(|| unknown(&id))?;
            desk.say(&json!({ "id": id, "result": "deleted" }), &format!("{id}: deleted; its index stays"));
            Ok(())
        }
        cli::Connector::Schedule { id, job_type, at, off } => {
            let enabled = !off;
            let mut schedule = json!({ "enabled": enabled });
            if let Some(at) = at {
                schedule["interval"] = expression(&at)?.into();
            }
            let patch = json!({ "scheduling": { job_type.word(): schedule } });
            change(desk, fleet, &id, |_| Ok(patch.clone())).await
        }
    }
}

async fn make(desk: &Desk, fleet: &Fleet, create: Create) -> Result<()> {
    check_content_name(&create.index)?;
    let source = registry::source(&create.service_type, &desk.settings.sources)?;
    let mut is_given = create.take_over;
    if !create.take_over {
        is_free(fleet, &create.index).await?;
        is_given = take_over::check_owner(&fleet.store, &create.index, create.id.as_deref()).await?;
    }
    let given_over = is_given.then(|| create.index.clone());
    let schedules = match create.schedule {
        None => Vec::new(),
        Some(at) => vec![(JobType::Full, Schedule { enabled: true, interval: expression(&at)? })],
    };
    let mut values = given(source, create.values)?;
    if prompt::is_possible() {
        prompt::missing(&source.fields(), &mut values)?;
    }
    let asked = NewConnector {
        name: create.name.unwrap_or_else(|| create.index.clone()),
        index_name: create.index,
        values,
        language: create.language,
        pipeline: create.pipeline,
        schedules,
    };
    let document = asked.document(source, desk.context.clock.now());
    let id = fleet.store.add_connector(create.id.as_deref(), &document).await?.ok_or_else(|| {
        Error::config(
            "there is a connector with this id already; take another, or `connectors connector update`",
        )
    })?;
    if let Some(index) = given_over {
        take_over::give_to(fleet.store.client(), &index, &id).await?;
    }
    let connector = fleet.store.connector(&id).await?.ok_or_else(|| unknown(&id))?;
    told(desk, &connector);
    Ok(())
}

/// Refuses an index that another connector keeps: each would delete the documents of the other.
async fn is_free(fleet: &Fleet, index: &str) -> Result<()> {
    fleet.store.refresh(Kind::Connector).await?;
    let connectors = fleet.store.connectors().await?;
    let keeper = connectors.iter().find(|connector| connector.index_name() == Some(index));
    let Some(keeper) = keeper else { return Ok(()) };
    let message = format!(
        "another connector keeps this index, and each would delete the documents of the other; take another index, delete that connector (`connectors connector delete {}`), or say `--take-over`",
        keeper.id()
    );
    Err(Error::config(message).with("index", index).with("connector", keeper.name()))
}

/// The expression as it was given, if it is one.
fn expression(at: &str) -> Result<String> {
    at.parse::<schedule::Schedule>()?;
    Ok(at.to_owned())
}

/// The given values; a setting that the source does not have is refused.
fn given(source: &dyn Registered, values: Values) -> Result<Map<String, Value>> {
    let fields: Vec<String> = source.fields().into_iter().map(|field| field.name).collect();
    let arguments = SourceArgs { name: source.name().to_owned(), values };
    let given = settings::of_source(&arguments, &fields)?;
    match given.keys().find(|name| !fields.contains(name)) {
        None => Ok(given),
        Some(name) => {
            Err(Error::config(format!("there is no such setting; there are: {}", fields.join(", ")))
                .with("setting", name))
        }
    }
}

async fn list(desk: &Desk, fleet: &Fleet) -> Result<()> {
    let connectors = fleet.store.connectors().await?;
    if desk.json {
        let all = connectors.iter().map(|connector| shown(desk, connector));
        show::line(&Value::from_iter(all).to_string());
        return Ok(());
    }
    let text = |value: Option<&str>| value.unwrap_or("-").to_owned();
    let rows = connectors.iter().map(|connector| {
        vec![
            connector.id().to_owned(),
            connector.name().to_owned(),
            text(connector.service_type()),
            text(connector.index_name()),
            text(connector.status().map(ConnectorStatus::word)),
            text(connector.0.text("last_sync_status")),
            text(connector.0.text("last_synced")),
        ]
    });
    show::table(&["id", "name", "type", "index", "status", "last sync", "at (UTC)"], rows);
    Ok(())
}

async fn update(
    desk: &Desk,
    fleet: &Fleet,
    (id, values, name): (&str, Values, Option<String>),
) -> Result<()> {
    let connector = fleet.store.connector(id).await?.ok_or_else(|| unknown(id))?;
    let service_type = connector.service_type().unwrap_or_default();
    let source = registry::source(service_type, &desk.settings.sources)?;
    let values = given(source, values)?;
    change(desk, fleet, id, |record| Ok(changed(source, record, (&values, name.as_deref())))).await
}

/// The patch that gives a connector other values or another name.
fn changed(
    source: &dyn Registered,
    record: &Record,
    (values, name): (&Map<String, Value>, Option<&str>),
) -> Value {
    let mut patch = Map::new();
    if let Some(name) = name {
        patch.insert("name".into(), name.into());
    }
    if !values.is_empty() {
        patch.extend(configured(source, &Connector(record.clone()), values));
    }
    patch.into()
}

/// The patch of configuration and status that gives a connector other values.
pub(super) fn configured(
    source: &dyn Registered,
    connector: &Connector,
    values: &Map<String, Value>,
) -> Map<String, Value> {
    let (stored, fields) = (connector.configuration(), source.fields());
    let mut configuration = completed(&stored, &fields).unwrap_or_default();
    for (name, value) in values {
        let field = configuration.entry(name.clone()).or_insert_with(|| json!({}));
        field["value"] = value.clone();
    }
    let whole = laid_over(&stored, &configuration);
    let status = ConnectorStatus::looked_at(connector.status(), is_filled(&whole, &fields));
    Map::from_iter([
        ("configuration".to_owned(), configuration.into()),
        ("status".to_owned(), status.word().into()),
    ])
}

async fn change(
    desk: &Desk,
    fleet: &Fleet,
    id: &str,
    patch: impl Fn(&Record) -> Result<Value> + Send + Sync,
) -> Result<()> {
    let changed =
        fleet.store.change(Kind::Connector, id, |record| Ok(patch(record)?.as_object().cloned())).await?;
    let record = changed.ok_or_else(|| unknown(id))?;
    told(desk, &Connector(record));
    Ok(())
}

/// Shows a connector.
fn told(desk: &Desk, connector: &Connector) {
    let shown = shown(desk, connector);
    if desk.json {
        return show::line(&shown.to_string());
    }
    for key in [
        "name",
        "service_type",
        "index_name",
        "status",
        "error",
        "last_sync_status",
        "last_sync_error",
        "last_synced",
    ] {
        show::line(&format!("{key}: {}", show::value(&shown[key])));
    }
    show::line(&format!("id: {}", connector.id()));
    for job_type in JobType::ALL {
        if let Some(schedule) = connector.schedule(*job_type).filter(|schedule| schedule.enabled) {
            show::line(&format!("{job_type} sync: {}", schedule.interval));
        }
    }
    for (name, field) in shown["configuration"].as_object().into_iter().flatten() {
        let value = field.as_object().map_or(field, |field| field.get("value").unwrap_or(&Value::Null));
        show::line(&format!("  {name} = {}", show::value(value)));
    }
}

/// The document with its id, secrets masked.
fn shown(desk: &Desk, connector: &Connector) -> Value {
    let source =
        connector.service_type().and_then(|name| registry::source(name, &desk.settings.sources).ok());
    let fields = source.map(Registered::fields).unwrap_or_default();
    let mut shown = connector.0.fields.clone();
    shown.insert("id".into(), connector.id().into());
    shown.insert("configuration".into(), masked(&connector.configuration(), &fields).into());
    shown.into()
}

pub(super) fn unknown(id: &str) -> Error {
    Error::config("there is no such connector; `connectors connector list` lists all").with("id", id)
}
