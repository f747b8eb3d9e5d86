//! Listings that come page by page.

use axum::body::Body;
use axum::http::Response;
use connectors_core::http::Next;
use connectors_core::{Error, ErrorKind, Http, Result};
use futures::{StreamExt, TryStreamExt};
use serde::Deserialize;
use serde_json::json;

use crate::server::{Call, Server, status};

#[derive(Deserialize)]
struct Page {
    items: Vec<u32>,
    next: Option<String>,
}

/// Three pages of two items each; `next` tells what the page after `number` is called.
fn page(number: u32, next: impl Fn(u32) -> String) -> Response<Body> {
    let next = (number < 2).then(|| next(number + 1));
    status(200, json!({"items": [number * 2, number * 2 + 1], "next": next}).to_string())
}

fn number(call: &Call, parameter: &str) -> u32 {
    call.query.get(parameter).map_or(0, |text| text.parse().unwrap())
}

async fn all(items: impl futures::Stream<Item = Result<u32>>) -> Result<Vec<u32>> {
    items.try_collect().await
}

#[tokio::test]
async fn pages_are_followed_by_links_as_seen_from_the_page() {
    let server = Server::start(|call| {
        let relative = number(call, "p") == 0;
        let host = call.header("host").unwrap().to_owned();
        page(number(call, "p"), move |next| {
            if relative {
                format!("?p={next}&folder=a%20b")
            } else {
                format!("http://{host}/api/notes?p={next}")
            }
        })
    })
    .await;
    let base = server.url.join("/api/").unwrap();
    let http = crate::server::context().http(&base).unwrap();
    let items = http.get("/notes").query(&[("folder", "a b")]).pages(|page: Page| (page.items, page.next));
    assert_eq!(all(items).await.unwrap(), [0, 1, 2, 3, 4, 5]);
    let calls = server.calls();
    assert!(calls.iter().all(|call| call.path == "/api/notes"), "{calls:?}");
    assert_eq!(calls[1].query["folder"], "a b");
}

#[tokio::test]
async fn pages_are_followed_by_a_cursor_that_takes_the_place_of_the_last_one() {
    let server = Server::start(|call| page(number(call, "cursor"), |next| next.to_string())).await;
    let http = server.client();
    let items = http
        .get("/")
        .query(&[("size", 2)])
        .pages(|page: Page| (page.items, Next::query("cursor", page.next)));
    assert_eq!(all(items).await.unwrap(), [0, 1, 2, 3, 4, 5]);
    let last = &server.calls()[2];
    assert_eq!((last.query.len(), last.query["size"].as_str(), last.query["cursor"].as_str()), (2, "2", "2"));
}

#[tokio::test]
async fn pages_are_followed_by_a_header() {
    let server = Server::start(|call| {
        let number = number(call, "page");
        let link = if number < 2 {
            format!("</x?page={}>; rel=\"next\"", number + 1)
        } else {
            "</x>; rel=\"first\"".into()
        };
        let body = json!([number]).to_string();
        Response::builder().header("link", link).body(Body::from(body)).unwrap()
    })
    .await;
    let http: Http = server.client();
    assert_eq!(all(http.get("/x").pages_by_header(|items: Vec<u32>| items)).await.unwrap(), [0, 1, 2]);
}

#[tokio::test]
async fn a_link_header_is_followed_as_it_is_meant_and_is_an_error_where_it_can_not_be_read() {
    for (link, expected) in
        [("</x?page=1&fields=a,b>; Rel = \"next\"", true), ("</x?page=1; rel=next", false)]
    {
        let server = Server::start(move |call| {
            let number = number(call, "page");
            let link = if number == 0 { link } else { "</x>; rel=first" };
            Response::builder().header("link", link).body(Body::from(json!([number]).to_string())).unwrap()
        })
        .await;
        let items = all(server.client().get("/x").pages_by_header(|items: Vec<u32>| items)).await;
        match items {
            Ok(items) => assert!(expected && items == [0, 1], "{items:?}"),
            Err(error) => {
                assert!(!expected && error.to_string().contains("GET") && error.is_fatal(), "{error}")
            }
        }
    }
}

#[tokio::test]
async fn pages_are_followed_by_an_offset_until_one_is_empty() {
    let server = Server::start(|call| {
        let from = number(call, "startAt");
        status(200, json!((from..(from + 3).min(7)).collect::<Vec<_>>()).to_string())
    })
    .await;
    let items = server.client().get("/").pages_by_offset("startAt", |items: Vec<u32>| items);
    assert_eq!(all(items).await.unwrap(), [0, 1, 2, 3, 4, 5, 6]);
    let asked: Vec<u32> = server.calls().iter().map(|call| number(call, "startAt")).collect();
    assert_eq!(asked, [0, 3, 6, 7]);
}

