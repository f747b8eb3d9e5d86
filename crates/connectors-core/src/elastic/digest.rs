//! A digest: what an index holds, in a count and a sum for each range of ids.
//!
//! Two sides that hold the same marks have the same digest; where they differ, the ranges that do are known.
//! An index is asked for its digest by one aggregation: a histogram over `_sync.id` with the sum of
//! `_sync.mark` in each bucket. Servers compute both in doubles, so ids are rounded here as they are there, and
//! sums are compared only while they are exact.

mod grid;

use std::ops::Range;

use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::json;

pub use self::grid::Grid;
use super::limits::Bounded;
use super::page::Page;
use super::scan::{self, Mark, Part, within};
use super::{Client, Request};
use crate::{Error, ErrorKind, Result};

/// Buckets of one answer: half of what servers allow by default.
const BUCKETS: usize = 1 << 15;
/// Integers below this are exact in a double.
const EXACT: u64 = 1 << 53;
/// A sum that equals none, itself included.
const INEXACT: u64 = u64::MAX;

/// A count and a sum of marks for each range of ids of a [`Grid`].
#[derive(Debug, Clone)]
pub struct Digest {
    grid: Grid,
    buckets: Vec<Bucket>,
}

#[derive(Debug, Clone, Copy, Default)]
struct Bucket {
    count: u64,
    sum: u64,
}

impl Bucket {
    fn equals(self, other: Self) -> bool {
        self.count == other.count && self.sum == other.sum && self.sum < EXACT
    }
}

impl Digest {
    /// Of nothing.
    #[must_use]
    pub fn new(grid: Grid) -> Self {
        Self { grid, buckets: vec![Bucket::default(); grid.places()] }
    }

    /// Of these marks, in any order.
    #[must_use]
    pub fn of(grid: Grid, marks: impl Iterator<Item = Mark>) -> Self {
        let mut digest = Self::new(grid);
        marks.for_each(|mark| digest.add(mark));
        digest
    }

    /// The coarsest digest of so many documents that is exact, or the finest that is tried.
    ///
    /// # Errors
    /// Those of `make`.
    pub fn exact<E>(count: u64, mut make: impl FnMut(Grid) -> Result<Self, E>) -> Result<Self, E> {
        let mut digest = make(Grid::for_count(count))?;
        for grid in Grid::choices(count).skip(1) {
            if digest.is_exact() {
                break;
            }
            digest = make(grid)?;
        }
        Ok(digest)
    }

    /// Adds one document.
    pub fn add(&mut self, mark: Mark) {
        let bucket = &mut self.buckets[self.grid.place(mark.id)];
        bucket.count += 1;
        // A mark that is none of ours is negative or huge: its bucket is never taken as equal.
        let added = u64::try_from(mark.mark).ok().filter(|mark| *mark < EXACT);
        bucket.sum = added.map_or(INEXACT, |mark| bucket.sum.saturating_add(mark));
    }

    /// How ids are distributed among its buckets.
    #[must_use]
    pub fn grid(&self) -> Grid {
        self.grid
    }

    /// Documents in all.
    #[must_use]
    pub fn count(&self) -> u64 {
        total(self.buckets.iter())
    }

    /// Documents in these places.
    #[must_use]
    pub fn count_in(&self, places: &[usize]) -> u64 {
        total(places.iter().map(|place| &self.buckets[*place]))
    }

    fn take(&mut self, answer: Aggregations) -> Result<()> {
        for bucketed in answer.ids.buckets {
            let bucket = self.grid.at(bucketed.key).and_then(|place| self.buckets.get_mut(place));
            let bucket = bucket.ok_or_else(|| {
                Error::unexpected("the server made a bucket that was not asked for").with("key", bucketed.key)
            })?;
            *bucket = bucketed.bucket();
        }
        Ok(())
    }

    /// True while every sum is exact in a double.
    #[must_use]
    pub fn is_exact(&self) -> bool {
        self.buckets.iter().all(|bucket| bucket.sum < EXACT)
    }

    /// The places whose documents are not known to be the same on both sides, in order. Both digests must have
    /// the same grid.
    #[must_use]
    pub fn differing(&self, other: &Self) -> Vec<usize> {
        let pairs = self.buckets.iter().zip(&other.buckets).enumerate();
        pairs.filter(|(_, (one, other))| !one.equals(**other)).map(|(place, _)| place).collect()
    }
}

