//! Answers that ask to wait without saying so by their status.

use std::time::Duration;

use chrono::{DateTime, Utc};
use reqwest::StatusCode;
use reqwest::header::{DATE, HeaderMap, HeaderValue, RETRY_AFTER};

use crate::retry;

/// An answer as [`Http::limited`](super::Http::limited) hands it on: of a refusal the first 8 KiB, else all of it.
#[derive(Debug, Clone, Copy)]
pub struct Heard<'a> {
    pub(super) status: StatusCode,
    pub(super) headers: &'a HeaderMap,
    pub(super) body: &'a [u8],
}

/// When a server that has had enough of requests wants the next one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Later {
    /// After what `Retry-After` says, else after the usual wait before another try.
    Soon,
    /// After this time.
    After(Duration),
    /// At this time by the server's clock, which its `Date` tells.
    At(DateTime<Utc>),
}

/// Whether an answer asks to wait, and for how long; none for any other answer.
pub type Limited = fn(&Heard<'_>) -> Option<Later>;

impl Heard<'_> {
    /// Its status.
    #[must_use]
    pub fn status(&self) -> u16 {
        self.status.as_u16()
    }

    /// The text of a header.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    /// Its body.
    #[must_use]
    pub fn body(&self) -> &[u8] {
        self.body
    }

    /// How long a wait is asked for, if the server says so.
    pub(super) fn wait(&self, later: Later, now: DateTime<Utc>) -> Option<Duration> {
        match later {
            Later::Soon => retry::asked(self.headers.get(RETRY_AFTER).map(HeaderValue::as_bytes), now),
            Later::After(time) => Some(time),
            Later::At(time) => {
                let told =
                    self.header(DATE.as_str()).and_then(|date| DateTime::parse_from_rfc2822(date).ok());
                let now = told.map_or(now, |date| date.to_utc());
                Some((time - now).to_std().unwrap_or_default())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wait_is_told_by_a_span_by_a_header_or_by_the_time_of_the_server() {
        let now: DateTime<Utc> = "2026-11-24T13:38:00Z".parse().unwrap();
        let at = Later::At(now + chrono::TimeDelta::seconds(90));
        for (name, value, later, seconds) in [
            ("retry-after", "7", Later::Soon, Some(7)),
            ("x-other", "7", Later::Soon, None),
            ("retry-after", "7", Later::After(Duration::from_secs(9)), Some(9)),
            ("x-other", "", at, Some(90)),
            ("date", "Tue, 24 Nov 2026 13:39:00 GMT", at, Some(30)),
            ("date", "Tue, 24 Nov 2026 13:59:00 GMT", at, Some(0)),
            ("date", "yesterday", at, Some(90)),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(name, value.parse().unwrap());
            let heard = Heard { status: StatusCode::FORBIDDEN, headers: &headers, body: b"slow" };
            assert_eq!(
                heard.wait(later, now),
                seconds.map(Duration::from_secs),
                "{name}: {value}, {later:?}"
            );
            assert_eq!((heard.status(), heard.header(name), heard.body()), (403, Some(value), &b"slow"[..]));
        }
    }
}
