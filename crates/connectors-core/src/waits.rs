//! What is waited for, for progress and logs.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};

/// A wait is reported once it has lasted this long.
const REPORTED_AFTER: Duration = Duration::from_secs(10);

/// The open waits of a client and its clones; clones share them.
#[derive(Debug, Clone, Default)]
pub struct Waits(Arc<Mutex<Open>>);

#[derive(Debug, Default)]
struct Open {
    /// Until when a server asked for no requests.
    paused: Option<tokio::time::Instant>,
    next: u64,
    /// In the order in which they began.
    waits: BTreeMap<u64, Wait>,
}

#[derive(Debug)]
struct Wait {
    what: String,
    since: Instant,
    tries: usize,
    /// Why the last attempt failed.
    cause: String,
    /// When the next one is, where the server said so.
    until: Option<DateTime<Utc>>,
}

impl Waits {
    /// Notes a wait, which ends when what comes back is dropped.
    pub(crate) fn begin(&self, what: String) -> Waiting {
        let mut open = self.open();
        let key = open.next;
        open.next += 1;
        let (since, cause, until) = (Instant::now(), String::new(), None);
        open.waits.insert(key, Wait { what, since, tries: 0, cause, until });
        Waiting { waits: self.clone(), key }
    }

    /// Notes that a server asked for no requests until then.
    pub(crate) fn pause(&self, until: tokio::time::Instant) {
        let mut open = self.open();
        open.paused = open.paused.max(Some(until));
    }

    /// Until when a server last asked for no requests.
    pub(crate) fn paused_until(&self) -> Option<tokio::time::Instant> {
        self.open().paused
    }

    /// The longest wait, if it is to be reported at this time.
    #[must_use]
    pub fn longest(&self, now: Instant) -> Option<(String, Duration)> {
        let open = self.open();
        let wait = open.waits.values().min_by_key(|wait| wait.since)?;
        let lasts = now.saturating_duration_since(wait.since);
        (lasts >= REPORTED_AFTER).then(|| (wait.to_string(), lasts))
    }

    fn open(&self) -> MutexGuard<'_, Open> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A wait that goes on until this is dropped.
#[must_use = "the wait ends when this is dropped"]
pub(crate) struct Waiting {
    waits: Waits,
    key: u64,
}

impl Waiting {
    /// An attempt failed; the wait keeps its beginning.
    pub(crate) fn tried(&self, cause: &str) {
        self.change(|wait| {
            wait.tries += 1;
            cause.clone_into(&mut wait.cause);
            wait.until = None;
        });
    }

    /// The next try is not before this time.
    pub(crate) fn until(&self, time: DateTime<Utc>) {
        self.change(|wait| wait.until = Some(time));
    }

    /// There was progress: the wait begins now.
    pub(crate) fn restart(&self) {
        self.change(|wait| {
            wait.since = Instant::now();
            wait.tries = 0;
            wait.cause.clear();
            wait.until = None;
        });
    }

    fn change(&self, change: impl FnOnce(&mut Wait)) {
        if let Some(wait) = self.waits.open().waits.get_mut(&self.key) {
            change(wait);
        }
    }
}

impl fmt::Display for Wait {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.what)?;
        if let Some(until) = self.until {
            write!(f, ", until {} UTC as the server asks", until.format("%Y-%m-%d %H:%M:%S"))?;
        }
        match self.tries {
            0 => Ok(()),
            1 => write!(f, ", tried once: {}", self.cause),
            tries => write!(f, ", tried {tries} times: {}", self.cause),
        }
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        self.waits.open().waits.remove(&self.key);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_wait_is_reported_after_ten_seconds_and_until_it_ends() {
        let waits = Waits::default();
        let started = Instant::now();
        let outer = waits.begin("GET /a".into());
        let inner = waits.begin("GET /b".into());
        assert_eq!(waits.longest(started), None, "a short wait is not reported");
        let later = started + Duration::from_secs(60);
        outer.tried("too busy");
        outer.tried("still too busy");
        let (what, lasts) = waits.longest(later).unwrap();
        assert_eq!(what, "GET /a, tried 2 times: still too busy");
        outer.until("2026-11-30T12:04:00Z".parse().unwrap());
        let (what, _) = waits.longest(later).unwrap();
        assert_eq!(
            what,
            "GET /a, until 2026-11-30 12:04:00 UTC as the server asks, tried 2 times: still too busy"
        );
        assert!(lasts > Duration::from_secs(50) && lasts <= Duration::from_secs(60), "{lasts:?}");
        outer.restart();
        assert_eq!(waits.longest(later).unwrap().0, "GET /b", "the one that began first");
        drop((inner, outer));
        assert_eq!(waits.longest(later), None);
    }
}
