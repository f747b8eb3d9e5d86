//! Credentials: how they go out, how they are renewed, and that nothing shows them.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering::SeqCst};

use chrono::DateTime;
use connectors_core::config::Secret;
use connectors_core::http::{Cause, OAuth};
use connectors_core::{Clock, ErrorKind, Http};
use serde_json::{Value, json};

use crate::server::{Call, Server, context, context_with, status};

const SECRET: &str = "s3cr3t/+value";

fn secret() -> Secret {
    Secret::new(SECRET)
}

/// Hands out tokens that live for `life` seconds, and echoes how it was asked otherwise.
fn tokens(life: i64) -> impl Fn(&Call) -> axum::http::Response<axum::body::Body> {
    move |call| match call.path.as_str() {
        "/token" => {
            status(200, json!({"access_token": format!("t{}", call.number), "expires_in": life}).to_string())
        }
        _ => status(200, json!(call.header("authorization")).to_string()),
    }
}

async fn asked(http: &Http) -> Value {
    http.get("/x").json().await.unwrap()
}

#[tokio::test]
async fn requests_are_signed_as_declared() {
    let server = Server::start(|call| {
        status(
            200,
            json!([call.header("authorization"), call.header("x-key"), call.header("accept")]).to_string(),
        )
    })
    .await;
    let mut named = server.url.clone();
    named.set_username("a%40b").unwrap();
    named.set_password(Some("p%2Fw")).unwrap();
    let plain = || server.client();
    for (http, expected) in [
        (plain(), json!([null, null, "*/*"])),
        (plain().bearer(&secret()), json!(["Bearer s3cr3t/+value", null, "*/*"])),
        (plain().bearer(&Secret::default()), json!([null, null, "*/*"])),
        (plain().basic("ada", &secret()), json!(["Basic YWRhOnMzY3IzdC8rdmFsdWU=", null, "*/*"])),
        (context().http(&named).unwrap(), json!(["Basic YUBiOnAvdw==", null, "*/*"])),
        (plain().key("x-key", &secret()).header("accept", "a/b"), json!([null, "s3cr3t/+value", "a/b"])),
    ] {
        assert_eq!(asked(&http).await, expected);
    }
}

#[tokio::test]
async fn what_no_header_can_hold_is_a_wrong_setting() {
    let server = Server::start(|_| status(200, "1")).await;
    let pasted = Secret::new("abc\n");
    for http in [
        server.client().bearer(&pasted),
        server.client().key("x-key", &pasted),
        server.client().key("a b", &secret()),
    ] {
        let error = http.get("/").json::<Value>().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Config);
        assert!(error.to_string().contains("line breaks") && !error.to_string().contains("abc"), "{error}");
    }
    assert!(server.calls().is_empty());
}

#[tokio::test]
async fn a_token_is_fetched_once_and_used_by_all_clones() {
    let server = Server::start(tokens(3600)).await;
    let oauth = OAuth::client_credentials("/token", "me", &secret()).scope("read all");
    let http = server.client().oauth(oauth);
    let clone = http.clone();
    let both = futures::join!(asked(&http), asked(&clone));
    assert_eq!(both, (json!("Bearer t0"), json!("Bearer t0")));
    let grant = &server.calls()[0];
    let form: Vec<_> = url::form_urlencoded::parse(grant.body.as_bytes()).into_owned().collect();
    let expected = [
        ("grant_type", "client_credentials"),
        ("scope", "read all"),
        ("client_id", "me"),
        ("client_secret", SECRET),
    ];
    assert_eq!((grant.method.as_str(), grant.header("authorization")), ("POST", None));
    assert_eq!(form, expected.map(|(name, value)| (name.to_owned(), value.to_owned())));
}

#[tokio::test]
async fn id_and_secret_go_into_a_header_where_the_server_wants_them_there() {
    let server = Server::start(tokens(3600)).await;
    let http = server.client().oauth(OAuth::client_credentials("/token", "ada", &secret()).in_header());
    assert_eq!(asked(&http).await, "Bearer t0");
    let grant = &server.calls()[0];
    assert_eq!(grant.header("authorization"), Some("Basic YWRhOnMzY3IzdC8rdmFsdWU="));
    assert_eq!(grant.body, "grant_type=client_credentials");
}

#[tokio::test]
async fn a_token_is_renewed_before_it_expires() {
    let server = Server::start(tokens(600)).await;
    let now = Arc::new(AtomicI64::new(1_700_000_000));
    let clock = now.clone();
    let context = context_with(Clock::new(move || DateTime::from_timestamp(clock.load(SeqCst), 0).unwrap()));
    let http = context.http(&server.url).unwrap().oauth(OAuth::client_credentials("/token", "me", &secret()));
    let mut seen = Vec::new();
    for seconds in [0, 539, 1] {
        now.fetch_add(seconds, SeqCst);
        seen.push(asked(&http).await);
    }
    assert_eq!(seen, ["Bearer t0", "Bearer t0", "Bearer t3"]);
}

