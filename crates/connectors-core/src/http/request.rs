//! One request, built and then sent.

use std::fmt;

use reqwest::Method;
use reqwest::header::HeaderValue;
use serde::Serialize;
use serde::de::DeserializeOwned;
use url::Url;

use super::Http;
use super::answer::Whole;
use super::body::{FORM, Sent};
use crate::{ByteStream, Error, Result};

/// A request that was not sent yet.
#[must_use = "a request is sent by json, bytes or pages"]
pub struct Request {
    pub(super) http: Http,
    pub(super) method: Method,
    /// An address that can't be asked is reported when the request is sent.
    pub(super) url: Result<Url, String>,
    pub(super) body: Option<Sent>,
}

impl Request {
    pub(super) fn new(http: Http, method: Method, path: &str) -> Self {
        let url = http.join(path);
        Self { http, method, url, body: None }
    }

    /// Adds parameters; one that is there already is replaced.
    pub fn query<K: AsRef<str>, V: ToString>(mut self, parameters: &[(K, V)]) -> Self {
        if let Ok(url) = &mut self.url {
            for (name, value) in parameters {
                set_parameter(url, name.as_ref(), &value.to_string());
            }
        }
        self
    }

    /// Sends a value as JSON.
    pub fn body<T: Serialize + ?Sized>(mut self, value: &T) -> Self {
        match serde_json::to_vec(value) {
            Ok(json) => self.body = Some((HeaderValue::from_static("application/json"), json.into())),
            Err(error) => self.url = Err(format!("the body of a request did not serialise: {error}")),
        }
        self
    }

    /// Sends fields as a form.
    pub fn form<K: AsRef<str>, V: AsRef<str>>(mut self, fields: &[(K, V)]) -> Self {
        let form = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        self.body = Some((HeaderValue::from_static(FORM), form.into()));
        self
    }

    /// The answer, read from JSON.
    ///
    /// # Errors
    /// `Denied` for 401 and 403, `Missing` for 404, `Busy` for 429, `Transient` for 5xx and broken
    /// connections once the tries are used up, `Unexpected` for any other 4xx and for an answer of another shape.
    pub async fn json<T: DeserializeOwned>(self) -> Result<T> {
        self.whole().await?.parsed()
    }

    /// The answer, read from JSON, and what one of its headers says.
    ///
    /// # Errors
    /// As [`json`](Self::json).
    pub async fn json_with_header<T: DeserializeOwned>(self, name: &str) -> Result<(T, Option<String>)> {
        let whole = self.whole().await?;
        let header = whole.headers.get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
        Ok((whole.parsed()?, header))
    }

    /// The answer as it comes in, never held as a whole. What may pass is tried again up to its first byte;
    /// afterwards a broken connection is an error in the stream.
    ///
    /// # Errors
    /// As [`json`](Self::json).
    pub async fn bytes(self) -> Result<ByteStream> {
        let answer = self.persist(|| Box::pin(self.attempt())).await?;
        Ok(answer.stream())
    }

    pub(super) async fn whole(&self) -> Result<Whole> {
        let inner = &self.http.inner;
        let answer = || async { self.attempt().await?.whole(inner.max_answer, inner.clock.now()).await };
        self.persist(|| Box::pin(answer())).await
    }

    /// An answer of this request that says something else than it should.
    pub(super) fn unexpected(&self, problem: &str) -> Error {
        match &self.url {
            Ok(url) => self.http.place(&self.method, url, None).unexpected(problem),
            Err(_) => Error::unexpected(problem),
        }
    }

    /// Method and address, without secrets.
    pub(super) fn shown(&self) -> String {
        match &self.url {
            Ok(url) => format!("{} {}", self.method, self.http.place(&self.method, url, None).shown_url()),
            Err(_) => self.method.to_string(),
        }
    }

    pub(super) fn url(&self) -> Result<&Url> {
        self.url.as_ref().map_err(|problem| Error::unexpected(problem.clone()))
    }
}

impl fmt::Debug for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Request")
            .field("method", &self.method)
            .field("http", &self.http)
            .finish_non_exhaustive()
    }
}

/// Sets a parameter of an address, in its place where it has one.
pub(super) fn set_parameter(url: &mut Url, name: &str, value: &str) {
    let mut others: Vec<(String, String)> = url.query_pairs().into_owned().collect();
    match others.iter_mut().find(|(other, _)| other == name) {
        Some(parameter) => parameter.1 = value.to_owned(),
        None => others.push((name.to_owned(), value.to_owned())),
    }
    url.query_pairs_mut().clear().extend_pairs(others);
}

impl Http {
    /// The address of a path below the base, or of an address on the same server.
    pub(super) fn join(&self, path: &str) -> Result<Url, String> {
        let base = &self.inner.base;
        let joined = match Url::parse(path) {
            Ok(absolute) => Ok(absolute),
            Err(_) => {
                let prefix = base.path().trim_end_matches('/');
                let path = path.trim_start_matches('/');
                base.join(&format!("{prefix}/{path}"))
            }
        };
        match joined {
            Ok(url) if url.origin() == base.origin() => Ok(url),
            Ok(url) => Err(elsewhere(&url, base)),
            Err(error) => Err(format!("a path can't be joined to {base}: {error}")),
        }
    }

    /// The address that a page or redirect names, seen from `from`.
    pub(super) fn follow(&self, from: &Url, link: &str) -> Result<Url, String> {
        let url =
            from.join(link).map_err(|error| format!("the server names an address that is none: {error}"))?;
        if url.origin() == self.inner.base.origin() {
            Ok(url)
        } else {
            Err(elsewhere(&url, &self.inner.base))
        }
    }
}

fn elsewhere(url: &Url, base: &Url) -> String {
    let (there, here) = (url.origin().ascii_serialization(), base.origin().ascii_serialization());
    format!(
        "credentials for {here} are not sent to {there}; give the address under which the server names itself"
    )
}
