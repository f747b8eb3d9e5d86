//! What went wrong with a request, in our kinds.

use std::error::Error as StdError;
use std::fmt;

use serde_json::Value;
use url::Url;

use super::{Request, Response};
use crate::config::Secret;
use crate::elastic::Settings;
use crate::mask::{self, Masks};
use crate::obstacle::{Obstacle, chain};
use crate::{Error, ErrorKind};

/// No whole answer came.
pub(super) fn unreachable(settings: &Settings, error: impl StdError + Send + Sync + 'static) -> Error {
    if let Some(to) = chain(&error).find_map(led_round) {
        return redirected(settings, to);
    }
    let obstacle = Obstacle::of(&error);
    let why = obstacle.map(|obstacle| format!(", as {}", obstacle.words())).unwrap_or_default();
    let fix = fix(obstacle, settings);
    Error::transient(format!("Elasticsearch did not answer{why}; {fix}"))
        .with("host", settings.shown_host())
        .caused_by(error)
}

/// What to do about it.
fn fix(obstacle: Option<Obstacle>, settings: &Settings) -> &'static str {
    match obstacle {
        Some(Obstacle::NoTls) => "write http:// in place of https:// in elasticsearch.host",
        Some(Obstacle::UnknownAuthority) if settings.ca_certs.is_some() => {
            "see that the file in elasticsearch.ca_certs holds the authority of this server"
        }
        Some(Obstacle::UnknownAuthority) => {
            "name the file with the authority's certificate in elasticsearch.ca_certs (a new Elasticsearch keeps it in \
             config/certs/http_ca.crt)"
        }
        Some(Obstacle::AuthorityAsServer) => {
            "give the server a certificate of its own, signed by that authority"
        }
        Some(Obstacle::OtherName) => "write the name that the certificate is for in elasticsearch.host",
        Some(Obstacle::NotValidNow) => {
            "renew the certificate, and see that the clocks of both machines are right"
        }
        _ => "see that it runs, and that elasticsearch.host is right",
    }
}

/// Where a request was that was led on and on.
fn led_round<'a>(error: &'a (dyn StdError + 'static)) -> Option<&'a Url> {
    error.downcast_ref::<reqwest::Error>().filter(|error| error.is_redirect())?.url()
}

/// The request was led to another address, which is none of Elasticsearch's.
pub(super) fn redirected(settings: &Settings, to: &Url) -> Error {
    let mut to = to.clone();
    to.set_query(None);
    to.set_fragment(None);
    let secrets = settings.secrets();
    let masks = Masks::of(secrets.iter().map(Secret::reveal));
    Error::transient(
        "the server redirects requests, as a login page, Kibana or an old address does; write the address of Elasticsearch \
         itself in elasticsearch.host",
    )
    .with("host", settings.shown_host())
    .caused_by(Redirected(masks.mask(&mask::shown(&to)).into_owned()))
}

/// Where a request was led to.
#[derive(Debug)]
struct Redirected(String);

impl fmt::Display for Redirected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "it was led to {}", self.0)
    }
}

impl StdError for Redirected {}

