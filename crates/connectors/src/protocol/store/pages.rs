//! Searches, however much there is to be found.

use connectors_core::elastic::{Flavour, Request};
use connectors_core::{Error, Result};
use serde_json::{Value, json};

use super::{Kind, Store, ours};
use crate::protocol::Record;

/// How long a frozen view is kept between two pages.
const KEPT: &str = "1m";

impl Store {
    /// The newest documents that match, so many at the most.
    pub(super) async fn newest(&self, kind: Kind, query: &Value, last: usize) -> Result<Vec<Record>> {
        let order = json!([{ "created_at": { "order": "desc", "unmapped_type": "date" } }]);
        self.page(kind, &json!({ "query": query, "size": last.min(self.page), "sort": order })).await
    }

    /// Everything that matches, in no particular order. What does not fit into one page is read from a frozen
    /// view of the index, so that nothing is missed that is written meanwhile.
    pub(super) async fn search_all(&self, kind: Kind, query: &Value) -> Result<Vec<Record>> {
        let found = self.page(kind, &json!({ "query": query, "size": self.page })).await?;
        if found.len() < self.page {
            return Ok(found);
        }
        let view = self.open_view(kind).await?;
        let read = self.read_view(query, &view).await;
        self.close_view(&view).await;
        read
    }

    async fn page(&self, kind: Kind, search: &Value) -> Result<Vec<Record>> {
        let (hits, _) =
            self.hits(Request::post(format!("/{}/_search", kind.index())), search.clone()).await?;
        Ok(hits)
    }

    async fn read_view(&self, query: &Value, view: &str) -> Result<Vec<Record>> {
        let mut search = json!({
            "query": query, "size": self.page, "sort": [{ "_shard_doc": "asc" }], "track_total_hits": false,
            "pit": { "id": view, "keep_alive": KEPT },
        });
        let mut found = Vec::new();
        loop {
            let (hits, last) = self.hits(Request::post("/_search"), search.clone()).await?;
            let is_last = hits.len() < self.page;
            found.extend(hits);
            if is_last {
                return Ok(found);
            }
            search["search_after"] = last;
        }
    }

    /// What a search finds, and the sort values of the last of it.
    async fn hits(&self, request: Request, mut search: Value) -> Result<(Vec<Record>, Value)> {
        search["seq_no_primary_term"] = true.into();
        let answer: Value = self.client.json(&ours(request).body(&search)).await?;
        if answer["timed_out"] == true || answer["_shards"]["failed"].as_u64().unwrap_or(0) > 0 {
            return Err(Error::transient(
                "a search of connectors or jobs was answered for a part of them only",
            ));
        }
        let hits = answer["hits"]["hits"].as_array().map(Vec::as_slice).unwrap_or_default();
        let last = hits.last().map_or(Value::Null, |hit| hit["sort"].clone());
        Ok((hits.iter().filter_map(Record::from_hit).collect(), last))
    }

    async fn open_view(&self, kind: Kind) -> Result<String> {
        let index = kind.index();
        let (path, key) = match self.client.engine().flavour {
            Flavour::Elasticsearch => (format!("/{index}/_pit"), "id"),
            Flavour::OpenSearch => (format!("/{index}/_search/point_in_time"), "pit_id"),
        };
        let answer: Value = self.client.json(&ours(Request::post(path)).query("keep_alive", KEPT)).await?;
        let id = answer[key].as_str().map(str::to_owned);
        id.ok_or_else(|| Error::unexpected("a point in time without an id").with("index", index))
    }

    /// Gives the view back; one that was lost ends by itself after its time.
    async fn close_view(&self, view: &str) {
        let request = match self.client.engine().flavour {
            Flavour::Elasticsearch => Request::delete("/_pit").body(&json!({ "id": view })),
            Flavour::OpenSearch => {
                Request::delete("/_search/point_in_time").body(&json!({ "pit_id": [view] }))
            }
        };
        if let Err(error) = self.client.send(&ours(request)).await {
            tracing::debug!(%error, "a point in time was not closed");
        }
    }
}
