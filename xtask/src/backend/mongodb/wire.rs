//! One command, sent as MongoDB's clients do, by a client that is nobody.

use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::time::Duration;

use bson::Document;

const PATIENCE: Duration = Duration::from_secs(5);
/// The kind of message that carries a command or a reply.
const OP_MSG: i32 = 2013;
/// Length, number, number answered, kind; then flags and the kind of the section.
const HEAD: usize = 16 + 4 + 1;
/// The longest message there is.
const MOST: usize = 48_000_000;

/// What the server at `port` of this machine replies to a command on its database `admin`.
///
/// # Errors
/// When it refuses, does not answer in five seconds, or answers something else than such a reply.
pub(super) fn call(port: u16, mut command: Document) -> io::Result<Document> {
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    let mut stream = TcpStream::connect_timeout(&address, PATIENCE)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    command.insert("$db", "admin");
    stream.write_all(&message(&command)?)?;
    let mut length = [0; 4];
    stream.read_exact(&mut length)?;
    let rest = usize::try_from(i32::from_le_bytes(length)).ok().and_then(|length| length.checked_sub(4));
    let rest = rest.filter(|rest| (HEAD - 4..MOST).contains(rest)).ok_or_else(no_reply)?;
    let mut reply = vec![0; rest];
    stream.read_exact(&mut reply)?;
    Document::from_reader(&reply[HEAD - 4..]).map_err(io::Error::other)
}

fn message(command: &Document) -> io::Result<Vec<u8>> {
    let body = command.to_vec().map_err(io::Error::other)?;
    let length = i32::try_from(HEAD + body.len()).map_err(io::Error::other)?;
    let head = [length, 1, 0, OP_MSG, 0].map(i32::to_le_bytes);
    Ok([head.as_flattened(), &[0], &body].concat())
}

fn no_reply() -> io::Error {
    io::Error::other("the answer is no reply of MongoDB")
}
