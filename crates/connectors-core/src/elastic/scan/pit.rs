//! A frozen view of an index, read page by page.

use futures::stream::{Stream, try_unfold};
use serde_json::{Value, json};

use super::{Hit, PAGE};
use crate::elastic::page::Page;
use crate::elastic::{Client, Flavour, Request};
use crate::{Error, Result};

/// A frozen view of an index.
pub(super) struct PointInTime<'a> {
    client: &'a Client,
    index: &'a str,
    id: String,
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

    /// Pages with the marks of one slice of so many, in their sort values alone.
    pub(super) fn marks(
        &self,
        query: &Value,
        (slice, slices): (usize, usize),
    ) -> impl Stream<Item = Result<Vec<Hit>>> {
        let mut body = self.body(query, &json!([{ "_sync.id": "asc" }, { "_sync.mark": "asc" }]));
        if slices > 1 {
            body["slice"] = json!({ "id": slice, "max": slices });
        }
        body["stored_fields"] = "_none_".into();
        self.pages(body, "hits.hits.sort")
    }

    /// Pages with the `_id`s of what matches.
    pub(super) fn ids(&self, query: &Value) -> impl Stream<Item = Result<Vec<Hit>>> {
        let mut body = self.body(query, &json!([{ "_shard_doc": "asc" }]));
        body["_source"] = false.into();
        self.pages(body, "hits.hits._id,hits.hits.sort")
    }

    /// One page after the other, each from the sort values of the last.
    fn pages(&self, body: Value, wanted: &'static str) -> impl Stream<Item = Result<Vec<Hit>>> {
        try_unfold(Some(body), move |body| async move {
            let Some(mut body) = body else { return Ok(None) };
            let hits = self.page(&body, wanted).await?;
            let last = hits.last().filter(|_| hits.len() == PAGE);
            let next = last.map(|last| {
                body["search_after"] = json!(last.sort);
                body
            });
            Ok(Some((hits, next)))
        })
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
        let page: Page<Hit> = self.client.json(&request).await?;
        Ok(page.whole(self.index)?.0)
    }
}
