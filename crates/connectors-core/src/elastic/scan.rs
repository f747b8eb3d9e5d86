//! What the index holds, read through a point in time: marks, left-overs, and the ids behind marks.

mod hit;
mod lookup;
mod pit;
mod unmarked;

use std::ops::RangeInclusive;

use futures::{StreamExt, TryStreamExt, stream};

pub use self::hit::Mark;
pub(super) use self::hit::within;
use self::hit::{Hit, marked};
pub use self::lookup::{LOOKUP, Located, locate, sources};
use self::pit::{PointInTime, Reading};
pub use self::unmarked::{Unmarked, count_unmarked};
use super::{Client, index};
use crate::Result;

/// Readers at the same time.
const SLICES: usize = 2;
/// Ranges asked for at a time; servers take at least 1,024.
const RANGES: usize = 512;

/// Which marks are wanted.
#[derive(Debug, Clone, Copy)]
pub enum Part<'a> {
    /// All.
    Whole,
    /// Those of these ids.
    Ranges(&'a [RangeInclusive<i64>]),
}

impl Part<'_> {
    fn readings(&self) -> Vec<Reading<'_>> {
        match self {
            Self::Whole => (0..SLICES).map(|slice| Reading::slice((slice, SLICES))).collect(),
            Self::Ranges(ranges) => ranges.chunks(RANGES).map(Reading::ranges).collect(),
        }
    }

    /// Pages that are read at the same time.
    fn readers(&self) -> usize {
        if matches!(self, Self::Whole) { SLICES } else { 1 }
    }
}

/// The number of documents with a mark, as of the last refresh.
///
/// # Errors
/// When the server can't be asked.
pub async fn count(client: &Client, index: &str) -> Result<u64> {
    index::count(client, index, &marked()).await
}

/// Calls `take` with the marks of an index, as of the last refresh and in no particular order.
///
/// # Errors
/// When the server can't be asked, or answers for some shards only.
pub async fn each_mark(
    client: &Client,
    index: &str,
    part: Part<'_>,
    mut take: impl FnMut(Mark),
) -> Result<()> {
    let pit = PointInTime::open(client, index).await?;
    let readings: Vec<_> = part.readings().into_iter().map(|reading| pit.marks(reading).boxed()).collect();
    let mut pages = stream::iter(readings).flatten_unordered(part.readers());
    let read = async {
        while let Some(hits) = pages.try_next().await? {
            hits.iter().filter_map(Hit::mark).for_each(&mut take);
        }
        Ok(())
    };
    let read = read.await;
    drop(pages);
    pit.close().await;
    read
}

/// Reads bytes of any kind as hits: their marks, and what of them can be located.
#[cfg(any(test, fuzzing))]
pub(crate) fn read_hits(bytes: &[u8]) -> Option<(Vec<Mark>, Vec<Located>)> {
    let page: super::page::Page<Hit> = serde_json::from_slice(bytes).ok()?;
    let (hits, ()) = page.whole("index").ok()?;
    let marks = hits.iter().filter_map(Hit::mark).collect();
    let ownership = super::Ownership::by(super::IndexKey::random().ok()?, true);
    let located = hits.into_iter().filter_map(|hit| lookup::located(hit, &ownership)).collect();
    Some((marks, located))
}
