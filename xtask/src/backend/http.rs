//! One small request, to learn whether a server answers.

use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::time::Duration;

const PATIENCE: Duration = Duration::from_secs(5);

/// The address of a server at `port` of this machine.
#[must_use]
pub fn address(port: u16) -> String {
    format!("http://127.0.0.1:{port}")
}

/// The status and the body that the server at `port` of this machine answers to `GET path`.
///
/// # Errors
/// When it refuses, does not answer in five seconds, or answers something that is not HTTP.
pub fn get(port: u16, path: &str) -> io::Result<(u16, String)> {
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    let mut stream = TcpStream::connect_timeout(&address, PATIENCE)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    let request = format!("GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes())?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer)?;
    parse(&String::from_utf8_lossy(&answer)).ok_or_else(|| io::Error::other("the answer is not HTTP"))
}

fn parse(answer: &str) -> Option<(u16, String)> {
    let (head, body) = answer.split_once("\r\n\r\n")?;
    let status = head.strip_prefix("HTTP/1.")?.split(' ').nth(1)?.parse().ok()?;
    Some((status, body.to_owned()))
}

/// Whether an Elasticsearch or OpenSearch at `port` says that its cluster works.
#[must_use]
pub fn cluster_is_healthy(port: u16) -> bool {
    get(port, "/_cluster/health").is_ok_and(|(status, body)| status == 200 && says_healthy(&body))
}

fn says_healthy(body: &str) -> bool {
    ["\"status\":\"green\"", "\"status\":\"yellow\""].iter().any(|sign| body.contains(sign))
}

#[cfg(test)]
mod tests;
