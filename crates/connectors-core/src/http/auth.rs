//! Who asks.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, TimeDelta, Utc};
use futures::future::BoxFuture;
use reqwest::header::{AUTHORIZATION, HeaderMap, HeaderName, HeaderValue};
use serde::Deserialize;
use serde_json::Value;
use tokio::sync::Mutex;
use url::Url;

use super::assertion::Assertion;
use crate::config::Secret;
use crate::{Clock, Error, Result, address};

/// A token is renewed so long before its end, or a tenth of its life where that is less.
const MARGIN: TimeDelta = TimeDelta::seconds(60);
/// A token is not used for longer than this, in seconds, whatever its server says.
const LONGEST_LIFE: f64 = 86_400.0;

/// Tokens by the client credentials grant of OAuth 2: fetched at the first request, renewed before they
/// expire, and once when the server refuses one.
#[derive(Debug, Clone)]
pub struct OAuth {
    pub(super) endpoint: String,
    pub(super) form: Vec<(&'static str, String)>,
    pub(super) id: String,
    pub(super) secret: Secret,
    pub(super) basic: Option<Secret>,
}

impl OAuth {
    /// `endpoint` hands out tokens: a path on the server, or an address elsewhere. Id and secret stand in the body.
    #[must_use]
    pub fn client_credentials(endpoint: impl Into<String>, id: &str, secret: &Secret) -> Self {
        let form = vec![("grant_type", "client_credentials".to_owned())];
        Self { endpoint: endpoint.into(), form, id: id.to_owned(), secret: secret.clone(), basic: None }
    }

    /// What the token shall allow, separated by spaces.
    #[must_use]
    pub fn scope(mut self, scope: &str) -> Self {
        self.form.push(("scope", scope.to_owned()));
        self
    }

    /// Sends id and secret in a header, for servers that want them there.
    #[must_use]
    pub fn in_header(mut self) -> Self {
        self.basic = Some(basic(&self.id, &self.secret));
        self
    }
}

/// What signs a request.
#[derive(Clone)]
pub(super) enum Auth {
    Nobody,
    /// The whole value of the header, and what it is made of.
    Fixed {
        header: Secret,
        secret: Secret,
    },
    Tokens(Arc<Tokens>),
}

/// Fetches a token: its value, and until when it is good where that is known.
pub(super) type Fetch =
    Box<dyn Fn() -> BoxFuture<'static, Result<(Secret, Option<DateTime<Utc>>)>> + Send + Sync>;

/// Where tokens come from.
pub(super) enum Grant {
    Client(OAuth),
    /// Each is an assertion that is signed here.
    Asserted(Assertion),
    Fetched(Fetch),
}

/// A grant and the token that it gave last.
pub(super) struct Tokens {
    pub(super) grant: Grant,
    pub(super) last: Mutex<Option<Token>>,
}

/// A token and the time from which it is not used any more.
#[derive(Clone)]
pub(super) struct Token {
    pub(super) value: Secret,
    stale: Option<DateTime<Utc>>,
}

impl Auth {
    /// What the user and password in an address stand for.
    pub(super) fn of(base: &Url) -> Self {
        let password = base.password().map(address::decoded).unwrap_or_default();
        match address::decoded(base.username()) {
            user if user.is_empty() && password.is_empty() => Self::Nobody,
            user => Self::basic(&user, &Secret::new(password)),
        }
    }

    pub(super) fn bearer(token: &Secret) -> Self {
        if token.is_empty() {
            Self::Nobody
        } else {
            Self::Fixed { header: bearer(token), secret: token.clone() }
        }
    }

    pub(super) fn basic(user: &str, password: &Secret) -> Self {
        Self::Fixed { header: basic(user, password), secret: password.clone() }
    }

    pub(super) fn tokens(grant: Grant) -> Self {
        Self::Tokens(Arc::new(Tokens { grant, last: Mutex::default() }))
    }

