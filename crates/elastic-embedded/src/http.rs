//! HTTP: who may ask, what a request is, how an answer leaves.

mod budget;
mod guard;

use std::fs::File;
use std::io::Read;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::request::Parts;
use axum::http::{Method, StatusCode, header};
use axum::response::Response;
use bytes::Bytes;
use futures::StreamExt;

use tokio::time::timeout;

pub(crate) use self::budget::Budget;
use self::budget::Share;
use crate::api;
use crate::call::{Call, Reply};
use crate::failure::{Failure, Result};
use crate::store::Node;
use crate::tree::object;

/// A body of which nothing comes for so long is given up.
const SILENCE: Duration = Duration::from_secs(60);

/// What all requests share.
pub(crate) struct App {
    pub(crate) node: Node,
    pub(crate) port: u16,
    pub(crate) max_body: usize,
    /// What a request has to carry; none where everybody may ask.
    pub(crate) token: Option<String>,
    /// What bodies may take.
    pub(crate) budget: Budget,
    /// Held as long as anything of the server lives.
    pub(crate) lock: File,
}

impl std::fmt::Debug for App {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("App").field("port", &self.port).finish_non_exhaustive()
    }
}

pub(crate) fn router(app: Arc<App>) -> Router {
    Router::new().fallback(handle).with_state(app)
}

pub(crate) async fn handle(State(app): State<Arc<App>>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let head = parts.method == Method::HEAD;
    let reply = work(app, parts, body).await.unwrap_or_else(Reply::from);
    send(reply, head)
}

/// Receives a request, and carries it out on a thread that may block.
async fn work(app: Arc<App>, parts: Parts, body: Body) -> Result<Reply> {
    let (body, share) = receive(&app, &parts, body).await?;
    let permit = app.budget.work(body.len()).await?;
    let call = Call::new(&parts.method, parts.uri.path(), parts.uri.query().unwrap_or_default(), body);
    let what = format!("[{} {}]", parts.method, parts.uri.path());
    let done = tokio::task::spawn_blocking(move || {
        let reply = answer(&app, call);
        drop((permit, share));
        reply
    });
    done.await.map_err(|error| Failure::internal(format!("{what} failed: {error}")))
}

/// Reads a body. One beyond the limit is read on for a while and thrown away: a client that is still
/// sending would not see the refusal.
async fn read(body: Body, limit: usize, share: &mut Share) -> Result<Bytes> {
    const PATIENCE: usize = 4;
    let mut stream = body.into_data_stream();
    let (mut kept, mut length) = (Vec::new(), 0);
    while let Some(chunk) = timeout(SILENCE, stream.next()).await.map_err(|_| silent())? {
        let chunk = chunk.map_err(|error| Failure::argument(format!("the body broke off: {error}")))?;
        length += chunk.len();
        if length <= limit {
            share.grow(chunk.len())?;
            kept.extend_from_slice(&chunk);
        } else {
            kept = Vec::new();
        }
        if length > limit.saturating_mul(PATIENCE) {
            break;
        }
    }
    if length > limit { Err(too_large(limit)) } else { Ok(kept.into()) }
}

fn silent() -> Failure {
    let reason = format!("nothing more of the body came for {} s", SILENCE.as_secs());
    Failure::new(408, "request_timeout_exception", reason)
}

fn too_large(limit: usize) -> Failure {
    let reason = format!("the request body is larger than the limit of {limit} bytes");
    Failure::new(413, "content_too_long_exception", reason)
}

/// Checks the headers and reads the body.
async fn receive(app: &App, parts: &Parts, body: Body) -> Result<(Bytes, Share)> {
    let headers = &parts.headers;
    guard::check(headers, app.port)?;
    guard::check_target(&parts.uri, headers)?;
    if let Some(token) = &app.token {
        guard::check_token(&parts.uri, headers, token)?;
    }
    let mut share = app.budget.share();
    let body = read(body, app.max_body, &mut share).await?;
    if body.is_empty() {
        return Ok((body, share));
    }
    guard::check_type(headers)?;
    match headers.get(header::CONTENT_ENCODING).map(|encoding| encoding.as_bytes()) {
        None | Some(b"identity") => Ok((body, share)),
        Some(b"gzip") => unpack(&body, app.max_body, &mut share).map(|plain| (plain, share)),
        Some(other) => {
            Err(Failure::unsupported(format!("the encoding [{}]", String::from_utf8_lossy(other))))
        }
    }
}

fn unpack(body: &[u8], limit: usize, share: &mut Share) -> Result<Bytes> {
    let mut reader = flate2::read::MultiGzDecoder::new(body);
    let (mut plain, mut piece) = (Vec::new(), vec![0; 64 << 10]);
    loop {
        let read = reader
            .read(&mut piece)
            .map_err(|error| Failure::argument(format!("the body is no gzip: {error}")))?;
        if read == 0 {
            return Ok(plain.into());
        }
        if plain.len() + read > limit {
            return Err(too_large(limit));
        }
        share.grow(read)?;
        plain.extend_from_slice(&piece[..read]);
    }
}

fn answer(app: &App, call: Call) -> Reply {
    let pretty = call.flag("pretty");
    match api::dispatch(&app.node, &call) {
        Ok(reply) => Reply { body: reply.body.map(|body| call.filter.apply(body)), pretty, ..reply },
        // An error is told whole, whatever part of the answer was wanted.
        Err(failure) => Reply { pretty, ..Reply::from(failure) },
    }
}

fn send(reply: Reply, head: bool) -> Response {
    let text = match (&reply.body, reply.pretty) {
        _ if head => Ok(Vec::new()),
        (None, _) => Ok(Vec::new()),
        (Some(body), false) => serde_json::to_vec(body),
        (Some(body), true) => serde_json::to_vec_pretty(body),
    };
    let (status, text) = match text {
        Ok(text) => (reply.status, text),
        Err(error) => (
            500,
            object! { "error" => error.to_string(), "status" => 500 }.into_value().to_string().into_bytes(),
        ),
    };
    let mut response = Response::new(Body::from(text));
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let headers = response.headers_mut();
    headers.insert("x-elastic-product", header::HeaderValue::from_static("Elasticsearch"));
    if status == 401 {
        headers.insert(header::WWW_AUTHENTICATE, header::HeaderValue::from_static("ApiKey"));
    }
    headers.insert(header::CONTENT_TYPE, header::HeaderValue::from_static("application/json"));
    response
}
