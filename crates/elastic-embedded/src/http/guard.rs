//! Who may ask: programs of this machine, and no web page of another site.

use axum::http::{HeaderMap, Uri, header};
use serde_json::json;
use subtle::ConstantTimeEq;

use crate::failure::{Failure, Result};

/// Refuses requests that name another host, or come from a page of another origin.
///
/// # Errors
/// 403, with the header that was wrong.
pub(super) fn check(headers: &HeaderMap, port: u16) -> Result<()> {
    let hosts = [format!("127.0.0.1:{port}"), format!("localhost:{port}"), format!("[::1]:{port}")];
    // A header that stands twice is joined, and so equals none of ours.
    let text = |name: header::HeaderName| joined(headers, &name);
    let host = text(header::HOST).unwrap_or_default();
    if !hosts.iter().any(|own| host.eq_ignore_ascii_case(own)) {
        return Err(forbidden(format!(
            "the Host header [{host}] does not name this server: use http://{}",
            hosts[0]
        )));
    }
    match text(header::ORIGIN) {
        None => Ok(()),
        Some(origin) if hosts.iter().any(|own| origin.eq_ignore_ascii_case(&format!("http://{own}"))) => {
            Ok(())
        }
        Some(origin) => Err(forbidden(format!("pages of the origin [{origin}] may not use this server"))),
    }
}

/// Refuses requests without the token of the data folder.
///
/// # Errors
/// 401, as the real one.
pub(super) fn check_token(target: &Uri, headers: &HeaderMap, token: &str) -> Result<()> {
    let given = joined(headers, &header::AUTHORIZATION);
    let key = given
        .as_deref()
        .and_then(|given| given.split_once(' '))
        .filter(|(scheme, _)| ["apikey", "bearer"].iter().any(|known| scheme.eq_ignore_ascii_case(known)));
    let reason = match (key, given.is_some()) {
        (Some((_, key)), _) if bool::from(key.trim().as_bytes().ct_eq(token.as_bytes())) => return Ok(()),
        (_, true) => "unable to authenticate with provided credentials".to_owned(),
        (_, false) => format!("missing authentication credentials for REST request [{target}]"),
    };
    let fix = "send what stands in the file [token] of the data folder as [Authorization: ApiKey …]";
    let failure = Failure::new(401, "security_exception", format!("{reason}: {fix}"));
    Err(failure.with("header", json!({"WWW-Authenticate": ["ApiKey", "Bearer realm=\"security\""]})))
}

/// Refuses bodies that are not declared to be JSON.
///
/// # Errors
/// 406, as the real one.
pub(super) fn check_type(headers: &HeaderMap) -> Result<()> {
    let kind = joined(headers, &header::CONTENT_TYPE);
    let plain =
        kind.as_deref().unwrap_or_default().split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    match plain.as_str() {
        "application/json"
        | "application/x-ndjson"
        | "application/vnd.elasticsearch+json"
        | "application/vnd.elasticsearch+x-ndjson" => Ok(()),
        _ => {
            let shown = kind.unwrap_or_default();
            Err(Failure::new(
                406,
                "media_type_header_exception",
                format!("Content-Type header [{shown}] is not supported"),
            ))
        }
    }
}

/// The values of a header as one text.
fn joined(headers: &HeaderMap, name: &header::HeaderName) -> Option<String> {
    let values: Vec<_> =
        headers.get_all(name).iter().map(|value| String::from_utf8_lossy(value.as_bytes())).collect();
    (!values.is_empty()).then(|| values.join(", "))
}

/// Refuses a request that names another host in its line, as it would be sent to a proxy.
///
/// # Errors
/// 403, with the host.
pub(super) fn check_target(target: &Uri, headers: &HeaderMap) -> Result<()> {
    let host = joined(headers, &header::HOST).unwrap_or_default();
    match target.authority() {
        Some(authority) if !authority.as_str().eq_ignore_ascii_case(&host) => {
            Err(forbidden(format!("this server is no proxy for [{authority}]")))
        }
        _ => Ok(()),
    }
}

fn forbidden(reason: String) -> Failure {
    Failure::new(403, "security_exception", reason)
}

#[cfg(test)]
mod tests;
