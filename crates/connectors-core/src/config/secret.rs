//! A value that is never shown.

use std::fmt;

/// A password, token or key: masked in `Debug`, with no `Display`, revealed only where it is sent.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Keeps a secret.
    pub fn new(secret: impl Into<String>) -> Self {
        Self(secret.into())
    }

    /// The secret itself, for the one call that needs it.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }

    /// True when nothing was given.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(***)")
    }
}

/// The text without these secrets, as they stand or as they stand in an address. Two characters are no secret.
pub(crate) fn without<'s>(text: &str, secrets: impl Iterator<Item = &'s Secret>) -> String {
    let mut text = text.to_owned();
    for secret in secrets.map(Secret::reveal).filter(|secret| secret.len() > 2) {
        let encoded: String = url::form_urlencoded::byte_serialize(secret.as_bytes()).collect();
        text = text.replace(secret, "***").replace(&encoded, "***");
    }
    text
}
