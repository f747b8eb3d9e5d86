//! Why no connection came about, or no answer on it: read from what lies beneath an error.

use std::error::Error as StdError;
use std::{io, iter};

use rustls::{CertificateError, Error as Tls, InvalidMessage};

/// What stands between this program and an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Obstacle {
    /// No process listens at the port.
    NothingListens,
    /// The name of the host leads to no address.
    UnknownHost,
    /// Nothing, or no whole answer, came in time.
    Silent,
    /// What listens at the port does not speak TLS.
    NoTls,
    /// The certificate of the server comes from an authority that is not trusted.
    UnknownAuthority,
    /// The server shows the certificate of an authority as its own.
    AuthorityAsServer,
    /// The certificate of the server is for other names.
    OtherName,
    /// The certificate of the server has expired, or is not valid yet.
    NotValidNow,
    /// Another failure of TLS.
    Tls,
}

impl Obstacle {
    /// By the error and all that lies beneath it.
    pub(crate) fn of(error: &(dyn StdError + 'static)) -> Option<Self> {
        chain(error).find_map(one)
    }

    /// In words, as the end of "no connection came about, as …".
    pub(crate) fn words(self) -> &'static str {
        match self {
            Self::NothingListens => "nothing listens at this address",
            Self::UnknownHost => "the host was not found",
            Self::Silent => "no answer came in time",
            Self::NoTls => "the server does not speak TLS at this port",
            Self::UnknownAuthority => "the server's certificate comes from an authority that is not trusted",
            Self::AuthorityAsServer => {
                "the server shows the certificate of an authority (CA:TRUE) as its own, which is refused also where it is trusted"
            }
            Self::OtherName => "the server's certificate is for another host name",
            Self::NotValidNow => "the server's certificate has expired, or is not valid yet",
            Self::Tls => "TLS failed",
        }
    }

    /// True where another try changes nothing: a person has to correct the address or the trust in it.
    pub(crate) fn is_lasting(self) -> bool {
        let is_of_certificate = matches!(
            self,
            Self::UnknownAuthority | Self::AuthorityAsServer | Self::OtherName | Self::NotValidNow
        );
        is_of_certificate || self == Self::NoTls
    }
}

/// The error and all that lies beneath it.
pub(crate) fn chain<'a>(
    error: &'a (dyn StdError + 'static),
) -> impl Iterator<Item = &'a (dyn StdError + 'static)> {
    iter::successors(Some(error), |error| (*error).source())
}

/// By one error of a chain.
fn one(error: &(dyn StdError + 'static)) -> Option<Obstacle> {
    if let Some(tls) = error.downcast_ref::<Tls>() {
        return Some(of_tls(tls));
    }
    if let Some(io) = error.downcast_ref::<io::Error>() {
        // What it wraps is no source of it, but stands in its place.
        let inner = io.get_ref().and_then(|inner| Obstacle::of(inner));
        return inner.or(match io.kind() {
            io::ErrorKind::ConnectionRefused => Some(Obstacle::NothingListens),
            io::ErrorKind::InvalidData => Some(Obstacle::Tls),
            _ => None,
        });
    }
    if let Some(http) = error.downcast_ref::<reqwest::Error>() {
        return http.is_timeout().then_some(Obstacle::Silent);
    }
    // The type of this error is private to the client's connector.
    error.to_string().contains("dns error").then_some(Obstacle::UnknownHost)
}

fn of_tls(error: &Tls) -> Obstacle {
    match error {
        Tls::InvalidMessage(InvalidMessage::InvalidContentType) => Obstacle::NoTls,
        Tls::InvalidCertificate(error) => of_certificate(error),
        _ => Obstacle::Tls,
    }
}

fn of_certificate(error: &CertificateError) -> Obstacle {
    use CertificateError as Certificate;
    match error {
        Certificate::NotValidForName | Certificate::NotValidForNameContext { .. } => Obstacle::OtherName,
        Certificate::Expired
        | Certificate::ExpiredContext { .. }
        | Certificate::NotValidYet
        | Certificate::NotValidYetContext { .. } => Obstacle::NotValidNow,
        // Two authorities may have one name.
        Certificate::UnknownIssuer | Certificate::BadSignature => Obstacle::UnknownAuthority,
        Certificate::Other(other) if other.to_string().contains("CaUsedAsEndEntity") => {
            Obstacle::AuthorityAsServer
        }
        _ => Obstacle::Tls,
    }
}
