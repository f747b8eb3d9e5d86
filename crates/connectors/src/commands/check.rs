//! `connectors check`: the settings, and whether both ends can be reached.

use connectors_core::elastic::{Client, Ignored, MappingDifference, Preset, ignored, index};
use connectors_core::{Error, FieldSpec, Result, caught};
use serde_json::{Map, Value, json};

use super::end::End;
use super::privileges;
use super::session::Session;
use crate::cli::SourceArgs;
use crate::server::Server;
use crate::show;

/// What was found at one end: in words, and as members of its JSON.
struct Found {
    text: String,
    more: Map<String, Value>,
}

impl Found {
    fn new(text: impl Into<String>) -> Self {
        Self { text: text.into(), more: Map::new() }
    }
}

pub(super) async fn run(session: &Session, source: Option<&SourceArgs>, index: Option<&str>) -> Result<End> {
    let mut checks = vec![("elasticsearch".to_owned(), elasticsearch(session).await.map(Found::new))];
    if let Some(index) = index {
        checks.push((index.to_owned(), mapping(session, index, source).await));
        checks.push((format!("privileges on {index}"), allowed(session, index).await.map(Found::new)));
    }
    if let Some(arguments) = source {
        checks.push((arguments.name.clone(), ping(session, arguments).await.map(Found::new)));
    }
    if session.json {
        show::line(&Value::from_iter(checks.iter().map(|(end, found)| as_json(end, found))).to_string());
    } else {
        for (end, found) in &checks {
            show::paragraph(&match found {
                Ok(found) => format!("{end}: ok, {}", found.text),
                Err(error) => format!("{end}: {error}"),
            });
        }
    }
    let failed = checks.iter().filter_map(|(_, found)| found.as_ref().err()).map(End::of).next();
    Ok(failed.unwrap_or(End::Done))
}

fn as_json(end: &str, found: &Result<Found>) -> Value {
    match found {
        Ok(Found { text, more }) => {
            let mut all = Map::from_iter([
                ("end".to_owned(), end.into()),
                ("ok".to_owned(), true.into()),
                ("found".to_owned(), text.as_str().into()),
            ]);
            all.extend(more.clone());
            all.into()
        }
        Err(error) => json!({"end": end, "ok": false, "error": error.to_string()}),
    }
}

async fn elasticsearch(session: &Session) -> Result<String> {
    let server = Server::open(&session.settings).await?;
    let shown = server.shown.clone();
    server.close().await?;
    Ok(shown)
}

/// How the index is mapped, and whether that is what the settings and the source say and what its documents need.
async fn mapping(session: &Session, name: &str, source: Option<&SourceArgs>) -> Result<Found> {
    index::check_content_name(name)?;
    let declared = match source {
        Some(source) => declared(session, source).await?,
        None => Vec::new(),
    };
    let server = Server::open(&session.settings).await?;
    let found = findings(&server.client, name, &declared).await;
    server.close().await?;
    let wanted = session.settings.sync().mapping;
    let Some((preset, mismatched, ignored)) = found? else {
        return Ok(Found::new(format!("there is no such index; it would be mapped by `{wanted}`")));
    };
    let mut lines = vec![preset.unlike(wanted).unwrap_or_else(|| format!("mapped by `{preset}`"))];
    lines.extend(show::fields(&ignored, &mismatched));
    let more = Map::from_iter([
        ("ignored".to_owned(), json!(ignored)),
        ("mismatched".to_owned(), json!(mismatched)),
    ]);
    Ok(Found { text: lines.join("\n  "), more })
}

/// What an index is mapped by, and which of its fields do not hold what they should; none where there is none.
async fn findings(
    client: &Client,
    name: &str,
    declared: &[FieldSpec],
) -> Result<Option<(Preset, Vec<MappingDifference>, Ignored)>> {
    let Some(existing) = index::find(client, name).await? else { return Ok(None) };
    let preset = existing.meta.preset.unwrap_or(Preset::Dynamic);
    Ok(Some((preset, existing.differences(declared), ignored(client, name).await?)))
}

/// What the source declares of its fields.
async fn declared(session: &Session, arguments: &SourceArgs) -> Result<Vec<FieldSpec>> {
    let connection = session.connect(arguments)?;
    let declared = connection.source().declared_fields().await;
    connection.source().close().await?;
    declared
}

/// What these credentials may do with the index; an error names what they lack.
async fn allowed(session: &Session, name: &str) -> Result<String> {
    index::check_content_name(name)?;
    let server = Server::open(&session.settings).await?;
    let missing = privileges::missing(&server.client, name).await;
    server.close().await?;
    let Some(missing) = missing? else { return Ok("this server does not list them".into()) };
    let lacking: Vec<String> = missing
        .iter()
        .filter(|(_, lacking)| !lacking.is_empty())
        .map(|(command, lacking)| format!("`connectors {command}` needs {}", lacking.join(", ")))
        .collect();
    if lacking.is_empty() {
        return Ok("enough for every command".into());
    }
    Err(Error::denied(format!(
        "these credentials lack privileges in Elasticsearch: {}; docs/security.md lists what each command needs",
        lacking.join("; ")
    )))
}

async fn ping(session: &Session, arguments: &SourceArgs) -> Result<String, Error> {
    let connection = session.connect(arguments)?;
    caught(connection.source().ping()).await?;
    connection.source().close().await?;
    Ok("it answers".into())
}
