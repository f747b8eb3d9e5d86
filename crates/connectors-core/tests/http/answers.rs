//! What comes back: values, bytes, and what is neither.

use axum::body::{Body, Bytes};
use axum::http::Response;
use connectors_core::http::segment;
use connectors_core::{ErrorKind, Result};
use futures::{StreamExt, TryStreamExt, stream};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::server::{Server, context, status};

#[derive(Debug, Deserialize)]
#[expect(dead_code, reason = "only its shape counts")]
struct Note {
    title: String,
}

#[tokio::test]
async fn requests_are_joined_to_the_path_of_the_base() {
    let server = Server::start(|call| {
        status(200, json!([call.path, call.query, call.body, call.header("content-type")]).to_string())
    })
    .await;
    for (base, path, joined) in [
        ("", "/a", "/a"),
        ("", "a", "/a"),
        ("/api/v1", "/a", "/api/v1/a"),
        ("/api/v1/?x=1#y", "a/b", "/api/v1/a/b"),
    ] {
        let http = context().http(&server.url.join(base).unwrap()).unwrap();
        assert_eq!(
            http.get(path).json::<Value>().await.unwrap(),
            json!([joined, {}, "", null]),
            "{base} {path}"
        );
    }
    let posted = server
        .client()
        .post("/search")
        .query(&[("n", 1), ("m", 2)])
        .query(&[("n", 3)])
        .body(&json!({"q": "ä"}));
    let expected = json!(["/search", {"n": "3", "m": "2"}, r#"{"q":"ä"}"#, "application/json"]);
    assert_eq!(posted.json::<Value>().await.unwrap(), expected);
    let form = server.client().post("/f").form(&[("a", "b c"), ("d", "&")]);
    let expected = json!(["/f", {}, "a=b+c&d=%26", "application/x-www-form-urlencoded"]);
    assert_eq!(form.json::<Value>().await.unwrap(), expected);
    assert_eq!(segment("a/b?c#ä ~"), "a%2Fb%3Fc%23%C3%A4%20~");
}

#[tokio::test]
async fn an_answer_of_another_shape_tells_its_place() {
    let server = Server::start(|_| {
        status(200, format!("[\n{{\"title\": \"x\"}},\n{}{{\"title\": 7}}]", " ".repeat(2000)))
    })
    .await;
    let error = server.client().get("/notes").json::<Vec<Note>>().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unexpected);
    let text = error.to_string();
    for part in [
        "not understood",
        "GET http://127.0.0.1",
        "invalid type: integer `7`",
        "line 3 column 2011",
        r#"{"title": 7}"#,
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
    assert!(text.len() < 800, "{text}");
}

#[tokio::test]
async fn what_can_not_be_sent_is_an_error_of_its_request() {
    let server = Server::start(|_| status(200, "1")).await;
    let unspeakable = std::collections::HashMap::from([((1, 2), 3)]);
    let error =
        server.client().post("/").body(&unspeakable).query(&[("a", 1)]).json::<Value>().await.unwrap_err();
    assert!(error.to_string().contains("did not serialise"), "{error}");
    assert!(server.calls().is_empty());
}

#[tokio::test]
async fn an_answer_above_the_limit_is_refused() {
    let server = Server::start(|_| status(200, format!("\"{}\"", "x".repeat(100)))).await;
    assert!(server.client().max_answer(102).get("/").json::<String>().await.is_ok());
    let error = server.client().max_answer(101).get("/").json::<String>().await.unwrap_err();
    assert!(error.kind() == ErrorKind::Unexpected && error.to_string().contains("101 bytes"), "{error:?}");
}

fn pieces(count: usize, end: Option<&'static str>) -> Response<Body> {
    let pieces = stream::repeat_with(|| Ok(Bytes::from(vec![7; 1 << 16]))).take(count);
    let end = stream::iter(end.map(|text| Err(std::io::Error::other(text))));
    Response::new(Body::from_stream(pieces.chain(end)))
}

#[tokio::test]
async fn bytes_come_in_pieces_and_may_be_more_than_any_limit() {
    let server = Server::start(|_| pieces(64, None)).await;
    let stream = server.client().max_answer(10).get("/file").bytes().await.unwrap();
    let lengths: Vec<usize> = stream.map_ok(|piece| piece.len()).try_collect().await.unwrap();
    assert_eq!(lengths.iter().sum::<usize>(), 64 << 16);
    assert!(lengths.len() > 16, "{lengths:?}");
}

#[tokio::test]
async fn a_body_that_breaks_off_is_an_error_and_tried_again_where_nothing_was_handed_on() {
    let server = Server::start(|call| {
        if call.path == "/file" || call.number == 0 { pieces(64, Some("broken")) } else { status(200, "5") }
    })
    .await;
    assert_eq!(server.client().get("/json").json::<u8>().await.unwrap(), 5);
    let read: Vec<Result<Bytes>> = server.client().get("/file").bytes().await.unwrap().collect().await;
    let error = read.last().unwrap().as_ref().unwrap_err();
    assert!(
        error.kind() == ErrorKind::Transient && error.to_string().contains("broke off (request: GET http"),
        "{error:?}"
    );
    assert_eq!(read.iter().filter(|piece| piece.is_err()).count(), 1);
}

#[tokio::test]
async fn a_stream_that_stands_still_is_an_error() {
    let server = Server::start(|_| {
        let first = stream::iter([Ok::<_, std::io::Error>(Bytes::from_static(b"x"))]);
        Response::new(Body::from_stream(first.chain(stream::pending())))
    })
    .await;
    let http = server.client().timeout(std::time::Duration::from_millis(50));
    let read: Vec<Result<Bytes>> = http.get("/").bytes().await.unwrap().collect().await;
    assert_eq!(read[0].as_ref().unwrap(), "x");
    assert_eq!(read[1].as_ref().unwrap_err().kind(), ErrorKind::Transient);
    let error = http.get("/").json::<Value>().await.unwrap_err();
    assert!(error.to_string().contains("did not answer in time"), "{error}");
}

#[tokio::test]
async fn a_refused_file_is_an_error_before_its_first_byte() {
    let server =
        Server::start(|call| if call.number == 0 { status(503, "") } else { status(404, "gone") }).await;
    let Err(error) = server.client().get("/file").bytes().await else { panic!("a stream") };
    assert!(error.kind() == ErrorKind::Missing && error.to_string().contains("gone"), "{error:?}");
}

#[tokio::test]
async fn a_page_for_browsers_in_place_of_json_is_told() {
    let page = "<!DOCTYPE html><html><body>Sign in</body></html>";
    let with_type = |_: &_| {
        let answer = Response::builder().header("content-type", "text/html; charset=utf-8");
        answer.body(Body::from("Sign in")).unwrap()
    };
    for server in [Server::start(with_type).await, Server::start(move |_| status(200, page)).await] {
        let error = server.client().get("/a").json::<Value>().await.unwrap_err();
        let text = error.to_string();
        assert_eq!(error.kind(), ErrorKind::Unexpected);
        for part in ["(HTML)", "login page", "GET http://127.0.0.1", "/a", "Sign in"] {
            assert!(text.contains(part), "{part}: {text}");
        }
    }
}

#[tokio::test]
async fn a_header_is_read_beside_the_answer() {
    let server =
        Server::start(|_| Response::builder().header("x-scopes", "a, b").body(Body::from("7")).unwrap())
            .await;
    let get = || server.client().get("/");
    assert_eq!(get().json_with_header::<u8>("X-Scopes").await.unwrap(), (7, Some("a, b".into())));
    assert_eq!(get().json_with_header::<u8>("x-other").await.unwrap(), (7, None));
}
