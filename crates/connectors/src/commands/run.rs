//! `connectors run`: the service.

use connectors_core::{Error, Result};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use super::interrupts::Interrupts;
use super::{Desk, End, Fleet};
use crate::service::{Worker, endpoints};
use crate::{registry, show};

pub(super) async fn run(desk: &Desk) -> Result<End> {
    let options = desk.settings.service()?;
    let interrupts = Interrupts::listen()?;
    let fleet = Fleet::open(desk).await?;
    show::note(&format!("running as {} on {}; Ctrl-C ends it", options.worker, fleet.server.shown));
    let stop = CancellationToken::new();
    let interrupt = tokio::spawn(interrupts.stop(stop.clone()));
    let sources = registry::sources(&desk.settings.sources).collect();
    let worker =
        Worker::new(fleet.store.clone(), sources, desk.context.clone(), (options, desk.settings.sync()));
    let endpoints = match desk.settings.listen() {
        None => None,
        Some(address) => {
            Some(tokio::spawn(endpoints::serve(worker.clone(), bound(address).await?, stop.clone())))
        }
    };
    worker.run(&stop).await;
    if let Some(endpoints) = endpoints {
        endpoints.abort();
    }
    interrupt.abort();
    drop(worker);
    fleet.server.close().await?;
    Ok(End::Done)
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
