//! Tokens that an app gets for what it says of itself.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering::SeqCst};

use chrono::{DateTime, Utc};
use connectors_core::config::Secret;
use connectors_core::http::Assertion;
use connectors_core::{Clock, ErrorKind, Http};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::server::{Server, context_with, status};

const START: i64 = 1_700_000_000;

#[derive(Deserialize)]
struct Granted {
    token: String,
    expires_at: DateTime<Utc>,
}

fn clock() -> (Arc<AtomicI64>, Clock) {
    let now = Arc::new(AtomicI64::new(START));
    let told = now.clone();
    (now, Clock::new(move || DateTime::from_timestamp(told.load(SeqCst), 0).unwrap()))
}

fn assertion() -> Assertion {
    Assertion::rs256("17", &Secret::new(include_str!("../../src/http/assertion/rsa.pem"))).unwrap()
}

/// A client of the server with tokens that an app gets there.
fn client(server: &Server, clock: Clock) -> Http {
    let app = context_with(clock.clone()).http(&server.url).unwrap().asserting(assertion());
    let fetch = move || {
        let app = app.clone();
        async move {
            let granted: Granted = app.post("/tokens").json().await?;
            Ok((Secret::new(granted.token), Some(granted.expires_at)))
        }
    };
    context_with(clock).http(&server.url).unwrap().tokens(fetch)
}

/// Hands tokens of an hour to an app, and echoes how it was asked otherwise; refuses the first `refused` tokens.
async fn server(refused: usize) -> Server {
    Server::start(move |call| {
        let signed = call.header("authorization").unwrap_or_default().to_owned();
        if call.path == "/tokens" {
            assert_eq!(signed.matches('.').count(), 2, "{signed}");
            let until = DateTime::from_timestamp(START + 3600, 0).unwrap();
            return status(
                200,
                json!({"token": format!("t{}", call.number), "expires_at": until}).to_string(),
            );
        }
        let number: usize = signed.strip_prefix("Bearer t").unwrap().parse().unwrap();
        if number < refused { status(401, "expired") } else { status(200, json!(signed).to_string()) }
    })
    .await
}

#[tokio::test]
async fn a_token_is_fetched_by_an_assertion_and_renewed_before_it_expires() {
    let server = server(0).await;
    let (now, clock) = clock();
    let http = client(&server, clock);
    for (seconds, expected) in [(0, "Bearer t0"), (3500, "Bearer t0"), (50, "Bearer t3")] {
        now.fetch_add(seconds, SeqCst);
        assert_eq!(http.get("/x").json::<Value>().await.unwrap(), expected, "{seconds}");
    }
}

#[tokio::test]
async fn a_token_that_is_refused_is_renewed_once() {
    for (refused, expected) in [(1, Ok("Bearer t2")), (99, Err(ErrorKind::Denied))] {
        let server = server(refused).await;
        let http = client(&server, clock().1);
        let answer = http.get("/x").json::<String>().await;
        assert_eq!(answer.as_deref().map_err(|error| error.kind()), expected);
        assert_eq!(server.calls().len(), 4, "token, refused, token, once more");
    }
}

#[tokio::test]
async fn why_there_is_no_token_is_told_and_no_assertion_shown() {
    let server = Server::start(|call| {
        status(403, format!("not for {}", call.header("authorization").unwrap_or_default()))
    })
    .await;
    let error = client(&server, clock().1).get("/x").json::<Value>().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Denied);
    let text = error.to_string();
    assert!(
        text.contains("POST http://127.0.0.1") && text.contains("/tokens") && !text.contains("eyJ"),
        "{text}"
    );
}

#[tokio::test]
async fn an_assertion_is_used_until_it_is_about_to_expire() {
    let server = Server::start(|call| status(200, json!(call.header("authorization")).to_string())).await;
    let (now, clock) = clock();
    let http = context_with(clock).http(&server.url).unwrap().asserting(assertion());
    let mut seen = Vec::new();
    for seconds in [0, 400, 100] {
        now.fetch_add(seconds, SeqCst);
        seen.push(http.get("/x").json::<String>().await.unwrap());
    }
    assert!(seen[0] == seen[1] && seen[1] != seen[2], "{seen:?}");
}
