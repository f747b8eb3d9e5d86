//! The listener, and the connections that came through it.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio::task::JoinSet;

use super::control::Control;
use super::{Shared, Speech, http, tcp};

/// How long a port is waited for when it is to be opened again.
const REOPEN: Duration = Duration::from_millis(10);

pub(super) struct Listener {
    listener: Option<TcpListener>,
    address: SocketAddr,
    shared: Arc<Shared>,
    connections: JoinSet<()>,
}

impl Listener {
    pub(super) fn new(listener: TcpListener, address: SocketAddr, shared: Arc<Shared>) -> Self {
        Self { listener: Some(listener), address, shared, connections: JoinSet::new() }
    }

    /// Accepts connections and does what it is told until it is dropped.
    pub(super) async fn keep(mut self, mut controls: mpsc::UnboundedReceiver<Control>) {
        loop {
            tokio::select! {
                Some(control) = controls.recv() => self.answer(control).await,
                accepted = accept(self.listener.as_ref()) => {
                    if let Ok(client) = accepted {
                        self.connections.spawn(serve(client, Arc::clone(&self.shared)));
                    }
                }
                Some(_) = self.connections.join_next() => {}
            }
        }
    }

    async fn answer(&mut self, control: Control) {
        match control {
            Control::Cut(done) => {
                self.connections.shutdown().await;
                let _ = done.send(());
            }
            Control::Close(done) => {
                self.close().await;
                let _ = done.send(());
            }
            Control::Open(done) => {
                self.open().await;
                let _ = done.send(());
            }
            Control::CloseFor(time) => {
                self.close().await;
                let control = self.shared.control.clone();
                tokio::spawn(async move {
                    tokio::time::sleep(time).await;
                    let _ = control.send(Control::Reopen);
                });
            }
            Control::Reopen => self.open().await,
        }
    }

    async fn close(&mut self) {
        self.listener = None;
        self.connections.shutdown().await;
    }

    async fn open(&mut self) {
        while self.listener.is_none() {
            match TcpListener::bind(self.address).await {
                Ok(listener) => self.listener = Some(listener),
                Err(_) => tokio::time::sleep(REOPEN).await,
            }
        }
    }
}

async fn accept(listener: Option<&TcpListener>) -> io::Result<TcpStream> {
    let Some(listener) = listener else { return std::future::pending().await };
    let (stream, _) = listener.accept().await?;
    stream.set_nodelay(true)?;
    Ok(stream)
}

/// Broken connections are what this is for; so their errors end them and are no news.
async fn serve(client: TcpStream, shared: Arc<Shared>) {
    let served = match shared.speech {
        Speech::Http => http::serve(client, &shared).await,
        Speech::Raw => tcp::serve(client, &shared).await,
    };
    if let Err(error) = served {
        tracing::debug!(%error, "a connection through the proxy ended");
    }
}
