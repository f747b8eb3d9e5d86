//! One client, one pool of connections, one TLS set-up; counts what goes over the wire.

mod error;
mod request;

pub(crate) use request::is_passing;
pub use request::{Request, Response};

use std::fmt;
use std::io::Write;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::{Duration, Instant};

use bytes::Bytes;
use chrono::Utc;
use elasticsearch::auth::Credentials;
use elasticsearch::cert::{Certificate, CertificateValidation};
use elasticsearch::http::headers::{
    ACCEPT_ENCODING, CONTENT_ENCODING, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue,
};
use elasticsearch::http::transport::{SingleNodeConnectionPool, Transport, TransportBuilder};
use flate2::Compression;
use flate2::write::GzEncoder;
use serde::de::DeserializeOwned;
use tokio_util::sync::CancellationToken;
use url::Url;

pub(super) use self::error::is_lasting;
use self::error::{given_up, not_json, redirected, refused, shown, unreachable};
use super::page::PageSize;
use super::{Auth, Engine, Epoch, Settings};
use crate::config::Secret;
use crate::mask::Masks;
use crate::retry::asked;
use crate::waits::{Waiting, Waits};
use crate::{Clock, Error, ErrorKind, Result, Retry};

/// How long a request may stay without an answer once the client was cancelled.
const CANCEL_GRACE: Duration = Duration::from_secs(10);

/// What went over the wire so far.
#[derive(Debug, Default)]
pub struct Traffic {
    /// Requests sent, tries included.
    pub requests: AtomicU64,
    /// Bytes of the bodies sent, compressed where they are.
    pub sent: AtomicU64,
    /// Bytes of the bodies received, after decompression.
    pub received: AtomicU64,
    /// Answers that asked to slow down: 429.
    pub busy: AtomicU64,
}

impl Traffic {
    /// Requests, bytes sent and bytes received so far.
    #[must_use]
    pub fn totals(&self) -> [u64; 3] {
        [&self.requests, &self.sent, &self.received].map(|counter| counter.load(Relaxed))
    }
}

/// A connection to one server or cluster; cheap to clone.
#[derive(Clone)]
pub struct Client {
    transport: Transport,
    settings: Arc<Settings>,
    secrets: Arc<[Secret]>,
    engine: Engine,
    traffic: Arc<Traffic>,
    cancel: CancellationToken,
    waits: Waits,
    page_size: PageSize,
    /// When the last sync began, for the versions of writes.
    begun: Arc<AtomicU64>,
}

impl Client {
    /// A client that has asked the server nothing yet.
    ///
    /// # Errors
    /// `Config` for certificates that can't be read.
    pub(super) fn new(settings: Settings) -> Result<Self> {
        let transport = transport(&settings)?;
        let secrets = settings.secrets().into();
        Ok(Self {
            transport,
            settings: Arc::new(settings),
            secrets,
            engine: Engine::default(),
            traffic: Arc::default(),
            cancel: CancellationToken::new(),
            waits: Waits::default(),
            page_size: PageSize::default(),
            begun: Arc::default(),
        })
    }

    /// The same, for a server of this kind, by these settings.
    pub(super) fn of_engine(self, engine: Engine, settings: Settings) -> Self {
        Self { engine, settings: Arc::new(settings), ..self }
    }

    /// What answers.
    #[must_use]
    pub fn engine(&self) -> &Engine {
        &self.engine
    }

    /// What went over the wire so far, by all clones but those that are [counted apart](Self::counted_apart).
    #[must_use]
    pub fn traffic(&self) -> &Traffic {
        &self.traffic
    }

    /// The same connection with a count of its own, from zero, and [waits](Self::waiting) of its own.
    #[must_use]
    pub fn counted_apart(&self) -> Self {
        Self { traffic: Arc::default(), waits: Waits::default(), ..self.clone() }
    }

    /// The same connection, whose waits end with this token: once it is cancelled, nothing is tried again, and a request
    /// is given up that is not answered within ten seconds. Requests may still be sent.
    #[must_use]
    pub fn with_cancel(&self, cancel: CancellationToken) -> Self {
        Self { cancel, ..self.clone() }
    }

    /// What is waited for, and since when: the longest wait of this client and its clones for an answer, all tries of a
    /// request together, once it has lasted ten seconds.
    #[must_use]
    pub fn waiting(&self) -> Option<(String, Duration)> {
        self.waits.longest(Instant::now())
    }

    /// Notes that an answer to this request is waited for, until what comes back is dropped.
    pub(super) fn waits_for(&self, request: &Request) -> Waiting {
        self.waits.begin(format!("an answer to {}", shown(request)))
    }

    /// When a sync begins, for the versions of its writes: after every one that began before it with this client.
    pub(crate) fn epoch(&self, clock: &Clock) -> Epoch {
        Epoch::after(&self.begun, clock)
    }

