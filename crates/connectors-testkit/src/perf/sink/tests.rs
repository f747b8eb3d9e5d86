//! The sink over HTTP.

use std::path::Path;

use reqwest::Client;
use serde_json::Value;

use super::*;

/// A sink in this process, and its state.
pub(in crate::perf) async fn start(keep: bool, record: Option<&Path>) -> (String, Shared) {
    let record = record.map(|folder| Record::new(folder).unwrap());
    let sink = Shared::new(Sink { mapping: None, marks: keep.then(Marks::default), record }.into());
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(axum::serve(listener, router(sink.clone())).into_future());
    (url, sink)
}

/// Writes what a sink recorded to its files.
pub(in crate::perf) fn close(sink: &Shared) {
    sink.lock().unwrap().record.take().unwrap().close().unwrap();
}

struct Caller(Client, String);

impl Caller {
    async fn call(&self, line: &str, body: &Value) -> (u16, Value) {
        let (method, path) = line.split_once(' ').unwrap();
        let request = self.0.request(method.parse().unwrap(), format!("{}{path}", self.1));
        let text = body.as_str().map_or_else(|| body.to_string(), str::to_owned);
        let answer = request.body(text).send().await.unwrap();
        (answer.status().as_u16(), answer.json().await.unwrap())
    }
}

async fn caller(keep: bool) -> Caller {
    Caller(Client::builder().no_proxy().build().unwrap(), start(keep, None).await.0)
}

fn document(id: &str, hash: i64, mark: i64) -> String {
    format!("{{\"index\":{{\"_id\":\"{id}\"}}}}\n{{\"_sync\":{{\"id\":{hash},\"mark\":{mark}}},\"x\":1}}\n")
}

#[tokio::test]
async fn an_index_is_missing_until_it_is_made() {
    let caller = caller(false).await;
    assert_eq!(caller.call("GET /", &Value::Null).await.1["version"]["number"], "9.5.3");
    assert_eq!(caller.call("GET /docs/_mapping", &Value::Null).await.0, 404);
    let made = json!({"mappings": {"properties": {"a": {"type": "long"}}}});
    assert_eq!(caller.call("PUT /docs", &made).await.0, 200);
    assert_eq!(caller.call("GET /docs/_mapping", &Value::Null).await.1["docs"]["mappings"], made["mappings"]);
    assert_eq!(
        caller.call("GET /docs/_settings", &Value::Null).await.1["docs"]["settings"]["index"]["uuid"],
        "c2luay1vZi1jb25uZWN0b3I"
    );
    for system in ["GET /.state/_doc/1", "POST /.state/_search"] {
        assert_eq!(caller.call(system, &json!({})).await.0, 404, "{system}");
    }
    assert_eq!(caller.call("PUT /.state/_doc/1", &json!({})).await.0, 200);
    assert_eq!(caller.call("PUT /docs", &"no json".into()).await.0, 400);
}

#[tokio::test]
async fn a_sink_that_keeps_answers_as_an_index_would() {
    let caller = caller(true).await;
    let lines = document("a", -9, 1) + &document("b", 3, 2) + &document("c", 5, 4) + &document("d", 8, 8);
    let answer = caller.call("POST /docs/_bulk", &lines.into()).await.1;
    assert_eq!((answer["errors"].as_bool(), answer["items"].as_array().unwrap().len()), (Some(false), 4));
    assert_eq!(caller.call("POST /docs/_count", &json!({})).await.1["count"], 4);
    let range = json!({"query": {"range": {"_sync.id": {"gte": 3, "lt": 8}}}, "size": 10, "docvalue_fields": ["_sync.id"]});
    let hits = caller.call("POST /docs/_search", &range).await.1["hits"]["hits"].clone();
    assert_eq!(hits[0], json!({"_id": "b", "sort": [3, 2], "fields": {"_sync.id": [3], "_sync.mark": [2]}}));
    assert_eq!(hits.as_array().unwrap().len(), 2);
    let page = json!({"size": 1, "search_after": [3, 2], "stored_fields": "_none_"});
    let answer = caller.call("POST /_search", &page).await.1;
    assert_eq!(answer["hits"]["hits"], json!([{"sort": [5, 4]}]));
    assert!(answer.get("aggregations").is_none(), "as a server that was asked for none");
    let sums = json!({"size": 0, "aggs": {"buckets": {"histogram": {"field": "_sync.id", "interval": 8}, "aggs": {"marks": {"sum": {"field": "_sync.mark"}}}}}});
    let buckets =
        caller.call("POST /docs/_search", &sums).await.1["aggregations"]["buckets"]["buckets"].clone();
    let bucket =
        |key: f64, count: u64, marks: f64| json!({"key": key, "doc_count": count, "marks": {"value": marks}});
    assert_eq!(buckets, json!([bucket(-16.0, 1, 1.0), bucket(0.0, 2, 6.0), bucket(8.0, 1, 8.0)]));
    assert_eq!(caller.call("POST /docs/_search", &json!({"aggs": {"x": {"max": {}}}})).await.0, 400);
}

#[tokio::test]
async fn slices_share_the_documents_and_deletes_take_them_away() {
    let caller = caller(true).await;
    let hash = |id: &str| xxhash_rust::xxh3::xxh3_64(id.as_bytes()).cast_signed();
    let lines: String = ["a", "b", "c"].iter().map(|id| document(id, hash(id), 1)).collect();
    caller.call("POST /docs/_bulk", &lines.into()).await;
    let mut seen = 0;
    for slice in 0..2 {
        let page = json!({"size": 10, "slice": {"id": slice, "max": 2}});
        seen += caller.call("POST /_search", &page).await.1["hits"]["hits"].as_array().unwrap().len();
    }
    assert_eq!(seen, 3);
    caller.call("POST /docs/_bulk", &"{\"delete\":{\"_id\":\"b\"}}\n".into()).await;
    let left = caller
        .call("POST /docs/_count", &json!({"query": {"terms": {"_sync.id": [hash("a"), hash("b")]}}}))
        .await;
    assert_eq!(left.1["count"], 1);
    let unmarked = json!({"query": {"bool": {"must_not": [{"exists": {"field": "_sync.id"}}]}}});
    assert_eq!(caller.call("POST /docs/_count", &unmarked).await.1["count"], 0);
}
