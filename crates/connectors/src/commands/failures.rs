//! `connectors failures`: documents that failed, with stage and reason.

use connectors_core::Result;
use connectors_core::sync::failures;
use serde_json::json;

use super::end::End;
use super::session::Session;
use crate::server::Server;
use crate::show;

pub(super) async fn run(session: &Session, index: Option<&str>) -> Result<End> {
    let server = Server::open(&session.settings).await?;
    let failed = failures::list(&server.client, index).await;
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
    for failure in &failed {
        let stage = json!(failure.stage).as_str().unwrap_or_default().to_owned();
        let since = session.times.short(failure.time);
        show::line(&format!(
            "{} {}  ({stage}, since {since}, {} tries)",
            failure.index, failure.id, failure.tries
        ));
        show::line(&format!("    {}", failure.reason));
    }
    show::line("`connectors sync … --retry-failed` sends them again");
    Ok(End::Done)
}
