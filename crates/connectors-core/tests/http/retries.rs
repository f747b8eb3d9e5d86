//! What is tried again, how often, and what is told in the end.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::time::Duration;

use axum::Router;
use axum::routing::get;
use connectors_core::http::Cause;
use connectors_core::{Clock, ErrorKind, Result};
use serde_json::Value;

use crate::server::{Server, context, context_with, status, with};

#[tokio::test]
async fn what_may_pass_is_tried_again() {
    for code in [408, 429, 500, 502, 503] {
        let server =
            Server::start(move |call| if call.number < 3 { status(code, "") } else { status(200, "7") })
                .await;
        assert_eq!(server.client().get("/x").json::<u32>().await.unwrap(), 7, "{code}");
        assert_eq!(server.calls().len(), 4, "{code}");
    }
}

#[tokio::test]
async fn a_status_tells_what_to_do() {
    for (code, kind, tries) in [
        (400, ErrorKind::Unexpected, 1),
        (401, ErrorKind::Denied, 1),
        (403, ErrorKind::Denied, 1),
        (404, ErrorKind::Missing, 1),
        (410, ErrorKind::Missing, 1),
        (418, ErrorKind::Unexpected, 1),
        (429, ErrorKind::Busy(None), 6),
        (500, ErrorKind::Transient, 6),
        (501, ErrorKind::Unexpected, 1),
        (503, ErrorKind::Transient, 6),
    ] {
        let server = Server::start(move |_| status(code, "because\n  of  this")).await;
        let error = server.client().get("/a/b").query(&[("q", "1")]).json::<Value>().await.unwrap_err();
        assert_eq!((error.kind(), server.calls().len()), (kind, tries), "{code}: {error}");
        let text = error.to_string();
        for part in ["GET http://127.0.0.1", "/a/b?q=1", &code.to_string(), "because of this"] {
            assert!(text.contains(part), "{code}: {part}: {text}");
        }
    }
}

#[tokio::test]
async fn retry_after_is_kept_to_and_a_long_one_is_told() {
    let server =
        Server::start(|call| if call.number == 0 { with(429, "retry-after", "0") } else { status(200, "1") })
            .await;
    assert_eq!(server.client().get("/").json::<u8>().await.unwrap(), 1);
    for code in [429, 503] {
        let server = Server::start(move |_| with(code, "retry-after", "3600")).await;
        let http = context_with(at()).http(&server.url).unwrap();
        let error = http.get("/").json::<Value>().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Busy(Some(Duration::from_secs(3600))));
        assert_eq!(server.calls().len(), 1, "an hour is not waited for where a minute is allowed");
        let told = error.to_string();
        assert!(
            told.contains("`sync.max_retry_after`") && told.contains("until: 2026-11-24 14:38:00 UTC"),
            "{told}"
        );
    }
}

#[tokio::test]
async fn a_wait_that_a_server_asks_for_is_shown_with_its_end_and_ends_with_whoever_waits() {
    let server = Server::start(|_| with(429, "retry-after", "50")).await;
    let context = context_with(at());
    let http = context.http(&server.url).unwrap();
    let asking = tokio::spawn(async move { http.get("/notes").json::<Value>().await });
    let later = std::time::Instant::now() + Duration::from_secs(20);
    let shown = loop {
        tokio::task::yield_now().await;
        let waiting = context.waits.longest(later).map(|(what, _)| what);
        if let Some(what) = waiting.filter(|what| what.contains("until")) {
            break what;
        }
    };
    assert!(shown.starts_with("an answer to GET http://127.0.0.1"), "{shown}");
    assert!(
        shown.contains("/notes, until 2026-11-24 13:38:50 UTC as the server asks, tried once: "),
        "{shown}"
    );
    asking.abort();
    assert!(asking.await.unwrap_err().is_cancelled());
    assert_eq!(context.waits.longest(later), None);
}

fn at() -> Clock {
    Clock::fixed("2026-11-24T13:38:00Z".parse().unwrap())
}

#[tokio::test]
async fn an_address_at_which_nobody_listens_is_told_soon() {
    let fix = |cause| (cause == Cause::Unreachable).then_some("check `host`");
    let http = context().http(&"http://127.0.0.1:9".parse().unwrap()).unwrap().fix(fix);
    let error = http.get("/x").json::<Value>().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Transient);
    assert!(
        error
            .to_string()
            .starts_with("nothing listens at this address; check `host` (request: GET http://127.0.0.1:9/x)"),
        "{error}"
    );
    let http = context().http(&"http://no-such-host.invalid".parse().unwrap()).unwrap();
    let error = http.get("/x").json::<Value>().await.unwrap_err().to_string();
    assert!(error.contains("the host was not found; see that it runs"), "{error}");
}

#[tokio::test]
async fn what_is_no_address_of_a_server_is_a_wrong_setting() {
    for address in ["ftp://h", "data:x", "file:///etc"] {
        let error = context().http(&address.parse().unwrap()).unwrap_err();
        assert!(
            error.kind() == ErrorKind::Config && error.to_string().contains("https://host:port"),
            "{error:?}"
        );
    }
}

#[tokio::test]
async fn a_server_that_never_answers_is_given_up() {
    let router = Router::new().fallback(std::future::pending::<String>);
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap()).parse().unwrap();
    tokio::spawn(async move { axum::serve(listener, router).await });
    let http = context().http(&url).unwrap().timeout(Duration::from_millis(20));
    let error = http.get("/x").json::<Value>().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Transient);
    assert!(
        error.to_string().contains("did not answer in time") && error.to_string().contains("20ms"),
        "{error}"
    );
}

/// A server that notes how many requests it serves at once, and lets each wait until `meet` do.
async fn gathering(meet: usize) -> (url::Url, Arc<AtomicUsize>) {
    let (now, most, door) = (
        Arc::new(AtomicUsize::new(0)),
        Arc::new(AtomicUsize::new(0)),
        Arc::new(tokio::sync::Barrier::new(meet)),
    );
    let seen = most.clone();
    let handler = move || async move {
        most.fetch_max(now.fetch_add(1, SeqCst) + 1, SeqCst);
        door.wait().await;
        now.fetch_sub(1, SeqCst);
        "1"
    };
    let router = Router::new().route("/", get(handler));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap()).parse().unwrap();
    tokio::spawn(async move { axum::serve(listener, router).await });
    (url, seen)
}

#[tokio::test]
async fn as_many_requests_as_allowed_are_in_flight_and_no_more() {
    let (url, most) = gathering(3).await;
    let http = context().http(&url).unwrap().concurrency(3).rate(1_000_000);
    let all = (0..12).map(|_| http.get("/").json::<u8>());
    let answers: Result<Vec<u8>> = futures::future::join_all(all).await.into_iter().collect();
    assert_eq!((answers.unwrap().len(), most.load(SeqCst)), (12, 3));
}
