//! Where a server sends on to.

use connectors_core::config::Secret;
use connectors_core::{ErrorKind, Result};
use futures::TryStreamExt;
use serde_json::Value;

use crate::server::{Server, status, with};

#[tokio::test]
async fn credentials_follow_on_the_server_itself_and_nowhere_else() {
    let elsewhere = Server::start(|_| status(200, "\"there\"")).await;
    let there = elsewhere.url.join("/blob?signature=xyz").unwrap();
    let server = Server::start(move |call| match call.path.as_str() {
        "/here" => with(302, "location", "/end"),
        "/there" => with(307, "location", there.as_str()),
        _ => status(200, "\"here\""),
    })
    .await;
    let http =
        server.client().bearer(&Secret::new("t0p")).key("x-key", &Secret::new("k3y")).header("accept", "a/b");
    for place in ["here", "there"] {
        assert_eq!(http.get(place).json::<String>().await.unwrap(), place);
    }
    let (home, away) = (&server.calls()[1], &elsewhere.calls()[0]);
    let headers = ["authorization", "x-key", "accept"];
    assert_eq!(headers.map(|name| home.header(name)), [Some("Bearer t0p"), Some("k3y"), Some("a/b")]);
    assert_eq!(headers.map(|name| away.header(name)), [None, None, Some("a/b")]);
    assert_eq!(away.query["signature"], "xyz");
}

#[tokio::test]
async fn the_signature_of_an_address_elsewhere_is_not_shown() {
    let elsewhere = Server::start(|_| status(403, "expired")).await;
    let there = elsewhere.url.join("/blob?signature=xyz").unwrap();
    let server = Server::start(move |_| with(302, "location", there.as_str())).await;
    let error = server.client().get("/a").json::<Value>().await.unwrap_err().to_string();
    assert!(error.contains("/blob") && !error.contains("xyz"), "{error}");
}

#[tokio::test]
async fn redirects_that_lead_nowhere_are_errors() {
    let server = Server::start(|call| match call.path.as_str() {
        "/loop" => with(301, "location", "/loop"),
        "/none" => status(302, ""),
        _ => with(302, "location", "http://["),
    })
    .await;
    let http = server.client();
    for (path, what) in [("/loop", "for ever"), ("/none", "without telling where"), ("/bad", "invalid")] {
        let error = http.get(path).json::<Value>().await.unwrap_err();
        assert!(error.kind() == ErrorKind::Unexpected && error.to_string().contains(what), "{error:?}");
    }
    let error = http.post("/loop").body(&1).json::<Value>().await.unwrap_err();
    assert!(error.to_string().contains("redirects a POST"), "{error}");
}

#[tokio::test]
async fn a_request_never_leaves_for_another_server() {
    let server = Server::start(|_| status(200, r#"{"items": [1], "next": "http://127.0.0.1:9/x"}"#)).await;
    let http = server.client();
    let error = http.get("http://127.0.0.1:9/x").json::<Value>().await.unwrap_err();
    assert!(error.to_string().contains("are not sent to http://127.0.0.1:9"), "{error}");
    let page = |page: Value| (vec![page["items"][0].clone()], page["next"].as_str().map(str::to_owned));
    let items: Result<Vec<Value>> = http.get("/x").pages(page).try_collect().await;
    assert!(items.unwrap_err().to_string().contains("are not sent to http://127.0.0.1:9"));
}

#[tokio::test]
async fn a_redirect_into_a_network_that_the_server_is_not_in_is_refused_at_once() {
    for (target, told) in [
        (
            "http://169.254.169.254/latest/meta-data",
            "169.254.169.254 (169.254.169.254), a link-local or metadata address",
        ),
        ("http://[fd00:ec2::254]/latest/meta-data", "a private address"),
        ("http://10.20.30.40:9200/_search", "a private address"),
        ("http://[::ffff:10.0.0.1]/x", "a private address"),
    ] {
        let server = Server::start(move |_| with(302, "location", target)).await;
        let error = server.client().get("/a").json::<Value>().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unexpected);
        let error = error.to_string();
        assert!(error.contains(told) && error.contains("give that server's address"), "{error}");
        assert_eq!(server.calls().len(), 1, "it is not tried again");
    }
}
