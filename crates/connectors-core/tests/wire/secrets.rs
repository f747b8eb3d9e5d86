//! What a server echoes of what was sent to log in never reaches an error, a failure or a debug output.

use axum::Router;
use axum::body::Bytes;
use axum::http::{HeaderMap, StatusCode, Uri};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use connectors_core::config::Secret;
use connectors_core::elastic::{Auth, Bulk, Client, Item, Kind, Request, Settings};
use serde_json::json;

const PASSWORD: &str = "pa55/w+rd";
const KEY: &str = "k3y-of-the-api";

/// Repeats all headers in every answer, in the shapes of a server's errors.
async fn echo(uri: Uri, headers: HeaderMap, _body: Bytes) -> (StatusCode, String) {
    let told: Vec<_> = headers.values().map(|value| String::from_utf8_lossy(value.as_bytes())).collect();
    let reason = format!("you sent {} ({PASSWORD}, {KEY})", told.join(" "));
    let error = json!({"type": "security_exception", "reason": reason});
    match uri.path() {
        "/" => (StatusCode::OK, json!({"version": {"number": "9.1.0"}}).to_string()),
        "/items/_bulk" => {
            let item = json!({"index": {"status": 400, "error": error}});
            let guard = json!({"update": {"status": 404}});
            (StatusCode::OK, json!({"errors": true, "items": [item, guard]}).to_string())
        }
        "/whole/_bulk" => (StatusCode::BAD_REQUEST, reason),
        path => (path[1..].parse().unwrap(), json!({"error": error}).to_string()),
    }
}

async fn refused(client: &Client, index: &str) -> String {
    let mut bulk = Bulk::new(client, index);
    let item = Item { id: "a".into(), hash: 1, kind: Kind::Create, mark: 0, scope: None };
    let put = bulk.put(item, |_, line| line.extend_from_slice(b"{}\n")).await;
    let end = bulk.finish().await;
    format!("{put:?} {end:?} {:?}", bulk.written().refused)
}

async fn everything(client: &Client) -> Vec<String> {
    let mut told = vec![refused(client, "items").await, refused(client, "whole").await];
    for status in [400, 401, 403, 404, 429, 500, 503] {
        let error = client.call(&Request::get(format!("/{status}"))).await.unwrap_err();
        told.push(format!("{error} {error:?}"));
    }
    told
}

#[tokio::test]
async fn a_server_that_echoes_what_it_was_sent_gives_no_secret_away() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, Router::new().fallback(echo)).await });
    let key = STANDARD.encode(format!("id:{KEY}"));
    let basic = STANDARD.encode(format!("ada:{PASSWORD}"));
    for (user, auth) in [
        ("", Auth::Basic("ada".into(), Secret::new(PASSWORD))),
        ("", Auth::ApiKey(Secret::new(key.as_str()))),
        ("", Auth::Bearer(Secret::new(KEY))),
        ("ada:pa55%2Fw%2Brd@", Auth::None),
    ] {
        let mine = if matches!(auth, Auth::Basic(..) | Auth::None) { PASSWORD } else { KEY };
        let mut settings = Settings::new(format!("http://{user}{address}").parse().unwrap());
        settings.auth = auth;
        settings.retry.max = 0;
        let client = Client::connect(settings).await.unwrap();
        for text in everything(&client).await {
            assert!(text.contains("you sent"), "{text}");
            for secret in [mine, key.as_str(), basic.as_str(), "pa55%2Fw%2Brd"] {
                assert!(!text.contains(secret), "{secret}: {text}");
            }
        }
    }
}
