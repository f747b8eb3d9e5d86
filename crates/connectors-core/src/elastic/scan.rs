//! What the index holds, read through a point in time: marks, left-overs, and the ids behind marks.

mod pit;

use std::ops::RangeInclusive;

use futures::{StreamExt, TryStreamExt, stream};
use serde::Deserialize;
use serde_json::{Value, json};

use self::pit::PointInTime;
use super::page::Page;
use super::{Client, Request, index};
use crate::Result;

/// Hits of one page; the most that a server gives by default.
const PAGE: usize = 10_000;
/// Readers at the same time.
const SLICES: usize = 2;
/// Ranges asked for at a time; servers take at least 1,024.
const RANGES: usize = 512;
/// Marks that are [located](locate) at a time, at the most.
pub const LOOKUP: usize = 1_000;

/// A document as the index knows it: the hash of its id, and the mark of what it holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Mark {
    /// `_sync.id`.
    pub id: i64,
    /// `_sync.mark`.
    pub mark: i64,
}

/// A document found by its mark.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Located {
    /// `_id`.
    pub id: String,
    /// Its mark.
    pub mark: Mark,
    /// `_sync.scope`.
    pub scope: Option<String>,
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
    fn queries(self) -> Vec<Value> {
        match self {
            Self::Whole => vec![marked()],
            Self::Ranges(ranges) => ranges.chunks(RANGES).map(any_of).collect(),
        }
    }

    fn slices(self) -> usize {
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
    let read = async {
        for query in part.queries() {
            let slices = (0..part.slices()).map(|slice| pit.marks(&query, (slice, part.slices())).boxed());
            let mut pages = stream::select_all(slices);
            while let Some(hits) = pages.try_next().await? {
                hits.iter().filter_map(Hit::mark).for_each(&mut take);
            }
        }
        Ok(())
    };
    let read = read.await;
    pit.close().await;
    read
}

/// The number of documents that another tool wrote: those without `_sync`; as of the last refresh.
///
/// # Errors
/// When the server can't be asked.
pub async fn count_unmarked(client: &Client, index: &str) -> Result<u64> {
    index::count(client, index, &json!({ "bool": { "must_not": [marked()] } })).await
}

/// The `_id`s of documents that another tool wrote: those without `_sync`.
///
/// # Errors
/// When the server can't be asked.
pub async fn unmarked(client: &Client, index: &str) -> Result<Vec<String>> {
    let query = json!({ "bool": { "must_not": [marked()] } });
    if index::count(client, index, &query).await? == 0 {
        return Ok(Vec::new());
    }
    let pit = PointInTime::open(client, index).await?;
    let read: Result<Vec<Vec<Hit>>> = pit.ids(&query).try_collect().await;
    pit.close().await;
    Ok(read?.into_iter().flatten().filter_map(|hit| hit.id).collect())
}

/// The documents behind these marks, at most [`LOOKUP`] and sorted by id; marks that are no longer there are
/// left out. `between` is how many marks the index holds from the first to the last: where most of them are
/// wanted, they are asked for as one range.
///
/// # Errors
/// When the server can't be asked.
pub async fn locate(client: &Client, index: &str, marks: &[Mark], between: usize) -> Result<Vec<Located>> {
    let (Some(first), Some(last)) = (marks.first(), marks.last()) else { return Ok(Vec::new()) };
    let mut hits = Vec::new();
    let is_dense = between <= 2 * marks.len();
    if is_dense {
        hits = lookup(client, index, &within(&(first.id..=last.id))).await?;
    }
    if !is_dense || hits.len() >= PAGE {
        let hashes: Vec<i64> = marks.iter().map(|mark| mark.id).collect();
        hits = lookup(client, index, &json!({ "terms": { "_sync.id": hashes } })).await?;
    }
    let is_wanted = |found: &Mark| {
        let start = marks.partition_point(|mark| mark.id < found.id);
        marks[start..].iter().take_while(|mark| mark.id == found.id).any(|mark| mark == found)
    };
    Ok(hits.into_iter().filter_map(Hit::located).filter(|found| is_wanted(&found.mark)).collect())
}

/// What the index holds under these hashes: `_id` and `_source` of each document.
///
/// # Errors
/// When the server can't be asked.
pub async fn sources(client: &Client, index: &str, hashes: &[i64]) -> Result<Vec<(String, Value)>> {
    let request = Request::post(format!("/{index}/_search"))
        .query("filter_path", "timed_out,_shards.failed,hits.hits._id,hits.hits._source")
        .body(&json!({
            "size": PAGE, "track_total_hits": false, "sort": ["_doc"],
            "query": { "terms": { "_sync.id": hashes } },
        }));
    let page: Page<Whole> = client.json(&request).await?;
    Ok(page.whole(index)?.0.into_iter().map(|hit| (hit.id, hit.source)).collect())
}

async fn lookup(client: &Client, index: &str, query: &Value) -> Result<Vec<Hit>> {
    let request = Request::post(format!("/{index}/_search"))
        .query("filter_path", "timed_out,_shards.failed,hits.hits._id,hits.hits.fields")
        .body(&json!({
            "size": PAGE, "track_total_hits": false, "_source": false, "sort": ["_doc"], "query": query,
            "docvalue_fields": ["_sync.id", "_sync.mark", "_sync.scope"],
        }));
    let page: Page<Hit> = client.json(&request).await?;
    Ok(page.whole(index)?.0)
}

#[derive(Deserialize)]
struct Whole {
    #[serde(rename = "_id")]
    id: String,
    #[serde(rename = "_source", default)]
    source: Value,
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

    fn located(self) -> Option<Located> {
        let mark = Mark { id: *self.fields.id.first()?, mark: *self.fields.mark.first()? };
        Some(Located { id: self.id?, mark, scope: self.fields.scope.into_iter().next() })
    }
}

/// Reads bytes of any kind as hits: their marks, and what of them can be located.
#[cfg(any(test, fuzzing))]
pub(crate) fn read_hits(bytes: &[u8]) -> Option<(Vec<Mark>, Vec<Located>)> {
    let page: Page<Hit> = serde_json::from_slice(bytes).ok()?;
    let (hits, ()) = page.whole("index").ok()?;
    let marks = hits.iter().filter_map(Hit::mark).collect();
    Some((marks, hits.into_iter().filter_map(Hit::located).collect()))
}
