//! `connectors verify`: compares an index with its source, without writing.

use connectors_core::Result;
use connectors_core::elastic::index::check_content_name;
use connectors_core::sync::{Counters, Job, verify, verify_deep};
use serde_json::json;
use tokio_util::sync::CancellationToken;

use super::end::End;
use super::rules;
use super::session::Session;
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
        cancel: &cancel,
    };
    let found = if arguments.deep { verify_deep(&job).await } else { verify(&job).await };
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
