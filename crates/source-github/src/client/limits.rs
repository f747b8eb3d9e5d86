//! How GitHub says that it has had enough.

use std::time::Duration;

use chrono::DateTime;
use connectors_core::http::{Heard, Later};
use memchr::memmem;
use serde::Deserialize;
use serde::de::IgnoredAny;

/// What GitHub asks for where it says nothing more.
const MINUTE: Duration = Duration::from_secs(60);

/// Whether an answer asks to wait: 403 or 429 by headers or words, and 200 with an error in it.
pub(super) fn limited(heard: &Heard<'_>) -> Option<Later> {
    match heard.status() {
        403 | 429 => refusal(heard),
        200 => within(heard),
        _ => None,
    }
}

fn refusal(heard: &Heard<'_>) -> Option<Later> {
    if heard.header("retry-after").is_some() {
        return Some(Later::Soon);
    }
    if heard.header("x-ratelimit-remaining") == Some("0") {
        return Some(reset(heard).unwrap_or(Later::After(MINUTE)));
    }
    let is_told = memmem::find(heard.body(), b"secondary rate limit").is_some();
    is_told.then_some(Later::After(MINUTE))
}

/// When the limit is lifted.
fn reset(heard: &Heard<'_>) -> Option<Later> {
    let seconds = heard.header("x-ratelimit-reset")?.parse().ok()?;
    DateTime::from_timestamp(seconds, 0).map(Later::At)
}

#[derive(Deserialize)]
struct Answer {
    #[serde(default)]
    data: Option<IgnoredAny>,
    #[serde(default)]
    errors: Vec<Problem>,
}

#[derive(Deserialize)]
struct Problem {
    #[serde(rename = "type")]
    kind: Option<String>,
}

/// An answer to a query that stands for a limit, or for a query that took too long: that one has no data, and errors without a type.
fn within(heard: &Heard<'_>) -> Option<Later> {
    // Inside of a text the quotes would be escaped.
    memmem::find(heard.body(), b"\"errors\":")?;
    let answer: Answer = serde_json::from_slice(heard.body()).ok()?;
    if answer.errors.iter().any(|problem| problem.kind.as_deref() == Some("RATE_LIMITED")) {
        return Some(reset(heard).unwrap_or(Later::Soon));
    }
    let is_untold = !answer.errors.is_empty() && answer.errors.iter().all(|problem| problem.kind.is_none());
    (answer.data.is_none() && is_untold).then_some(Later::Soon)
}
