//! Searches, however much there is to be found.

use connectors_core::elastic::{Flavour, Request};
use connectors_core::{Error, Result};
use serde_json::{Value, json};

use super::{Kind, Store, ours};
use crate::protocol::{Record, SyncJob};

/// How long a frozen view is kept between two pages.
const KEPT: &str = "1m";

impl Store {
    /// The newest documents that match, so many at the most.
    pub(super) async fn newest(&self, kind: Kind, query: &Value, last: usize) -> Result<Vec<Record>> {
        let order = json!([{ "created_at": { "order": "desc", "unmapped_type": "date" } }]);
        self.page(kind, &json!({ "query": query, "size": last.min(self.page), "sort": order })).await
    }

    /// The oldest jobs that match, so many at the most.
    ///
    /// # Errors
    /// When the server can't be asked.
    pub(crate) async fn oldest_jobs(&self, query: &Value, most: usize) -> Result<Vec<SyncJob>> {
        let order = json!([{ "created_at": { "order": "asc", "unmapped_type": "date" } }]);
        let search = json!({ "query": query, "size": most.min(self.page), "sort": order });
        Ok(self.page(Kind::Job, &search).await?.into_iter().map(SyncJob).collect())
    }

    /// The connectors that have more than so many of the jobs that match, with the number of these.
    ///
    /// # Errors
    /// When the server can't be asked.
    pub(crate) async fn connectors_with_more_jobs(
        &self,
        most: u64,
        query: &Value,
    ) -> Result<Vec<(String, u64)>> {
        let by_connector = json!({ "terms": { "field": "connector.id", "size": self.page } });
        let search = json!({ "query": query, "size": 0, "aggs": { "by_connector": by_connector } });
        let request = ours(Request::post(format!("/{}/_search", Kind::Job.index()))).body(&search);
        let answer: Value = self.client.json(&request).await?;
        let buckets = answer["aggregations"]["by_connector"]["buckets"].as_array();
        let read = |bucket: &Value| {
            let count = bucket["doc_count"].as_u64().filter(|count| *count > most)?;
            Some((bucket["key"].as_str()?.to_owned(), count))
        };
        Ok(buckets.into_iter().flatten().filter_map(read).collect())
    }

    /// Removes jobs as they were read; those that somebody wrote since stay. How many are removed is returned.
    ///
    /// # Errors
    /// When the server can't be asked.
    pub(crate) async fn remove_jobs(&self, jobs: &[SyncJob]) -> Result<usize> {
        let line = |SyncJob(record): &SyncJob| {
            let (seq_no, term) = record.version;
            let at = json!({ "_id": record.id, "if_seq_no": seq_no, "if_primary_term": term });
            format!("{}\n", json!({ "delete": at }))
        };
        let lines: String = jobs.iter().map(line).collect();
        let request = ours(Request::post(format!("/{}/_bulk", Kind::Job.index())))
            .query("refresh", "true")
            .lines(lines.into());
        let answer: Value = self.client.json(&request).await?;
        let items = answer["items"].as_array().into_iter().flatten();
        Ok(items.filter(|item| item["delete"]["status"] == 200).count())
    }

    /// Everything that matches, in no particular order. What does not fit into one page is read from a frozen
    /// view of the index, so that nothing is missed that is written between two pages.
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
