//! What a client waits for, so that whoever watches can say it.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// A wait is reported once it has lasted this long.
const REPORTED_AFTER: Duration = Duration::from_secs(10);

/// The open waits of a client and its clones.
#[derive(Debug, Default)]
pub(super) struct Waits(Mutex<Open>);

#[derive(Debug, Default)]
struct Open {
    next: u64,
    /// In the order in which they began.
    waits: BTreeMap<u64, Wait>,
}

#[derive(Debug)]
struct Wait {
    what: String,
    since: Instant,
    tries: usize,
    /// Why the last try came to nothing.
    cause: String,
}

impl Waits {
    /// Notes a wait, which ends when what comes back is dropped.
    pub(super) fn begin(self: &Arc<Self>, what: String) -> Waiting {
        let mut open = self.open();
        let key = open.next;
        open.next += 1;
        open.waits.insert(key, Wait { what, since: Instant::now(), tries: 0, cause: String::new() });
        Waiting { waits: self.clone(), key }
    }

    /// The longest wait, if it is to be reported at this time.
    pub(super) fn longest(&self, now: Instant) -> Option<(String, Duration)> {
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
pub(in crate::elastic) struct Waiting {
    waits: Arc<Waits>,
    key: u64,
}

impl Waiting {
    /// A try came to nothing; the wait keeps its beginning.
    pub(in crate::elastic) fn tried(&self, cause: &str) {
        self.change(|wait| {
            wait.tries += 1;
            cause.clone_into(&mut wait.cause);
        });
    }

    /// Something came of it: the wait begins now.
    pub(in crate::elastic) fn restart(&self) {
        self.change(|wait| {
            wait.since = Instant::now();
            wait.tries = 0;
            wait.cause.clear();
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
        let waits = Arc::new(Waits::default());
        let started = Instant::now();
        let outer = waits.begin("GET /a".into());
        let inner = waits.begin("GET /b".into());
        assert_eq!(waits.longest(started), None, "a short wait is not reported");
        let later = started + Duration::from_secs(60);
        outer.tried("too busy");
        outer.tried("still too busy");
        let (what, lasts) = waits.longest(later).unwrap();
        assert_eq!(what, "GET /a, tried 2 times: still too busy");
        assert!(lasts > Duration::from_secs(50) && lasts <= Duration::from_secs(60), "{lasts:?}");
        outer.restart();
        assert_eq!(waits.longest(later).unwrap().0, "GET /b", "the one that began first");
        drop((inner, outer));
        assert_eq!(waits.longest(later), None);
    }
}
