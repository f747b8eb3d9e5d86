//! Finding the server of the process that serves a data folder.

use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::{Instant, sleep, timeout};

use super::Error;
use super::folder::Folder;

/// A server that is just starting needs time to open its indices, and to read its logs.
pub(super) const PATIENCE: Duration = Duration::from_secs(60);
pub(super) const PAUSE: Duration = Duration::from_millis(20);
const ANSWER: Duration = Duration::from_secs(2);

/// The URL of the folder's server, once it has answered.
pub(super) async fn find(folder: &Folder, until: Instant) -> Result<String, Error> {
    loop {
        if let Some(url) = look(folder).await {
            return Ok(url);
        }
        if Instant::now() >= until {
            return Err(unreachable(folder));
        }
        sleep(PAUSE).await;
    }
}

/// The URL of the folder's server, if one answers now.
pub(super) async fn look(folder: &Folder) -> Option<String> {
    let address = folder.address()?;
    let host = address.strip_prefix("http://")?;
    let id = folder.id()?;
    let answered = matches!(timeout(ANSWER, answers(host, (&id, folder.token()))).await, Ok(Ok(true)));
    answered.then_some(address)
}

/// Waits until the server at a URL is gone: a connection without requests breaks then.
pub(super) async fn watch(url: &str) {
    let Some(host) = url.strip_prefix("http://") else { return };
    if let Ok(mut stream) = TcpStream::connect(host).await {
        // Nothing is ever sent on it: whatever comes means that the server let it go.
        let _ = stream.read(&mut [0]).await;
    }
}

pub(super) fn unreachable(folder: &Folder) -> Error {
    Error::Unreachable { path: folder.path().to_owned(), address: folder.shown_address() }
}

/// True if it is the folder's own server: another one may have the port of one that is gone.
async fn answers(host: &str, (id, token): (&str, Option<String>)) -> std::io::Result<bool> {
    let mut stream = TcpStream::connect(host).await?;
    let token = token.map_or_else(String::new, |token| format!("Authorization: ApiKey {token}\r\n"));
    let request = format!("GET / HTTP/1.1\r\nHost: {host}\r\n{token}Connection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await?;
    Ok(answer.starts_with("HTTP/1.1 200") && answer.contains(id))
}
