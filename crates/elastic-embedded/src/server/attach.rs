//! Finding the server of the process that holds the data folder.

use std::path::Path;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::{Instant, sleep, timeout};

use super::{ADDRESS, Error};

/// A holder that is just starting needs time to open its indices.
const PATIENCE: Duration = Duration::from_secs(10);
const PAUSE: Duration = Duration::from_millis(50);
const ANSWER: Duration = Duration::from_secs(2);

/// The URL of the holder, once it has answered.
pub(super) async fn find(data: &Path) -> Result<String, Error> {
    let until = Instant::now() + PATIENCE;
    loop {
        let address = std::fs::read_to_string(data.join(ADDRESS)).unwrap_or_default();
        if let Some(host) = address.strip_prefix("http://")
            && matches!(timeout(ANSWER, answers(host)).await, Ok(Ok(true)))
        {
            return Ok(address);
        }
        if Instant::now() >= until {
            let address =
                if address.is_empty() { "any address that it wrote down".to_owned() } else { address };
            return Err(Error::Unreachable { path: data.to_owned(), address });
        }
        sleep(PAUSE).await;
    }
}

async fn answers(host: &str) -> std::io::Result<bool> {
    let mut stream = TcpStream::connect(host).await?;
    let request = format!("GET / HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await?;
    Ok(answer.starts_with("HTTP/1.1 200") && answer.contains(crate::api::PRODUCT))
}
