//! Assertions that an app signs with its own key.

use std::fmt;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, TimeDelta, Utc};
use ring::rand::SystemRandom;
use ring::signature::{RSA_PKCS1_SHA256, RsaKeyPair};
use rustls_pki_types::PrivateKeyDer;
use rustls_pki_types::pem::PemObject;
use serde_json::json;

use crate::config::{Secret, pem_lines};
use crate::{Error, Result};

/// How long an assertion is good for.
const LIFE: TimeDelta = TimeDelta::minutes(9);
/// It is dated back by this much, for servers whose clock is behind.
const SKEW: TimeDelta = TimeDelta::minutes(1);

/// What an app says of itself, signed with its RSA key: a JSON Web Token by RS256 (RFC 7519, RFC 7518).
#[derive(Clone)]
pub struct Assertion {
    issuer: String,
    key: Arc<RsaKeyPair>,
}

impl Assertion {
    /// Of an issuer, signed with a private key in PEM form (PKCS #1 or PKCS #8, at least 2048 bits). Lost line breaks do not matter.
    ///
    /// # Errors
    /// `Config` when the text is no such key; nothing of it is shown.
    pub fn rs256(issuer: impl Into<String>, pem: &Secret) -> Result<Self> {
        let key = PrivateKeyDer::from_pem_slice(pem_lines(pem.reveal()).as_bytes())
            .map_err(|_| unusable("it is not in PEM form"))?;
        let pair = match &key {
            PrivateKeyDer::Pkcs1(der) => RsaKeyPair::from_der(der.secret_pkcs1_der()),
            PrivateKeyDer::Pkcs8(der) => RsaKeyPair::from_pkcs8(der.secret_pkcs8_der()),
            _ => return Err(unusable("it is not an RSA key")),
        };
        let pair = pair.map_err(|rejected| unusable(&rejected.to_string()))?;
        Ok(Self { issuer: issuer.into(), key: Arc::new(pair) })
    }

    /// The token, and until when it is good.
    pub(super) fn signed(&self, now: DateTime<Utc>) -> Result<(Secret, DateTime<Utc>)> {
        let until = now + LIFE;
        let claims = json!({"iss": self.issuer, "iat": (now - SKEW).timestamp(), "exp": until.timestamp()});
        let header = json!({"alg": "RS256", "typ": "JWT"});
        let [header, claims] = [header, claims].map(|part| URL_SAFE_NO_PAD.encode(part.to_string()));
        let text = format!("{header}.{claims}");
        let mut signature = vec![0; self.key.public().modulus_len()];
        self.key
            .sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), text.as_bytes(), &mut signature)
            .map_err(|_| Error::unexpected("the assertion could not be signed"))?;
        Ok((Secret::new(format!("{text}.{}", URL_SAFE_NO_PAD.encode(signature))), until))
    }
}

fn unusable(why: &str) -> Error {
    let what = "the private key can't be used; paste the whole file, beginning with -----BEGIN RSA PRIVATE KEY----- or \
                -----BEGIN PRIVATE KEY-----";
    Error::config(what).with("cause", why)
}

impl fmt::Debug for Assertion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Assertion").field("issuer", &self.issuer).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use ring::signature::{KeyPair, RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey};
    use serde_json::Value;

    use super::*;

    /// Keys made for this test alone, by `openssl genrsa -traditional` and `openssl ecparam -genkey`.
    const RSA: &str = include_str!("assertion/rsa.pem");
    const EC: &str = include_str!("assertion/ec.pem");

    #[test]
    fn an_assertion_is_signed_with_its_key_and_good_for_minutes() {
        let now = DateTime::from_timestamp(1_700_000_000, 0).unwrap();
        for pem in [RSA.to_owned(), RSA.replace('\n', " "), RSA.replace('\n', "\\n")] {
            let assertion = Assertion::rs256("17", &Secret::new(pem)).unwrap();
            let (token, until) = assertion.signed(now).unwrap();
            let (text, signature) = token.reveal().rsplit_once('.').unwrap();
            let parts: Vec<Value> = text
                .split('.')
                .map(|part| serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap())
                .collect();
            let claims = json!({"iss": "17", "iat": 1_699_999_940, "exp": 1_700_000_540});
            assert_eq!(parts, [json!({"alg": "RS256", "typ": "JWT"}), claims]);
            assert_eq!(until.timestamp(), 1_700_000_540);
            let public =
                UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, assertion.key.public_key().as_ref());
            public.verify(text.as_bytes(), &URL_SAFE_NO_PAD.decode(signature).unwrap()).unwrap();
            assert!(!format!("{assertion:?}").contains("KEY"), "{assertion:?}");
        }
    }

    #[test]
    fn what_is_no_rsa_key_is_a_wrong_setting_and_not_shown() {
        let torn = RSA.replace("MII", "AAA");
        for (pem, cause) in [("s3cret", "PEM"), ("", "PEM"), (EC, "RSA"), (&torn, "")] {
            let error = Assertion::rs256("17", &Secret::new(pem)).unwrap_err();
            assert_eq!(error.kind(), crate::ErrorKind::Config);
            let text = error.to_string();
            assert!(text.contains("BEGIN RSA PRIVATE KEY") && text.contains(cause), "{text}");
            assert!(!text.contains("s3cret") && text.len() < 250, "{text}");
        }
    }
}
