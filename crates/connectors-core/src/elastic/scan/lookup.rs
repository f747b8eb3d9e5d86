//! The documents behind marks.

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::hit::{Hit, Mark, within};
use crate::Result;
use crate::elastic::limits::Bounded;
use crate::elastic::page::Page;
use crate::elastic::{Client, Ownership, Request};

/// Marks that are [located](locate) at a time, at the most.
pub const LOOKUP: usize = 1_000;

/// A document found by its mark.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Located {
    /// `_id`.
    pub id: String,
    /// Its mark.
    pub mark: Mark,
    /// `_sync.scope`.
    pub scope: Option<String>,
    /// False for a copy that another tool made: its `_sync.id` is not the hash of its own `_id`.
    pub is_own: bool,
}

/// The documents behind these marks, at most [`LOOKUP`] and sorted; marks that are no longer there are left out. `between` is
/// how many marks the index holds from the first to the last: where most of them are wanted, they are asked for as one range.
///
/// A mark stands for as many documents as it is asked for. Where more carry it, copies come before the document whose `_id`
/// has this hash: the one that is left is the one that was listed.
///
/// # Errors
/// When the server can't be asked.
pub async fn locate(
    client: &Client,
    index: &str,
    (marks, between): (&[Mark], usize),
    ownership: Ownership,
) -> Result<Vec<Located>> {
    let (Some(first), Some(last)) = (marks.first(), marks.last()) else { return Ok(Vec::new()) };
    let search = Search { client, index, wanted: Wanted::MARKS };
    let is_dense = between <= 2 * marks.len();
    let whole = if is_dense { search.at_once(&within(&(first.id..=last.id))).await? } else { None };
    let hits: Vec<Hit> = match whole {
        Some(hits) => hits,
        None => search.by_hash(&marks.iter().map(|mark| mark.id).collect::<Vec<_>>()).await?,
    };
    let mut found: Vec<Located> = hits.into_iter().filter_map(|hit| located(hit, &ownership)).collect();
    found.sort_unstable_by(|one, other| {
        (one.mark, one.is_own, &one.id).cmp(&(other.mark, other.is_own, &other.id))
    });
    let (mut last, mut taken) = (None, 0);
    found.retain(|found| {
        taken = if last.replace(found.mark) == Some(found.mark) { taken + 1 } else { 1 };
        taken <= asked_for(marks, found.mark)
    });
    Ok(found)
}

/// The document of a hit that has the fields of a mark.
pub(super) fn located(hit: Hit, ownership: &Ownership) -> Option<Located> {
    let mark = Mark { id: *hit.fields.id.first()?, mark: *hit.fields.mark.first()? };
    let (id, scope) = (hit.id?, hit.fields.scope.into_iter().next());
    let is_own = ownership.is_own(&id, mark.id);
    Some(Located { id, mark, scope, is_own })
}

/// How often a mark stands among those that are sorted.
fn asked_for(marks: &[Mark], mark: Mark) -> usize {
    let (from, to) = (marks.partition_point(|one| *one < mark), marks.partition_point(|one| *one <= mark));
    to - from
}

/// What the index holds under these hashes: `_id` and `_source` of each document.
///
/// # Errors
/// When the server can't be asked.
pub async fn sources(client: &Client, index: &str, hashes: &[i64]) -> Result<Vec<(String, Value)>> {
    let search = Search { client, index, wanted: Wanted::SOURCES };
    let hits: Vec<Whole> = search.by_hash(hashes).await?;
    Ok(hits.into_iter().map(|hit| (hit.id, hit.source)).collect())
}

/// What is asked for of each document.
#[derive(Clone, Copy)]
struct Wanted {
    source: bool,
    fields: &'static [&'static str],
    filter: &'static str,
}

impl Wanted {
    const MARKS: Self = Self {
        source: false,
        fields: &["_sync.id", "_sync.mark", "_sync.scope"],
        filter: "timed_out,_shards.failed,hits.hits._id,hits.hits.fields",
    };
    const SOURCES: Self = Self {
        source: true,
        fields: &[],
        filter: "timed_out,_shards.failed,hits.hits._id,hits.hits._source",
    };
}

#[derive(Clone, Copy)]
struct Search<'a> {
    client: &'a Client,
    index: &'a str,
    wanted: Wanted,
}

impl Search<'_> {
    /// Asks for all at once; none where they are more than the index gives.
    async fn at_once<H: DeserializeOwned>(self, query: &Value) -> Result<Option<Vec<H>>> {
        let size = self.client.page_size().get();
        match self.ask(query, size).await? {
            Bounded::Fits(hits) if hits.len() < size => Ok(Some(hits)),
            _ => Ok(None),
        }
    }

    /// Asks in parts as large as the server takes, and so small that each is answered whole.
    async fn by_hash<H: DeserializeOwned>(self, hashes: &[i64]) -> Result<Vec<H>> {
        let mut found = Vec::new();
        let mut parts: Vec<&[i64]> = vec![hashes];
        while let Some(part) = parts.pop() {
            let size = self.client.page_size().get();
            let can_split = part.len() > 1;
            match self.ask(&json!({ "terms": { "_sync.id": part } }), size).await? {
                Bounded::Fits(hits) if hits.len() < size || !can_split => found.extend(hits),
                Bounded::TooLarge(error) if !can_split => return Err(error.with("index", self.index)),
                Bounded::SmallerPages => parts.push(part),
                Bounded::Fits(_) | Bounded::TooLarge(_) => {
                    let (one, other) = part.split_at(part.len() / 2);
                    parts.extend([other, one]);
                }
            }
        }
        Ok(found)
    }

    async fn ask<H: DeserializeOwned>(self, query: &Value, size: usize) -> Result<Bounded<Vec<H>>> {
        let mut body = json!({
            "size": size, "track_total_hits": false, "_source": self.wanted.source, "sort": ["_doc"],
            "query": query,
        });
        if !self.wanted.fields.is_empty() {
            body["docvalue_fields"] = self.wanted.fields.into();
        }
        let request = Request::post(format!("/{}/_search", self.index));
        let request = request.query("filter_path", self.wanted.filter).body(&body);
        let answer = self.client.bounded::<Page<H>>(&request, size).await?;
        answer.then(|page| Ok(page.whole(self.index)?.0))
    }
}

#[derive(Deserialize)]
struct Whole {
    #[serde(rename = "_id")]
    id: String,
    #[serde(rename = "_source", default)]
    source: Value,
}
