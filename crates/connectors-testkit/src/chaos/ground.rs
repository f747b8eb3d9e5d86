//! Where the program writes to, and what was counted.

use super::tally::Tally;
use crate::Result;
use crate::proxy::Proxy;
use crate::target::Server;

/// The server, the requests to it that are held back still, and the counts.
pub(super) struct Ground {
    pub(super) server: Server,
    pub(super) tally: Tally,
    /// Proxies of runs that are over, which hold requests back.
    gateways: Vec<Proxy>,
}

impl Ground {
    pub(super) fn new(server: Server) -> Self {
        Self { server, tally: Tally { seeds: 1, ..Tally::default() }, gateways: Vec::new() }
    }

    /// Kills the server and starts it over its data.
    pub(super) async fn restart(&mut self, room: Option<u64>) -> Result<()> {
        self.tally.restarts += 1;
        self.server.restart(room).await
    }

    /// From now on the server can't write files beyond this many KiB, where it is ours.
    pub(super) async fn fill(&mut self, kib: u64) -> Result<()> {
        if !self.server.is_ours() {
            return Ok(());
        }
        self.tally.fault("server_disk_full", 1);
        // One that can't even start has written nothing that could be wrong; it gets room again.
        if self.restart(Some(kib)).await.is_err() {
            self.restart(None).await?;
        }
        Ok(())
    }

    /// Takes what a proxy did into the counts; holds are no faults of their own.
    pub(super) fn count(&mut self, proxy: &Proxy, prefix: &str) {
        for (kind, count) in proxy.injected() {
            if !kind.starts_with("hold") {
                self.tally.fault(&format!("{prefix}{kind}"), count);
            }
        }
    }

    /// Keeps a proxy whose program has ended, where it holds requests back.
    pub(super) fn keep(&mut self, proxy: Proxy) {
        if proxy.held_back() > 0 {
            self.gateways.push(proxy);
        }
    }

    /// Whether requests of runs that are over are held back still.
    pub(super) fn holds_back(&self) -> bool {
        !self.gateways.is_empty()
    }

    /// Delivers what is held back; a request that the server can't be handed is lost, as it may be.
    pub(super) async fn deliver(&mut self) {
        for gateway in self.gateways.drain(..) {
            gateway.set_target(self.server.address());
            self.tally.fault("late_delivered", gateway.deliver().await);
        }
    }
}