#[tokio::test]
async fn a_refused_token_is_renewed_once() {
    for (refusals, expected) in [(1, Ok("Bearer t2")), (9, Err(ErrorKind::Denied))] {
        let server = Server::start(move |call| {
            if call.path == "/token" {
                tokens(600)(call)
            } else if call.number <= refusals {
                status(401, "")
            } else {
                tokens(600)(call)
            }
        })
        .await;
        let http = server.client().oauth(OAuth::client_credentials("token", "me", &secret()));
        let answer = http.get("/x").json::<String>().await;
        assert_eq!(answer.as_deref().map_err(|error| error.kind()), expected);
        assert_eq!(server.calls().len(), 4, "token, refused, token, once more");
    }
}

#[tokio::test]
async fn refused_credentials_tell_what_to_do() {
    for (code, body, kind, what) in [
        (401, r#"{"error":"invalid_client"}"#, ErrorKind::Denied, "invalid_client"),
        (400, r#"{"error":"invalid_scope"}"#, ErrorKind::Denied, "invalid_scope"),
        (500, "oops", ErrorKind::Transient, "the server failed"),
        (404, "", ErrorKind::Missing, "no such thing"),
        (200, "{}", ErrorKind::Unexpected, "gave no token"),
    ] {
        let server = Server::start(move |_| status(code, body)).await;
        let fix = |cause| (cause == Cause::Credentials).then_some("check `client_secret`");
        let http = server.client().oauth(OAuth::client_credentials("/token", "me", &secret())).fix(fix);
        let error = http.get("/x").json::<Value>().await.unwrap_err();
        let text = error.to_string();
        assert!(
            error.kind() == kind && text.contains(what) && text.contains("POST http://127.0.0.1"),
            "{error:?}"
        );
        assert_eq!(text.contains("check `client_secret`"), kind == ErrorKind::Denied, "{error:?}");
    }
    let server = Server::start(|_| status(200, "1")).await;
    let http = server.client().oauth(OAuth::client_credentials("http://[", "me", &secret()));
    assert_eq!(http.get("/x").json::<Value>().await.unwrap_err().kind(), ErrorKind::Config);
}

#[tokio::test]
async fn no_error_and_no_debug_shows_a_secret() {
    let server = Server::start(|call| {
        if call.path == "/token" {
            return status(200, r#"{"access_token": "t0ken-value"}"#);
        }
        let told: Vec<&str> = call.headers.values().map(String::as_str).collect();
        status(400, format!("you sent {} {SECRET} {}", told.join(" "), call.query["key"]))
    })
    .await;
    let secret = secret();
    for http in [
        server.client().bearer(&secret),
        server.client().basic("ada", &secret),
        server.client().key("x-key", &secret),
        server.client().oauth(OAuth::client_credentials("/token", "me", &secret).in_header()),
    ] {
        let request = http.get("/x").query(&[("key", SECRET)]);
        let mut shown =
            format!("{http:?} {request:?} {:?}", OAuth::client_credentials("/token", "me", &secret));
        let error = request.json::<Value>().await.unwrap_err();
        shown += &format!("{error} {error:?}");
        for hidden in [SECRET, "s3cr3t", "t0ken-value", "YWRhOnMzY3IzdC8rdmFsdWU="] {
            assert!(!shown.contains(hidden), "{hidden}: {shown}");
        }
        assert!(error.to_string().contains("you sent"), "{error}");
    }
}

#[tokio::test]
async fn a_token_is_used_whatever_its_server_says_of_its_life() {
    let lives = [
        json!("3600"),
        json!("soon"),
        json!(null),
        json!(-5),
        json!(1e300),
        json!(u64::MAX),
        json!("1e400"),
        json!("NaN"),
        json!([1]),
        json!({ "a": 1 }),
        json!(true),
    ];
    for life in lives {
        let shown = life.clone();
        let server = Server::start(move |call| match call.path.as_str() {
            "/token" => status(200, json!({ "access_token": "t", "expires_in": life }).to_string()),
            _ => status(200, json!(call.header("authorization")).to_string()),
        })
        .await;
        let http = server.client().oauth(OAuth::client_credentials("/token", "id", &secret()));
        for _ in 0..2 {
            assert_eq!(asked(&http).await, "Bearer t", "{shown}");
        }
    }
}
