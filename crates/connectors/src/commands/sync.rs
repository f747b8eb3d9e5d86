//! `connectors sync`: makes an index equal to a source.

use std::sync::Arc;

use connectors_core::elastic::Client;
use connectors_core::elastic::index::{check_content_name, check_name};
use connectors_core::sync::{
    Counters, Job, Options, Owner, Pipeline, Report, TakeOver, access_control, full, full_resumable,
    incremental,
};
use connectors_core::{Connection, Error, Result, Rules};
use connectors_service::protocol::identity_index;
use tokio_util::sync::CancellationToken;

use super::end::End;
use super::progress::Progress;
use super::session::Session;
use super::{dry_run, interrupts, rules, take_over};
use crate::cli::Sync;
use crate::server::Server;
use crate::show;

pub(super) async fn run(session: &Session, arguments: &Sync) -> Result<End> {
    let index = index_of(arguments);
    check_content_name(&arguments.index)?;
    check_name(&index)?;
    let connection = session.connect(&arguments.reading.source)?;
    if arguments.access_control {
        connection.guarded()?;
    }
    let rules = rules::read(arguments.reading.rules.as_deref(), connection.as_ref()).await?;
    let cancel = interrupts::listen()?;
    let Some(server) = Server::open_until(&session.settings, &cancel).await? else { return Ok(End::Stopped) };
    let doing = if arguments.dry_run { "comparing with" } else { "writing to" };
    show::note(&format!("{doing} {}", server.shown));
    let pipeline = arguments.reading.pipeline();
    let owner = Session::owner(connection.as_ref(), &arguments.reading.source);
    let syncs = Syncs {
        session,
        arguments,
        connection: connection.as_ref(),
        rules,
        pipeline,
        index,
        owner,
        client: server.client.with_cancel(cancel.clone()),
        cancel,
    };
    let end = syncs.run().await;
    connection.source().close().await?;
    server.close().await?;
    end
}

/// The index that is written.
fn index_of(arguments: &Sync) -> String {
    if arguments.access_control { identity_index(&arguments.index) } else { arguments.index.clone() }
}

/// One sync, or with `--every` one after the other.
struct Syncs<'a> {
    session: &'a Session,
    arguments: &'a Sync,
    connection: &'a dyn Connection,
    rules: Rules,
    pipeline: Option<Pipeline>,
    /// The index that is written.
    index: String,
    /// Who keeps it equal.
    owner: Owner,
    /// The server, whose waits end when the sync is stopped.
    client: Client,
    cancel: CancellationToken,
}

impl Syncs<'_> {
    async fn run(&self) -> Result<End> {
        if self.arguments.dry_run {
            return dry_run::run(self.session, &self.job(None, &Counters::default())).await;
        }
        if self.arguments.take_over {
            take_over::agreed(self.session, &self.job(None, &Counters::default()), self.arguments.yes)
                .await?;
        }
        let mut skip_unchanged = None;
        for round in 1.. {
            let report = self.sync(skip_unchanged).await?;
            show::report(&report, self.session.json);
            skip_unchanged = report.basis;
            let Some(every) = self.arguments.every else { return Ok(End::of_sync(&report)) };
            let is_last = self.arguments.times.is_some_and(|times| round >= times);
            if is_last || show::is_closed() || !self.rest(every).await {
                return Ok(End::of_sync(&report));
            }
        }
        Ok(End::Done)
    }

    /// Waits; false when it is time to end.
    async fn rest(&self, every: std::time::Duration) -> bool {
        tokio::select! {
            () = self.cancel.cancelled() => false,
            () = tokio::time::sleep(every) => true,
        }
    }

    async fn sync(&self, skip_unchanged: Option<u64>) -> Result<Report> {
        let counters = Arc::new(Counters::default());
        let job = self.job(skip_unchanged, &counters);
        let source = self.connection.incremental();
        let is_full = !self.arguments.incremental && !self.arguments.access_control;
        let watched = (self.session.context.waits.clone(), is_full.then_some(self.index.as_str()));
        let progress = Progress::start(counters.clone(), self.client.clone(), watched);
        let report = match (self.arguments.incremental, source) {
            _ if self.arguments.access_control => access_control(&job, self.connection.guarded()?).await,
            (true, Some(source)) => incremental(&job, source).await,
            (false, Some(source)) => full_resumable(&job, source).await,
            (false, None) => full(&job).await,
            (true, None) => return Err(no_incremental(&self.arguments.reading.source.name)),
        };
        progress.finish();
        Ok(report)
    }

    fn job<'a>(&'a self, skip_unchanged: Option<u64>, counters: &'a Counters) -> Job<'a> {
        let base = self.session.sync_options(self.connection);
        let options = Options {
            take_over: if self.arguments.take_over { TakeOver::Any } else { base.take_over },
            allow_deletes: self.arguments.allow_deletes,
            retry_failed: self.arguments.retry_failed,
            mend: self.arguments.mend,
            skip_unchanged,
            ..base
        };
        Job {
            source: self.connection.source(),
            rules: &self.rules,
            client: &self.client,
            index: &self.index,
            owner: Some(&self.owner),
            context: &self.session.context,
            marks: self.session.marks.as_deref(),
            pipeline: self.pipeline.as_ref(),
            options,
            counters,
            fence: None,
            cancel: &self.cancel,
        }
    }
}

/// Why a source can't be asked for changes.
pub(super) fn no_incremental(name: &str) -> Error {
    Error::config("this source can't tell what changed; leave `--incremental` out").with("type", name)
}
