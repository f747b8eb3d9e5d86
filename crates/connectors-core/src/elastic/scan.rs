//! What the index holds, read through a point in time: marks, left-overs, and the ids behind marks.

mod lookup;
mod pit;
mod unmarked;

use std::ops::RangeInclusive;

use futures::{StreamExt, TryStreamExt, stream};
use serde::Deserialize;
use serde_json::{Value, json};

pub use self::lookup::{LOOKUP, Located, locate, sources};
use self::pit::{PointInTime, Reading};
pub use self::unmarked::{Unmarked, count_unmarked};
use super::{Client, Ownership, index};
use crate::Result;

/// Readers at the same time.
const SLICES: usize = 2;
/// Ranges asked for at a time; servers take at least 1,024.
const RANGES: usize = 512;

/// A document as the index knows it: the hash of its id, and the mark of what it holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Mark {
    /// `_sync.id`.
    pub id: i64,
    /// `_sync.mark`.
    pub mark: i64,
}

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

fn marked() -> Value {
    json!({ "exists": { "field": "_sync.id" } })
}

fn any_of(ranges: &[RangeInclusive<i64>]) -> Value {
    json!({ "bool": { "should": ranges.iter().map(within).collect::<Vec<_>>() } })
}

/// The query for the documents whose `_sync.id` lies in a range.
pub(super) fn within(ids: &RangeInclusive<i64>) -> Value {
    json!({ "range": { "_sync.id": { "gte": ids.start(), "lte": ids.end() } } })
}

/// The number of documents with a mark, as of the last refresh.
///
/// # Errors
/// When the server can't be asked.
pub async fn count(client: &Client, index: &str) -> Result<u64> {
    index::count(client, index, &marked()).await
}

/// Hands over marks of an index, as of the last refresh and in no particular order.
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

#[derive(Deserialize)]
struct Hit {
    #[serde(rename = "_id")]
    id: Option<String>,
    #[serde(default)]
    sort: Vec<i64>,
    #[serde(default)]
    fields: Fields,
}

#[derive(Deserialize, Default)]
struct Fields {
    #[serde(rename = "_sync.id", default)]
    id: Vec<i64>,
    #[serde(rename = "_sync.mark", default)]
    mark: Vec<i64>,
    #[serde(rename = "_sync.scope", default)]
    scope: Vec<String>,
}

impl Hit {
    fn mark(&self) -> Option<Mark> {
        match self.sort[..] {
            [id, mark, ..] => Some(Mark { id, mark }),
            _ => None,
        }
    }

    fn located(self, ownership: &Ownership) -> Option<Located> {
        let mark = Mark { id: *self.fields.id.first()?, mark: *self.fields.mark.first()? };
        let (id, scope) = (self.id?, self.fields.scope.into_iter().next());
        let is_own = ownership.is_own(&id, mark.id);
        Some(Located { id, mark, scope, is_own })
    }
}

/// Reads bytes of any kind as hits: their marks, and what of them can be located.
#[cfg(any(test, fuzzing))]
pub(crate) fn read_hits(bytes: &[u8]) -> Option<(Vec<Mark>, Vec<Located>)> {
    let page: super::page::Page<Hit> = serde_json::from_slice(bytes).ok()?;
    let (hits, ()) = page.whole("index").ok()?;
    let marks = hits.iter().filter_map(Hit::mark).collect();
    let ownership = Ownership::by(super::IndexKey::random().ok()?, true);
    let located = hits.into_iter().filter_map(|hit| hit.located(&ownership)).collect();
    Some((marks, located))
}
