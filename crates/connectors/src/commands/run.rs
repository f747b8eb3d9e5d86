//! `connectors run`: the service.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use chrono::Utc;
use connectors_core::{Error, Result};
use connectors_service::endpoints;
use connectors_service::protocol::Store;
use connectors_service::worker::Worker;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use super::end::End;
use super::interrupts;
use super::session::{Session, open_store};
use crate::server::Server;
use crate::show;

/// What is said once where nothing bounds connectors.
const UNBOUNDED: &str = "whoever may write `.elastic-connectors` may use every secret, path and host that this service can; \
                         `service.allow` bounds them (docs/security.md)";
/// Between two lines about a server that is waited for.
const TOLD: Duration = Duration::from_secs(10);
/// Between two tries to reach it.
const AGAIN: Duration = Duration::from_secs(2);

pub(super) async fn run(session: &Session) -> Result<End> {
    let options = session.settings.service()?;
    let stop = interrupts::listen()?;
    let Some((server, store)) = open(session, &stop).await? else { return Ok(End::Done) };
    show::note(&format!("running as {} on {}; Ctrl-C ends it", options.worker, server.shown));
    if options.allow.is_everything() {
        show::note(UNBOUNDED);
    }
    let registry = session.registry.clone();
    let worker = Worker::new(store, registry, session.context.clone(), (options, session.settings.sync()));
    let endpoints = match session.settings.listen() {
        None => None,
        Some(address) => {
            Some(tokio::spawn(endpoints::serve(worker.clone(), bound(address).await?, stop.clone())))
        }
    };
    worker.run(&stop).await;
    if let Some(endpoints) = endpoints {
        endpoints.abort();
    }
    drop(worker);
    server.close().await?;
    Ok(End::Done)
}

/// Opens the server, and waits for one that is away; none when it is time to stop before. What is waited for is
/// shown after the first try that fails, and every ten seconds from the start.
async fn open(session: &Session, stop: &CancellationToken) -> Result<Option<(Server, Store)>> {
    let since = Utc::now().format("%Y-%m-%d %H:%M:%S");
    let reason: Mutex<Option<String>> = Mutex::default();
    let opened = async {
        loop {
            let error = match open_store(session).await {
                Err(error) if error.kind().is_passing() => error.to_string(),
                opened => return opened.map(Some),
            };
            let before = reason.lock().unwrap_or_else(PoisonError::into_inner).replace(error.clone());
            if before.is_none() {
                show::note(&format!("waiting for Elasticsearch since {since} UTC: {error}"));
            }
            tokio::time::sleep(AGAIN).await;
        }
    };
    let lines = async {
        loop {
            tokio::time::sleep(TOLD).await;
            let reason = reason.lock().unwrap_or_else(PoisonError::into_inner).clone();
            let reason = reason.as_deref().unwrap_or("it has not answered yet");
            show::note(&format!("waiting for Elasticsearch since {since} UTC: {reason}"));
        }
    };
    tokio::select! {
        () = stop.cancelled() => Ok(None),
        opened = opened => opened,
        () = lines => Ok(None),
    }
}

async fn bound(address: &str) -> Result<TcpListener> {
    let listener = TcpListener::bind(address).await.map_err(|error| {
        Error::config("`service.listen` can't be listened on; set another address, such as 127.0.0.1:8060")
            .with("listen", address)
            .caused_by(error)
    })?;
    if let Ok(address) = listener.local_addr() {
        show::note(&format!("http://{address}/healthz, /readyz and /metrics answer"));
    }
    Ok(listener)
}
