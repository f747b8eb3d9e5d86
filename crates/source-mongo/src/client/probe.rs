//! Why no server answers, told apart by plain TCP.

use std::io;
use std::time::Duration;

use connectors_core::{Error, Result};
use futures::future::join_all;
use mongodb::options::ServerAddress;
use tokio::net::{TcpStream, lookup_host};
use tokio::time::timeout;

use super::shown;

const PATIENCE: Duration = Duration::from_secs(10);

/// Fine when one of the servers takes connections.
///
/// # Errors
/// Host not found, connection refused, or no answer, with what to look at.
pub(super) async fn reach(hosts: &[ServerAddress]) -> Result<()> {
    let tried = join_all(hosts.iter().map(connect)).await;
    let mut failures: Vec<Error> = Vec::new();
    for outcome in tried {
        match outcome {
            Ok(()) => return Ok(()),
            Err(error) => failures.push(error),
        }
    }
    let first = failures.into_iter().next();
    first.map_or(Ok(()), |error| Err(error.with("servers", shown(hosts))))
}

async fn connect(address: &ServerAddress) -> Result<()> {
    let ServerAddress::Tcp { host, port } = address else { return Ok(()) };
    let port = port.unwrap_or(27017);
    match timeout(PATIENCE, dial(host, port)).await {
        Ok(dialled) => dialled,
        Err(_) => Err(Error::transient(format!(
            "no answer from {host}:{port}: check the address, and firewalls in between"
        ))),
    }
}

async fn dial(host: &str, port: u16) -> Result<()> {
    let name = host.trim_matches(['[', ']']);
    let found = lookup_host((name, port)).await;
    let addresses: Vec<_> = found.map_err(|error| not_found(host).caused_by(error))?.collect();
    match TcpStream::connect(addresses.as_slice()).await {
        Ok(_) => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => {
            Err(refused(&format!("{host}:{port}")).caused_by(error))
        }
        Err(error) => Err(Error::transient(format!("{host}:{port} can't be reached")).caused_by(error)),
    }
}

pub(super) fn not_found(host: &str) -> Error {
    Error::config(format!("host not found: {host} is no known name: check its spelling, and the DNS server"))
}

pub(super) fn refused(place: &str) -> Error {
    Error::transient(format!(
        "connection refused: nothing listens on {place}: check the port, and that mongod runs and binds to that address"
    ))
}
