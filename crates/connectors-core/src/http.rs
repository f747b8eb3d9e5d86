//! The one HTTP client of sources: signs, paces, retries, follows pages, and explains what failed.
//!
//! A source declares it once and then only names what it wants:
//!
//! ```no_run
//! # use connectors_core::{Context, Http, Result, config::Secret};
//! # #[derive(serde::Deserialize)] struct Note;
//! # #[derive(serde::Deserialize)] struct Page { notes: Vec<Note>, next: Option<String> }
//! # fn notes(context: &Context, host: &url::Url, token: &Secret) -> Result<()> {
//! let http = context.http(host)?.bearer(token).rate(10).concurrency(4);
//! let notes = http.get("/api/notes").query(&[("folder", "a")]).pages(|page: Page| (page.notes, page.next));
//! # drop(notes); Ok(()) }
//! ```
//!
//! What it does by itself: pages and answers are bounded in size and time; 429, 5xx and broken connections are
//! tried again with growing waits, not before `Retry-After`; credentials go to the server's own origin alone, also
//! when it redirects; no log line, error or `Debug` shows them.

mod answer;
mod assertion;
mod auth;
mod body;
mod clients;
mod error;
mod exchange;
mod limits;
mod link;
mod pace;
mod pages;
mod reach;
mod request;
mod tokens;

pub use assertion::Assertion;
pub use auth::OAuth;
pub use clients::Clients;
pub use error::{Cause, Fix};
pub use limits::{Heard, Later, Limited};
pub use pages::Next;
pub use request::Request;

use std::fmt;
use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use chrono::{DateTime, Utc};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use reqwest::Method;
use tokio::sync::{OnceCell, Semaphore};
use url::Url;

use self::auth::{Auth, Grant, Header};
use self::pace::Pace;
use self::reach::Reach;
use crate::config::Secret;
use crate::{Clock, Context, Error, Result, Retry, Waits, mask};

/// Requests at the same time, unless the source says otherwise.
const CONCURRENCY: usize = 10;
/// How long an answer may take, or each piece of one that is streamed.
const TIMEOUT: Duration = Duration::from_secs(60);
/// The most bytes of an answer that is read as a whole.
const MAX_ANSWER: usize = 64 << 20;

/// One server, and how it is spoken to; cheap to clone, clones share their pace and their token.
#[derive(Clone)]
pub struct Http {
    inner: Arc<Inner>,
}

#[derive(Clone)]
struct Inner {
    client: reqwest::Client,
    clients: Clients,
    /// Where the server stands, and so where it may send on to; asked at its first redirect to another server.
    reach: Arc<OnceCell<Reach>>,
    base: Url,
    auth: Auth,
    headers: Vec<Header>,
    fix: Fix,
    limited: Limited,
    pace: Arc<Pace>,
    permits: Arc<Semaphore>,
    /// Whether the server ever answered: until then a failed connection is most likely a wrong address.
    has_answered: Arc<AtomicBool>,
    timeout: Duration,
    max_answer: usize,
    retry: Retry,
    clock: Clock,
    waits: Waits,
}

impl Context {
    /// A client for the server at `base`: the one way in which a source speaks HTTP.
    ///
    /// Paths of requests are joined to the path of `base`; a user and password in it sign every request.
    ///
    /// # Errors
    /// `Config` when `base` is no address of a server (`http` or `https`, with a host).
    pub fn http(&self, base: &Url) -> Result<Http> {
        Http::new(base, self)
    }
}

impl Http {
    pub(crate) fn new(base: &Url, context: &Context) -> Result<Self> {
        if !matches!(base.scheme(), "http" | "https") || base.host().is_none() {
            let shown = mask::shown(base);
            return Err(Error::config("expected an address such as https://host:port").with("address", shown));
        }
        let mut plain = base.clone();
        let _ = plain.set_username("").and(plain.set_password(None));
        plain.set_query(None);
        plain.set_fragment(None);
        Ok(Self {
            inner: Arc::new(Inner {
                client: context.clients.client(base)?,
                clients: context.clients.clone(),
                reach: Arc::default(),
                base: plain,
                auth: Auth::of(base),
                headers: Vec::new(),
                fix: |_| None,
                limited: |_| None,
                pace: Arc::new(Pace::unlimited()),
                permits: Arc::new(Semaphore::new(CONCURRENCY)),
                has_answered: Arc::default(),
                timeout: TIMEOUT,
                max_answer: MAX_ANSWER,
                retry: context.limits.retry,
                clock: context.clock.clone(),
                waits: context.waits.clone(),
            }),
        })
    }

    fn with(mut self, change: impl FnOnce(&mut Inner)) -> Self {
        change(Arc::make_mut(&mut self.inner));
        self
    }