    /// Waits between two tries: as long as planned, or longer where the server asks for it; false once cancelled.
    pub(super) async fn pause(&self, planned: Duration, asked: Option<Duration>) -> bool {
        let delay = self.retry().wait(planned, asked).time;
        tokio::select! {
            biased;
            () = self.cancel.cancelled() => false,
            () = tokio::time::sleep(delay) => true,
        }
    }

    /// The settings it was made with.
    #[must_use]
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// How many hits are asked for at a time.
    pub(super) fn page_size(&self) -> &PageSize {
        &self.page_size
    }

    pub(super) fn retry(&self) -> Retry {
        self.settings.retry
    }

    /// Sends once; any status is an answer.
    ///
    /// # Errors
    /// `Transient` when no whole answer came, or none in time once the client was cancelled.
    pub async fn send(&self, request: &Request) -> Result<Response> {
        let _waiting = self.waits_for(request);
        let cancelled = async {
            self.cancel.cancelled().await;
            tokio::time::sleep(CANCEL_GRACE).await;
        };
        tokio::select! {
            response = self.exchange(request) => response,
            () = cancelled => Err(given_up(request)),
        }
    }

    async fn exchange(&self, request: &Request) -> Result<Response> {
        let given = request.headers.iter();
        let mut headers: HeaderMap = given
            .map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value)))
            .collect();
        let body = self.body(request, &mut headers).await?;
        self.traffic.requests.fetch_add(1, Relaxed);
        self.traffic.sent.fetch_add(body.as_ref().map_or(0, Bytes::len) as u64, Relaxed);
        let query = (!request.query.is_empty()).then_some(&request.query);
        let timeout = Some(self.settings.timeout);
        let sent = self.transport.send(request.method, &request.path, headers, query, body, timeout).await;
        let answer = sent.map_err(|error| unreachable(&self.settings, error))?;
        self.check_place(request, answer.url())?;
        let status = answer.status_code().as_u16();
        let retry_after = asked(answer.headers().get("retry-after").map(HeaderValue::as_bytes), Utc::now());
        let body = answer.bytes().await.map_err(|error| unreachable(&self.settings, error))?;
        self.traffic.received.fetch_add(body.len() as u64, Relaxed);
        self.traffic.busy.fetch_add(u64::from(status == 429), Relaxed);
        tracing::debug!(method = ?request.method, path = request.path, status, "request");
        // Gateways answer with the headers that they were sent.
        let body = if status < 400 { body } else { self.redacted(&String::from_utf8_lossy(&body)).into() };
        Ok(Response { status, retry_after, body })
    }

    /// An answer from another place than was asked is none: a redirect makes a `GET` of a bulk.
    fn check_place(&self, request: &Request, answered: &Url) -> Result<()> {
        let asked = self.settings.host.join(request.path.trim_start_matches('/'));
        let is_same =
            asked.is_ok_and(|asked| (asked.origin(), asked.path()) == (answered.origin(), answered.path()));
        if is_same { Ok(()) } else { Err(redirected(&self.settings, answered)) }
    }

    /// Sends until the answer is final: what may pass is tried again with growing waits.
    ///
    /// # Errors
    /// As [`send`](Self::send), once the tries are used up.
    pub async fn persist(&self, request: &Request) -> Result<Response> {
        self.persist_as(request, Ok).await
    }

    /// As [`persist`](Self::persist), until the answer can be read.
    async fn persist_as<T>(&self, request: &Request, read: impl Fn(Response) -> Result<T>) -> Result<T> {
        self.persist_unless(request, |_| false, read).await
    }

    /// The same, where some answers are final whatever their status is.
    pub(super) async fn persist_unless<T>(
        &self,
        request: &Request,
        is_final: impl Fn(&Response) -> bool,
        read: impl Fn(Response) -> Result<T>,
    ) -> Result<T> {
        let (mut delays, waiting) = (self.retry().delays(), self.waits_for(request));
        loop {
            let (answer, refusal, asked) = match self.send(request).await {
                Ok(response) => {
                    let is_passing = response.is_passing() && !is_final(&response);
                    let refusal = is_passing.then(|| refused(request, &response));
                    let asked = response.retry_after;
                    (read(response), refusal.map(|refusal| refusal.to_string()), asked)
                }
                Err(error) => (Err(error), None, None),
            };
            let passing = answer.as_ref().err().filter(|error| error.kind().is_passing());
            let cause = refusal.or_else(|| passing.map(Error::to_string));
            let Some((cause, delay)) = cause.zip(delays.next()) else { return answer };
            tracing::debug!(path = request.path, ?delay, "trying again");
            waiting.tried(&cause);
            if !self.pause(delay, asked).await {
                return answer;
            }
        }
    }

    /// Sends, tries again what may pass, and takes anything but success as an error.
    ///
    /// # Errors
    /// `Denied` for 401 and 403, `Missing` for 404, `Busy` for 429 and 503, `Config` for other 4xx,
    /// with the server's own reason.
    pub async fn call(&self, request: &Request) -> Result<Response> {
        let response = self.persist(request).await?;
        if response.is_success() { Ok(response) } else { Err(refused(request, &response)) }
    }

    /// As [`call`](Self::call), the answer read as JSON; one that was cut short on its way is asked for again.
    ///
    /// # Errors
    /// As [`call`](Self::call); `Transient` when no answer was whole, `Unexpected` when it has another shape.
    pub async fn json<T: DeserializeOwned>(&self, request: &Request) -> Result<T> {
        self.persist_as(request, |response| parsed(request, &response)).await
    }

    /// As [`json`](Self::json), with none for 404.
    ///
    /// # Errors
    /// As [`json`](Self::json), 404 apart.
    pub async fn find_json<T: DeserializeOwned>(&self, request: &Request) -> Result<Option<T>> {
        match self.json(request).await {
            Err(error) if error.kind() == ErrorKind::Missing => Ok(None),
            answer => answer.map(Some),
        }
    }

    /// As [`json`](Self::json), but without trying again.
    pub(super) async fn json_once<T: DeserializeOwned>(&self, request: &Request) -> Result<T> {
        parsed(request, &self.send(request).await?)
    }

    /// As [`call`](Self::call), with none for 404.
    ///
    /// # Errors
    /// As [`call`](Self::call), 404 apart.
    pub async fn find(&self, request: &Request) -> Result<Option<Response>> {
        match self.call(request).await {
            Err(error) if error.kind() == ErrorKind::Missing => Ok(None),
            answer => answer.map(Some),
        }
    }

    /// The error that an unwanted answer stands for.
    #[must_use]
    pub fn refusal(&self, request: &Request, response: &Response) -> Error {
        refused(request, response)
    }

    /// What a server said, without what was sent to log in.
    pub(super) fn redacted(&self, text: &str) -> String {
        Masks::of(self.secrets.iter().map(Secret::reveal)).mask(text).into_owned()
    }

    async fn body(&self, request: &Request, headers: &mut HeaderMap) -> Result<Option<Bytes>> {
        let compresses = self.settings.compresses();
        let coding = if compresses { "gzip" } else { "identity" };
        headers.insert(ACCEPT_ENCODING, HeaderValue::from_static(coding));
        let Some((media_type, body)) = &request.body else { return Ok(None) };
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(media_type));
        if !compresses || body.len() < 1024 {
            return Ok(Some(body.clone()));
        }
        headers.insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
        let body = body.clone();
        let packed = tokio::task::spawn_blocking(move || gzip(&body)).await;
        packed.map_err(|error| Error::unexpected("compressing a body failed").caused_by(error))?.map(Some)
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client")
            .field("settings", &self.settings)
            .field("engine", &self.engine)
            .finish_non_exhaustive()
    }
}

