//! The running server: data folder, lock, listener.

mod attach;
mod error;
mod folder;
mod serving;
mod shared;

use std::fs::File;
use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use axum::serve::ListenerExt;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::{JoinHandle, spawn_blocking};
use tokio::time::Instant;

pub use self::error::Error;
use self::folder::Folder;
pub use self::shared::Shared;
use crate::failure::Failure;
use crate::http::{self, App, Budget};
use crate::store::Node;

const MAX_BODY: usize = 100 << 20;
const MAX_BODIES: usize = 256 << 20;
/// How long a stop waits for requests that are being answered.
const GRACE: Duration = Duration::from_secs(10);
/// Others look at the lock for a moment; a start waits for them.
const LOCKING: Duration = Duration::from_millis(50);
/// The same of a server that nobody uses: those who come wait for it.
const SHORT_GRACE: Duration = Duration::from_secs(1);

/// Where the server keeps its data and how it listens.
#[derive(Debug, Clone)]
pub struct Options {
    /// The data folder; made if it is missing. One process at a time serves it.
    pub data: PathBuf,
    /// The port on 127.0.0.1; 0 for any that is free.
    pub port: u16,
    /// The largest request body in bytes; larger ones are refused with 413.
    pub max_body: usize,
    /// Bytes that bodies may take while they are received, all together; more are refused with 429.
    pub max_bodies: usize,
    /// Who may use the server.
    pub access: Access,
}

/// Who may use a server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Every program of this machine.
    Open,
    /// Whoever can read the file `token` of the data folder, and sends what stands in it as
    /// `Authorization: ApiKey …` or `Bearer …`.
    Token,
}

impl Options {
    /// A server on any free port that takes bodies of up to 100 MB from every program of this machine.
    pub fn new(data: impl Into<PathBuf>) -> Self {
        Options {
            data: data.into(),
            port: 0,
            max_body: MAX_BODY,
            max_bodies: MAX_BODIES,
            access: Access::Open,
        }
    }
}

/// A server that runs in this process, or the address of the folder's server that another process runs.
#[derive(Debug)]
pub struct Server {
    url: String,
    own: Option<Running>,
    /// Who uses the server of another process says so for as long as it does.
    _users: Option<File>,
}

#[derive(Debug)]
struct Running {
    folder: Folder,
    app: Arc<App>,
    stop: oneshot::Sender<()>,
    task: JoinHandle<std::io::Result<()>>,
}

/// What a server does with the port of the one before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kept {
    /// Takes it if it can, so that clients reach the server where they reached the one before.
    Port,
    Nothing,
}

impl Server {
    /// Opens the data folder and listens, on the current Tokio runtime. If another process serves the
    /// folder, its server is used instead: see [`Server::attached`].
    ///
    /// # Errors
    /// If the folder or the port can't be used, an index can't be opened, or the process that serves the
    /// folder does not answer.
    pub async fn start(options: Options) -> Result<Self, Error> {
        let folder = Folder::open(&options.data)?;
        if let Some(lock) = folder.lock(LOCKING).await? {
            return Server::open(&folder, options, (lock, Kept::Nothing)).await;
        }
        let users = folder.join().await?;
        let url = attach::find(&folder, Instant::now() + attach::PATIENCE).await?;
        Ok(Server { url, own: None, _users: Some(users) })
    }

    async fn open(folder: &Folder, options: Options, (lock, kept): (File, Kept)) -> Result<Self, Error> {
        let listener = listen(folder, (options.port, kept)).await?;
        let listen = |source| Error::Listen { port: options.port, source };
        let port = listener.local_addr().map_err(listen)?.port();
        let node = open(folder.path().to_owned()).await?;
        let token = match options.access {
            Access::Open => None,
            Access::Token => Some(folder.make_token()?),
        };
        let app = Arc::new(App {
            node,
            port,
            max_body: options.max_body,
            token,
            budget: Budget::new(options.max_bodies),
            lock,
        });
        let (stop, stopped) = oneshot::channel::<()>();
        let url = format!("http://127.0.0.1:{port}");
        let serving = axum::serve(listener.tap_io(no_delay), http::router(app.clone()))
            .with_graceful_shutdown(async move { stopped.await.unwrap_or_default() });
        let task = tokio::spawn(serving.into_future());
        folder.write_address(&url)?;
        let own = Some(Running { folder: folder.clone(), app, stop, task });
        Ok(Server { url, own, _users: None })
    }

