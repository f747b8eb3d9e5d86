//! `connectors check`: the settings, and whether both ends can be reached.

use connectors_core::elastic::index;
use connectors_core::{Error, Result};
use serde_json::json;

use super::{Desk, End, privileges};
use crate::cli::SourceArgs;
use crate::server::Server;
use crate::show;

pub(super) async fn run(desk: &Desk, source: Option<&SourceArgs>, index: Option<&str>) -> Result<End> {
    let mut checks = vec![("elasticsearch".to_owned(), elasticsearch(desk).await)];
    if let Some(index) = index {
        checks.push((index.to_owned(), mapping(desk, index).await));
        checks.push((format!("privileges on {index}"), allowed(desk, index).await));
    }
    if let Some(arguments) = source {
        checks.push((arguments.name.clone(), ping(desk, arguments).await));
    }
    if desk.json {
        let all = checks.iter().map(|(end, found)| match found {
            Ok(found) => json!({"end": end, "ok": true, "found": found}),
            Err(error) => json!({"end": end, "ok": false, "error": error.to_string()}),
        });
        show::line(&serde_json::Value::from_iter(all).to_string());
    } else {
        for (end, found) in &checks {
            show::line(&match found {
                Ok(found) => format!("{end}: ok, {found}"),
                Err(error) => format!("{end}: {error}"),
            });
        }
    }
    let failed = checks.iter().filter_map(|(_, found)| found.as_ref().err()).map(End::of).next();
    Ok(failed.unwrap_or(End::Done))
}

async fn elasticsearch(desk: &Desk) -> Result<String> {
    let server = Server::open(&desk.settings).await?;
    let shown = server.shown.clone();
    server.close().await?;
    Ok(shown)
}

/// How the index is mapped, and what the settings say if that is something else.
async fn mapping(desk: &Desk, name: &str) -> Result<String> {
    index::check_name(name)?;
    let server = Server::open(&desk.settings).await?;
    let preset = index::preset(&server.client, name).await;
    server.close().await?;
    let wanted = desk.settings.sync().mapping;
    Ok(match preset? {
        None => format!("there is no such index; it would be mapped by `{wanted}`"),
        Some(preset) => preset.unlike(wanted).unwrap_or_else(|| format!("mapped by `{preset}`")),
    })
}

/// What these credentials may do with the index; an error names what they lack.
async fn allowed(desk: &Desk, name: &str) -> Result<String> {
    let server = Server::open(&desk.settings).await?;
    let missing = privileges::missing(&server.client, name).await;
    server.close().await?;
    let Some(missing) = missing? else { return Ok("this server does not tell them".into()) };
    let lacking: Vec<String> = missing
        .iter()
        .filter(|(_, lacking)| !lacking.is_empty())
        .map(|(command, lacking)| format!("`connectors {command}` needs {}", lacking.join(", ")))
        .collect();
    if lacking.is_empty() {
        return Ok("enough for every command".into());
    }
    Err(Error::denied(format!(
        "these credentials lack privileges in Elasticsearch: {}; docs/security.md has a role for each",
        lacking.join("; ")
    )))
}

async fn ping(desk: &Desk, arguments: &SourceArgs) -> Result<String, Error> {
    let connection = desk.connect(arguments)?;
    connection.source().ping().await?;
    connection.source().close().await?;
    Ok("it answers".into())
}
