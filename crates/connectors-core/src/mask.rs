//! Secrets in texts: what must not be shown is masked wherever it stands, and so is what logs in to any address.

use std::borrow::Cow;
use std::ops::Range;
use std::sync::{PoisonError, RwLock};

use url::Url;
use url::form_urlencoded::byte_serialize;

use crate::address::decoded;

/// What is shown instead of a secret.
pub const MASK: &str = "***";
/// Shorter secrets are masked only where they stand alone, as they would tear other words to pieces.
const ALONE: usize = 4;
/// Lines of a secret from this length on are masked by themselves too.
const LINE: usize = 8;

/// Secrets, in each spelling in which they may be met; the longest first.
#[derive(Default)]
pub struct Masks(RwLock<Vec<String>>);

impl Masks {
    /// None yet.
    #[must_use]
    pub const fn new() -> Self {
        Self(RwLock::new(Vec::new()))
    }

    /// These.
    pub(crate) fn of<'s>(secrets: impl Iterator<Item = &'s str>) -> Self {
        let masks = Self::new();
        secrets.for_each(|secret| masks.add(secret));
        masks
    }

    /// Masks this text from now on.
    pub fn add(&self, secret: &str) {
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

    /// Masks what logs in to an address from now on, if the text is one; not its user.
    pub fn add_login(&self, text: &str) {
        let Some(login) = of_address(text).map(|place| &text[place]) else { return };
        let secret = login.split_once(':').map_or(login, |(_, password)| password);
        // What a driver takes for the end of a password that is half typed.
        let first = secret.split(['/', '?', '#', '@']).next().filter(|first| first.len() >= ALONE);
        for secret in [Some(secret), Some(&*decoded(secret)), first].into_iter().flatten() {
            self.add(secret);
        }
    }

    /// The text without any of them, and without what logs in to an address.
    #[must_use]
    pub fn mask<'t>(&self, text: &'t str) -> Cow<'t, str> {
        let known = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let shown = known.iter().fold(Cow::Borrowed(text), |text, secret| {
            if text.contains(secret.as_str()) { without(&text, secret).into() } else { text }
        });
        match logins(&shown) {
            Cow::Owned(shown) => shown.into(),
            Cow::Borrowed(_) => shown,
        }
    }
}

/// An address as it may be shown: without user and password.
pub(crate) fn shown(url: &Url) -> String {
    let mut shown = url.clone();
    let _ = shown.set_username("").and(shown.set_password(None));
    address(shown.as_str().trim_end_matches('/')).into_owned()
}

/// A value of a setting without what logs in, if it is an address: all of it is taken for one.
#[must_use]
pub fn address(value: &str) -> Cow<'_, str> {
    of_address(value).map_or(value.into(), |place| masked(value, place).into())
}

/// A text without what logs in to the addresses in it, whole or half typed.
#[must_use]
pub fn logins(text: &str) -> Cow<'_, str> {
    if !text.contains('@') && !text.contains("://") {
        return text.into();
    }
    let (mut shown, mut end) = (String::new(), 0);
    for word in text.split_inclusive(ends_word) {
        let start = end;
        end += word.len();
        let word = word.trim_end_matches(ends_word);
        let places = login(word);
        if !places.is_empty() && shown.is_empty() {
            shown.push_str(&text[..start]);
        }
        if !places.is_empty() {
            shown.push_str(&masked(word, places));
            shown.push_str(&text[start + word.len()..end]);
        } else if !shown.is_empty() {
            shown.push_str(&text[start..end]);
        }
    }
    if shown.is_empty() { text.into() } else { shown.into() }
}

/// What no address has in it, and what stands around addresses in messages.
fn ends_word(letter: char) -> bool {
    letter.is_whitespace() || letter.is_control() || matches!(letter, '"' | '\'' | '`' | '<' | '>')
}

fn masked(text: &str, place: Range<usize>) -> String {
    format!("{}{MASK}{}", &text[..place.start], &text[place.end..])
}

/// Where a value that is an address as a whole has what logs in.
fn of_address(value: &str) -> Option<Range<usize>> {
    let start = value.find("://").map(|place| place + 3);
    let whole = start.zip(value.rfind('@')).filter(|(start, at)| start < at).map(|(start, at)| start..at);
    whole.or_else(|| Some(login(value)).filter(|place| !place.is_empty()))
}

/// Where a word has what logs in to an address; empty where it has none, or where its password is masked already.
fn login(word: &str) -> Range<usize> {
    let place = login_in(word);
    let login = &word[place.clone()];
    let password = login.split_once(':').map_or(login, |(_, password)| password);
    if password == MASK { 0..0 } else { place }
}

fn login_in(word: &str) -> Range<usize> {
    let word = word.trim_end_matches([':', ';', ',', '.', ')', '}', '\\']);
    let at = word.rfind('@').unwrap_or(0);
    let Some(first) = word.find("://") else {
        let password = word.find(':').map_or(0, |colon| colon + 1);
        return if password > 0 && password < at { password..at } else { 0..0 };
    };
    let before = word[..first].find(':').map_or(at, |colon| colon + 1);
    if before < at {
        return before..at;
    }
    let authority = authority(&word[first + 3..]);
    if first + 3 < at && authority.contains(['@', ':']) {
        return first + 3..at;
    }
    for (place, _) in word.match_indices("://") {
        let authority = self::authority(&word[place + 3..]);
        if let Some(colon) = authority.find(':').filter(|_| !authority.split(',').all(is_host)) {
            return place + 3 + colon + 1..word.len();
        }
    }
    0..0
}

fn authority(rest: &str) -> &str {
    rest.split(['/', '?', '#', '\\']).next().unwrap_or_default()
}

/// True for a host with or without a port, and for the `host:port` of our own messages.
fn is_host(text: &str) -> bool {
    let behind_brackets = text.strip_prefix('[').and_then(|rest| rest.split_once(']')).map(|(_, rest)| rest);
    let port = match behind_brackets {
        Some(rest) => rest.strip_prefix(':').unwrap_or(rest),
        None => text.split_once(':').map_or("", |(_, port)| port),
    };
    port.is_empty() || port == "port" || (port.parse::<u16>().is_ok() && !port.starts_with('+'))
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
mod tests;
