//! Texts that are never shown.

use std::borrow::Cow;
use std::sync::{PoisonError, RwLock};

use url::form_urlencoded::byte_serialize;

/// What is shown instead of a secret.
pub(crate) const MASK: &str = "***";
/// Shorter secrets are masked only where they stand alone, as they would tear other words to pieces.
const ALONE: usize = 4;
/// Lines of a secret from this length on are masked by themselves too.
const LINE: usize = 8;

/// The texts, in each spelling in which they may be met; the longest first.
pub(super) struct Masks(RwLock<Vec<String>>);

impl Masks {
    pub(super) const fn new() -> Self {
        Self(RwLock::new(Vec::new()))
    }

    /// Masks this text from now on.
    pub(super) fn add(&self, secret: &str) {
        let spellings = spellings(secret);
        let is_known = |known: &[String]| spellings.iter().all(|spelling| known.contains(spelling));
        if is_known(&self.0.read().unwrap_or_else(PoisonError::into_inner)) {
            return;
        }
        let mut known = self.0.write().unwrap_or_else(PoisonError::into_inner);
        known.extend(spellings);
        known.sort_unstable_by(|one, other| other.len().cmp(&one.len()).then_with(|| one.cmp(other)));
        known.dedup();
    }

    pub(super) fn mask<'t>(&self, text: &'t str) -> Cow<'t, str> {
        let known = self.0.read().unwrap_or_else(PoisonError::into_inner);
        known.iter().fold(Cow::Borrowed(text), |text, secret| {
            if text.contains(secret.as_str()) { without(&text, secret).into() } else { text }
        })
    }
}

/// A secret as it is, as it stands in JSON and in addresses, and the lines of a long one.
fn spellings(secret: &str) -> Vec<String> {
    let json = serde_json::to_string(secret).unwrap_or_default();
    let json = json.trim_matches('"').to_owned();
    let address: String = byte_serialize(secret.as_bytes()).collect();
    let lines = secret.lines().map(str::trim).filter(|line| line.len() >= LINE).map(str::to_owned);
    let all = [secret.to_owned(), json, address.replace('+', "%20"), address].into_iter().chain(lines);
    all.filter(|spelling| !spelling.is_empty()).collect()
}

fn without(text: &str, secret: &str) -> String {
    let is_part =
        |neighbour: Option<char>| secret.len() < ALONE && neighbour.is_some_and(char::is_alphanumeric);
    let (mut shown, mut rest) = (String::with_capacity(text.len()), text);
    while let Some(place) = rest.find(secret) {
        let (before, after) = (&rest[..place], &rest[place + secret.len()..]);
        let last = before.chars().next_back().or_else(|| shown.chars().next_back());
        shown.push_str(before);
        shown.push_str(if is_part(last) || is_part(after.chars().next()) { secret } else { MASK });
        rest = after;
    }
    shown.push_str(rest);
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    fn masked(secrets: &[&str], text: &str) -> String {
        let masks = Masks::new();
        secrets.iter().for_each(|secret| masks.add(secret));
        masks.mask(text).into_owned()
    }

    #[test]
    fn secrets_are_masked_in_every_spelling() {
        let cases: [(&[&str], &str, &str); 9] = [
            (&[], "nothing", "nothing"),
            (&["hunter22"], "pw hunter22, hunter22!", "pw ***, ***!"),
            (&["p@ss w0rd"], "mongodb://u:p%40ss%20w0rd@h p%40ss+w0rd", "mongodb://u:***@h ***"),
            (&["a\"b\\c\nd"], r#"{"pw":"a\"b\\c\nd"}"#, r#"{"pw":"***"}"#),
            (&["pass", "password"], "password pass", "*** ***"),
            (&["12"], "12 of 312, id=12", "*** of 312, id=***"),
            (&["é"], "café é", "café ***"),
            (&["-----BEGIN\nMIIEvQIBADAN\n-----"], "line MIIEvQIBADAN of it", "line *** of it"),
            (&[""], "a", "a"),
        ];
        for (secrets, text, expected) in cases {
            assert_eq!(masked(secrets, text), expected, "{secrets:?}");
        }
    }

    #[test]
    fn what_is_known_is_kept_once() {
        let masks = Masks::new();
        masks.add("plainpassword");
        masks.add("plainpassword");
        assert_eq!(masks.0.read().unwrap().len(), 1);
        assert!(matches!(masks.mask("other"), Cow::Borrowed("other")));
    }
}
