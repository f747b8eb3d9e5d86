//! Tokens: fetched when one is needed, kept while they are good.

use reqwest::header::{HeaderValue, RETRY_AFTER};
use reqwest::{Method, Response};
use tokio::time::timeout;

use super::Http;
use super::answer::read;
use super::auth::{Auth, Grant, Granted, OAuth, Token, Tokens, bearer, headers};
use super::error::Place;
use crate::config::Secret;
use crate::retry;
use crate::{Error, Result};

/// Bytes of the answer of a token endpoint.
const MAX_GRANT: usize = 1 << 20;

impl Http {
    /// The header that signs a request.
    pub(super) async fn signature(&self) -> Result<Option<Secret>> {
        match &self.inner.auth {
            Auth::Nobody => Ok(None),
            Auth::Fixed { header, .. } => Ok(Some(header.clone())),
            Auth::Tokens(tokens) => self.token(tokens).await.map(|token| Some(bearer(&token.value))),
        }
    }

    /// A fresh token; requests that need one at the same time wait for the one that fetches it.
    async fn token(&self, tokens: &Tokens) -> Result<Token> {
        let mut last = tokens.last.lock().await;
        if let Some(token) = last.as_ref().filter(|token| token.is_fresh(&self.inner.clock)) {
            return Ok(token.clone());
        }
        let clock = &self.inner.clock;
        let token = match &tokens.grant {
            Grant::Client(oauth) => Token::new(self.grant(oauth).await?, clock),
            Grant::Asserted(assertion) => {
                let (value, until) = assertion.signed(clock.now())?;
                Token::until((value, Some(until)), clock)
            }
            Grant::Fetched(fetch) => Token::until(fetch().await?, clock),
        };
        Ok(last.insert(token).clone())
    }

    async fn grant(&self, oauth: &OAuth) -> Result<Granted> {
        let url = self.inner.base.join(&oauth.endpoint).map_err(|error| {
            Error::config("the address of the token endpoint is none")
                .with("address", &oauth.endpoint)
                .caused_by(error)
        })?;
        let mut form = oauth.form.clone();
        let mut request = self.inner.client.post(url.clone());
        match &oauth.basic {
            Some(basic) => request = request.headers(headers(&[], Some(basic), true)?),
            None => form.extend([
                ("client_id", oauth.id.clone()),
                ("client_secret", oauth.secret.reveal().to_owned()),
            ]),
        }
        let place = self.place(&Method::POST, &url, oauth.basic.as_ref());
        let response = self.answer(request.form(&form), &place).await?;
        tracing::debug!(url = place.shown_url(), status = response.status().as_u16(), "token request");
        self.granted(response, &place).await
    }

    async fn granted(&self, mut response: Response, place: &Place) -> Result<Granted> {
        let status = response.status();
        let asked = response.headers().get(RETRY_AFTER).map(HeaderValue::as_bytes);
        let asked = retry::asked(asked, self.inner.clock.now());
        let body = timeout(self.inner.timeout, read(&mut response, MAX_GRANT, place)).await;
        let body = body.map_err(|_| place.timed_out(self.inner.timeout))??;
        match status.as_u16() {
            200..300 => serde_json::from_slice(&body)
                .map_err(|_| place.unexpected("the token endpoint gave no token")),
            400 | 401 | 403 => Err(place.no_token(status, &body)),
            _ => Err(place.refused(status, asked, &body)),
        }
    }
}

impl Tokens {
    /// Drops a token that the server refused, unless it was renewed meanwhile.
    pub(super) async fn forget(&self, refused: &Secret) {
        let mut last = self.last.lock().await;
        if last.as_ref().is_some_and(|token| bearer(&token.value) == *refused) {
            *last = None;
        }
    }
}
