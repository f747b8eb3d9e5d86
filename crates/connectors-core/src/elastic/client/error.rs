//! What went wrong with a request, in our kinds.

use std::error::Error as StdError;

use serde_json::Value;

use super::{Request, Response};
use crate::elastic::Settings;
use crate::{Error, ErrorKind};

/// No whole answer came.
pub(super) fn unreachable(settings: &Settings, error: impl StdError + Send + Sync + 'static) -> Error {
    Error::transient("Elasticsearch did not answer; see that it runs, and that elasticsearch.host is right")
        .with("host", settings.shown_host())
        .caused_by(error)
}

/// No answer came in time after the client was cancelled.
pub(super) fn given_up(request: &Request) -> Error {
    Error::transient(
        "the request was given up: a stop was asked for, and Elasticsearch did not answer in time",
    )
    .with("request", shown(request))
}

/// The answer is no whole JSON, as after a gateway that lost a part, or has another shape than asked for.
pub(super) fn not_json(request: &Request, error: serde_json::Error) -> Error {
    let kind = if error.is_data() { ErrorKind::Unexpected } else { ErrorKind::Transient };
    Error::new(kind, "the answer of Elasticsearch was not understood")
        .with("request", shown(request))
        .caused_by(error)
}

/// The server said no.
pub(super) fn refused(request: &Request, response: &Response) -> Error {
    let (kind, what) = match response.status {
        401 => (ErrorKind::Denied, "Elasticsearch does not know these credentials"),
        403 => (ErrorKind::Denied, "these credentials lack a privilege in Elasticsearch"),
        404 => (ErrorKind::Missing, "Elasticsearch has no such thing"),
        429 | 503 => (ErrorKind::Busy(response.retry_after), "Elasticsearch is too busy"),
        status if status >= 500 && status != 501 => (ErrorKind::Transient, "Elasticsearch failed"),
        _ => (ErrorKind::Config, "Elasticsearch refused the request"),
    };
    let error = Error::new(kind, what).with("request", shown(request)).with("status", response.status);
    match reason(&response.body) {
        Some(reason) => error.with("reason", reason),
        None => error,
    }
}

pub(super) fn shown(request: &Request) -> String {
    let method = format!("{:?}", request.method).to_uppercase();
    format!("{method} {}", request.path)
}

/// The server's own words: `type: reason`.
fn reason(body: &[u8]) -> Option<String> {
    let answer: Value = serde_json::from_slice(body).ok()?;
    let error = answer.get("error")?;
    if let Some(text) = error.as_str() {
        return Some(text.to_owned());
    }
    let part = |name| error.get(name).and_then(Value::as_str);
    Some(format!("{}: {}", part("type").unwrap_or("error"), part("reason").unwrap_or("no reason given")))
}
