//! Using a server that runs in a process of its own, and starting one where there is none.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep, timeout};

use super::Error;
use super::attach::{self, PATIENCE, PAUSE};
use super::folder::Folder;

/// How often a server may die while it starts before that counts as a failure.
const DEATHS: u32 = 5;
/// Between two tries to start a server again.
const AGAIN: Duration = Duration::from_millis(500);
/// What a process that takes all others with it waits for the server's end.
const LAST: Duration = Duration::from_secs(3);

/// What a started server says, in one line on its standard output.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Said {
    /// It serves.
    Ready,
    /// Another process serves the folder.
    Held,
    /// It can't serve, and why.
    Failed(String),
}

/// Makes the command that serves the folder: one that calls [`Server::serve`](crate::Server::serve).
type Launch = dyn Fn() -> Command + Send + Sync;

/// A server in a process of its own, which any number of processes use. It ends when the last of them has.
#[derive(Debug)]
pub struct Shared {
    folder: Folder,
    url: String,
    /// Shared with the other users; the system lets it go however this process ends.
    users: std::fs::File,
    keeper: JoinHandle<()>,
}

impl Shared {
    /// Finds the server of a data folder, or starts one with the command, which has to call
    /// [`Server::serve`](crate::Server::serve). A server that is killed is started again for as long as this value lives, on the
    /// same port.
    ///
    /// # Errors
    /// If the folder can't be used, the command can't be run, or its server does not start: with what kept
    /// it from starting.
    pub async fn open(
        data: &Path,
        launch: impl Fn() -> Command + Send + Sync + 'static,
    ) -> Result<Self, Error> {
        let (folder, launch): (_, Arc<Launch>) = (Folder::open(data)?, Arc::new(launch));
        let users = folder.join().await?;
        let url = ensure(&folder, &launch).await?;
        let keeper = tokio::spawn(keep(folder.clone(), launch, url.clone()));
        Ok(Shared { folder, url, users, keeper })
    }

    /// Where the server listens: `http://127.0.0.1:PORT`.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// What is to be sent as `Authorization: ApiKey …`, where the server wants it.
    pub fn token(&self) -> Option<String> {
        self.folder.token()
    }

    /// Stops using the server. The first process of a container takes all others with it when it ends, so it
    /// waits until the server has ended by itself, if nobody else uses it.
    pub async fn close(self) {
        self.keeper.abort();
        drop(self.users);
        if std::process::id() == 1 {
            let gone = async {
                while self.folder.is_served().unwrap_or(false) {
                    sleep(PAUSE).await;
                }
            };
            if timeout(LAST, gone).await.is_err() {
                tracing::debug!("the embedded server is still used");
            }
        }
    }
}

/// Starts a server again whenever there is none.
async fn keep(folder: Folder, launch: Arc<Launch>, url: String) {
    loop {
        attach::watch(&url).await;
        sleep(PAUSE).await;
        match ensure(&folder, &launch).await {
            Ok(found) if found == url => {}
            Ok(found) => {
                tracing::error!(%found, %url, "the embedded server could not take its port again: start this command again");
                sleep(AGAIN).await;
            }
            Err(error) => {
                tracing::error!(%error, "the embedded server ended, and can't be started again");
                sleep(AGAIN).await;
            }
        }
    }
}

/// The URL of a server that answers. Where none is, it is started; the caller is a user of it.
async fn ensure(folder: &Folder, launch: &Arc<Launch>) -> Result<String, Error> {
    let (until, mut deaths) = (Instant::now() + PATIENCE, 0);
    loop {
        if let Some(url) = attach::look(folder).await {
            return Ok(url);
        }
        if Instant::now() >= until {
            return Err(attach::unreachable(folder));
        }
        if folder.is_served()? {
            sleep(PAUSE).await;
            continue;
        }
        match start(folder, launch).await? {
            Some(Said::Ready) => {}
            Some(Said::Held) => sleep(PAUSE).await,
            Some(Said::Failed(reason)) => {
                return Err(Error::Start { path: folder.path().to_owned(), reason });
            }
            None if deaths < DEATHS => deaths += 1,
            None => {
                let reason = "its process ended without a word".to_owned();
                return Err(Error::Start { path: folder.path().to_owned(), reason });
            }
        }
    }
}

/// Starts the command, and waits for its word; none if it ended without one.
async fn start(folder: &Folder, launch: &Arc<Launch>) -> Result<Option<Said>, Error> {
    let mut command = launch();
    command.stdin(Stdio::null()).stdout(Stdio::piped());
    // A group of its own, so that the terminal's Ctrl-C and Ctrl-Z are not for it.
    std::os::unix::process::CommandExt::process_group(&mut command, 0);
    let failed = |source| Error::Launch { path: folder.path().to_owned(), source };
    let child = command.spawn().map_err(failed)?;
    let (tell, told) = oneshot::channel();
    // A thread that nobody waits for: an end of this process must not wait for the server's.
    std::thread::Builder::new().name("server".into()).spawn(move || hear(child, tell)).map_err(failed)?;
    Ok(told.await.ok().flatten())
}

/// Reads what the server says, and then waits for its end, so that nothing of it is left in the system's table.
fn hear(mut child: Child, tell: oneshot::Sender<Option<Said>>) {
    let mut line = String::new();
    if let Some(output) = child.stdout.take() {
        // One that is cut short is no word.
        let _ = BufReader::new(output).read_line(&mut line);
    }
    // The receiver is gone where the start was given up.
    let _ = tell.send(serde_json::from_str(&line).ok());
    let _ = child.wait();
}
