//! `connectors failures`: documents that failed, with stage and reason.

use connectors_core::Result;
use connectors_core::elastic::Client;
use connectors_core::sync::{Failure, failures};
use serde_json::json;

use super::end::End;
use super::names;
use super::session::Session;
use crate::server::Server;
use crate::show;

pub(super) async fn run(session: &Session, index: Option<&str>) -> Result<End> {
    let server = Server::open(&session.settings).await?;
    let failed = failures::list(&server.client, index).await;
    let named = match &failed {
        Ok(failed) if !session.json => named(&server.client, failed).await,
        _ => Vec::new(),
    };
    server.close().await?;
    let failed = failed?;
    if session.json {
        show::line(&json!(failed).to_string());
        return Ok(End::Done);
    }
    if failed.is_empty() {
        show::line("no document failed");
        return Ok(End::Done);
    }
    for (failure, name) in failed.iter().zip(named) {
        let stage = json!(failure.stage).as_str().unwrap_or_default().to_owned();
        let since = session.times.short(failure.time);
        show::line(&format!("{} {}  ({stage}, since {since}, {} tries)", failure.index, name, failure.tries));
        show::line(&format!("    {}", failure.reason));
    }
    show::line("`connectors sync … --retry-failed` sends them again");
    Ok(End::Done)
}

/// Each document as it is shown, in the same order.
async fn named(client: &Client, failed: &[Failure]) -> Vec<String> {
    let mut shown = Vec::with_capacity(failed.len());
    for same in failed.chunk_by(|one, other| one.index == other.index) {
        let ids: Vec<&str> = same.iter().map(|failure| failure.id.as_str()).collect();
        let names = names::of(client, &same[0].index, &ids).await;
        shown.extend(ids.iter().map(|id| names::beside(&names, id)));
    }
    shown
}
