//! Which ports a server gets.

use std::fs::File;
use std::net::{Ipv4Addr, TcpListener};
use std::path::Path;
use std::time::Duration;

use crate::Result;

/// Ports from here on are handed out by the system for outgoing connections: a client that knocks on a closed one
/// can end up talking to itself.
const FIRST_EPHEMERAL: u16 = 32_768;

/// Between two looks at what is waited for.
pub(super) const GLANCE: Duration = Duration::from_millis(20);

/// Waits for our turn to choose ports on this machine. Two servers that are started at once would otherwise choose the
/// same ones; hold it until the server listens.
pub(super) async fn turn(folder: &Path) -> Result<File> {
    let path = folder.join("connectors-backend-ports.lock");
    lock(&path).await.map_err(|error| format!("cannot lock {}: {error}", path.display()).into())
}

/// Locks a file, made when it is not there, without stopping the thread.
pub(super) async fn lock(path: &Path) -> std::io::Result<File> {
    // Whoever made it may be another user: reading is enough for a lock.
    let file = File::open(path).or_else(|_| File::create(path))?;
    while let Err(error) = file.try_lock() {
        match error {
            std::fs::TryLockError::WouldBlock => tokio::time::sleep(GLANCE).await,
            std::fs::TryLockError::Error(error) => return Err(error),
        }
    }
    Ok(file)
}

/// The first two ports from `first` on that nobody listens at.
pub(super) fn two_free(first: u16) -> Result<[u16; 2]> {
    let mut free = (first..FIRST_EPHEMERAL).filter(|port| is_free(*port));
    let two = free.next().and_then(|port| Some([port, free.next()?]));
    two.ok_or_else(|| format!("no port is free between {first} and {FIRST_EPHEMERAL}").into())
}

/// Whether a server could listen at this port of the loopback interface.
pub(super) fn is_free(port: u16) -> bool {
    TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_with_a_listener_and_ephemeral_ones_are_not_chosen() {
        let taken = (21_000..22_000).find_map(|port| TcpListener::bind((Ipv4Addr::LOCALHOST, port)).ok());
        let port = taken.as_ref().unwrap().local_addr().unwrap().port();
        let [first, second] = two_free(port).unwrap();
        assert!(port < first && first < second && second < FIRST_EPHEMERAL);
        for first in [FIRST_EPHEMERAL, FIRST_EPHEMERAL - 1] {
            let error = two_free(first).unwrap_err().to_string();
            assert_eq!(error, format!("no port is free between {first} and 32768"));
        }
    }

    #[tokio::test]
    async fn only_one_at_a_time_chooses() {
        let folder = tempfile::tempdir().unwrap();
        let first = turn(folder.path()).await.unwrap();
        let waiting = turn(folder.path());
        tokio::pin!(waiting);
        assert!(futures::poll!(&mut waiting).is_pending());
        drop(first);
        waiting.await.unwrap();
    }

    #[tokio::test]
    async fn a_folder_that_cannot_be_written_is_named() {
        let error = turn(Path::new("/no/such/folder")).await.unwrap_err().to_string();
        assert!(error.starts_with("cannot lock /no/such/folder/connectors-backend-ports.lock: "), "{error}");
    }
}
