//! The connections behind every client of a context.

use std::fmt;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use reqwest::Client;
use reqwest::redirect::Policy;
use url::Url;

use crate::{Error, Result, address};

/// How long a connection may take to come about.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// Pools of connections, made at the first use; clones share them.
#[derive(Clone, Default)]
pub struct Clients(Arc<Pools>);

#[derive(Default)]
struct Pools {
    /// Past any proxy, for servers on this machine.
    near: OnceLock<Client>,
    /// Through the proxy that the environment names, if it does.
    far: OnceLock<Client>,
}

impl Clients {
    pub(super) fn client(&self, base: &Url) -> Result<Client> {
        let is_near = address::is_loopback(base);
        let pool = if is_near { &self.0.near } else { &self.0.far };
        if let Some(client) = pool.get() {
            return Ok(client.clone());
        }
        let builder = Client::builder()
            .user_agent(concat!("connectors/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(CONNECT_TIMEOUT)
            // Credentials must not follow to another host: redirects are followed by hand.
            .redirect(Policy::none());
        let built = if is_near { builder.no_proxy() } else { builder }.build();
        let built = built.map_err(|error| Error::config("the HTTP client can't be made").caused_by(error))?;
        Ok(pool.get_or_init(|| built).clone())
    }
}

impl fmt::Debug for Clients {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Clients")
    }
}
