//! `connectors sync`: makes an index equal to a source.

use std::sync::Arc;

use connectors_core::sync::{Counters, Job, Options, Report, full};
use connectors_core::{Connection, Result, Rules};
use tokio_util::sync::CancellationToken;

use super::progress::Progress;
use super::{Desk, End};
use crate::cli::Sync;
use crate::server::Server;
use crate::show;

pub(super) async fn run(desk: &Desk, arguments: &Sync) -> Result<End> {
    let connection = desk.connect(&arguments.source)?;
    let interrupts = Interrupts::listen()?;
    let server = Server::open(&desk.settings).await?;
    show::note(&format!("writing to {}", server.shown));
    let report = sync(desk, arguments, connection.as_ref(), (&server, interrupts)).await;
    connection.source().close().await?;
    server.close().await?;
    show::report(&report, desk.json);
    Ok(End::of_sync(&report))
}

async fn sync(
    desk: &Desk,
    arguments: &Sync,
    connection: &dyn Connection,
    (server, interrupts): (&Server, Interrupts),
) -> Report {
    let options = Options {
        allow_deletes: arguments.allow_deletes,
        retry_failed: arguments.retry_failed,
        ..desk.settings.sync()
    };
    let (counters, cancel) = (Arc::new(Counters::default()), CancellationToken::new());
    let progress = Progress::start(counters.clone());
    let interrupt = tokio::spawn(interrupts.stop(cancel.clone()));
    let report = full(&Job {
        source: connection.source(),
        rules: &Rules::default(),
        client: &server.client,
        index: &arguments.index,
        context: &desk.context,
        options,
        counters: &counters,
        cancel: &cancel,
    })
    .await;
    interrupt.abort();
    progress.finish();
    report
}

/// Ctrl-C, and SIGTERM where there is one.
struct Interrupts {
    #[cfg(unix)]
    signals: [tokio::signal::unix::Signal; 2],
}

impl Interrupts {
    /// Takes the signals from here on.
    #[cfg(unix)]
    fn listen() -> Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        let signals = [signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?];
        Ok(Self { signals })
    }

    #[cfg(not(unix))]
    fn listen() -> Result<Self> {
        Ok(Self {})
    }

    /// The first asks the sync to end; a second one ends the program.
    async fn stop(mut self, cancel: CancellationToken) {
        self.next().await;
        show::note("stopping: waiting for what is in flight (Ctrl-C again to end at once)");
        cancel.cancel();
        self.next().await;
        std::process::exit(End::Stopped as i32);
    }

    #[cfg(unix)]
    async fn next(&mut self) {
        let [interrupt, terminate] = &mut self.signals;
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
    }

    #[cfg(not(unix))]
    async fn next(&mut self) {
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending().await
        }
    }
}
