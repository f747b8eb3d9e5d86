//! A server of names: it knows one, as that of the loopback interface, and says of every other that there is none.

use std::io;
use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::thread::JoinHandle;

/// The name that it knows.
pub const KNOWN: &str = "by-dns.image.test";

/// Where it listens: an address of the loopback interface that no other resolver takes.
pub const ADDRESS: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 77);

/// The port of name servers, which only root may listen at.
pub const PORT: u16 = 53;

const HEADER: usize = 12;
const TYPE_A: [u8; 2] = [0, 1];

/// The server, until it is dropped.
pub struct Names {
    address: SocketAddr,
    answers: Option<JoinHandle<()>>,
}

impl Names {
    /// Starts it at this port.
    ///
    /// # Errors
    /// When it may not listen there.
    pub fn start(port: u16) -> io::Result<Self> {
        let socket = UdpSocket::bind((ADDRESS, port))?;
        let address = socket.local_addr()?;
        let answers = std::thread::spawn(move || serve(&socket));
        Ok(Self { address, answers: Some(answers) })
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }
}

impl Drop for Names {
    fn drop(&mut self) {
        // Nothing at all is no question, and ends it.
        let told = UdpSocket::bind((ADDRESS, 0)).and_then(|socket| socket.send_to(&[], self.address));
        if let (Ok(_), Some(answers)) = (told, self.answers.take()) {
            let _ = answers.join();
        }
    }
}

fn serve(socket: &UdpSocket) {
    let mut buffer = [0; 512];
    while let Ok((length, from)) = socket.recv_from(&mut buffer) {
        if length == 0 {
            return;
        }
        if let Some(answer) = answer(&buffer[..length]) {
            // Whoever asked asks again.
            let _ = socket.send_to(&answer, from);
        }
    }
}

/// The answer to a query with one question (RFC 1035, section 4); none to what is no query.
fn answer(query: &[u8]) -> Option<Vec<u8>> {
    let (name, after) = name(query.get(HEADER..)?)?;
    let end = HEADER + after + 4;
    let kind = query.get(end - 4..end - 2)?;
    let is_known = name.eq_ignore_ascii_case(KNOWN);
    let has_address = is_known && kind == TYPE_A;
    let mut answer = query[..2].to_vec();
    answer.extend([0x81, if is_known { 0x80 } else { 0x83 }, 0, 1, 0, u8::from(has_address), 0, 0, 0, 0]);
    answer.extend(query.get(HEADER..end)?);
    if has_address {
        // The name above, an address of the internet, good for a second.
        answer.extend([0xc0, 0x0c, 0, 1, 0, 1, 0, 0, 0, 1, 0, 4]);
        answer.extend(Ipv4Addr::LOCALHOST.octets());
    }
    Some(answer)
}

/// A name of labels with dots between them, and the length that it has as they are sent.
fn name(mut bytes: &[u8]) -> Option<(String, usize)> {
    let (mut labels, mut length) = (Vec::new(), 1);
    loop {
        let (size, rest) = bytes.split_first()?;
        if *size == 0 {
            return Some((labels.join("."), length));
        }
        let label = rest.get(..usize::from(*size))?;
        labels.push(String::from_utf8_lossy(label).into_owned());
        length += 1 + label.len();
        bytes = &rest[label.len()..];
    }
}

#[cfg(test)]
mod tests;
