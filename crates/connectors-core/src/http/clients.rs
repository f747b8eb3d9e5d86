//! The connections behind every client of a context.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use reqwest::redirect::Policy;
use reqwest::{Certificate, Client, ClientBuilder};
use url::Url;

use super::reach::{Guard, Reach};
use crate::config::pem_lines;
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
    /// For servers with an authority of their own, by whether they are on this machine and by its certificates.
    trusting: Mutex<HashMap<(bool, String), Client>>,
    /// For addresses that servers redirect to, by whether their server is on this machine, and by what they may reach.
    elsewhere: Mutex<HashMap<(bool, Reach), Client>>,
}

impl Clients {
    pub(super) fn client(&self, base: &Url) -> Result<Client> {
        let is_near = address::is_loopback(base);
        let pool = if is_near { &self.0.near } else { &self.0.far };
        if let Some(client) = pool.get() {
            return Ok(client.clone());
        }
        let built = built(is_near, |builder| builder)?;
        Ok(pool.get_or_init(|| built).clone())
    }

    /// For a server whose certificate one of these authorities signed, besides the usual ones.
    pub(super) fn trusting(&self, base: &Url, pem: &str) -> Result<Client> {
        let key = (address::is_loopback(base), pem_lines(pem));
        let mut pools = self.0.trusting.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(client) = pools.get(&key) {
            return Ok(client.clone());
        }
        let read = Certificate::from_pem_bundle(key.1.as_bytes()).unwrap_or_default();
        if read.is_empty() {
            return Err(no_authority());
        }
        let with = |builder| read.into_iter().fold(builder, ClientBuilder::add_root_certificate);
        let client = built(key.0, with).map_err(|error| no_authority().caused_by(error))?;
        Ok(pools.entry(key).or_insert(client).clone())
    }

    /// For addresses that this server redirects to, and that must be within its reach.
    pub(super) fn elsewhere(&self, base: &Url, reach: Reach) -> Result<Client> {
        let is_near = address::is_loopback(base);
        let mut pools = self.0.elsewhere.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(client) = pools.get(&(is_near, reach)) {
            return Ok(client.clone());
        }
        let client = built(is_near, |builder| builder.dns_resolver(Arc::new(Guard::new(reach))))?;
        Ok(pools.entry((is_near, reach)).or_insert(client).clone())
    }
}

fn no_authority() -> Error {
    let what = "the certificate authority can't be read; paste the PEM text, beginning with -----BEGIN CERTIFICATE-----";
    Error::config(what)
}

fn built(is_near: bool, with: impl FnOnce(ClientBuilder) -> ClientBuilder) -> Result<Client> {
    let builder = Client::builder()
        .user_agent(concat!("connectors/", env!("CARGO_PKG_VERSION")))
        .connect_timeout(CONNECT_TIMEOUT)
        // Credentials must not follow to another host: redirects are followed by hand.
        .redirect(Policy::none());
    let builder = with(if is_near { builder.no_proxy() } else { builder });
    builder.build().map_err(|error| Error::config("the HTTP client can't be made").caused_by(error))
}

impl fmt::Debug for Clients {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Clients")
    }
}
