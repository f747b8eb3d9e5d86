//! Requests of any kind, from their headers on: what the fuzzer calls, and what replays its corpus.

use std::fs::OpenOptions;
use std::path::Path;
use std::sync::{Arc, OnceLock};

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{HeaderName, HeaderValue};
use tokio::runtime::Runtime;

use crate::failure::Result;
use crate::http::{self, App};
use crate::store::Node;

const PORT: u16 = 9200;
const LIMIT: usize = 64 << 10;

/// Requests one after the other on an empty server, each after a line `###`: a line `METHOD PATH`, lines of
/// headers, an empty line, the body. Every answer has a status of HTTP, no panic among them, and a body
/// beyond the limit or from another site changes nothing.
pub fn requests(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let Ok(server) = SERVER.get_or_init(Fuzzed::start) else { return };
    server.clear();
    for request in text.split("###\n").take(8).filter_map(request) {
        server.runtime.block_on(async {
            let answer = http::handle(State(server.app.clone()), request).await;
            let status = answer.status().as_u16();
            let body = axum::body::to_bytes(answer.into_body(), usize::MAX).await.unwrap_or_default();
            let text = String::from_utf8_lossy(&body);
            // Other answers say the word where it stands in the request.
            let has_panicked = status == 500 && text.contains("panicked");
            assert!((200..600).contains(&status) && !has_panicked, "{status}: {text}");
        });
    }
}

fn request(text: &str) -> Option<Request> {
    let (head, body) = text.split_once("\n\n").unwrap_or((text, ""));
    let mut lines = head.lines();
    let (method, path) = lines.next()?.split_once(' ')?;
    let mut request = Request::builder().method(method).uri(path).body(Body::from(body.to_owned())).ok()?;
    let host = format!("127.0.0.1:{PORT}");
    request.headers_mut().insert("host", HeaderValue::from_str(&host).ok()?);
    request.headers_mut().insert("content-type", HeaderValue::from_static("application/json"));
    for (name, value) in lines.filter_map(|line| line.split_once(": ")) {
        let name = HeaderName::from_bytes(name.as_bytes()).ok()?;
        request.headers_mut().insert(name, HeaderValue::from_str(value).ok()?);
    }
    Some(request)
}

static SERVER: OnceLock<Result<Fuzzed>> = OnceLock::new();

/// One server for all inputs; its indices are not.
struct Fuzzed {
    app: Arc<App>,
    runtime: Runtime,
}

impl Fuzzed {
    fn start() -> Result<Self> {
        let folder = std::env::temp_dir().join(format!("elastic-embedded-fuzz-{}", std::process::id()));
        std::fs::create_dir_all(&folder)?;
        let app = Arc::new(App {
            node: Node::open(Path::new(&folder))?,
            port: PORT,
            max_body: LIMIT,
            token: None,
            budget: http::Budget::new(16 << 20),
            lock: OpenOptions::new().create(true).append(true).open(folder.join("lock"))?,
        });
        Ok(Self { app, runtime: tokio::runtime::Builder::new_current_thread().enable_all().build()? })
    }

    fn clear(&self) {
        for index in self.app.node.select("*").unwrap_or_default() {
            let _ = self.app.node.delete(&index.meta().name);
        }
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_corpus_of_requests_is_replayed() {
        let corpus = concat!(env!("CARGO_MANIFEST_DIR"), "/../../fuzz/corpus/requests");
        let files: Vec<_> = std::fs::read_dir(corpus).unwrap().map(|file| file.unwrap().path()).collect();
        assert!(files.len() > 1, "no corpus");
        for file in files {
            super::requests(&std::fs::read(file).unwrap());
        }
    }
}