    /// Where the server listens: `http://127.0.0.1:PORT`.
    pub fn url(&self) -> String {
        self.url.clone()
    }

    /// True if the folder is served by another process, whose server this is.
    pub fn attached(&self) -> bool {
        self.own.is_none()
    }

    /// Answers the requests that have arrived, commits every index and lets the folder go. The server of
    /// another process is left alone.
    ///
    /// # Errors
    /// If an index can't be committed; its log still holds every acknowledged write.
    pub async fn stop(self) -> Result<(), Error> {
        let Some(running) = self.own else {
            return Ok(());
        };
        let (folder, app) = running.end(GRACE).await;
        let closing = app.clone();
        let closed = engine(folder.path(), spawn_blocking(move || closing.node.close()).await);
        folder.remove_address()?;
        app.lock.unlock().map_err(|source| folder.unusable(source))?;
        closed
    }

    /// The same for a process that ends at once. The folder stays locked until then, and no merge is waited
    /// for: what it would have put together stays apart.
    async fn halt(self) -> Result<(), Error> {
        let Some(running) = self.own else {
            return Ok(());
        };
        std::mem::forget(running.app.clone());
        let (folder, app) = running.end(SHORT_GRACE).await;
        engine(folder.path(), spawn_blocking(move || app.node.commit()).await)
    }

    /// Commits every index.
    async fn commit(&self) -> Result<(), Error> {
        let Some(Running { folder, app, .. }) = &self.own else {
            return Ok(());
        };
        let app = app.clone();
        engine(folder.path(), spawn_blocking(move || app.node.commit()).await)
    }
}

impl Running {
    /// Stops listening, and waits for the requests that are being answered.
    async fn end(self, grace: Duration) -> (Folder, Arc<App>) {
        let Running { folder, app, stop, mut task } = self;
        // The receiver is gone only if serving has ended already.
        let _ = stop.send(());
        if tokio::time::timeout(grace, &mut task).await.is_err() {
            task.abort();
        }
        (folder, app)
    }
}

/// Listens on the port that was asked for. Where any will do, that is the one of the server before, or one
/// that the system gives to no outgoing connection: it can be taken again after a kill.
async fn listen(folder: &Folder, (port, kept): (u16, Kept)) -> Result<TcpListener, Error> {
    let kept = (port == 0 && kept == Kept::Port).then(|| folder.port().into_iter().chain(chance()));
    for port in kept.into_iter().flatten() {
        if let Ok(listener) = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await {
            return Ok(listener);
        }
    }
    let at = (Ipv4Addr::LOCALHOST, port);
    TcpListener::bind(at).await.map_err(|source| Error::Listen { port, source })
}

/// Some ports below those that Linux and macOS give to outgoing connections.
fn chance() -> impl Iterator<Item = u16> {
    std::iter::repeat_with(|| 20_000 + (crate::identity::random() % 12_000) as u16).take(50)
}

/// Small answers must not wait for more to send.
fn no_delay(stream: &mut tokio::net::TcpStream) {
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "TCP_NODELAY is not set");
    }
}

async fn open(data: PathBuf) -> Result<Node, Error> {
    let folder = data.clone();
    engine(&data, spawn_blocking(move || Node::open(&folder)).await)
}

fn engine<T>(data: &Path, done: Result<Result<T, Failure>, tokio::task::JoinError>) -> Result<T, Error> {
    let reason = match done {
        Ok(Ok(value)) => return Ok(value),
        Ok(Err(failure)) => failure.reason().to_owned(),
        Err(error) => error.to_string(),
    };
    Err(Error::Index { path: data.to_owned(), reason })
}
