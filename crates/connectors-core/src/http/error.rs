//! What went wrong with a request: kind, place, cause, fix, and no secret.

use std::error::Error as StdError;
use std::time::Duration;

use chrono::{DateTime, Utc};
use reqwest::header::{CONTENT_TYPE, HeaderMap};
use reqwest::{Method, StatusCode};
use url::Url;

use super::limits::{Heard, Limited};
use crate::config::Secret;
use crate::mask::{self, Masks};
use crate::obstacle::Obstacle;
use crate::{Error, ErrorKind};

/// Characters of an answer that an error shows.
const SNIPPET: usize = 300;

/// Why a request failed, as far as an operator can do something about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cause {
    /// No connection to the server came about, or no whole answer.
    Unreachable,
    /// The server answered with this status.
    Status(u16),
    /// The token endpoint refused the credentials.
    Credentials,
}

/// What to do about a failure, as a fragment such as "check `host`"; none where nothing better than the usual can be said.
pub type Fix = fn(Cause) -> Option<&'static str>;

/// Where a request went, and what must not be shown of it.
#[derive(Clone)]
pub(super) struct Place {
    pub(super) method: Method,
    pub(super) url: Url,
    pub(super) secrets: Vec<Secret>,
    pub(super) fix: Fix,
    pub(super) limited: Limited,
}

impl Place {
    /// The text without any secret in it, as it stands or as it stands in an address.
    pub(super) fn redacted(&self, text: &str) -> String {
        Masks::of(self.secrets.iter().map(Secret::reveal)).mask(text).into_owned()
    }

    pub(super) fn shown_url(&self) -> String {
        self.redacted(&mask::shown(&self.url)).chars().take(SNIPPET).collect()
    }

    fn error(&self, kind: ErrorKind, what: &str, cause: Option<Cause>) -> Error {
        let fix = cause.and_then(|cause| (self.fix)(cause).or_else(|| usual_fix(cause)));
        let message = fix.map_or_else(|| what.to_owned(), |fix| format!("{what}; {fix}"));
        Error::new(kind, message).with("request", format!("{} {}", self.method, self.shown_url()))
    }

    /// No connection, or one that broke.
    pub(super) fn unreachable(&self, error: reqwest::Error) -> Error {
        let what = if error.is_connect() { unconnected(&error) } else { "the connection broke" };
        self.error(ErrorKind::Transient, what, Some(Cause::Unreachable)).caused_by(error.without_url())
    }

    pub(super) fn timed_out(&self, timeout: Duration) -> Error {
        let error =
            self.error(ErrorKind::Transient, "the server did not answer in time", Some(Cause::Unreachable));
        error.with("time-out", format!("{timeout:?}"))
    }

    /// An answer that was handed on in part.
    pub(super) fn broke_off(&self, cause: impl StdError + Send + Sync + 'static) -> Error {
        self.error(ErrorKind::Transient, "the content broke off", None).caused_by(cause)
    }

    /// The server said no.
    pub(super) fn refused(&self, status: StatusCode, asked: Option<Duration>, body: &[u8]) -> Error {
        let status = status.as_u16();
        let (kind, what) = match status {
            401 => (ErrorKind::Denied, "the server does not accept these credentials"),
            403 => (ErrorKind::Denied, "these credentials lack a right"),
            404 | 410 => (ErrorKind::Missing, "the server has no such thing"),
            429 => (ErrorKind::Busy(asked), "the server asks to slow down"),
            503 if asked.is_some() => (ErrorKind::Busy(asked), "the server asks to wait"),
            408 => (ErrorKind::Transient, "the server gave up waiting for the request"),
            status if status >= 500 && status != 501 => (ErrorKind::Transient, "the server failed"),
            _ => (ErrorKind::Unexpected, "the server refused the request"),
        };
        let error = self.error(kind, what, Some(Cause::Status(status))).with("status", status);
        self.with_answer(error, body)
    }

