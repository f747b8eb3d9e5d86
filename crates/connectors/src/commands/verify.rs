//! `connectors verify`: compares an index with its source, without writing.

use std::path::Path;

use connectors_core::Result;
use connectors_core::sync::{Counters, Job, verify};
use serde_json::json;
use tokio_util::sync::CancellationToken;

use super::{Desk, End, rules};
use crate::cli::SourceArgs;
use crate::server::Server;
use crate::show;

pub(super) async fn run(
    desk: &Desk,
    source: &SourceArgs,
    (index, rules): (&str, Option<&Path>),
) -> Result<End> {
    let connection = desk.connect(source)?;
    let rules = rules::read(rules, connection.as_ref()).await?;
    let server = Server::open(&desk.settings).await?;
    let found = verify(&Job {
        source: connection.source(),
        rules: &rules,
        client: &server.client,
        index,
        context: &desk.context,
        options: desk.settings.sync(),
        counters: &Counters::default(),
        cancel: &CancellationToken::new(),
    })
    .await;
    connection.source().close().await?;
    server.close().await?;
    let found = found?;
    if desk.json {
        show::line(&json!(found).to_string());
    } else {
        show::verification(&found);
    }
    Ok(if found.is_equal() { End::Done } else { End::Differs })
}