#[tokio::test]
async fn a_page_that_leads_back_is_an_error_and_no_endless_loop() {
    for (back, calls) in [(2, 3), (1, 3), (0, 3)] {
        let server = Server::start(move |call| {
            let number = number(call, "c");
            let next = if number == 2 { back } else { number + 1 };
            status(200, json!({"items": [number], "next": format!("?c={next}")}).to_string())
        })
        .await;
        let http = server.client();
        let mut items =
            Box::pin(http.get("/").query(&[("c", 0)]).pages(|page: Page| (page.items, page.next)));
        let listed: Vec<Result<u32>> = items.by_ref().collect().await;
        let (last, first) = listed.split_last().unwrap();
        assert_eq!(
            first.iter().flatten().count(),
            2,
            "the page that leads back is not listed before its error"
        );
        let error = last.as_ref().unwrap_err();
        assert!(
            error.kind() == ErrorKind::Unexpected && error.to_string().contains("would never end"),
            "{error:?}"
        );
        assert_eq!(server.calls().len(), calls);
    }
}

#[tokio::test]
async fn a_page_that_fails_ends_the_listing_with_its_error() {
    for (code, body, kind) in
        [(500, "", ErrorKind::Transient), (403, "", ErrorKind::Denied), (200, "{}", ErrorKind::Unexpected)]
    {
        let server = Server::start(move |call| match number(call, "c") {
            0 => page(0, |next| format!("?c={next}")),
            _ => status(code, body),
        })
        .await;
        let items = server.client().get("/").pages(|page: Page| (page.items, page.next));
        let listed: Vec<Result<u32>> = items.collect().await;
        assert_eq!(listed.iter().flatten().collect::<Vec<_>>(), [&0, &1]);
        assert_eq!(listed.last().unwrap().as_ref().unwrap_err().kind(), kind);
        assert_eq!(listed.len(), 3);
    }
}

/// Three pages of two items, of which a body asks for the one behind a number.
async fn by_body(read: fn(&str) -> Option<String>) -> Server {
    Server::start(move |call| {
        let number = read(&call.body).map_or(0, |text| text.parse().unwrap());
        page(number, |next| next.to_string())
    })
    .await
}

#[tokio::test]
async fn pages_are_followed_by_a_cursor_in_the_body() {
    let in_json = |body: &str| -> Option<String> {
        let body: serde_json::Value = serde_json::from_str(body).unwrap();
        assert_eq!((&body["query"], &body["variables"]["size"]), (&json!("{ a }"), &json!(2)));
        body["variables"]["after"].as_str().map(str::to_owned)
    };
    let server = by_body(in_json).await;
    for first in [json!({"size": 2}), json!({"size": 2, "after": null})] {
        let request = server.client().post("/graphql").body(&json!({"query": "{ a }", "variables": first}));
        let items = request.pages(|page: Page| (page.items, Next::body("/variables/after", page.next)));
        assert_eq!(all(items).await.unwrap(), [0, 1, 2, 3, 4, 5]);
    }
    let in_form = |body: &str| {
        let mut fields = url::form_urlencoded::parse(body.as_bytes()).into_owned();
        fields.find(|(name, _)| name == "cursor").map(|(_, value)| value)
    };
    let server = by_body(in_form).await;
    let request = server.client().post("/list").form(&[("size", "2")]);
    let items = request.pages(|page: Page| (page.items, Next::body("/cursor", page.next)));
    assert_eq!(all(items).await.unwrap(), [0, 1, 2, 3, 4, 5]);
    assert_eq!(server.calls()[2].body, "size=2&cursor=2");
}

#[tokio::test]
async fn a_cursor_in_the_body_that_comes_again_is_an_error_and_no_endless_loop() {
    for again in ["1", "2"] {
        let server = Server::start(move |call| {
            let is_last = call.body.contains("\"2\"");
            let next = if is_last {
                again
            } else if call.body.contains("\"1\"") {
                "2"
            } else {
                "1"
            };
            status(200, json!({"items": [call.number], "next": next}).to_string())
        })
        .await;
        let request = server.client().post("/").body(&json!({"variables": {}}));
        let items = request.pages(|page: Page| (page.items, Next::body("/variables/after", page.next)));
        let listed: Vec<Result<u32>> = items.collect().await;
        let error = listed.last().unwrap().as_ref().unwrap_err();
        assert!(error.to_string().contains("would never end"), "{error}");
        assert_eq!(server.calls().len(), 3, "{again}");
    }
    let server = Server::start(|_| status(200, json!({"items": [1], "next": "a"}).to_string())).await;
    let items = server.client().get("/").pages(|page: Page| (page.items, Next::body("/after", page.next)));
    let error = all(items).await.unwrap_err();
    assert!(error.to_string().contains("the request has none"), "{error}");
}

#[tokio::test]
async fn a_page_that_says_that_it_is_none_ends_the_listing_with_its_error() {
    let server = Server::start(|call| page(number(call, "c"), |next| next.to_string())).await;
    let items = server.client().get("/").try_pages(|page: Page| match page.items[0] {
        2 => Err(Error::transient("not now")),
        _ => Ok((page.items, Next::query("c", page.next))),
    });
    let listed: Vec<Result<u32>> = items.collect().await;
    assert_eq!(listed.iter().flatten().collect::<Vec<_>>(), [&0, &1]);
    assert_eq!(listed[2].as_ref().unwrap_err().to_string(), "not now");
    assert_eq!((listed.len(), server.calls().len()), (3, 2));
}
