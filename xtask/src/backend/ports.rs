//! Which ports a server gets.

use std::fs::File;
use std::net::{Ipv4Addr, TcpListener};
use std::path::Path;

use crate::error::{Error, Result};

/// Ports from here on are handed out by the system for outgoing connections: a client that knocks on a closed one
/// can end up talking to itself.
pub const FIRST_EPHEMERAL: u16 = 32_768;

/// Waits for our turn to choose ports on this machine. Two servers that are started at once would otherwise choose
/// the same ones; hold it until the server listens.
///
/// # Errors
/// When the file that `folder` holds for it cannot be locked.
pub fn turn(folder: &Path) -> Result<File> {
    let path = folder.join("connectors-backend-ports.lock");
    // Whoever made it may be another user: reading is enough for a lock.
    let file = File::open(&path).or_else(|_| File::create(&path)).map_err(Error::file("open", &path))?;
    file.lock().map_err(Error::file("lock", &path))?;
    Ok(file)
}

/// The first two ports from `first` on that nobody listens at.
#[must_use]
pub fn two_free(first: u16) -> Option<[u16; 2]> {
    let mut free = (first..FIRST_EPHEMERAL).filter(|port| is_free(*port));
    Some([free.next()?, free.next()?])
}

/// Whether a server could listen at this port of the loopback interface.
#[must_use]
pub fn is_free(port: u16) -> bool {
    TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok()
}

#[cfg(test)]
mod tests;
