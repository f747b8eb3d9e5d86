//! What goes over the wire to a server that has the connector API.

use std::sync::{Arc, Mutex};

use axum::extract::{Request as Call, State};
use axum::http::StatusCode;
use axum::response::IntoResponse;
use axum::{Json, Router};

use super::*;

/// What was asked, as `METHOD /path`, with the body.
type Asked = Arc<Mutex<Vec<(String, Value)>>>;

/// A server with the API, on which connector `c` and job `j` are.
async fn answer(State(asked): State<Asked>, call: Call) -> impl IntoResponse {
    let what = format!("{} {}", call.method(), call.uri().path());
    let is_ours = call.headers().get("x-elastic-product-origin").is_some_and(|origin| origin == "connectors");
    let bytes = axum::body::to_bytes(call.into_body(), 1 << 20).await.unwrap();
    let body = serde_json::from_slice(&bytes).unwrap_or(Value::Null);
    let found = |source: Value| json!({"_id": "c", "_seq_no": 1, "_primary_term": 1, "_source": source});
    let reply = match what.as_str() {
        "GET /" => json!({"version": {"number": "9.2.0"}}),
        "GET /.elastic-connectors/_doc/c" => found(connector().into()),
        "GET /.elastic-connectors-sync-jobs/_doc/j" => found(json!({"status": "in_progress"})),
        "GET /.elastic-connectors-sync-jobs/_doc/done" => found(json!({"status": "completed"})),
        what if what.contains("/_doc/") => return (StatusCode::NOT_FOUND, Json(json!({"found": false}))),
        "POST /.elastic-connectors-sync-jobs/_search" => json!({"hits": {"hits": []}}),
        _ => json!({"id": "made", "result": "updated"}),
    };
    if is_ours && !what.starts_with("GET ") {
        asked.lock().unwrap().push((what, body));
    }
    (StatusCode::OK, Json(reply))
}

async fn store(wants_api: bool) -> (Store, Asked) {
    let asked = Asked::default();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let host = format!("http://{}", listener.local_addr().unwrap()).parse().unwrap();
    let router = Router::new().fallback(answer).with_state(asked.clone());
    tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
    let client = Client::connect(Settings::new(host)).await.unwrap();
    (Store::open(&client, wants_api).await.unwrap(), asked)
}

fn taken(asked: &Asked) -> Vec<String> {
    std::mem::take(&mut *asked.lock().unwrap()).into_iter().map(|(what, _)| what).collect()
}

#[tokio::test]
async fn connectors_are_removed_by_the_api_and_made_under_an_id_of_ours() {
    let (store, asked) = store(true).await;
    let id = store.add_connector(None, &connector()).await.unwrap().unwrap();
    assert_eq!(taken(&asked), [format!("PUT /.elastic-connectors/_create/{id}")]);
    assert_eq!(store.add_connector(Some("new/one"), &connector()).await.unwrap().as_deref(), Some("new/one"));
    assert_eq!(taken(&asked), ["PUT /.elastic-connectors/_create/new%2Fone"]);
    assert!(store.remove_connector("c", |_| Ok(())).await.unwrap());
    assert_eq!(taken(&asked), ["DELETE /_connector/c", "POST /.elastic-connectors-sync-jobs/_search"]);
}

#[tokio::test]
async fn jobs_are_cancelled_by_the_api_where_their_state_allows_it() {
    let (store, asked) = store(true).await;
    let connector = store.connector("c").await.unwrap().unwrap();
    assert!(store.cancel_job("j", DateTime::UNIX_EPOCH).await.unwrap().is_some());
    assert_eq!(taken(&asked), ["PUT /_connector/_sync_job/j/_cancel"]);
    let refused = store.cancel_job("done", DateTime::UNIX_EPOCH).await.unwrap_err().to_string();
    assert!(refused.contains("it is completed"), "{refused}");
    assert!(store.cancel_job("none", DateTime::UNIX_EPOCH).await.unwrap().is_none());
    assert_eq!(taken(&asked), Vec::<String>::new());
    store.check_in(&connector, DateTime::UNIX_EPOCH).await.unwrap();
    assert_eq!(taken(&asked), ["PUT /_connector/c/_check_in"]);
}

#[tokio::test]
async fn a_setting_keeps_to_the_indices() {
    let (store, asked) = store(false).await;
    let connector = store.connector("c").await.unwrap().unwrap();
    store.check_in(&connector, DateTime::UNIX_EPOCH).await.unwrap();
    assert_eq!(taken(&asked), ["POST /.elastic-connectors/_update/c"]);
}
