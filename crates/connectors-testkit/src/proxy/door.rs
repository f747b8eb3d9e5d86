//! The listener, and the connections that came through it.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinSet;

use super::{Shared, Speech, http, tcp};

/// How long a port is waited for when it is to be opened again.
const REOPEN: Duration = Duration::from_millis(10);

/// What the door is told.
#[derive(Debug)]
pub(super) enum Knock {
    Cut(oneshot::Sender<()>),
    Close(oneshot::Sender<()>),
    Open(oneshot::Sender<()>),
    /// Close, and open again after this long.
    CloseFor(Duration),
    /// That time is over.
    Reopen,
}

pub(super) struct Door {
    listener: Option<TcpListener>,
    address: SocketAddr,
    shared: Arc<Shared>,
    connections: JoinSet<()>,
}

impl Door {
    pub(super) fn new(listener: TcpListener, address: SocketAddr, shared: Arc<Shared>) -> Self {
        Self { listener: Some(listener), address, shared, connections: JoinSet::new() }
    }

    /// Takes connections and knocks until it is dropped.
    pub(super) async fn keep(mut self, mut knocks: mpsc::UnboundedReceiver<Knock>) {
        loop {
            tokio::select! {
                Some(knock) = knocks.recv() => self.answer(knock).await,
                accepted = accept(self.listener.as_ref()) => {
                    if let Ok(client) = accepted {
                        self.connections.spawn(serve(client, Arc::clone(&self.shared)));
                    }
                }
                Some(_) = self.connections.join_next() => {}
            }
        }
    }

    async fn answer(&mut self, knock: Knock) {
        match knock {
            Knock::Cut(done) => {
                self.connections.shutdown().await;
                let _ = done.send(());
            }
            Knock::Close(done) => {
                self.close().await;
                let _ = done.send(());
            }
            Knock::Open(done) => {
                self.open().await;
                let _ = done.send(());
            }
            Knock::CloseFor(time) => {
                self.close().await;
                let knock = self.shared.knock.clone();
                tokio::spawn(async move {
                    tokio::time::sleep(time).await;
                    let _ = knock.send(Knock::Reopen);
                });
            }
            Knock::Reopen => self.open().await,
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
