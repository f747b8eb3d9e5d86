//! Ctrl-C: the first one asks, the second one ends.

use connectors_core::Result;
use tokio_util::sync::CancellationToken;

use super::End;
use crate::show;

/// Ctrl-C, and SIGTERM where there is one.
pub(super) struct Interrupts {
    #[cfg(unix)]
    signals: [tokio::signal::unix::Signal; 2],
}

impl Interrupts {
    /// Takes the signals from here on.
    #[cfg(unix)]
    pub(super) fn listen() -> Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        let signals = [signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?];
        Ok(Self { signals })
    }

    #[cfg(not(unix))]
    pub(super) fn listen() -> Result<Self> {
        Ok(Self {})
    }

    /// The first asks the sync to end; a second one ends the program.
    pub(super) async fn stop(mut self, cancel: CancellationToken) {
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
