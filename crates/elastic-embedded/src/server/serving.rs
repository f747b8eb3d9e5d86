//! A server in a process of its own: it says when it is ready, and ends when nobody uses it.

use std::io::Write;
use std::time::Duration;

use tokio::time::{MissedTickBehavior, interval};

use super::folder::Folder;
use super::shared::Said;
use super::{Error, Kept, Options, Server};

/// Between two looks whether anybody uses the server.
const LOOK: Duration = Duration::from_millis(500);
/// Others look at the folder's lock for a moment; a start waits for them.
const LOCKING: Duration = Duration::from_secs(1);

impl Server {
    /// Serves the folder until nobody uses it, for the process that [`Shared::open`](super::Shared::open)
    /// started. Says on the standard output whether it serves, and writes nothing there afterwards. The
    /// process has to end at once when this returns: only then may another one serve the folder.
    ///
    /// # Errors
    /// As [`Server::start`]; the process that started this one is told why.
    pub async fn serve(options: Options) -> Result<(), Error> {
        let folder = Folder::open(&options.data).inspect_err(log_end)?;
        match Server::begin(&folder, options).await {
            Ok(Some(server)) => {
                say(&Said::Ready);
                server.until_unused(&folder).await.inspect_err(log_end)
            }
            Ok(None) => {
                say(&Said::Held);
                Ok(())
            }
            Err(error) => {
                // Whoever started it may look into the log as soon as it is told.
                log_end(&error);
                say(&Said::Failed(chain(&error)));
                Err(error)
            }
        }
    }

    async fn begin(folder: &Folder, options: Options) -> Result<Option<Self>, Error> {
        match folder.lock(LOCKING).await? {
            Some(lock) => Server::open(folder, options, (lock, Kept::Port)).await.map(Some),
            None => Ok(None),
        }
    }

    /// Commits while it still serves, so that there is nothing left to do once nobody can become a user.
    async fn until_unused(self, folder: &Folder) -> Result<(), Error> {
        let mut looks = interval(LOOK);
        looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut ended = std::pin::pin!(asked_to_end());
        loop {
            tokio::select! {
                asked = &mut ended => {
                    asked.map_err(|source| folder.unusable(source))?;
                    return self.halt().await;
                }
                _ = looks.tick() => {}
            }
            if folder.close()?.is_none() {
                continue;
            }
            if let Err(error) = self.commit().await {
                tracing::error!(%error, "an index is not committed: its log keeps what it holds");
            }
            if let Some(users) = folder.close()? {
                let halted = self.halt().await;
                // Until the process has ended nobody is to find a folder that is free.
                std::mem::forget(users);
                return halted;
            }
        }
    }
}

/// Waits for a signal that asks the process to end.
async fn asked_to_end() -> std::io::Result<()> {
    use tokio::signal::unix::{SignalKind, signal};
    let (mut terminate, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    // A terminal that is closed is no reason to end.
    let mut hangup = signal(SignalKind::hangup())?;
    loop {
        tokio::select! {
            _ = terminate.recv() => return Ok(()),
            _ = interrupt.recv() => return Ok(()),
            _ = hangup.recv() => {}
        }
    }
}

/// One line, for the process that started this one; it may be gone.
fn say(said: &Said) {
    let line = serde_json::to_string(said).unwrap_or_default();
    let mut output = std::io::stdout();
    let _ = writeln!(output, "{line}").and_then(|()| output.flush());
}

/// An error and what is beneath it, in one line.
fn chain(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(error.source(), |cause| cause.source());
    std::iter::once(error.to_string()).chain(causes.map(ToString::to_string)).collect::<Vec<_>>().join(": ")
}

fn log_end(error: &Error) {
    let cause = std::error::Error::source(error).map(ToString::to_string);
    tracing::error!(%error, cause, "the embedded server ends");
}
