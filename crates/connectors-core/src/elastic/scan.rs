//! What the index holds, read through a point in time: marks, left-overs, and the ids behind marks.

use futures::future::try_join_all;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Client, Flavour, Request, index};
use crate::{Error, Result};

/// Hits of one page; the most that a server gives by default.
const PAGE: usize = 10_000;
/// Readers at the same time.
const SLICES: usize = 2;
/// Hashes asked for at a time.
const LOOKUP: usize = 1_000;

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

/// All marks of an index, sorted; the index is refreshed before.
///
/// # Errors
/// When the server can't be asked, or answers for some shards only.
pub async fn marks(client: &Client, index: &str) -> Result<Vec<Mark>> {
    index::refresh(client, index).await?;
    let marked = json!({ "exists": { "field": "_sync.id" } });
    let expected = index::count(client, index, &marked).await?;
    let pit = PointInTime::open(client, index).await?;
    let slices = (0..SLICES).map(|slice| pit.slice(slice, &marked, expected as usize / SLICES));
    let read = try_join_all(slices).await;
    pit.close().await;
    let mut marks = read?.into_iter().reduce(merge).unwrap_or_default();
    marks.sort_unstable();
    Ok(marks)
}

/// Joins two slices without a third buffer of the same size.
fn merge(mut one: Vec<Mark>, other: Vec<Mark>) -> Vec<Mark> {
    one.reserve_exact(other.len());
    one.extend(other);
    one
}

/// The `_id`s of documents that another tool wrote: those without `_sync`.
///
/// # Errors
/// When the server can't be asked.
pub async fn unmarked(client: &Client, index: &str) -> Result<Vec<String>> {
    let query = json!({ "bool": { "must_not": [{ "exists": { "field": "_sync.id" } }] } });
    if index::count(client, index, &query).await? == 0 {
        return Ok(Vec::new());
    }
    let pit = PointInTime::open(client, index).await?;
    let read = pit.ids(&query).await;
    pit.close().await;
    read
}

/// The documents behind these marks; marks that are no longer there are left out.
///
/// # Errors
/// When the server can't be asked.
pub async fn locate(client: &Client, index: &str, marks: &[Mark]) -> Result<Vec<Located>> {
    let mut found = Vec::with_capacity(marks.len());
    for chunk in marks.chunks(LOOKUP) {
        let hashes: Vec<i64> = chunk.iter().map(|mark| mark.id).collect();
        let request = Request::post(format!("/{index}/_search"))
            .query("filter_path", "timed_out,_shards.failed,hits.hits._id,hits.hits.fields")
            .body(&json!({
                "size": PAGE, "track_total_hits": false, "_source": false, "sort": ["_doc"],
                "query": { "terms": { "_sync.id": hashes } },
                "docvalue_fields": ["_sync.id", "_sync.mark", "_sync.scope"],
            }));
        let page: Page = client.json(&request).await?;
        let hits = page.whole(index)?;
        let located = hits.into_iter().filter_map(Hit::located);
        found.extend(located.filter(|located| marks.binary_search(&located.mark).is_ok()));
    }
    Ok(found)
}

/// A frozen view of an index.
struct PointInTime<'a> {
    client: &'a Client,
    index: &'a str,
    id: String,
}

impl<'a> PointInTime<'a> {
    async fn open(client: &'a Client, index: &'a str) -> Result<Self> {
        let (path, key) = match client.engine().flavour {
            Flavour::Elasticsearch => (format!("/{index}/_pit"), "id"),
            Flavour::OpenSearch => (format!("/{index}/_search/point_in_time"), "pit_id"),
        };
        let answer: Value = client.json(&Request::post(path).query("keep_alive", "5m")).await?;
        let id = answer[key].as_str().map(str::to_owned);
        let id = id.ok_or_else(|| Error::unexpected("a point in time without an id").with("index", index))?;
        Ok(Self { client, index, id })
    }

    /// Gives the view back; one that was lost ends by itself after its time.
    async fn close(self) {
        let request = match self.client.engine().flavour {
            Flavour::Elasticsearch => Request::delete("/_pit").body(&json!({ "id": self.id })),
            Flavour::OpenSearch => {
                Request::delete("/_search/point_in_time").body(&json!({ "pit_id": [self.id] }))
            }
        };
        if let Err(error) = self.client.send(&request).await {
            tracing::debug!(%error, "a point in time was not closed");
        }
    }

    /// The marks of one slice, read from the sort values alone.
    async fn slice(&self, slice: usize, query: &Value, expected: usize) -> Result<Vec<Mark>> {
        let mut marks = Vec::with_capacity(expected + expected / 64);
        let mut after: Option<Vec<i64>> = None;
        loop {
            let mut body = self.body(query, &json!([{ "_sync.id": "asc" }, { "_sync.mark": "asc" }]));
            body["slice"] = json!({ "id": slice, "max": SLICES });
            body["stored_fields"] = "_none_".into();
            after.iter().for_each(|after| body["search_after"] = json!(after));
            let mut hits = self.page(&body, "hits.hits.sort").await?;
            marks.extend(hits.iter().filter_map(Hit::mark));
            let full = hits.len() == PAGE;
            after = hits.pop().map(|hit| hit.sort);
            if !full {
                return Ok(marks);
            }
        }
    }

    async fn ids(&self, query: &Value) -> Result<Vec<String>> {
        let (mut ids, mut after) = (Vec::new(), None::<Vec<i64>>);
        loop {
            let mut body = self.body(query, &json!([{ "_shard_doc": "asc" }]));
            body["_source"] = false.into();
            after.iter().for_each(|after| body["search_after"] = json!(after));
            let hits = self.page(&body, "hits.hits._id,hits.hits.sort").await?;
            let full = hits.len() == PAGE;
            after = hits.last().map(|hit| hit.sort.clone());
            ids.extend(hits.into_iter().filter_map(|hit| hit.id));
            if !full {
                return Ok(ids);
            }
        }
    }

    fn body(&self, query: &Value, sort: &Value) -> Value {
        json!({
            "size": PAGE, "track_total_hits": false, "query": query, "sort": sort,
            "pit": { "id": self.id, "keep_alive": "5m" },
        })
    }

    async fn page(&self, body: &Value, wanted: &str) -> Result<Vec<Hit>> {
        let request = Request::post("/_search")
            .query("filter_path", format!("timed_out,_shards.failed,{wanted}"))
            .body(body);
        let page: Page = self.client.json(&request).await?;
        page.whole(self.index)
    }
}

#[derive(Deserialize)]
struct Page {
    #[serde(default)]
    timed_out: bool,
    #[serde(rename = "_shards", default)]
    shards: Shards,
    #[serde(default)]
    hits: Hits,
}

#[derive(Deserialize, Default)]
struct Shards {
    #[serde(default)]
    failed: u32,
}

#[derive(Deserialize, Default)]
struct Hits {
    #[serde(default)]
    hits: Vec<Hit>,
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

impl Page {
    /// The hits, unless some shards did not answer: what they hold must not be taken as absent.
    fn whole(self, index: &str) -> Result<Vec<Hit>> {
        if self.timed_out || self.shards.failed > 0 {
            return Err(Error::transient("the index answered in part only").with("index", index));
        }
        Ok(self.hits.hits)
    }
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
