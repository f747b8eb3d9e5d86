//! `connectors verify`: compares an index with its source, without writing.

use connectors_core::Result;
use connectors_core::elastic::Client;
use connectors_core::elastic::index::check_content_name;
use connectors_core::sync::{Counters, Job, Verification, verify, verify_deep};
use serde_json::json;
use tokio_util::sync::CancellationToken;

use super::end::End;
use super::session::Session;
use super::{names, rules};
use crate::cli::Verify;
use crate::server::Server;
use crate::show;

pub(super) async fn run(session: &Session, arguments: &Verify) -> Result<End> {
    check_content_name(&arguments.index)?;
    let connection = session.connect(&arguments.reading.source)?;
    let rules = rules::read(arguments.reading.rules.as_deref(), connection.as_ref()).await?;
    let server = Server::open(&session.settings).await?;
    let pipeline = arguments.reading.pipeline();
    let (counters, cancel) = (Counters::default(), CancellationToken::new());
    let job = Job {
        source: connection.source(),
        rules: &rules,
        client: &server.client,
        index: &arguments.index,
        owner: None,
        context: &session.context,
        marks: session.marks.as_deref(),
        pipeline: pipeline.as_ref(),
        options: session.sync_options(connection.as_ref()),
        counters: &counters,
        fence: None,
        cancel: &cancel,
    };
    let found = if arguments.deep { verify_deep(&job).await } else { verify(&job).await };
    let found = match found {
        Ok(found) if !session.json => Ok(named(&server.client, found).await),
        found => found,
    };
    connection.source().close().await?;
    server.close().await?;
    let found = found?;
    if session.json {
        show::line(&json!(found).to_string());
    } else {
        show::verification(&found);
    }
    Ok(if found.is_equal() { End::Done } else { End::Differs })
}

/// The same with names beside the ids of documents that the index holds.
async fn named(client: &Client, mut found: Verification) -> Verification {
    let kinds = [&found.stale, &found.left_over, &found.without_content, &found.not_comparable];
    let ids: Vec<String> = kinds.iter().flat_map(|kind| kind.first.clone()).collect();
    let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
    let names = if ids.is_empty() { return found } else { names::of(client, &found.index, &ids).await };
    let kinds =
        [&mut found.stale, &mut found.left_over, &mut found.without_content, &mut found.not_comparable];
    for kind in kinds {
        kind.first = kind.first.iter().map(|id| names::beside(&names, id)).collect();
    }
    found
}
