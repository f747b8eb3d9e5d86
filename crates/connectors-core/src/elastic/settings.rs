//! How to reach the server, and how hard to push it.

use std::fmt;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use url::Url;

use crate::config::Secret;
use crate::{Retry, address, mask};

/// Everything the client needs to know.
#[derive(Clone)]
pub struct Settings {
    /// Where the server is. A user and password in it count where `auth` is [`Auth::None`].
    pub host: Url,
    /// Who asks.
    pub auth: Auth,
    /// Certificate authorities to trust besides the usual ones, as PEM.
    pub ca_certs: Option<Vec<u8>>,
    /// False accepts any certificate.
    pub verify_certs: bool,
    /// How long one request may take.
    pub timeout: Duration,
    /// What is tried again, and when.
    pub retry: Retry,
    /// Whether bodies are compressed; none: not on loopback, elsewhere yes.
    pub compression: Option<bool>,
    /// Bulk requests.
    pub bulk: BulkSettings,
}

impl Settings {
    /// Settings with every default, for this host.
    #[must_use]
    pub fn new(host: Url) -> Self {
        Self {
            host,
            auth: Auth::None,
            ca_certs: None,
            verify_certs: true,
            timeout: Duration::from_secs(240),
            retry: Retry::default(),
            compression: None,
            bulk: BulkSettings::default(),
        }
    }

    /// The host as it may be shown: without user and password.
    #[must_use]
    pub fn shown_host(&self) -> String {
        mask::shown(&self.host)
    }

    /// True when the host is this machine.
    #[must_use]
    pub fn is_loopback(&self) -> bool {
        address::is_loopback(&self.host)
    }

    /// True when bodies go out compressed.
    #[must_use]
    pub fn compresses(&self) -> bool {
        self.compression.unwrap_or(!self.is_loopback())
    }
}

impl Settings {
    /// Who asks, where the address says it too.
    pub(crate) fn login(&self) -> Auth {
        match (&self.auth, self.host.username(), self.host.password()) {
            (Auth::None, user, Some(password)) if !user.is_empty() => {
                Auth::Basic(address::decoded(user), Secret::new(address::decoded(password)))
            }
            (auth, ..) => auth.clone(),
        }
    }

    /// What must not be shown, in each form in which it goes out or which a server may make of it.
    pub(crate) fn secrets(&self) -> Vec<Secret> {
        let mut secrets: Vec<Secret> = self.host.password().map(Secret::new).into_iter().collect();
        match self.login() {
            Auth::None => {}
            Auth::Basic(user, password) => {
                secrets.push(Secret::new(STANDARD.encode(format!("{user}:{}", password.reveal()))));
                secrets.push(password);
            }
            Auth::Bearer(token) => secrets.push(token),
            Auth::ApiKey(key) => {
                let plain = STANDARD.decode(key.reveal()).ok().and_then(|pair| String::from_utf8(pair).ok());
                let plain = plain.as_deref().and_then(|pair| pair.split_once(':'));
                secrets.push(key.clone());
                secrets.extend(plain.map(|(_, key)| Secret::new(key)));
            }
        }
        secrets
    }
}

impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Settings")
            .field("host", &self.shown_host())
            .field("auth", &self.auth)
            .field("verify_certs", &self.verify_certs)
            .field("timeout", &self.timeout)
            .field("retry", &self.retry)
            .field("compression", &self.compression)
            .field("bulk", &self.bulk)
            .finish_non_exhaustive()
    }
}

/// Who asks.
#[derive(Debug, Clone)]
pub enum Auth {
    /// No credentials.
    None,
    /// A user with a password.
    Basic(String, Secret),
    /// The encoded form of an API key, as the server hands it out.
    ApiKey(Secret),
    /// A token.
    Bearer(Secret),
}

/// How documents are sent.
#[derive(Debug, Clone, Copy)]
pub struct BulkSettings {
    /// A bulk is sent when it holds this many bytes (as they go over the wire, before compression).
    pub chunk_bytes: usize,
    /// Bulks in flight at the most.
    pub max_concurrency: usize,
    /// Bytes in flight at the most.
    pub queue_bytes: usize,
}

impl Default for BulkSettings {
    fn default() -> Self {
        Self { chunk_bytes: 2 << 20, max_concurrency: 5, queue_bytes: 25 << 20 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bodies_are_compressed_only_on_their_way_out() {
        for (host, compressed) in [
            ("http://localhost:9200", false),
            ("http://127.0.0.1:9200", false),
            ("http://[::1]:9200", false),
            ("https://es.example.com", true),
            ("https://10.0.0.1", true),
        ] {
            let mut settings = Settings::new(host.parse().unwrap());
            assert_eq!(settings.compresses(), compressed, "{host}");
            settings.compression = Some(!compressed);
            assert_eq!(settings.compresses(), !compressed, "{host}");
        }
    }
}
