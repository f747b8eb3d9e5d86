//! A request as the API sees it, and its answer.

use std::collections::BTreeMap;

use axum::http::Method;
use bytes::Bytes;
use serde_json::Value;

use crate::failure::{Failure, Result};
use crate::filter_path::FilterPath;
use crate::tree::Tree;

/// Parameters that every endpoint takes.
const COMMON: [&str; 4] = ["filter_path", "pretty", "human", "error_trace"];

/// One request.
#[derive(Debug)]
pub(crate) struct Call {
    pub(crate) method: Method,
    /// The path's segments, decoded.
    pub(crate) path: Vec<String>,
    parameters: BTreeMap<String, String>,
    pub(crate) body: Bytes,
    pub(crate) filter: FilterPath,
}

/// One answer.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) body: Option<Tree>,
    pub(crate) pretty: bool,
}

impl Call {
    pub(crate) fn new(method: &Method, path: &str, query: &str, body: Bytes) -> Self {
        let path = path.split('/').filter(|part| !part.is_empty()).map(|part| decode(part, false)).collect();
        let parameters: BTreeMap<_, _> = query
            .split('&')
            .filter(|pair| !pair.is_empty())
            .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
            .map(|(key, value)| (decode(key, true), decode(value, true)))
            .collect();
        let filter = FilterPath::parse(parameters.get("filter_path").map_or("", String::as_str));
        // HEAD is GET without the body of the answer.
        let method = if method == Method::HEAD { Method::GET } else { method.clone() };
        Call { method, path, parameters, body, filter }
    }

    pub(crate) fn parameter(&self, key: &str) -> Option<&str> {
        self.parameters.get(key).map(String::as_str)
    }

    /// True if the parameter is there and does not say `false`.
    pub(crate) fn flag(&self, key: &str) -> bool {
        self.parameter(key).is_some_and(|value| value != "false")
    }

    /// The parameter as a whole number.
    pub(crate) fn number(&self, key: &str) -> Result<Option<u64>> {
        let read = |value: &str| {
            value.parse().map_err(|_| {
                Failure::argument(format!("Failed to parse long parameter [{key}] with value [{value}]"))
            })
        };
        self.parameter(key).map(read).transpose()
    }

    /// Refuses parameters that the endpoint does not read.
    ///
    /// # Errors
    /// 501, with the first of them.
    pub(crate) fn allow(&self, known: &[&str]) -> Result<()> {
        match self
            .parameters
            .keys()
            .find(|key| !known.contains(&key.as_str()) && !COMMON.contains(&key.as_str()))
        {
            None => Ok(()),
            Some(key) => Err(Failure::unsupported(format!(
                "the parameter [{key}] of [{} /{}]",
                self.method,
                self.path.join("/")
            ))),
        }
    }

    /// The body as JSON; an empty object if there is none.
    pub(crate) fn json(&self) -> Result<Value> {
        if self.body.iter().all(u8::is_ascii_whitespace) {
            return Ok(Value::Object(serde_json::Map::new()));
        }
        serde_json::from_slice(&self.body).map_err(|error| {
            Failure::new(400, "json_parse_exception", format!("the body is no JSON: {error}"))
        })
    }
}

impl Reply {
    pub(crate) fn ok(body: impl Into<Tree>) -> Self {
        Reply::new(200, body)
    }

    pub(crate) fn new(status: u16, body: impl Into<Tree>) -> Self {
        Reply { status, body: Some(body.into()), pretty: false }
    }
}

impl From<Tree> for Reply {
    fn from(body: Tree) -> Self {
        Reply { status: 200, body: Some(body), pretty: false }
    }
}

impl From<Failure> for Reply {
    fn from(failure: Failure) -> Self {
        Reply { status: failure.status(), body: Some(failure.body()), pretty: false }
    }
}

/// Undoes percent-encoding; what is not UTF-8 is replaced.
fn decode(text: &str, plus_is_space: bool) -> String {
    let bytes = text.as_bytes();
    let mut decoded = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let hex = bytes
            .get(at + 1..at + 3)
            .and_then(|hex| u8::from_str_radix(std::str::from_utf8(hex).ok()?, 16).ok());
        match (bytes[at], hex) {
            (b'%', Some(byte)) => {
                decoded.push(byte);
                at += 2;
            }
            (b'+', _) if plus_is_space => decoded.push(b' '),
            (byte, _) => decoded.push(byte),
        }
        at += 1;
    }
    String::from_utf8_lossy(&decoded).into_owned()
}
