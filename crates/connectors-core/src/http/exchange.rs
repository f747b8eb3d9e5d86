//! Sends: signs, paces, follows redirects, renews tokens, tries again.

use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use futures::future::BoxFuture;
use reqwest::header::{CONTENT_TYPE, LOCATION};
use reqwest::{Method, Response, StatusCode};
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::{Instant, sleep, timeout};
use url::Url;

use super::answer::Answer;
use super::auth::{Auth, headers};
use super::error::{Place, too_long};
use super::reach::{Forbidden, Reach};
use super::{Http, Request};
use crate::config::Secret;
use crate::retry::time_after;
use crate::waits::Waiting;
use crate::{Error, ErrorKind, Result};

/// Redirects of one request.
const MAX_REDIRECTS: usize = 5;
/// Tries of a server that never answered.
const FIRST_TRIES: usize = 2;

impl Request {
    /// Tries until the answer is final.
    pub(super) async fn persist<'a, T>(
        &'a self,
        attempt: impl Fn() -> BoxFuture<'a, Result<T>>,
    ) -> Result<T> {
        let mut delays = self.http.inner.retry.delays().enumerate();
        let waiting = self.http.inner.waits.begin(format!("an answer to {}", self.shown()));
        loop {
            let error = match attempt().await {
                Ok(answer) => return Ok(answer),
                Err(error) => error,
            };
            let Some((tries, delay)) = delays.next() else { return Err(error) };
            let has_answered = self.http.inner.has_answered.load(Relaxed);
            if !error.kind().is_passing() || (!has_answered && tries + 1 >= FIRST_TRIES) {
                return Err(error);
            }
            waiting.tried(&error.to_string());
            let wait = self.http.wait_before(error, delay, &waiting)?;
            tracing::debug!(?wait, "trying again");
            sleep(wait).await;
        }
    }

    /// One try, or two where a token was refused.
    pub(super) async fn attempt(&self) -> Result<Answer> {
        let signature = self.http.signature().await?;
        let answer = self.exchange(signature.as_ref()).await?;
        let now = self.http.inner.clock.now();
        if answer.status() != StatusCode::UNAUTHORIZED {
            return answer.checked(now).await;
        }
        match (&self.http.inner.auth, &signature) {
            (Auth::Tokens(tokens), Some(refused)) => {
                drop(answer);
                tokens.forget(refused).await;
                let signature = self.http.signature().await?;
                self.exchange(signature.as_ref()).await?.checked(now).await
            }
            _ => answer.checked(now).await,
        }
    }

    /// Sends to the server, and on to where it redirects.
    async fn exchange(&self, signature: Option<&Secret>) -> Result<Answer> {
        let mut url = self.url()?.clone();
        let permit = self.http.permit().await?;
        self.http.inner.pace.wait().await;
        for _ in 0..=MAX_REDIRECTS {
            let place = self.http.place(&self.method, &url, signature);
            let response = self.send(&url, signature, &place).await?;
            let Some(next) = redirect(&self.method, &url, &response) else {
                return Ok(Answer::new(response, permit, place, self.http.inner.timeout));
            };
            url = next.map_err(|problem| place.unexpected(&problem))?;
        }
        Err(self.http.place(&self.method, &url, signature).unexpected("the server redirects for ever"))
    }

    async fn send(&self, url: &Url, signature: Option<&Secret>, place: &Place) -> Result<Response> {
        let inner = &self.http.inner;
        let is_home = url.origin() == inner.base.origin();
        let signed = headers(&inner.headers, signature, is_home)?;
        let client = if is_home { inner.client.clone() } else { self.http.elsewhere(url, place).await? };
        let mut request = client.request(self.method.clone(), url.clone()).headers(signed);
        if let Some((media_type, body)) = &self.body {
            request = request.header(CONTENT_TYPE, media_type).body(body.clone());
        }
        let response = self.http.answer(request, place).await?;
        tracing::debug!(method = %self.method, url = place.shown_url(), status = response.status().as_u16(), "request");
        Ok(response)
    }
}

impl Http {
    /// What asks a server that this one redirects to.
    async fn elsewhere(&self, url: &Url, place: &Place) -> Result<reqwest::Client> {
        let inner = &self.inner;
        let reach = *inner.reach.get_or_init(|| Reach::of(&inner.base)).await;
        reach.check(url).map_err(|forbidden| place.unexpected(&forbidden.to_string()))?;
        inner.clients.elsewhere(&inner.base, reach)
    }

    pub(super) async fn answer(&self, request: reqwest::RequestBuilder, place: &Place) -> Result<Response> {
        let sent = timeout(self.inner.timeout, request.send()).await;
        let sent = sent.map_err(|_| place.timed_out(self.inner.timeout))?;
        let response = sent.map_err(|error| match Forbidden::beneath(&error) {
            Some(forbidden) => place.unexpected(&forbidden.to_string()),
            None => place.unreachable(error),
        })?;
        self.inner.has_answered.store(true, Relaxed);
        Ok(response)
    }

    async fn permit(&self) -> Result<OwnedSemaphorePermit> {
        let permit = self.inner.permits.clone().acquire_owned().await;
        permit.map_err(|error| Error::unexpected("the client is closed").caused_by(error))
    }

    /// The wait before another try: the planned one, or longer where the server asks for it, and then for all requests.
    ///
    /// # Errors
    /// The server asks for a longer one than is allowed.
    fn wait_before(&self, error: Error, planned: Duration, waiting: &Waiting) -> Result<Duration> {
        let ErrorKind::Busy(asked) = error.kind() else { return Ok(planned) };
        let (wait, now) = (self.inner.retry.wait(planned, asked), self.inner.clock.now());
        let until = time_after(now, asked.unwrap_or(wait.time));
        if wait.is_cut {
            return Err(too_long(until, error));
        }
        let pause = Instant::now() + wait.time;
        self.inner.pace.pause(pause);
        self.inner.waits.pause(pause);
        if let Some(until) = until.filter(|_| asked.is_some()) {
            waiting.until(until);
        }
        Ok(wait.time)
    }

    /// Where a request goes. Of an address elsewhere, to which the server redirects, only the path is shown: such
    /// addresses are signed by their parameters.
    pub(super) fn place(&self, method: &Method, url: &Url, signature: Option<&Secret>) -> Place {
        let inner = &self.inner;
        let mut url = url.clone();
        if url.origin() != inner.base.origin() {
            url.set_query(None);
        }
        let mut secrets: Vec<Secret> =
            inner.headers.iter().filter_map(|header| header.hidden().cloned()).collect();
        secrets.extend(inner.auth.secrets());
        secrets.extend(
            signature.and_then(|header| header.reveal().split_once(' ')).map(|(_, token)| Secret::new(token)),
        );
        Place { method: method.clone(), url, secrets, fix: inner.fix, limited: inner.limited }
    }
}

/// Where an answer leads, if it does.
fn redirect(method: &Method, from: &Url, response: &Response) -> Option<Result<Url, String>> {
    if !matches!(response.status().as_u16(), 301 | 302 | 303 | 307 | 308) {
        return None;
    }
    if *method != Method::GET {
        return Some(Err("the server redirects a POST; give the address that it redirects to".into()));
    }
    let location = response.headers().get(LOCATION).and_then(|location| location.to_str().ok());
    let next = location.map(|location| from.join(location).map_err(|error| error.to_string()));
    Some(next.unwrap_or_else(|| Err("the server redirects without telling where to".into())))
}