    /// What must not be shown, but for tokens that are fetched.
    pub(super) fn secrets(&self) -> Option<Secret> {
        match self {
            Self::Nobody => None,
            Self::Fixed { secret, .. } => Some(secret.clone()),
            Self::Tokens(tokens) => match &tokens.grant {
                Grant::Client(oauth) => Some(oauth.secret.clone()),
                Grant::Asserted(_) | Grant::Fetched(_) => None,
            },
        }
    }
}

/// The header of a token.
pub(super) fn bearer(token: &Secret) -> Secret {
    Secret::new(format!("Bearer {}", token.reveal()))
}

fn basic(user: &str, password: &Secret) -> Secret {
    Secret::new(format!("Basic {}", STANDARD.encode(format!("{user}:{}", password.reveal()))))
}

/// The answer of a token endpoint.
#[derive(Deserialize)]
pub(super) struct Granted {
    access_token: String,
    /// Seconds: a number, or a text with one.
    #[serde(default)]
    expires_in: Value,
}

impl Granted {
    /// How long the token is good for; none where the server does not say so in a way that can be read. Nobody counts on a token
    /// for longer than a day.
    fn life(&self) -> Option<TimeDelta> {
        let seconds = match &self.expires_in {
            Value::String(text) => text.trim().parse().ok(),
            other => other.as_f64(),
        };
        let seconds = seconds.filter(|seconds: &f64| !seconds.is_nan())?;
        Some(TimeDelta::milliseconds((seconds.clamp(0.0, LONGEST_LIFE) * 1000.0) as i64))
    }
}

impl Token {
    pub(super) fn new(granted: Granted, clock: &Clock) -> Self {
        let until = granted.life().map(|life| clock.now() + life);
        Self::until((Secret::new(granted.access_token), until), clock)
    }

    /// A token that is good until then, or until it is refused.
    pub(super) fn until((value, until): (Secret, Option<DateTime<Utc>>), clock: &Clock) -> Self {
        let now = clock.now();
        let stale = until.map(|until| until - MARGIN.min((until - now).max(TimeDelta::zero()) / 10));
        Self { value, stale }
    }

    pub(super) fn is_fresh(&self, clock: &Clock) -> bool {
        self.stale.is_none_or(|stale| clock.now() < stale)
    }
}

/// A header that goes with every request.
#[derive(Clone)]
pub(super) struct Header {
    name: String,
    value: Secret,
    is_secret: bool,
}

impl Header {
    pub(super) fn plain(name: &str, value: &str) -> Self {
        Self { name: name.to_owned(), value: Secret::new(value), is_secret: false }
    }

    pub(super) fn secret(name: &str, value: &Secret) -> Self {
        Self { name: name.to_owned(), value: value.clone(), is_secret: true }
    }

    /// Its value where it must not be shown.
    pub(super) fn hidden(&self) -> Option<&Secret> {
        self.is_secret.then_some(&self.value)
    }
}

/// The headers of a request; those that sign it only when it goes to the server itself.
pub(super) fn headers(all: &[Header], signature: Option<&Secret>, is_home: bool) -> Result<HeaderMap> {
    let mut headers = HeaderMap::new();
    for header in all.iter().filter(|header| is_home || !header.is_secret) {
        if header.value.is_empty() {
            continue;
        }
        let name: HeaderName = header.name.parse().map_err(|_| unsendable(&header.name))?;
        headers.insert(name, value(&header.name, &header.value)?);
    }
    if let Some(signature) = signature.filter(|_| is_home) {
        headers.insert(AUTHORIZATION, value(AUTHORIZATION.as_str(), signature)?);
    }
    Ok(headers)
}

fn value(name: &str, secret: &Secret) -> Result<HeaderValue> {
    let mut value = HeaderValue::from_str(secret.reveal()).map_err(|_| unsendable(name))?;
    value.set_sensitive(true);
    Ok(value)
}

fn unsendable(name: &str) -> Error {
    let what =
        "a token or header holds what can't be sent; look for line breaks and letters outside of ASCII";
    Error::config(what).with("header", name)
}
