//! The answer to a search, taken only when it is whole, and how many hits are asked for at a time.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use serde::Deserialize;

use crate::{Error, Result};

/// Hits of one page; the most that a server gives by default (`index.max_result_window`).
const PAGE: usize = 10_000;

/// How many hits are asked for at a time, by a client and its clones.
#[derive(Debug, Clone)]
pub(super) struct PageSize(Arc<AtomicUsize>);

impl Default for PageSize {
    fn default() -> Self {
        Self(Arc::new(AtomicUsize::new(PAGE)))
    }
}

impl PageSize {
    pub(super) fn get(&self) -> usize {
        self.0.load(Relaxed)
    }

    /// Asks for no more than so many from now on.
    pub(super) fn limit(&self, most: usize) {
        self.0.fetch_min(most, Relaxed);
    }
}

/// A page of hits, and what was worked out over all matches.
#[derive(Deserialize)]
#[serde(bound(deserialize = "H: Deserialize<'de>, A: Deserialize<'de> + Default"))]
pub(crate) struct Page<H, A = ()> {
    #[serde(default)]
    timed_out: bool,
    #[serde(rename = "_shards", default)]
    shards: Shards,
    #[serde(default)]
    hits: Hits<H>,
    #[serde(default)]
    aggregations: A,
}

#[derive(Deserialize, Default)]
struct Shards {
    #[serde(default)]
    failed: u32,
}

#[derive(Deserialize)]
struct Hits<H> {
    #[serde(default = "Vec::new")]
    hits: Vec<H>,
}

impl<H> Default for Hits<H> {
    fn default() -> Self {
        Self { hits: Vec::new() }
    }
}

impl<H, A> Page<H, A> {
    /// The hits and aggregations, unless some shards did not answer: what they hold must not be taken as
    /// absent.
    pub(crate) fn whole(self, index: &str) -> Result<(Vec<H>, A)> {
        if self.timed_out || self.shards.failed > 0 {
            return Err(Error::transient("the index answered in part only").with("index", index));
        }
        Ok((self.hits.hits, self.aggregations))
    }
}
