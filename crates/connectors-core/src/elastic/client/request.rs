//! What goes out and what comes back.

use std::time::Duration;

use bytes::Bytes;
use elasticsearch::http::Method;
use serde_json::Value;

/// One request. Plain media types, which every version and OpenSearch take.
#[derive(Debug, Clone)]
pub struct Request {
    pub(super) method: Method,
    pub(super) path: String,
    pub(super) query: Vec<(&'static str, String)>,
    pub(super) body: Option<(&'static str, Bytes)>,
    /// Names in lower case.
    pub(super) headers: Vec<(&'static str, &'static str)>,
}

impl Request {
    fn new(method: Method, path: impl Into<String>) -> Self {
        Self { method, path: path.into(), query: Vec::new(), body: None, headers: Vec::new() }
    }

    /// Reads.
    pub fn get(path: impl Into<String>) -> Self {
        Self::new(Method::Get, path)
    }

    /// Sends.
    pub fn post(path: impl Into<String>) -> Self {
        Self::new(Method::Post, path)
    }

    /// Makes or changes.
    pub fn put(path: impl Into<String>) -> Self {
        Self::new(Method::Put, path)
    }

    /// Removes.
    pub fn delete(path: impl Into<String>) -> Self {
        Self::new(Method::Delete, path)
    }

    /// Adds a query parameter.
    #[must_use]
    pub fn query(mut self, key: &'static str, value: impl Into<String>) -> Self {
        self.query.push((key, value.into()));
        self
    }

    /// Adds a header; its name in lower case.
    #[must_use]
    pub fn header(mut self, name: &'static str, value: &'static str) -> Self {
        self.headers.push((name, value));
        self
    }

    /// With a JSON body.
    #[must_use]
    pub fn body(mut self, json: &Value) -> Self {
        self.body = Some(("application/json", json.to_string().into()));
        self
    }

    /// With a body of lines.
    #[must_use]
    pub fn lines(mut self, ndjson: Bytes) -> Self {
        self.body = Some(("application/x-ndjson", ndjson));
        self
    }
}

/// One answer.
#[derive(Debug, Clone)]
pub struct Response {
    /// The HTTP status.
    pub status: u16,
    /// How long the server asks to wait.
    pub retry_after: Option<Duration>,
    /// The body, decompressed.
    pub body: Bytes,
}

impl Response {
    /// 2xx.
    #[must_use]
    pub fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// True for answers that another try may better: 408, 429 and 5xx, except 501.
    #[must_use]
    pub fn is_passing(&self) -> bool {
        is_passing(self.status)
    }
}

/// See [`Response::is_passing`]; items of a bulk have such a status too.
pub(crate) fn is_passing(status: u16) -> bool {
    matches!(status, 408 | 429) || (status >= 500 && status != 501)
}
