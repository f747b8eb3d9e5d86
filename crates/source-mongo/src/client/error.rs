//! The driver's errors as ours: the one place that knows its codes.

use std::error::Error as _;

use connectors_core::{Error, ErrorKind};
use mongodb::error::{Error as DriverError, ErrorKind as DriverKind};

use super::patience::NoAnswer;
use super::probe;

/// Wrong user or password.
const AUTHENTICATION_FAILED: [i32; 2] = [18, 8000];
const UNAUTHORIZED: i32 = 13;
const NAMESPACE_NOT_FOUND: i32 = 26;
/// Answers of a server that is busy, stepping down, restarting, or that lost a cursor.
const PASSING: [i32; 26] = [
    6, 7, 43, 50, 63, 64, 89, 91, 112, 133, 134, 150, 189, 202, 234, 237, 262, 317, 9001, 10058, 10107,
    11600, 11601, 11602, 13435, 13436,
];
/// The record of changes no longer reaches back that far: fatal stream error, history lost.
const HISTORY_LOST: [i32; 2] = [280, 286];
/// A token that the server can't read: failed to parse, invalid resume token.
const FOREIGN_TOKEN: [i32; 2] = [9, 260];

/// What failed, why, and what to do.
///
/// `doing` completes "could not": `read shop.orders`.
pub(crate) fn map(error: &DriverError, doing: &str) -> Error {
    if let Some(own) = error.get_custom::<Error>() {
        return Error::new(own.kind(), own.to_string());
    }
    if let Some(silence) = error.get_custom::<NoAnswer>() {
        return Error::transient(format!("could not {doing}")).caused_by(silence.clone());
    }
    let mapped = match &*error.kind {
        DriverKind::Authentication { .. } => wrong_credentials(),
        DriverKind::Command(command) => by_code(command.code, doing),
        DriverKind::ServerSelection { message, .. } => unreachable(message),
        DriverKind::DnsResolve { .. } => {
            Error::config("host not found: check the name in `host`, and the DNS server")
        }
        DriverKind::InvalidTlsConfig { .. } => Error::config("ssl_ca can't be used"),
        DriverKind::InvalidArgument { .. } => Error::config(format!("could not {doing}")),
        DriverKind::Io(_) | DriverKind::ConnectionPoolCleared { .. } => {
            Error::transient(format!("could not {doing}: the connection broke"))
        }
        _ => Error::unexpected(format!("could not {doing}")),
    };
    match &*error.kind {
        DriverKind::ServerSelection { message, .. } => mapped.caused_by(NoServer(message.clone())),
        kind => mapped.caused_by(kind.to_string()),
    }
}

/// The driver looked for a server for as long as it may, and found none.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(crate) struct NoServer(String);

/// True when no server was found in the time for that.
pub(crate) fn is_no_server(error: &Error) -> bool {
    error.source().is_some_and(|cause| cause.is::<NoServer>())
}

/// The server's code, if the server answered.
pub(crate) fn code(error: &DriverError) -> Option<i32> {
    match &*error.kind {
        DriverKind::Command(command) => Some(command.code),
        _ => None,
    }
}

/// True when the record of changes no longer reaches back to where it is asked for.
pub(crate) fn is_history_lost(error: &DriverError) -> bool {
    code(error).is_some_and(|code| HISTORY_LOST.contains(&code))
}

/// True when the user lacks a privilege for it.
pub(crate) fn is_denied(error: &DriverError) -> bool {
    code(error) == Some(UNAUTHORIZED)
}

/// True when a token is none of this server's.
pub(crate) fn is_foreign_token(error: &DriverError) -> bool {
    code(error).is_some_and(|code| FOREIGN_TOKEN.contains(&code))
}

fn wrong_credentials() -> Error {
    Error::denied(
        "wrong credentials: the server knows no such user with this password \
         (a user of another database needs `authSource` in the connection string)",
    )
}

fn by_code(code: i32, doing: &str) -> Error {
    match code {
        UNAUTHORIZED => Error::denied(format!("no right to {doing}: give the user the role `read` there")),
        NAMESPACE_NOT_FOUND => Error::missing(format!("could not {doing}: it is not there")),
        code if AUTHENTICATION_FAILED.contains(&code) => wrong_credentials(),
        code if PASSING.contains(&code) => Error::transient(format!("could not {doing}")),
        _ => Error::unexpected(format!("could not {doing}")),
    }
}

/// Tells apart by text: the driver keeps no more of why it found no server.
pub(super) fn unreachable(message: &str) -> Error {
    let lower = message.to_lowercase();
    let says = |parts: &[&str]| parts.iter().any(|part| lower.contains(part));
    if says(&["authentication failed", "scram failure"]) {
        return wrong_credentials();
    }
    if says(&["causedasendentity"]) {
        return Error::config(
            "TLS failed: the server shows the certificate of an authority (CA:TRUE) as its own, which is refused also \
             where ssl_ca holds it, unless host names this server alone: name it alone, or give it a certificate that \
             the authority has signed, or one signed by itself with basicConstraints CA:FALSE",
        );
    }
    if says(&["certificate", "unknownissuer"]) {
        return Error::config(
            "TLS failed: the server's certificate is not trusted: give its authority in ssl_ca, \
             and the host name that the certificate is for",
        );
    }
    if says(&["corrupt message", "invalidcontenttype", "handshake", "tls"]) {
        return Error::config(
            "TLS failed: does this server speak TLS on this port? If not, switch ssl_enabled off",
        );
    }
    if says(&["lookup address", "name or service not known", "nodename nor servname", "no record found"]) {
        return probe::not_found("one of the servers");
    }
    if says(&["refused"]) {
        return probe::refused("the given address");
    }
    if says(&["end of file", "eof", "reset by peer", "broken pipe"]) {
        return Error::new(
            ErrorKind::Transient,
            "the server closed the connection at once: it may want TLS (ssl_enabled)",
        );
    }
    Error::transient("no server of the replica set answers: check replicaSet and direct_connection")
}

/// A message without the user and the password of a connection string.
pub(crate) fn without_credentials(message: &str, address: &str) -> String {
    let Some((_, rest)) = address.split_once("://") else { return message.to_owned() };
    let Some((user_info, _)) = rest.rsplit_once('@') else { return message.to_owned() };
    let secrets = std::iter::once(user_info).chain(user_info.split([':', '@', '/']));
    secrets
        .filter(|secret| !secret.is_empty())
        .fold(message.to_owned(), |text, secret| text.replace(secret, "***"))
}
