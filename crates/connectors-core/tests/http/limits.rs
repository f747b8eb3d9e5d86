//! Limits of a server that no status tells.

use std::time::Duration;

use axum::body::Body;
use axum::http::Response;
use chrono::DateTime;
use connectors_core::http::{Heard, Later};
use connectors_core::{Clock, ErrorKind};
use serde_json::Value;

use crate::server::{Server, context_with, status};

/// Told by headers, or in the answer to a query.
fn limited(heard: &Heard<'_>) -> Option<Later> {
    if heard.status() == 403 && heard.header("x-left") == Some("0") {
        let at = heard.header("x-reset")?.parse().ok()?;
        return DateTime::from_timestamp(at, 0).map(Later::At);
    }
    let is_limited = heard.status() == 403 && heard.header("retry-after").is_some()
        || heard.status() == 200 && heard.body().starts_with(b"\"LIMITED");
    is_limited.then_some(Later::Soon)
}

fn now() -> Clock {
    Clock::fixed(DateTime::from_timestamp(1_700_000_000, 0).unwrap())
}

fn answer(kind: usize) -> Response<Body> {
    let answer = Response::builder().status(if kind == 2 { 200 } else { 403 });
    let answer = match kind {
        0 => answer.header("x-left", "0").header("x-reset", "1700000000"),
        1 => answer.header("retry-after", "0"),
        _ => answer,
    };
    // The time of this machine would come in otherwise.
    let answer = answer.header("date", "Tue, 14 Nov 2023 22:13:20 GMT");
    answer.body(Body::from("\"LIMITED, ask again later\"")).unwrap()
}

#[tokio::test]
async fn an_answer_that_asks_to_wait_is_asked_for_again() {
    for kind in 0..3 {
        let server =
            Server::start(move |call| if call.number < 2 { answer(kind) } else { status(200, "7") }).await;
        let http = context_with(now()).http(&server.url).unwrap().limited(limited);
        assert_eq!(http.get("/x").json::<u32>().await.unwrap(), 7, "{kind}");
        assert_eq!(server.calls().len(), 3, "{kind}");
    }
}

#[tokio::test]
async fn one_that_goes_on_asking_is_given_up_with_what_it_says() {
    for kind in 0..3 {
        let server = Server::start(move |_| answer(kind)).await;
        let http = context_with(now()).http(&server.url).unwrap().limited(limited);
        let error = http.get("/x").json::<Value>().await.unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::Busy(_)), "{kind}: {error:?}");
        let text = error.to_string();
        assert!(text.contains("asks to slow down") && text.contains("ask again later"), "{text}");
        assert_eq!(server.calls().len(), 6, "{kind}");
    }
}

#[tokio::test]
async fn a_refusal_that_is_no_limit_stays_one() {
    let server = Server::start(|_| status(403, "no right")).await;
    let http = context_with(now()).http(&server.url).unwrap().limited(limited);
    assert_eq!(http.get("/x").json::<Value>().await.unwrap_err().kind(), ErrorKind::Denied);
    assert_eq!(server.calls().len(), 1);
}

fn in_seconds(seconds: i64) -> impl Fn(&crate::server::Call) -> Response<Body> {
    move |_| {
        let reset = (1_700_000_000 + seconds).to_string();
        let answer = Response::builder().status(403).header("x-left", "0").header("x-reset", reset);
        answer.header("date", "Tue, 14 Nov 2023 22:13:20 GMT").body(Body::empty()).unwrap()
    }
}

#[tokio::test]
async fn a_wait_until_a_time_is_shown_with_it_and_ends_with_whoever_waits() {
    let server = Server::start(in_seconds(50)).await;
    let context = context_with(now());
    let http = context.http(&server.url).unwrap().limited(limited);
    let asking = tokio::spawn(async move { http.get("/notes").json::<Value>().await });
    let later = std::time::Instant::now() + Duration::from_secs(20);
    let shown = loop {
        tokio::task::yield_now().await;
        let waiting = context.waits.longest(later).map(|(what, _)| what);
        if let Some(what) = waiting.filter(|what| what.contains("until")) {
            break what;
        }
    };
    assert!(shown.contains("/notes, until 2023-11-14 22:14:10 UTC as the server asks"), "{shown}");
    asking.abort();
    assert!(asking.await.unwrap_err().is_cancelled());
    assert_eq!(context.waits.longest(later), None);
}

#[tokio::test]
async fn a_wait_above_the_limit_is_told_and_not_waited_for() {
    let server = Server::start(in_seconds(3600)).await;
    let http = context_with(now()).http(&server.url).unwrap().limited(limited);
    let error = http.get("/x").json::<Value>().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Busy(Some(Duration::from_secs(3600))));
    assert!(error.to_string().contains("until: 2023-11-14 23:13:20 UTC"), "{error}");
    assert_eq!(server.calls().len(), 1);
}
