//! How long a server is waited for: the one place that knows the limit of a wait.

use std::future::Future;
use std::time::Duration;

use mongodb::error::Error as DriverError;
use mongodb::options::{ConnectionString, HostInfo};
use tokio::time::timeout;
use tracing::warn;

/// How long a server is looked for, unless the connection string says otherwise. An election takes less.
pub(super) const SELECTION: Duration = Duration::from_secs(15);

/// How long a server may take for one answer, unless `socketTimeoutMS` in the connection string says otherwise.
const ANSWER: Duration = Duration::from_secs(120);

/// After this long it is logged what is waited for.
const REPORTED: Duration = Duration::from_secs(10);

/// The limit of each wait, and who is waited for.
#[derive(Debug, Clone)]
pub(super) struct Patience {
    limit: Duration,
    peer: String,
}

impl Patience {
    /// The limit that a connection string sets: the time to find a server, and the time for its answer.
    ///
    /// The driver refuses `socketTimeoutMS`, so it is taken out of the connection string.
    #[expect(deprecated, reason = "the driver does not support socketTimeoutMS, and so we do")]
    pub(super) fn taken_from(address: &mut ConnectionString) -> Self {
        let answer = address.socket_timeout.take().filter(|limit| !limit.is_zero());
        let selection = address.server_selection_timeout.unwrap_or(SELECTION);
        let limit = selection.saturating_add(answer.unwrap_or(ANSWER));
        let peer = match &address.host_info {
            HostInfo::HostIdentifiers(hosts) => super::shown(hosts),
            HostInfo::DnsRecord(name) => name.clone(),
            _ => "the server".to_owned(),
        };
        Self { limit, peer }
    }

    /// How long one wait may take.
    pub(super) fn limit(&self) -> Duration {
        self.limit
    }

    /// Waits for an answer of the server; `doing` completes "could not".
    ///
    /// # Errors
    /// The error of the work, and [`NoAnswer`] at the limit, where the work is dropped.
    pub(super) async fn within<T>(
        &self,
        doing: &str,
        work: impl Future<Output = Result<T, DriverError>>,
    ) -> Result<T, DriverError> {
        tokio::pin!(work);
        let first = self.limit.min(REPORTED);
        if let Ok(done) = timeout(first, &mut work).await {
            return done;
        }
        if self.limit > first {
            warn!(peer = self.peer, limit = ?self.limit, "no answer for {first:?}: still waiting to {doing}");
            if let Ok(done) = timeout(self.limit.saturating_sub(first), work).await {
                return done;
            }
        }
        Err(NoAnswer { peer: self.peer.clone(), limit: self.limit }.into())
    }
}

/// A wait that met its limit.
#[derive(Debug, Clone, Default, PartialEq, Eq, thiserror::Error)]
#[error(
    "no answer from {peer} within {limit:?}: check the network and the server's load; a query that takes longer \
     needs a larger socketTimeoutMS in the connection string"
)]
pub(crate) struct NoAnswer {
    peer: String,
    limit: Duration,
}

impl From<NoAnswer> for DriverError {
    fn from(silence: NoAnswer) -> Self {
        Self::custom(silence)
    }
}

#[cfg(test)]
mod tests {
    use std::future::{pending, ready};

    use super::*;

    fn patience(uri: &str) -> (Patience, ConnectionString) {
        let mut address = ConnectionString::parse(uri).unwrap();
        (Patience::taken_from(&mut address), address)
    }

    #[test]
    fn the_limit_is_what_the_connection_string_says() {
        for (options, seconds) in [
            ("", 135),
            ("?socketTimeoutMS=0", 135),
            ("?socketTimeoutMS=5000", 20),
            ("?socketTimeoutMS=5000&serverSelectionTimeoutMS=1000", 6),
        ] {
            let (patience, address) = patience(&format!("mongodb://one:1,two:2/{options}"));
            assert_eq!(patience.limit, Duration::from_secs(seconds), "{options}");
            assert_eq!(patience.peer, "one:1, two:2");
            assert_eq!(ConnectionString::parse("mongodb://one:1,two:2").unwrap().app_name, address.app_name);
        }
        assert_eq!(patience("mongodb+srv://cluster.example.com").0.peer, "cluster.example.com");
    }

    #[tokio::test]
    async fn a_wait_ends_at_its_limit_and_names_the_peer() {
        let (patience, _) = patience("mongodb://one:1/?socketTimeoutMS=20&serverSelectionTimeoutMS=10");
        let silent = patience.within("ping", pending::<Result<(), DriverError>>()).await.unwrap_err();
        let cause = silent.get_custom::<NoAnswer>().unwrap().to_string();
        assert!(cause.starts_with("no answer from one:1 within 30ms"), "{cause}");
        assert_eq!(patience.within("ping", ready(Ok(7))).await.unwrap(), 7);
    }
}