/// Documents of some buckets. A server may claim any number.
fn total<'a>(buckets: impl Iterator<Item = &'a Bucket>) -> u64 {
    buckets.fold(0, |count, bucket| count.saturating_add(bucket.count))
}

/// The digest of an index as of its last refresh; none where the server does not aggregate.
///
/// # Errors
/// When the server can't be asked, or answers for some shards only.
pub async fn ask(client: &Client, index: &str, grid: Grid) -> Result<Option<Digest>> {
    let mut digest = Digest::new(grid);
    let last = grid.places() - 1;
    let mut parts: Vec<Range<usize>> =
        (0..last).step_by(BUCKETS).map(|start| start..(start + BUCKETS).min(last)).collect();
    while let Some(part) = parts.pop() {
        match ask_part(client, index, (&mut digest, part.clone())).await {
            Ok(Bounded::Fits(())) => {}
            Ok(Bounded::SmallerPages) => parts.push(part),
            Ok(Bounded::TooLarge(_)) if part.len() > 1 => {
                let middle = part.start + part.len() / 2;
                parts.extend([middle..part.end, part.start..middle]);
            }
            Ok(Bounded::TooLarge(error)) => return no_digest(error),
            Err(error) if matches!(error.kind(), ErrorKind::Config | ErrorKind::Unexpected) => {
                return no_digest(error);
            }
            Err(error) => return Err(error),
        }
    }
    Ok(Some(digest))
}

fn no_digest(error: Error) -> Result<Option<Digest>> {
    tracing::info!(%error, "the server computes no digest; the index is listed");
    Ok(None)
}

/// Asks for the buckets of a part of the grid. The bucket that the highest ids open by rounding up belongs to the last part.
async fn ask_part(
    client: &Client,
    index: &str,
    (digest, part): (&mut Digest, Range<usize>),
) -> Result<Bounded<()>> {
    let (grid, last) = (digest.grid, digest.grid.places() - 1);
    let mut body = json!({
        "size": 0, "track_total_hits": false,
        "aggs": { "ids": {
            "histogram": { "field": "_sync.id", "interval": grid.interval(), "min_doc_count": 1 },
            "aggs": { "marks": { "sum": { "field": "_sync.mark" } } },
        } },
    });
    if part.len() < last {
        let end = if part.end == last { grid.places() } else { part.end };
        body["query"] = within(&grid.ids(part.start..end));
    }
    let request = Request::post(format!("/{index}/_search"))
        .query("filter_path", "timed_out,_shards.failed,aggregations.ids.buckets")
        .body(&body);
    let answer = client.bounded::<Page<IgnoredAny, Aggregations>>(&request, 0).await?;
    answer.then(|page| digest.take(page.whole(index)?.1))
}

/// Reads bytes of any kind as the answer to a digest on this grid.
#[cfg(any(test, fuzzing))]
pub(crate) fn read_digest(bytes: &[u8], grid: Grid) -> Option<Digest> {
    let page: Page<IgnoredAny, Aggregations> = serde_json::from_slice(bytes).ok()?;
    let mut digest = Digest::new(grid);
    digest.take(page.whole("index").ok()?.1).ok()?;
    Some(digest)
}

/// The digest of an index, read mark by mark where the server does not aggregate.
///
/// # Errors
/// As for [`ask`].
pub async fn ask_or_list(client: &Client, index: &str, grid: Grid) -> Result<Digest> {
    if let Some(digest) = ask(client, index, grid).await? {
        return Ok(digest);
    }
    let mut digest = Digest::new(grid);
    scan::each_mark(client, index, Part::Whole, |mark| digest.add(mark)).await?;
    Ok(digest)
}

#[derive(Deserialize, Default)]
struct Aggregations {
    #[serde(default)]
    ids: Ids,
}

#[derive(Deserialize, Default)]
struct Ids {
    #[serde(default)]
    buckets: Vec<Bucketed>,
}

#[derive(Deserialize)]
struct Bucketed {
    key: f64,
    doc_count: u64,
    marks: Sum,
}

#[derive(Deserialize)]
struct Sum {
    value: f64,
}

impl Bucketed {
    fn bucket(&self) -> Bucket {
        let is_exact = (0.0..EXACT as f64).contains(&self.marks.value);
        Bucket { count: self.doc_count, sum: if is_exact { self.marks.value as u64 } else { INEXACT } }
    }
}

#[cfg(test)]
mod tests;
