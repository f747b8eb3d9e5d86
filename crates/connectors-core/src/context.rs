//! What a source may use from outside.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};

use crate::http::Clients;
use crate::{Error, Result, Retry, Roots, Waits};

/// Handed to a source when it is made; cheap to clone and to keep.
#[derive(Debug, Clone, Default)]
pub struct Context {
    /// The time.
    pub clock: Clock,
    /// What the operator allows.
    pub limits: Limits,
    /// True where permissions count: only then need a source with [`AccessControl`](crate::AccessControl) read them.
    pub document_level_security: bool,
    /// What takes secrets out of the texts that an index keeps.
    pub mask: Mask,
    /// What [`http`](Self::http) is made of; made once, at the first use, for all clones.
    pub clients: Clients,
    /// What [`http`](Self::http) waits for, and until when servers asked it to wait; clones share it.
    pub waits: Waits,
    /// What of the file system a source may read.
    pub roots: Roots,
}

impl Context {
    /// Runs code that blocks, away from the threads that run async code.
    ///
    /// # Errors
    /// What `work` returns; `Unexpected` when it panicked.
    pub async fn blocking<T, F>(&self, work: F) -> Result<T>
    where
        T: Send + 'static,
        F: FnOnce() -> Result<T> + Send + 'static,
    {
        let joined = tokio::task::spawn_blocking(work).await;
        joined.map_err(|error| Error::unexpected("blocking work ended early").caused_by(error))?
    }
}

/// What the operator allows a source and its contents to use.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Limits {
    /// Contents larger than this are not fetched, in bytes (`service.max_file_download_size`).
    pub max_content: u64,
    /// The most bytes of a content's text that are indexed; longer ones are cut behind a whole word
    /// (`elasticsearch.bulk.max_text_document_size`).
    pub max_text: Option<u64>,
    /// Contents fetched at the same time (`elasticsearch.bulk.concurrent_downloads`).
    pub concurrent_contents: usize,
    /// How often [`Context::http`] tries again what may pass, and how long a server may ask it to wait (`sync.max_retry_after`).
    pub retry: Retry,
    /// How long a source may be silent: answer no question, and yield no document (`sync.max_silence`).
    pub silence: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            max_content: 10 * 1024 * 1024,
            max_text: None,
            concurrent_contents: 10,
            retry: Retry { longest_asked: Duration::from_secs(3600), ..Retry::default() },
            silence: Duration::from_secs(900),
        }
    }
}

/// A clock; a fixed one makes tests exact.
#[derive(Clone)]
pub struct Clock(Arc<dyn Fn() -> DateTime<Utc> + Send + Sync>);

impl Clock {
    /// A clock that asks `now` each time.
    pub fn new(now: impl Fn() -> DateTime<Utc> + Send + Sync + 'static) -> Self {
        Self(Arc::new(now))
    }

    /// A clock that stands still.
    #[must_use]
    pub fn fixed(at: DateTime<Utc>) -> Self {
        Self::new(move || at)
    }

    /// The time now.
    #[must_use]
    pub fn now(&self) -> DateTime<Utc> {
        (self.0)()
    }
}

impl Default for Clock {
    /// The system's clock.
    fn default() -> Self {
        Self::new(Utc::now)
    }
}

impl fmt::Debug for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Clock({})", self.now())
    }
}

/// Takes secrets out of a text; the default knows of none.
#[derive(Clone)]
pub struct Mask(Arc<dyn Fn(&str) -> String + Send + Sync>);

impl Mask {
    /// A mask that hands out what `of` makes of a text.
    pub fn new(of: impl Fn(&str) -> String + Send + Sync + 'static) -> Self {
        Self(Arc::new(of))
    }

    /// The text without secrets.
    #[must_use]
    pub fn of(&self, text: &str) -> String {
        (self.0)(text)
    }
}

impl Default for Mask {
    fn default() -> Self {
        Self::new(str::to_owned)
    }
}

impl fmt::Debug for Mask {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Mask")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn blocking_work_hands_back_its_result_and_its_panic() {
        let context = Context::default();
        assert_eq!(context.blocking(|| Ok(7)).await.unwrap(), 7);
        let error = context.blocking::<(), _>(|| panic!("boom")).await.unwrap_err();
        assert!(error.to_string().contains("blocking work ended early"), "{error}");
    }

    #[test]
    fn a_fixed_clock_stands_still() {
        let at = DateTime::UNIX_EPOCH;
        let clock = Clock::fixed(at);
        assert_eq!((clock.now(), clock.now()), (at, at));
        assert_eq!(format!("{clock:?}"), "Clock(1970-01-01 00:00:00 UTC)");
        assert!(Clock::default().now() > at);
    }

    #[test]
    fn a_mask_takes_out_what_it_is_told() {
        let mask = Mask::new(|text| text.replace("hunter2", "***"));
        assert_eq!(mask.of("the server refused hunter2"), "the server refused ***");
        assert_eq!(
            (Mask::default().of("as it is").as_str(), format!("{mask:?}").as_str()),
            ("as it is", "Mask")
        );
    }
}
