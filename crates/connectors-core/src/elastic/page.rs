//! The answer to a search, taken only when it is whole.

use serde::Deserialize;

use crate::{Error, Result};

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