    /// The error of an answer that asks to wait without saying so by its status.
    pub(super) fn limit(&self, heard: &Heard<'_>, now: DateTime<Utc>) -> Option<Error> {
        let later = (self.limited)(heard)?;
        let kind = ErrorKind::Busy(heard.wait(later, now));
        let error = self.error(kind, "the server asks to slow down", None).with("status", heard.status());
        Some(self.with_answer(error, heard.body()))
    }

    /// The token endpoint said no.
    pub(super) fn no_token(&self, status: StatusCode, body: &[u8]) -> Error {
        let what = "no token was given for these credentials";
        let error = self.error(ErrorKind::Denied, what, Some(Cause::Credentials));
        self.with_answer(error.with("status", status.as_u16()), body)
    }

    /// The answer has another shape than asked for; the error names line, column and what stands there.
    pub(super) fn not_understood(
        &self,
        error: &serde_json::Error,
        headers: &HeaderMap,
        body: &[u8],
    ) -> Error {
        if is_page(headers, body) {
            let what = "the answer is a page for browsers (HTML) and no JSON; see that the address is that of the interface, and \
                        that no proxy or login page stands before it";
            return self.with_answer(self.error(ErrorKind::Unexpected, what, None), body);
        }
        let what = "the answer was not understood; see that the address is that of the interface";
        let message = self.redacted(&error.to_string());
        self.with_answer(
            self.error(ErrorKind::Unexpected, what, None).with("cause", message),
            around(error, body),
        )
    }

    pub(super) fn too_large(&self, limit: usize) -> Error {
        self.error(ErrorKind::Unexpected, "the answer is too large", None)
            .with("limit", format!("{limit} bytes"))
    }

    pub(super) fn unexpected(&self, what: &str) -> Error {
        self.error(ErrorKind::Unexpected, what, None)
    }

    fn with_answer(&self, error: Error, body: &[u8]) -> Error {
        let text = String::from_utf8_lossy(body);
        let words: Vec<&str> = text.split_whitespace().collect();
        let snippet: String = self.redacted(&words.join(" ")).chars().take(SNIPPET).collect();
        if snippet.is_empty() { error } else { error.with("answer", snippet) }
    }
}

/// The server asks for a longer wait than is allowed.
pub(super) fn too_long(until: Option<DateTime<Utc>>, refusal: Error) -> Error {
    let what = "the server asks to wait for longer than `sync.max_retry_after` allows; sync again after that time, or allow more";
    let until = until.map(|until| until.format("%Y-%m-%d %H:%M:%S UTC").to_string());
    Error::new(refusal.kind(), what).with("until", until.as_deref().unwrap_or("never")).caused_by(refusal)
}

fn usual_fix(cause: Cause) -> Option<&'static str> {
    match cause {
        Cause::Unreachable => Some("see that it runs, and that the address is right"),
        Cause::Credentials | Cause::Status(401) => Some("check them"),
        Cause::Status(403) => Some("give them the right that the answer names"),
        Cause::Status(_) => None,
    }
}

/// Why there is no connection, in words.
fn unconnected(error: &reqwest::Error) -> &'static str {
    Obstacle::of(error).map_or("no connection to the server", Obstacle::words)
}

/// Whether an answer is HTML, by what it says of itself or by how it begins.
fn is_page(headers: &HeaderMap, body: &[u8]) -> bool {
    let media_type = headers.get(CONTENT_TYPE).map_or(&[][..], |value| value.as_bytes());
    let is_said = media_type.to_ascii_lowercase().starts_with(b"text/html");
    is_said || body.trim_ascii_start().first() == Some(&b'<')
}

/// The part of a body in which the parser gave up.
fn around<'a>(error: &serde_json::Error, body: &'a [u8]) -> &'a [u8] {
    let line = body.split_inclusive(|byte| *byte == b'\n').take(error.line().saturating_sub(1));
    let place = line.map(<[u8]>::len).sum::<usize>() + error.column();
    let from = place.saturating_sub(SNIPPET / 2).min(body.len());
    &body[from..(from + SNIPPET).min(body.len())]
}