pub(super) fn parsed<T: DeserializeOwned>(request: &Request, response: &Response) -> Result<T> {
    if !response.is_success() {
        return Err(refused(request, response));
    }
    serde_json::from_slice(&response.body).map_err(|error| not_json(request, error))
}

fn gzip(body: &[u8]) -> Result<Bytes> {
    let mut encoder = GzEncoder::new(Vec::with_capacity(body.len() / 4), Compression::fast());
    encoder.write_all(body)?;
    Ok(encoder.finish()?.into())
}

fn transport(settings: &Settings) -> Result<Transport> {
    if !matches!(settings.host.scheme(), "http" | "https") {
        return Err(Error::config("elasticsearch.host has to begin with http:// or https://")
            .with("host", settings.shown_host()));
    }
    let mut host = settings.host.clone();
    let cleared = host.set_username("").and(host.set_password(None));
    cleared.map_err(|()| {
        Error::config("elasticsearch.host has no host in it").with("host", settings.shown_host())
    })?;
    let mut builder = TransportBuilder::new(SingleNodeConnectionPool::new(host)).enable_meta_header(false);
    if settings.is_loopback() {
        builder = builder.disable_proxy();
    }
    if let Some(credentials) = credentials(&settings.login()) {
        builder = builder.auth(credentials);
    }
    let built = builder.cert_validation(validation(settings)?).build();
    built.map_err(|error| Error::config("the Elasticsearch client can't be made").caused_by(error))
}

fn credentials(auth: &Auth) -> Option<Credentials> {
    Some(match auth {
        Auth::None => return None,
        Auth::Basic(user, password) => Credentials::Basic(user.clone(), password.reveal().to_owned()),
        Auth::ApiKey(key) => Credentials::EncodedApiKey(key.reveal().to_owned()),
        Auth::Bearer(token) => Credentials::Bearer(token.reveal().to_owned()),
    })
}

fn validation(settings: &Settings) -> Result<CertificateValidation> {
    if !settings.verify_certs {
        return Ok(CertificateValidation::None);
    }
    let Some(pem) = &settings.ca_certs else { return Ok(CertificateValidation::Default) };
    let chain = Certificate::from_pem(pem);
    chain.map(CertificateValidation::Full).map_err(|error| {
        Error::config("elasticsearch.ca_certs does not hold certificates in PEM form").caused_by(error)
    })
}
