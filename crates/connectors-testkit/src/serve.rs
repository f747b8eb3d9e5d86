//! A server of a test's own, for backends that can't be had.

use std::net::SocketAddr;

use axum::Router;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use crate::Result;

/// A server in this process that speaks the protocol of the real one; it ends when this is dropped.
pub struct Service {
    address: SocketAddr,
    serving: JoinHandle<()>,
}

impl Service {
    /// Serves on a free port of this machine.
    ///
    /// # Errors
    /// When no port can be had.
    pub async fn start(router: Router) -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let serving = tokio::spawn(async move {
            let _ = axum::serve(listener, router).await;
        });
        Ok(Self { address, serving })
    }

    /// Where it answers, such as `http://127.0.0.1:4711`.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Where it takes connections.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        self.serving.abort();
    }
}
