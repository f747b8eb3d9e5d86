//! `connectors connector`: makes, shows and changes connectors that the service runs.

use std::path::{Path, absolute};

use connectors_core::config::{Field, Names};
use connectors_core::{Registered, Result};
use connectors_service::connectors::{self, Creation, Update};
use connectors_service::ownership::{Conflict, Target};
use connectors_service::protocol::{Connector, ConnectorStatus, JobType, Store};
use connectors_service::schedule::Expression;
use serde_json::{Map, Value, json};

use super::end::End;
use super::prompt;
use super::session::{Session, with_store};
use crate::cli::{self, Create, SourceArgs, Values};
use crate::settings;
use crate::show::{self, Column};

/// What is shown of a connector, in this order.
const SHOWN: [&str; 8] = [
    "name",
    "service_type",
    "index_name",
    "status",
    "error",
    "last_sync_status",
    "last_sync_error",
    "last_synced",
];

/// The columns of a list of connectors.
pub(crate) const COLUMNS: [Column<'_>; 7] = [
    Column::Whole("id"),
    Column::Text("name"),
    Column::Whole("type"),
    Column::Text("index"),
    Column::Whole("status"),
    Column::Whole("last sync"),
    Column::Whole("at"),
];

pub(super) async fn run(session: &Session, asked: cli::Connector) -> Result<End> {
    with_store(session, async |store| answer(session, store, asked).await).await
}

async fn answer(session: &Session, store: &Store, asked: cli::Connector) -> Result<()> {
    let connector = match asked {
        cli::Connector::Create(asked) => create(session, store, asked).await?,
        cli::Connector::List { all } => {
            let found = if all { store.connectors_and_removed().await? } else { store.connectors().await? };
            list(session, &found);
            return Ok(());
        }
        cli::Connector::Show { id } => connectors::get(store, &id).await?,
        cli::Connector::Update { id, values, name } => {
            let connector = connectors::get(store, &id).await?;
            let source = session.registry.get(connector.service_type().unwrap_or_default())?;
            let update = Update { name, values: given(source, values)? };
            connectors::update(store, source, &id, &update).await?
        }
        cli::Connector::Delete { id, yes } => {
            let connector = connectors::get(store, &id).await?;
            prompt::agreed(session, &format!("delete the connector `{}` ({id})?", connector.name()), &yes)?;
            connectors::delete(store, &id).await?;
            session
                .say(&json!({ "id": id, "result": "deleted" }), &format!("{id}: deleted; its index stays"));
            return Ok(());
        }
        cli::Connector::Schedule { id, job_type, at, off: _ } => {
            let schedule = at.as_deref().map(Expression::spoken).transpose()?;
            if schedule.is_some() {
                check_job_type(session, store, &id, job_type).await?;
            }
            connectors::schedule(store, &id, job_type, schedule.as_ref()).await?
        }
    };
    print(session, &connector);
    Ok(())
}

/// Refuses jobs that the source of a connector does not have.
async fn check_job_type(session: &Session, store: &Store, id: &str, job_type: JobType) -> Result<()> {
    let connector = connectors::get(store, id).await?;
    connectors::check_job_type(&session.registry, connector.service_type().unwrap_or_default(), job_type)
}

async fn create(session: &Session, store: &Store, asked: Create) -> Result<Connector> {
    let source = session.registry.get(&asked.service_type)?;
    let conflict = if asked.take_over { Conflict::TakeOver } else { Conflict::Refuse };
    let target = Target::check(store, &asked.index, asked.id.as_deref(), conflict).await?;
    let schedule = asked.schedule.as_deref().map(Expression::spoken).transpose()?;
    let mut values = given(source, asked.values)?;
    if prompt::is_possible() {
        prompt::missing(&source.fields(), &mut values)?;
        whole_paths(&source.fields(), &mut values)?;
    }
    let creation = Creation {
        id: asked.id,
        name: asked.name,
        target,
        values,
        language: asked.language,
        pipeline: asked.pipeline,
        schedule,
    };
    connectors::create(store, source, creation, session.context.clock.now()).await
}

/// The given values; a setting that the source does not have is refused.
fn given(source: &dyn Registered, values: Values) -> Result<Map<String, Value>> {
    let fields = source.fields();
    let names: Vec<String> = fields.iter().map(|field| field.name.clone()).collect();
    let arguments = SourceArgs { name: source.name().to_owned(), values };
    let mut given = settings::of_source(&arguments, &names)?;
    connectors::check_names(source, &given)?;
    whole_paths(&fields, &mut given)?;
    Ok(given)
}

/// Makes relative paths whole: the service works in a folder of its own.
fn whole_paths(fields: &[Field], values: &mut Map<String, Value>) -> Result<()> {
    for field in fields.iter().filter(|field| field.names == Names::Path) {
        let Some(Value::String(text)) = values.get_mut(&field.name) else { continue };
        let is_written_out = text.is_empty() || text.starts_with('~') || text.contains("${");
        if !is_written_out && Path::new(&text).is_relative() {
            *text = absolute(&text)?.to_string_lossy().into_owned();
        }
    }
    Ok(())
}

fn list(session: &Session, connectors: &[Connector]) {
    if session.json {
        let all = connectors.iter().map(|connector| connector.masked(&session.registry));
        return show::line(&Value::from_iter(all).to_string());
    }
    let text = |value: Option<&str>| value.unwrap_or("-").to_owned();
    let rows = connectors.iter().map(|connector| {
        vec![
            connector.id().to_owned(),
            connector.name().to_owned(),
            text(connector.service_type()),
            text(connector.index_name()),
            text(state(connector)),
            text(connector.text("last_sync_status")),
            session.times.short_of(connector.text("last_synced")),
        ]
    });
    show::table(&COLUMNS, rows);
}

/// Where a connector is in its life, which is over for one that is marked as deleted.
fn state(connector: &Connector) -> Option<&'static str> {
    if connector.is_removed() { Some("deleted") } else { connector.status().map(ConnectorStatus::word) }
}

fn print(session: &Session, connector: &Connector) {
    let shown = connector.masked(&session.registry);
    if session.json {
        return show::line(&shown.to_string());
    }
    for key in SHOWN {
        let time = shown[key].as_str().and_then(|text| session.times.long_of(text));
        show::line(&format!("{key}: {}", time.unwrap_or_else(|| show::value(&shown[key]))));
    }
    show::line(&format!("id: {}", connector.id()));
    for job_type in JobType::ALL {
        if let Some(schedule) = connector.schedule(*job_type).filter(|schedule| schedule.enabled) {
            let words = schedule.interval.parse::<Expression>().ok().and_then(|read| read.words());
            let words = words.map(|words| format!("{words} ({})", schedule.interval));
            show::line(&format!("{job_type} sync: {}", words.unwrap_or_else(|| schedule.interval.clone())));
        }
    }
    for (name, field) in shown["configuration"].as_object().into_iter().flatten() {
        let value = field.as_object().map_or(field, |field| field.get("value").unwrap_or(&Value::Null));
        show::line(&format!("  {name} = {}", show::value(value)));
    }
}
