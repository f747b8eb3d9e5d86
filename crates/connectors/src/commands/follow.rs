//! `connectors follow`: stays, and applies changes as they come.

use std::time::{Duration, Instant};

use connectors_core::elastic::Client;
use connectors_core::elastic::index::check_content_name;
use connectors_core::sync::{Counters, Job, Options, Owner, Report, Status, incremental};
use connectors_core::{Incremental, Result, Rules};
use tokio_util::sync::CancellationToken;

use super::end::End;
use super::session::Session;
use super::sync::no_incremental;
use super::{interrupts, rules};
use crate::cli::Follow;
use crate::server::Server;
use crate::show;

/// How long a document that failed is left alone before it is tried again, at first.
const RETRY_WAIT: Duration = Duration::from_secs(10);

pub(super) async fn run(session: &Session, arguments: &Follow) -> Result<End> {
    check_content_name(&arguments.index)?;
    let connection = session.connect(&arguments.reading.source)?;
    let source = connection.incremental().ok_or_else(|| no_incremental(&arguments.reading.source.name))?;
    let rules = rules::read(arguments.reading.rules.as_deref(), connection.as_ref()).await?;
    let cancel = interrupts::listen()?;
    let Some(server) = Server::open_until(&session.settings, &cancel).await? else { return Ok(End::Done) };
    show::note(&format!("following into {}; Ctrl-C ends it", server.shown));
    let options = Options { retry_wait: RETRY_WAIT, ..session.sync_options(connection.as_ref()) };
    let owner = Session::owner(connection.as_ref(), &arguments.reading.source);
    let end = follow(
        session,
        arguments,
        (source, &rules, options, &owner),
        (&server.client.with_cancel(cancel.clone()), &cancel),
    )
    .await;
    connection.source().close().await?;
    server.close().await?;
    Ok(end)
}

/// Rounds of changes until it is stopped or an error asks for a person.
async fn follow(
    session: &Session,
    arguments: &Follow,
    (source, rules, options, owner): (&dyn Incremental, &Rules, Options, &Owner),
    (client, cancel): (&Client, &CancellationToken),
) -> End {
    let pipeline = arguments.reading.pipeline();
    loop {
        let (started, counters) = (Instant::now(), Counters::default());
        let report = incremental(
            &Job {
                source,
                rules,
                client,
                index: &arguments.index,
                owner: Some(owner),
                context: &session.context,
                marks: session.marks.as_deref(),
                pipeline: pipeline.as_ref(),
                options,
                counters: &counters,
                fence: None,
                cancel,
            },
            source,
        )
        .await;
        print(&report, started, session.json);
        match report.status {
            Status::Stopped => return End::Done,
            Status::Failed => return End::Failed,
            Status::Refused => return End::Withheld,
            _ if show::is_closed() => return End::Done,
            _ => {}
        }
        tokio::select! {
            () = cancel.cancelled() => return End::Done,
            () = tokio::time::sleep(arguments.every) => {}
        }
    }
}

/// A round that changed nothing is not worth a line. The lag is how old a change can be that is now applied:
/// each round ends where the source stood when it began.
fn print(report: &Report, started: Instant, json: bool) {
    let is_worth_it = report.listed + report.deleted + report.listing_errors > 0
        || matches!(report.status, Status::Failed | Status::Refused);
    if json && is_worth_it {
        return show::report(report, true);
    }
    if is_worth_it {
        show::line(&format!(
            "applied: created {}, updated {}, deleted {}, failed {}; lag {:.1} s",
            report.created,
            report.updated,
            report.deleted,
            report.failed,
            started.elapsed().as_secs_f64(),
        ));
        report.messages.iter().chain(&report.error).for_each(|message| show::line(message));
    }
}
