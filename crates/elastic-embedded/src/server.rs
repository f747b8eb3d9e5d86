//! The running server: data folder, lock, listener.

mod attach;
mod error;

use std::fs::{File, OpenOptions};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use axum::serve::ListenerExt;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

pub use self::error::Error;
use crate::failure::Failure;
use crate::http::{self, App, Budget};
use crate::store::Node;

const ADDRESS: &str = "address";
const LOCK: &str = "lock";
const MAX_BODY: usize = 100 << 20;
const MAX_BODIES: usize = 256 << 20;
/// How long a stop waits for requests that are being answered.
const GRACE: Duration = Duration::from_secs(10);

/// Where the server keeps its data and how it listens.
#[derive(Debug, Clone)]
pub struct Options {
    /// The data folder; made if it is missing. One process at a time holds it.
    pub data: PathBuf,
    /// The port on 127.0.0.1; 0 for any that is free.
    pub port: u16,
    /// The largest request body in bytes; larger ones are refused with 413.
    pub max_body: usize,
    /// Bytes that bodies may take while they are received, all together; more are refused with 429.
    pub max_bodies: usize,
}

impl Options {
    /// A server on any free port that takes bodies of up to 100 MB.
    pub fn new(data: impl Into<PathBuf>) -> Self {
        Options { data: data.into(), port: 0, max_body: MAX_BODY, max_bodies: MAX_BODIES }
    }
}

/// A running server, or the address of one that another process runs on the same folder.
#[derive(Debug)]
pub struct Server {
    url: String,
    own: Option<Running>,
}

#[derive(Debug)]
struct Running {
    data: PathBuf,
    app: Arc<App>,
    stop: oneshot::Sender<()>,
    task: JoinHandle<std::io::Result<()>>,
}

impl Server {
    /// Opens the data folder and listens, on the current Tokio runtime. If another process holds the
    /// folder, its server is used instead: see [`Server::attached`].
    ///
    /// # Errors
    /// If the folder or the port can't be used, an index can't be opened, or the process that holds the
    /// folder does not answer.
    pub async fn start(options: Options) -> Result<Self, Error> {
        let data = options.data.clone();
        let lock = match lock(&data)? {
            Some(lock) => lock,
            None => return Ok(Server { url: attach::find(&data).await?, own: None }),
        };
        let at = (std::net::Ipv4Addr::LOCALHOST, options.port);
        let listen = |source| Error::Listen { port: options.port, source };
        let listener = TcpListener::bind(at).await.map_err(listen)?;
        let port = listener.local_addr().map_err(listen)?.port();
        let node = open(data.clone()).await?;
        let budget = Budget::new(options.max_bodies);
        let app = Arc::new(App { node, port, max_body: options.max_body, budget, lock });
        let (stop, stopped) = oneshot::channel::<()>();
        let url = format!("http://127.0.0.1:{port}");
        let serving = axum::serve(listener.tap_io(no_delay), http::router(app.clone()))
            .with_graceful_shutdown(async move { stopped.await.unwrap_or_default() });
        let task = tokio::spawn(serving.into_future());
        write_address(&data, &url)?;
        Ok(Server { url, own: Some(Running { data, app, stop, task }) })
    }

    /// Where the server listens: `http://127.0.0.1:PORT`.
    pub fn url(&self) -> String {
        self.url.clone()
    }

    /// True if the folder is held by another process, whose server this is.
    pub fn attached(&self) -> bool {
        self.own.is_none()
    }

    /// Answers the requests that have arrived, commits every index and lets the folder go. The server of
    /// another process is left alone.
    ///
    /// # Errors
    /// If an index can't be committed; its log still holds every acknowledged write.
    pub async fn stop(self) -> Result<(), Error> {
        let Some(Running { data, app, stop, mut task }) = self.own else {
            return Ok(());
        };
        // The receiver is gone only if serving has ended already.
        let _ = stop.send(());
        if tokio::time::timeout(GRACE, &mut task).await.is_err() {
            task.abort();
        }
        let closing = app.clone();
        let closed = tokio::task::spawn_blocking(move || closing.node.close()).await;
        let path = data.join(ADDRESS);
        std::fs::remove_file(&path).map_err(|source| Error::Folder { path, source })?;
        app.lock.unlock().map_err(|source| Error::Folder { path: data.clone(), source })?;
        engine(&data, closed)
    }
}

/// Small answers must not wait for more to send.
fn no_delay(stream: &mut tokio::net::TcpStream) {
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "TCP_NODELAY is not set");
    }
}

/// Takes the folder's lock; `None` if another process holds it.
fn lock(data: &Path) -> Result<Option<File>, Error> {
    let folder = |source| Error::Folder { path: data.to_owned(), source };
    std::fs::create_dir_all(data).map_err(folder)?;
    let file = OpenOptions::new().create(true).append(true).open(data.join(LOCK)).map_err(folder)?;
    match file.try_lock() {
        Ok(()) => Ok(Some(file)),
        Err(std::fs::TryLockError::WouldBlock) => Ok(None),
        Err(std::fs::TryLockError::Error(source)) => Err(folder(source)),
    }
}

async fn open(data: PathBuf) -> Result<Node, Error> {
    let folder = data.clone();
    engine(&data, tokio::task::spawn_blocking(move || Node::open(&folder)).await)
}

fn engine<T>(data: &Path, done: Result<Result<T, Failure>, tokio::task::JoinError>) -> Result<T, Error> {
    let reason = match done {
        Ok(Ok(value)) => return Ok(value),
        Ok(Err(failure)) => failure.reason().to_owned(),
        Err(error) => error.to_string(),
    };
    Err(Error::Index { path: data.to_owned(), reason })
}

/// Tells other processes where the holder of the folder listens.
fn write_address(data: &Path, url: &str) -> Result<(), Error> {
    let fresh = data.join("address.new");
    let written = std::fs::write(&fresh, url).and_then(|()| std::fs::rename(&fresh, data.join(ADDRESS)));
    written.map_err(|source| Error::Folder { path: data.to_owned(), source })
}
