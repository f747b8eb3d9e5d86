//! Who may ask: programs of this machine, and no web page of another site.

use axum::http::{HeaderMap, header};

use crate::failure::{Failure, Result};

/// Refuses requests that name another host, or come from a page of another origin.
///
/// # Errors
/// 403, with the header that was wrong.
pub(super) fn check(headers: &HeaderMap, port: u16) -> Result<()> {
    let hosts = [format!("127.0.0.1:{port}"), format!("localhost:{port}"), format!("[::1]:{port}")];
    let text = |name: header::HeaderName| {
        headers.get(name).map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned())
    };
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

/// Refuses bodies that are not declared to be JSON.
///
/// # Errors
/// 406, as the real one.
pub(super) fn check_type(headers: &HeaderMap) -> Result<()> {
    let kind =
        headers.get(header::CONTENT_TYPE).map(|kind| String::from_utf8_lossy(kind.as_bytes()).into_owned());
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

fn forbidden(reason: String) -> Failure {
    Failure::new(403, "security_exception", reason)
}

#[cfg(test)]
mod tests;
