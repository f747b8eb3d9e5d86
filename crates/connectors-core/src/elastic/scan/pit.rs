//! A frozen view of an index, read page by page.

use std::ops::RangeInclusive;

use futures::stream::{Stream, try_unfold};
use serde_json::{Value, json};

use super::hit::{Hit, any_of, marked};
use crate::elastic::limits::Bounded;
use crate::elastic::page::Page;
use crate::elastic::{Client, Flavour, Request};
use crate::{Error, Result};

/// A frozen view of an index.
pub(super) struct PointInTime<'a> {
    client: &'a Client,
    index: &'a str,
    id: String,
}

/// What is still to be read of a view.
#[derive(Clone)]
pub(super) struct Reading<'q> {
    query: Query<'q>,
    slice: Option<(usize, usize)>,
    /// The sort values of the last hit that was read.
    after: Vec<i64>,
}

#[derive(Clone)]
enum Query<'q> {
    One(Value),
    Ranges(&'q [RangeInclusive<i64>]),
}

impl<'q> Reading<'q> {
    /// Whatever matches.
    pub(super) fn all(query: Value) -> Self {
        Self { query: Query::One(query), slice: None, after: Vec::new() }
    }

    /// What carries a mark, in one slice of so many.
    pub(super) fn slice(slice: (usize, usize)) -> Self {
        Self { slice: Some(slice), ..Self::all(marked()) }
    }

    /// What carries a mark whose id lies in these ranges.
    pub(super) fn ranges(ranges: &'q [RangeInclusive<i64>]) -> Self {
        Self { query: Query::Ranges(ranges), slice: None, after: Vec::new() }
    }

    /// Two halves of it; none of what can't be divided.
    fn halves(&self) -> Option<[Self; 2]> {
        let Query::Ranges(ranges @ [_, _, ..]) = self.query else { return None };
        let (one, other) = ranges.split_at(ranges.len() / 2);
        Some([other, one].map(|half| Self { query: Query::Ranges(half), ..self.clone() }))
    }

    fn query(&self) -> Value {
        match &self.query {
            Query::One(query) => query.clone(),
            Query::Ranges(ranges) => any_of(ranges),
        }
    }
}

/// What is read of each hit.
#[derive(Clone, Copy)]
enum Wanted {
    Marks,
    Ids,
}

impl<'a> PointInTime<'a> {
    pub(super) async fn open(client: &'a Client, index: &'a str) -> Result<Self> {
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
    pub(super) async fn close(self) {
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

    /// Pages with the marks of what is to be read, in their sort values alone.
    pub(super) fn marks<'r>(
        &'r self,
        reading: Reading<'r>,
    ) -> impl Stream<Item = Result<Vec<Hit>>> + Send + use<'r, 'a> {
        try_unfold(vec![reading], move |mut open| async move {
            let page = self.next(&mut open, Wanted::Marks).await?;
            Ok(page.map(|hits| (hits, open)))
        })
    }

    /// The next page with the `_id`s of what is to be read; none at the end.
    pub(super) async fn ids(&self, open: &mut Vec<Reading<'_>>) -> Result<Option<Vec<Hit>>> {
        self.next(open, Wanted::Ids).await
    }

    /// The next page of the last of these readings, which are divided where the server takes less at a time. Hits come sorted, so
    /// what is left of a reading lies behind the same hit in each of its halves.
    async fn next(&self, open: &mut Vec<Reading<'_>>, wanted: Wanted) -> Result<Option<Vec<Hit>>> {
        while let Some(reading) = open.pop() {
            let size = self.client.page_size().get();
            match self.page(&reading, size, wanted).await? {
                Bounded::Fits(hits) => {
                    if let Some(last) = hits.last().filter(|_| hits.len() >= size) {
                        open.push(Reading { after: last.sort.clone(), ..reading });
                    }
                    return Ok(Some(hits));
                }
                Bounded::SmallerPages => open.push(reading),
                Bounded::TooLarge(error) => {
                    open.extend(reading.halves().ok_or_else(|| error.with("index", self.index))?);
                }
            }
        }
        Ok(None)
    }

    async fn page(&self, reading: &Reading<'_>, size: usize, wanted: Wanted) -> Result<Bounded<Vec<Hit>>> {
        let mut body = json!({
            "size": size, "track_total_hits": false, "query": reading.query(),
            "pit": { "id": self.id, "keep_alive": "5m" },
        });
        let filter = match wanted {
            Wanted::Marks => {
                body["sort"] = json!([{ "_sync.id": "asc" }, { "_sync.mark": "asc" }]);
                body["stored_fields"] = "_none_".into();
                "timed_out,_shards.failed,hits.hits.sort"
            }
            Wanted::Ids => {
                body["sort"] = json!([{ "_shard_doc": "asc" }]);
                body["_source"] = false.into();
                "timed_out,_shards.failed,hits.hits._id,hits.hits.sort"
            }
        };
        if let Some((slice, slices)) = reading.slice {
            body["slice"] = json!({ "id": slice, "max": slices });
        }
        if !reading.after.is_empty() {
            body["search_after"] = json!(reading.after);
        }
        let request = Request::post("/_search").query("filter_path", filter).body(&body);
        let answer = self.client.bounded::<Page<Hit>>(&request, size).await?;
        answer.then(|page| Ok(page.whole(self.index)?.0))
    }
}
