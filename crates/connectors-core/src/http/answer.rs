//! What comes back.

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use chrono::{DateTime, Utc};
use futures::StreamExt;
use futures::stream;
use reqwest::header::{HeaderMap, HeaderValue, RETRY_AFTER};
use reqwest::{Response, StatusCode};
use serde::de::DeserializeOwned;
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::timeout;

use super::error::Place;
use super::limits::Heard;
use crate::retry::asked;
use crate::{ByteStream, Result};

/// Bytes of a refusal that are read.
const REASON: usize = 8 << 10;

/// The head of an answer; its body is still to be read, and its place among the requests kept until then.
pub(super) struct Answer {
    response: Response,
    _permit: OwnedSemaphorePermit,
    place: Place,
    timeout: Duration,
}

/// An answer as a whole.
pub(super) struct Whole {
    pub(super) headers: HeaderMap,
    body: Bytes,
    place: Place,
}

impl Answer {
    pub(super) fn new(
        response: Response,
        permit: OwnedSemaphorePermit,
        place: Place,
        timeout: Duration,
    ) -> Self {
        Self { response, _permit: permit, place, timeout }
    }

    pub(super) fn status(&self) -> StatusCode {
        self.response.status()
    }

    /// Itself, or the error that its status stands for.
    pub(super) async fn checked(mut self, now: DateTime<Utc>) -> Result<Self> {
        if self.status().is_success() {
            return Ok(self);
        }
        let mut reason = BytesMut::new();
        while reason.len() < REASON {
            // A reason that can't be read is none; the status says enough.
            let Ok(Ok(Some(piece))) = timeout(self.timeout, self.response.chunk()).await else { break };
            reason.extend_from_slice(&piece);
        }
        let heard = Heard { status: self.status(), headers: self.response.headers(), body: &reason };
        if let Some(limit) = self.place.limit(&heard, now) {
            return Err(limit);
        }
        let asked = asked(self.response.headers().get(RETRY_AFTER).map(HeaderValue::as_bytes), now);
        Err(self.place.refused(self.status(), asked, &reason))
    }

    /// All of it, which must come within the time-out and stay within the limit.
    pub(super) async fn whole(mut self, limit: usize, now: DateTime<Utc>) -> Result<Whole> {
        let body = timeout(self.timeout, read(&mut self.response, limit, &self.place)).await;
        let body = body.map_err(|_| self.place.timed_out(self.timeout))??;
        let heard = Heard { status: self.status(), headers: self.response.headers(), body: &body };
        if let Some(limit) = self.place.limit(&heard, now) {
            return Err(limit);
        }
        Ok(Whole { headers: std::mem::take(self.response.headers_mut()), body, place: self.place })
    }

    /// The body in pieces, each within the time-out; ends at the first error.
    pub(super) fn stream(self) -> ByteStream {
        stream::unfold(Some(self), |state| async move {
            let mut answer = state?;
            match timeout(answer.timeout, answer.response.chunk()).await {
                Ok(Ok(piece)) => piece.map(|piece| (Ok(piece), Some(answer))),
                Ok(Err(error)) => Some((Err(answer.place.broke_off(error.without_url())), None)),
                Err(elapsed) => Some((Err(answer.place.broke_off(elapsed)), None)),
            }
        })
        .boxed()
    }
}

/// A body as a whole, of at most so many bytes.
pub(super) async fn read(response: &mut Response, limit: usize, place: &Place) -> Result<Bytes> {
    let mut body = BytesMut::new();
    while let Some(piece) = response.chunk().await.map_err(|error| place.unreachable(error))? {
        if body.len() + piece.len() > limit {
            return Err(place.too_large(limit));
        }
        body.extend_from_slice(&piece);
    }
    Ok(body.freeze())
}

impl Whole {
    /// The value that the body stands for.
    pub(super) fn parsed<T: DeserializeOwned>(&self) -> Result<T> {
        serde_json::from_slice(&self.body)
            .map_err(|error| self.place.not_understood(&error, &self.headers, &self.body))
    }
}
