//! Ctrl-C and SIGTERM: the first one asks, the second one ends the program.

use std::process::exit;
use std::sync::mpsc::{Sender, channel};
use std::thread;

use connectors_core::{Error, Result};
use tokio_util::sync::CancellationToken;

use crate::show;

/// Takes signals from here on until the program ends. The first cancels the returned token; a second one ends the
/// program at once, whatever waits or blocks by then: signals are received on a thread of their own.
///
/// # Errors
/// When the system does not hand out signals.
pub(super) fn listen() -> Result<CancellationToken> {
    let stop = CancellationToken::new();
    let (ready, is_ready) = channel();
    let asked = stop.clone();
    thread::Builder::new().name("interrupts".into()).spawn(move || listen_on(&asked, &ready))?;
    is_ready.recv().map_err(|_| Error::unexpected("the thread that receives signals did not start"))??;
    Ok(stop)
}

fn listen_on(stop: &CancellationToken, ready: &Sender<Result<()>>) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let listened = runtime.and_then(|runtime| runtime.block_on(answer(stop, ready)));
    if let Err(error) = listened {
        // An error means that nobody waits for it any more.
        let _ = ready.send(Err(error.into()));
    }
}

/// Ends the program with the second signal; an error when signals can't be taken.
async fn answer(stop: &CancellationToken, ready: &Sender<Result<()>>) -> std::io::Result<()> {
    let mut signals = Signals::take()?;
    let _ = ready.send(Ok(()));
    signals.next().await;
    show::note("stopping: waiting for what is in flight (Ctrl-C again to end at once)");
    stop.cancel();
    exit(signals.next().await)
}

/// The signals that ask a program to end.
struct Signals {
    interrupt: tokio::signal::unix::Signal,
    terminate: tokio::signal::unix::Signal,
}

impl Signals {
    fn take() -> std::io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Self { interrupt: signal(SignalKind::interrupt())?, terminate: signal(SignalKind::terminate())? })
    }

    /// Waits for one, and returns the exit code of a program that it ends: 128 and its number.
    async fn next(&mut self) -> i32 {
        tokio::select! {
            _ = self.interrupt.recv() => 130,
            _ = self.terminate.recv() => 143,
        }
    }
}
