//! Requests and answers of HTTP/1.1, whole.

use std::io;
use std::net::SocketAddr;

use tokio::io::{AsyncBufRead, AsyncBufReadExt, AsyncReadExt};

use super::plan::Asks;

/// Heads longer than this are refused, in bytes.
const MAX_HEAD: usize = 64 * 1024;

/// A request or an answer, as the bytes that it came in.
#[derive(Debug, Default, Clone)]
pub(super) struct Message {
    pub(super) bytes: Vec<u8>,
    /// Where the body begins.
    pub(super) body: usize,
}

/// How the end of a body is known.
enum Framing {
    Length(u64),
    Chunks,
    Close,
}

impl Message {
    /// The next request; none when the other side has closed.
    pub(super) async fn request(from: &mut (impl AsyncBufRead + Unpin)) -> io::Result<Option<Self>> {
        let Some(mut message) = Self::head(from).await? else { return Ok(None) };
        let framing = message.framing().unwrap_or(Framing::Length(0));
        message.read_body(from, framing).await?;
        Ok(Some(message))
    }

    /// The answer to a request.
    pub(super) async fn answer(from: &mut (impl AsyncBufRead + Unpin), request: &Self) -> io::Result<Self> {
        let message = Self::head(from).await?;
        let mut message = message.ok_or_else(|| io::Error::from(io::ErrorKind::UnexpectedEof))?;
        let is_bare = request.bytes.starts_with(b"HEAD ") || matches!(message.status(), 204 | 304);
        let framing = if is_bare { Framing::Length(0) } else { message.framing().unwrap_or(Framing::Close) };
        message.read_body(from, framing).await?;
        Ok(message)
    }

    async fn head(from: &mut (impl AsyncBufRead + Unpin)) -> io::Result<Option<Self>> {
        let mut bytes = Vec::new();
        while !bytes.ends_with(b"\r\n\r\n") {
            let read = from.read_until(b'\n', &mut bytes).await?;
            if read == 0 && bytes.is_empty() {
                return Ok(None);
            }
            if read == 0 || bytes.len() > MAX_HEAD {
                return Err(io::Error::new(io::ErrorKind::InvalidData, "the head has no end"));
            }
        }
        Ok(Some(Self { body: bytes.len(), bytes }))
    }

    fn status(&self) -> u16 {
        let text =
            self.bytes.split(|byte| *byte == b' ').nth(1).and_then(|text| std::str::from_utf8(text).ok());
        text.and_then(|text| text.parse().ok()).unwrap_or_default()
    }

    fn framing(&self) -> Option<Framing> {
        if self.header("transfer-encoding").is_some_and(|value| value.eq_ignore_ascii_case("chunked")) {
            return Some(Framing::Chunks);
        }
        self.header("content-length")?.parse().ok().map(Framing::Length)
    }

    fn header(&self, name: &str) -> Option<&str> {
        let head = std::str::from_utf8(self.bytes.get(..self.body)?).ok()?;
        let mut fields = head.lines().filter_map(|line| line.split_once(':'));
        fields.find(|(field, _)| field.eq_ignore_ascii_case(name)).map(|(_, value)| value.trim())
    }

    async fn read_body(
        &mut self,
        from: &mut (impl AsyncBufRead + Unpin),
        framing: Framing,
    ) -> io::Result<()> {
        match framing {
            Framing::Length(length) => self.take(from, length).await,
            Framing::Chunks => self.take_chunks(from).await,
            Framing::Close => from.read_to_end(&mut self.bytes).await.map(drop),
        }
    }

    async fn take(&mut self, from: &mut (impl AsyncBufRead + Unpin), length: u64) -> io::Result<()> {
        let read = from.take(length).read_to_end(&mut self.bytes).await?;
        if read as u64 == length { Ok(()) } else { Err(io::ErrorKind::UnexpectedEof.into()) }
    }

    async fn take_chunks(&mut self, from: &mut (impl AsyncBufRead + Unpin)) -> io::Result<()> {
        loop {
            let start = self.bytes.len();
            from.read_until(b'\n', &mut self.bytes).await?;
            let line = std::str::from_utf8(&self.bytes[start..]).unwrap_or_default();
            let size = line.split(';').next().unwrap_or_default().trim();
            let size = u64::from_str_radix(size, 16)
                .map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))?;
            self.take(from, size + 2).await?;
            if size == 0 {
                return Ok(());
            }
        }
    }

    /// What it asks of Elasticsearch.
    pub(super) fn asks(&self) -> Asks {
        let line = self.bytes.split(|byte| *byte == b' ').nth(1).unwrap_or_default();
        match line.split(|byte| *byte == b'?').next() {
            Some(path) if path.ends_with(b"/_bulk") => Asks::Bulk,
            Some(path) if path.ends_with(b"/_search") => Asks::Search,
            _ => Asks::Other,
        }
    }

    /// Names this server in the head, in place of the proxy: a server may refuse what is meant for another.
    pub(super) fn name_host(&mut self, server: SocketAddr) {
        let head = String::from_utf8_lossy(&self.bytes[..self.body]).into_owned();
        let is_host = |line: &str| line.get(..5).is_some_and(|name| name.eq_ignore_ascii_case("host:"));
        let lines = head.split_inclusive("\r\n");
        let named =
            lines.map(|line| if is_host(line) { format!("host: {server}\r\n") } else { line.to_owned() });
        let head: String = named.collect();
        self.bytes.splice(..self.body, head.bytes());
        self.body = head.len();
    }

    /// Its body, out of its chunks.
    pub(super) fn payload(&self) -> Vec<u8> {
        let mut rest = &self.bytes[self.body..];
        if !matches!(self.framing(), Some(Framing::Chunks)) {
            return rest.to_vec();
        }
        let mut payload = Vec::new();
        while let Some(end) = rest.iter().position(|byte| *byte == b'\n') {
            let line = std::str::from_utf8(&rest[..end]).unwrap_or_default();
            let size = line.split(';').next().unwrap_or_default().trim();
            let size = usize::from_str_radix(size, 16).unwrap_or_default();
            let chunk = &rest[end + 1..];
            payload.extend_from_slice(&chunk[..size.min(chunk.len())]);
            rest = chunk.get(size + 2..).unwrap_or_default();
        }
        payload
    }

    /// The same with another body, in one piece.
    pub(super) fn with_body(&self, body: &[u8]) -> Self {
        let head = String::from_utf8_lossy(&self.bytes[..self.body]).into_owned();
        let is_framing = |line: &&str| {
            let line = line.to_ascii_lowercase();
            line.starts_with("content-length:") || line.starts_with("transfer-encoding:")
        };
        let kept: String = head.trim_end().split_inclusive("\r\n").filter(|line| !is_framing(line)).collect();
        let mut bytes = format!("{}\r\ncontent-length: {}\r\n\r\n", kept.trim_end(), body.len()).into_bytes();
        let start = bytes.len();
        bytes.extend_from_slice(body);
        Self { bytes, body: start }
    }

    /// The same with another length in its head; none where the head names no length.
    pub(super) fn with_length(&self, length: usize) -> Option<Vec<u8>> {
        self.header("content-length")?;
        let head = std::str::from_utf8(&self.bytes[..self.body]).ok()?;
        let is_length = |line: &str| line.to_ascii_lowercase().starts_with("content-length:");
        let lines = head.split_inclusive("\r\n").map(|line| {
            if is_length(line) { format!("content-length: {length}\r\n") } else { line.to_owned() }
        });
        let mut bytes = lines.collect::<String>().into_bytes();
        bytes.extend_from_slice(&self.bytes[self.body..]);
        Some(bytes)
    }
}
