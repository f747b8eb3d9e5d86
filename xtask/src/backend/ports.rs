//! Which ports a server gets.

use std::net::{Ipv4Addr, TcpListener};

/// Ports from here on are handed out by the system for outgoing connections: a client that knocks on a closed one
/// can end up talking to itself.
pub const FIRST_EPHEMERAL: u16 = 32_768;

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