    /// Signs with a token; an empty one signs nothing.
    #[must_use]
    pub fn bearer(self, token: &Secret) -> Self {
        self.with(|inner| inner.auth = Auth::bearer(token))
    }

    /// Signs with a user and password.
    #[must_use]
    pub fn basic(self, user: &str, password: &Secret) -> Self {
        self.with(|inner| inner.auth = Auth::basic(user, password))
    }

    /// Signs with tokens that are fetched when needed.
    #[must_use]
    pub fn oauth(self, oauth: OAuth) -> Self {
        self.with(|inner| inner.auth = Auth::tokens(Grant::Client(oauth)))
    }

    /// Signs with assertions of an app, each made when the one before is about to expire.
    #[must_use]
    pub fn asserting(self, assertion: Assertion) -> Self {
        self.with(|inner| inner.auth = Auth::tokens(Grant::Asserted(assertion)))
    }

    /// Signs with tokens that `fetch` hands out, each with the time until which it is good where that is known: asked at the first
    /// request, before a token expires, and once when the server refuses one.
    #[must_use]
    pub fn tokens<F, R>(self, fetch: F) -> Self
    where
        F: Fn() -> R + Send + Sync + 'static,
        R: Future<Output = Result<(Secret, Option<DateTime<Utc>>)>> + Send + 'static,
    {
        let fetch = Box::new(move || -> futures::future::BoxFuture<'static, _> { Box::pin(fetch()) });
        self.with(|inner| inner.auth = Auth::tokens(Grant::Fetched(fetch)))
    }

    /// Trusts these authorities too, given as PEM; only for the server itself, not for those that it redirects to.
    ///
    /// # Errors
    /// `Config` when the text holds no certificate.
    pub fn trust(self, pem: &str) -> Result<Self> {
        let client = self.inner.clients.trusting(&self.inner.base, pem)?;
        Ok(self.with(|inner| inner.client = client))
    }

    /// Signs with a header that holds a secret, such as `x-api-key`.
    #[must_use]
    pub fn key(self, header: &str, key: &Secret) -> Self {
        self.with(|inner| inner.headers.push(Header::secret(header, key)))
    }

    /// Sends a header with every request.
    #[must_use]
    pub fn header(self, name: &str, value: &str) -> Self {
        self.with(|inner| inner.headers.push(Header::plain(name, value)))
    }

    /// At most so many requests a second, evenly spaced; tries count, redirects and token requests do not.
    #[must_use]
    pub fn rate(self, per_second: u32) -> Self {
        self.with(|inner| inner.pace = Arc::new(Pace::per_second(per_second)))
    }

    /// At most so many requests at the same time, streamed contents included.
    #[must_use]
    pub fn concurrency(self, requests: usize) -> Self {
        self.with(|inner| inner.permits = Arc::new(Semaphore::new(requests.max(1))))
    }

    /// How long an answer may take; for a streamed one its head, and each piece. A minute without this.
    #[must_use]
    pub fn timeout(self, timeout: Duration) -> Self {
        self.with(|inner| inner.timeout = timeout)
    }

    /// The most bytes of an answer that is read as a whole, decompressed; 64 MiB without this.
    #[must_use]
    pub fn max_answer(self, bytes: usize) -> Self {
        self.with(|inner| inner.max_answer = bytes)
    }

    /// What an operator can do about a failure, in terms of the source's own settings.
    #[must_use]
    pub fn fix(self, fix: Fix) -> Self {
        self.with(|inner| inner.fix = fix)
    }

    /// Tells answers that ask to wait although their status is neither 429 nor 503: they are tried again after that time, and
    /// until then no other request is sent. Such a wait is bounded, shown and ended as one by `Retry-After` is.
    #[must_use]
    pub fn limited(self, limited: Limited) -> Self {
        self.with(|inner| inner.limited = limited)
    }

    /// Asks for a path below the base, or for an absolute address on the same server.
    pub fn get(&self, path: impl AsRef<str>) -> Request {
        Request::new(self.clone(), Method::GET, path.as_ref())
    }

    /// Asks by a body, as searches and GraphQL do. It is tried again like a GET: it must change nothing.
    pub fn post(&self, path: impl AsRef<str>) -> Request {
        Request::new(self.clone(), Method::POST, path.as_ref())
    }
}

impl fmt::Debug for Http {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Http").field("base", &mask::shown(&self.inner.base)).finish_non_exhaustive()
    }
}

/// What may stand in a segment of a path as it is, by RFC 3986.
const UNRESERVED: AsciiSet = NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// A text as one segment of a path, or as a part of an address: what could end it is written as `%2F` and the like.
#[must_use]
pub fn segment(text: &str) -> String {
    utf8_percent_encode(text, &UNRESERVED).to_string()
}
