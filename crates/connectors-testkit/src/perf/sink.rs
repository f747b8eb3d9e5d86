//! A server that answers at once, so that what the program costs by itself can be measured.
//!
//! It speaks as much of the protocol as a sync needs and stores no document: it answers `created` for each item of a
//! bulk. With `--keep` it remembers `_id` and `_sync` of each, and answers questions about them from memory: counts,
//! ranges, listings and sums of marks, which is all that a second sync asks for. With `--record DIR` it writes down what
//! it gets, for [`post`](super::post). Nothing that it says of speed holds for a real server.

mod answers;
mod bulk;
mod marks;
mod query;
mod record;

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::{Method, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use serde_json::json;
use tokio::io::{AsyncReadExt, stdin};
use tokio::net::TcpListener;

use self::marks::Marks;
use self::record::Record;
use crate::Result;

/// What the server remembers.
#[derive(Default)]
pub(super) struct Sink {
    /// The mapping of the index, once it is made.
    mapping: Option<serde_json::Value>,
    /// What is kept of documents, where anything is.
    marks: Option<Marks>,
    record: Option<Record>,
}

type Shared = Arc<Mutex<Sink>>;

/// Serves at a port that it tells, until the standard input ends.
///
/// # Errors
/// When there is no port, or the folder can't be written.
pub(super) async fn run(keep: bool, record: Option<PathBuf>) -> Result<()> {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
    super::say(&json!({ "url": format!("http://{}", listener.local_addr()?) }));
    let record = record.map(|folder| Record::new(&folder)).transpose()?;
    let sink = Shared::new(Sink { mapping: None, marks: keep.then(Marks::default), record }.into());
    let server = axum::serve(listener, router(sink.clone())).with_graceful_shutdown(end_of_input());
    server.await?;
    let record = sink.lock().unwrap_or_else(PoisonError::into_inner).record.take();
    record.map_or(Ok(()), Record::close)
}

/// The server's only route: everything.
pub(super) fn router(sink: Shared) -> Router {
    Router::new().fallback(answer).layer(DefaultBodyLimit::disable()).with_state(sink)
}

async fn end_of_input() {
    let mut rest = Vec::new();
    // An input that can't be read has ended too.
    let _ = stdin().read_to_end(&mut rest).await;
}

async fn answer(State(sink): State<Shared>, method: Method, uri: Uri, body: Bytes) -> Response {
    let mut sink = sink.lock().unwrap_or_else(PoisonError::into_inner);
    let (status, text) = match sink.answer(&method, &uri, &body) {
        Ok((status, text)) => (StatusCode::from_u16(status).unwrap_or(StatusCode::OK), text),
        Err(error) => (StatusCode::BAD_REQUEST, json!({ "error": error.to_string() }).to_string()),
    };
    let headers = [
        (header::CONTENT_TYPE, "application/json"),
        (header::HeaderName::from_static("x-elastic-product"), "Elasticsearch"),
    ];
    (status, headers, text).into_response()
}

#[cfg(test)]
pub(super) mod tests;