/// True where another try changes nothing: the address, or the trust in the server, has to be corrected.
pub(in crate::elastic) fn is_lasting(error: &(dyn StdError + 'static)) -> bool {
    chain(error).any(|error| error.is::<Redirected>())
        || Obstacle::of(error).is_some_and(Obstacle::is_lasting)
}

/// No answer came in time after the client was cancelled.
pub(super) fn given_up(request: &Request) -> Error {
    Error::transient(
        "the request was given up: a stop was asked for, and Elasticsearch did not answer in time",
    )
    .with("request", shown(request))
}

/// The answer is no whole JSON, as after a gateway that lost a part, or has another shape than asked for.
pub(super) fn not_json(request: &Request, error: serde_json::Error) -> Error {
    let kind = if error.is_data() { ErrorKind::Unexpected } else { ErrorKind::Transient };
    Error::new(kind, "the answer of Elasticsearch was not understood")
        .with("request", shown(request))
        .caused_by(error)
}

/// The server said no.
pub(super) fn refused(request: &Request, response: &Response) -> Error {
    let (kind, what) = match response.status {
        401 => (
            ErrorKind::Denied,
            "Elasticsearch does not know these credentials; see elasticsearch.username and elasticsearch.password, \
             elasticsearch.api_key or elasticsearch.bearer_token",
        ),
        403 if is_blocked(&response.body) => (
            ErrorKind::Config,
            "Elasticsearch takes no writes there, as its disk is full or the index is blocked",
        ),
        403 => (ErrorKind::Denied, "these credentials lack a privilege in Elasticsearch"),
        404 => (ErrorKind::Missing, "Elasticsearch has no such thing"),
        429 | 503 => (ErrorKind::Busy(response.retry_after), "Elasticsearch is too busy"),
        status if status >= 500 && status != 501 => (ErrorKind::Transient, "Elasticsearch failed"),
        _ => (ErrorKind::Config, "Elasticsearch refused the request"),
    };
    let error = Error::new(kind, what).with("request", shown(request)).with("status", response.status);
    match reason(&response.body) {
        Some(reason) => error.with("reason", reason),
        None => error,
    }
}

/// True for a block on writes, which no privilege lifts.
fn is_blocked(body: &[u8]) -> bool {
    let answer: Value = serde_json::from_slice(body).unwrap_or_default();
    answer["error"]["type"] == "cluster_block_exception"
}

pub(super) fn shown(request: &Request) -> String {
    let method = format!("{:?}", request.method).to_uppercase();
    format!("{method} {}", request.path)
}

/// The server's own words: `type: reason`, and what lies beneath. Where shards failed, or no reason is given, the first cause
/// beneath stands alone.
fn reason(body: &[u8]) -> Option<String> {
    let answer: Value = serde_json::from_slice(body).ok()?;
    let error = answer.get("error")?;
    if let Some(text) = error.as_str() {
        return Some(text.to_owned());
    }
    let mut reasons = Vec::new();
    let beneath = [&error["root_cause"][0], &error["failed_shards"][0]["reason"]];
    for cause in [error].into_iter().chain(beneath) {
        for cause in std::iter::successors(Some(cause), |cause| cause.get("caused_by")) {
            if let Some(words) = words(cause).filter(|words| !reasons.contains(words)) {
                reasons.push(words);
            }
        }
    }
    let kind = error["type"].as_str().unwrap_or("error");
    Some(if reasons.is_empty() { format!("{kind}: no reason given") } else { reasons.join(": ") })
}

/// `type: reason` of one cause that says something.
fn words(cause: &Value) -> Option<String> {
    let part = |name| cause[name].as_str();
    let reason = part("reason")
        .filter(|reason| !matches!(*reason, "" | "all shards failed" | "Partial shards failure"))?;
    Some(format!("{}: {reason}", part("type").unwrap_or("error")))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_first_cause_of_an_answer_is_told() {
        let window = json!({"type": "illegal_argument_exception", "reason": "Result window is too large"});
        let shards = json!({
            "type": "search_phase_execution_exception", "reason": "all shards failed",
            "root_cause": [window], "failed_shards": [{"shard": 0, "reason": window}], "caused_by": window,
        });
        let only_shards = json!({
            "type": "search_phase_execution_exception", "reason": "", "root_cause": [],
            "failed_shards": [{"reason": {"type": "query_shard_exception", "reason": "failed to create query",
                "caused_by": {"type": "i_o_exception", "reason": "disk on fire"}}}],
        });
        for (error, expected) in [
            (shards, "illegal_argument_exception: Result window is too large"),
            (only_shards, "query_shard_exception: failed to create query: i_o_exception: disk on fire"),
            (json!({"type": "t", "reason": "r"}), "t: r"),
            (json!({"type": "t", "reason": "r", "root_cause": [{"type": "t", "reason": "r"}]}), "t: r"),
            (json!({"type": "t", "reason": null}), "t: no reason given"),
            (json!({}), "error: no reason given"),
            (json!("as text"), "as text"),
        ] {
            let body = json!({ "error": error }).to_string();
            assert_eq!(reason(body.as_bytes()).as_deref(), Some(expected), "{body}");
        }
        assert_eq!(reason(b"{}"), None);
    }

    #[test]
    fn a_block_is_told_from_a_lack_of_privileges() {
        let flood = "index [docs] blocked by: [FORBIDDEN/12/disk usage exceeded flood-stage watermark]";
        for (kind, expected, words) in [
            ("cluster_block_exception", ErrorKind::Config, "its disk is full or the index is blocked"),
            ("security_exception", ErrorKind::Denied, "lack a privilege"),
        ] {
            let body = json!({"error": {"type": kind, "reason": flood}}).to_string().into();
            let response = Response { status: 403, retry_after: None, body };
            let error = refused(&Request::put("/docs"), &response);
            assert_eq!(error.kind(), expected);
            let reasons = error.to_string();
            assert!(reasons.contains(words) && reasons.contains(flood), "{reasons}");
        }
    }
}
