//! Each fault of the proxy, as the program and as the server see it.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering::SeqCst};
use std::sync::{Arc, PoisonError};
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::{Body, Bytes};
use axum::http::StatusCode;
use axum::routing::{any, get};
use connectors_testkit::proxy::{Fault, Plan, Proxy};
use futures::stream;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

const BODY: &str = "0123456789012345678901234567890123456789";

/// A server that answers what it is sent and counts how often it did.
struct Echo {
    address: SocketAddr,
    served: Arc<AtomicU64>,
}

impl Echo {
    async fn start() -> std::io::Result<Self> {
        let served = Arc::new(AtomicU64::new(0));
        let count = Arc::clone(&served);
        let echo = any(move |body: Bytes| async move {
            count.fetch_add(1, SeqCst);
            body
        });
        let pieces = || stream::iter(["one, ", "two, ", "three"].map(Ok::<_, std::io::Error>));
        let app = Router::new()
            .route("/", echo)
            .route("/pieces", get(move || async move { Body::from_stream(pieces()) }))
            .route("/nothing", any(|| async { StatusCode::NO_CONTENT }));
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        tokio::spawn(async move { axum::serve(listener, app).await });
        Ok(Self { address, served })
    }

    fn served(&self) -> u64 {
        self.served.load(SeqCst)
    }
}

/// A client that opens a connection for each request.
fn client() -> reqwest::Client {
    reqwest::Client::builder().no_proxy().pool_max_idle_per_host(0).build().unwrap_or_default()
}

/// Status and body of an answer; none when it broke off.
async fn post(client: &reqwest::Client, proxy: &Proxy) -> Option<(u16, String)> {
    let answer = client.post(proxy.url()).body(BODY).send().await.ok()?;
    let status = answer.status().as_u16();
    Some((status, answer.text().await.ok()?))
}

fn whole() -> Option<(u16, String)> {
    Some((200, BODY.to_owned()))
}

fn once(fault: Fault) -> Plan {
    Plan::scripted([Some(fault)])
}

#[tokio::test]
async fn a_calm_proxy_changes_nothing() {
    let server = Echo::start().await.unwrap();
    let proxy = Proxy::http(server.address, Plan::calm()).await.unwrap();
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    for _ in 0..3 {
        assert_eq!(post(&client, &proxy).await, whole());
    }
    let pieces = client.get(format!("{}/pieces", proxy.url())).send().await.unwrap();
    assert_eq!(pieces.text().await.unwrap(), "one, two, three");
    let nothing = client.get(format!("{}/nothing", proxy.url())).send().await.unwrap();
    assert_eq!(nothing.status(), 204);
    let head = client.head(proxy.url()).send().await.unwrap();
    assert_eq!(head.status(), 200);
    assert_eq!((proxy.met(), proxy.injected()), (6, BTreeMap::new()));
}

#[tokio::test]
async fn chunks_of_a_request_pass() {
    let server = Echo::start().await.unwrap();
    let proxy = Proxy::http(server.address, Plan::calm()).await.unwrap();
    let mut stream = TcpStream::connect(proxy.address()).await.unwrap();
    let request = "POST / HTTP/1.1\r\nhost: x\r\nconnection: close\r\ntransfer-encoding: chunked\r\n\r\n\
                   5\r\nhello\r\n6;a=b\r\n world\r\n0\r\n\r\n";
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 200") && answer.ends_with("hello world"), "{answer}");
}

#[tokio::test]
async fn a_status_is_answered_in_the_servers_place() {
    let server = Echo::start().await.unwrap();
    let faults = [413, 429, 503, 418].map(|status| Some(Fault::Status(status)));
    let proxy = Proxy::http(server.address, Plan::scripted(faults)).await.unwrap();
    let client = client();
    for status in [413, 429, 503, 418] {
        let (given, text) = post(&client, &proxy).await.unwrap();
        assert_eq!(given, status);
        assert!(text.contains("injected") && text.ends_with(&format!("\"status\":{status}}}")), "{text}");
    }
    assert_eq!(server.served(), 0);
    let counts = ["status", "status_413", "status_429", "status_503"].map(|name| (name, 1));
    assert_eq!(proxy.injected(), BTreeMap::from(counts));
    assert_eq!(post(&client, &proxy).await, whole());
}

#[tokio::test]
async fn cuts_leave_the_server_where_their_place_says() {
    for (fault, name, served) in [
        (Fault::CutBefore, "cut_before", 0),
        (Fault::CutRequest, "cut_request", 0),
        (Fault::LoseAnswer, "lose_answer", 1),
        (Fault::CutAnswer, "cut_answer", 1),
    ] {
        let server = Echo::start().await.unwrap();
        let proxy = Proxy::http(server.address, once(fault)).await.unwrap();
        let client = client();
        assert_eq!(post(&client, &proxy).await, None, "{fault:?}");
        assert_eq!(server.served(), served, "{fault:?}");
        assert_eq!(proxy.injected(), BTreeMap::from([(name, 1)]));
        assert_eq!(post(&client, &proxy).await, whole(), "after {fault:?}");
    }
}

#[tokio::test]
async fn a_cut_after_the_answer_ends_a_connection_that_was_to_be_kept() {
    let server = Echo::start().await.unwrap();
    let proxy = Proxy::http(server.address, once(Fault::CutAfter)).await.unwrap();
    let mut stream = TcpStream::connect(proxy.address()).await.unwrap();
    stream.write_all(b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 2\r\n\r\nhi").await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(answer.ends_with("hi") && !answer.contains("connection: close"), "{answer}");
}

#[tokio::test]
async fn a_wrong_length_shortens_the_body_unnoticed() {
    let server = Echo::start().await.unwrap();
    let proxy = Proxy::http(server.address, once(Fault::WrongLength)).await.unwrap();
    let client = client();
    assert_eq!(post(&client, &proxy).await, Some((200, BODY[..BODY.len() / 2].to_owned())));
    assert_eq!((server.served(), post(&client, &proxy).await), (1, whole()));
    proxy.set_plan(once(Fault::WrongLength));
    let pieces = client.get(format!("{}/pieces", proxy.url())).send().await.unwrap();
    assert!(pieces.text().await.is_err(), "chunks name no length: they break off");
}

#[tokio::test]
async fn late_and_slow_answers_are_whole() {
    let server = Echo::start().await.unwrap();
    let time = Duration::from_millis(80);
    let plan = Plan::scripted([Some(Fault::Delay(time)), Some(Fault::Slow(time))]);
    let proxy = Proxy::http(server.address, plan).await.unwrap();
    for _ in 0..2 {
        let begun = Instant::now();
        assert_eq!(post(&client(), &proxy).await, whole());
        assert!(begun.elapsed() >= time);
    }
    assert_eq!(proxy.injected(), BTreeMap::from([("delay", 1), ("slow", 1)]));
}

#[tokio::test]
async fn a_refusal_ends_after_its_time() {
    let server = Echo::start().await.unwrap();
    for proxy in [
        Proxy::http(server.address, once(Fault::Refuse(Duration::from_millis(50)))).await.unwrap(),
        Proxy::tcp(server.address, once(Fault::Refuse(Duration::from_millis(50)))).await.unwrap(),
    ] {
        let client = client();
        assert_eq!(post(&client, &proxy).await, None);
        let begun = Instant::now();
        while post(&client, &proxy).await.is_none() {
            assert!(begun.elapsed() < Duration::from_secs(30), "it never takes connections again");
            tokio::task::yield_now().await;
        }
        assert_eq!(proxy.injected(), BTreeMap::from([("refuse", 1)]));
    }
}

#[tokio::test]
async fn down_means_refused_until_up() {
    let server = Echo::start().await.unwrap();
    let proxy = Proxy::http(server.address, Plan::calm()).await.unwrap();
    let kept = reqwest::Client::builder().no_proxy().build().unwrap();
    assert_eq!(post(&kept, &proxy).await, whole());
    proxy.down().await;
    let refused = TcpStream::connect(proxy.address()).await.unwrap_err();
    assert_eq!(refused.kind(), std::io::ErrorKind::ConnectionRefused);
    assert_eq!(post(&kept, &proxy).await, None, "kept connections are cut too");
    proxy.up().await;
    assert_eq!(post(&kept, &proxy).await, whole());
}

#[tokio::test]
async fn a_cut_ends_open_connections_and_takes_new_ones() {
    let server = Echo::start().await.unwrap();
    let proxy = Proxy::tcp(server.address, Plan::calm()).await.unwrap();
    let mut stream = TcpStream::connect(proxy.address()).await.unwrap();
    stream.write_all(b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 2\r\n\r\nhi").await.unwrap();
    let mut answer = [0; 12];
    stream.read_exact(&mut answer).await.unwrap();
    assert_eq!(&answer, b"HTTP/1.1 200");
    proxy.cut().await;
    assert!(
        stream.read_to_end(&mut Vec::new()).await.is_err() || stream.read(&mut answer).await.unwrap() == 0
    );
    assert_eq!(post(&client(), &proxy).await, whole());
}

#[tokio::test]
async fn a_server_that_moved_is_found() {
    let (old, new) = (Echo::start().await.unwrap(), Echo::start().await.unwrap());
    let proxy = Proxy::http(old.address, Plan::calm()).await.unwrap();
    assert_eq!(post(&client(), &proxy).await, whole());
    proxy.set_target(new.address);
    assert_eq!(post(&client(), &proxy).await, whole());
    assert_eq!((old.served(), new.served()), (1, 1));
}

#[tokio::test]
async fn a_server_that_is_away_breaks_the_connection() {
    let closed = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let proxy = Proxy::http(closed, Plan::calm()).await.unwrap();
    assert_eq!(post(&client(), &proxy).await, None);
}

#[tokio::test]
async fn what_is_no_http_is_cut() {
    let server = Echo::start().await.unwrap();
    let proxy = Proxy::http(server.address, Plan::calm()).await.unwrap();
    for nonsense in [
        "half a head".to_owned(),
        "x".repeat(1 << 17) + "\r\n\r\n",
        "POST / HTTP/1.1\r\ncontent-length: 9\r\n\r\nx".into(),
    ] {
        let mut stream = TcpStream::connect(proxy.address()).await.unwrap();
        // The proxy may cut the connection while this is still written.
        let _ = stream.write_all(nonsense.as_bytes()).await;
        let _ = stream.shutdown().await;
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer).await;
        assert_eq!(answer, b"");
    }
    assert_eq!(server.served(), 0);
}

#[tokio::test]
async fn one_seed_is_one_course() {
    let faults = [Fault::CutBefore, Fault::LoseAnswer, Fault::CutAnswer, Fault::Status(429)];
    let (first, again, other) = (
        course(7, faults).await.unwrap(),
        course(7, faults).await.unwrap(),
        course(8, faults).await.unwrap(),
    );
    assert_eq!(first, again);
    assert_ne!(first, other);
    let sound = first.iter().filter(|answer| **answer == whole()).count();
    assert!((5..35).contains(&sound), "about one in two of 40: {sound}");
}

async fn course(seed: u64, faults: [Fault; 4]) -> std::io::Result<Vec<Option<(u16, String)>>> {
    let server = Echo::start().await?;
    let proxy = Proxy::http(server.address, Plan::seeded(seed, 2, faults)).await?;
    let client = client();
    let mut answers = Vec::new();
    for _ in 0..40 {
        answers.push(post(&client, &proxy).await);
    }
    Ok(answers)
}

#[tokio::test]
async fn a_plan_keeps_to_its_number() {
    let server = Echo::start().await.unwrap();
    let plan = Plan::seeded(1, 1, [Fault::Status(503)]).at_most(2);
    let proxy = Proxy::http(server.address, plan).await.unwrap();
    let client = client();
    let mut refused = 0;
    for _ in 0..5 {
        refused += u64::from(post(&client, &proxy).await != whole());
    }
    assert_eq!((refused, proxy.injected()), (2, BTreeMap::from([("status_503", 2)])));
}

#[tokio::test]
async fn connections_of_any_protocol_are_cut_where_the_plan_says() {
    for (fault, served, arrives) in [
        (Fault::CutBefore, 0, false),
        (Fault::CutRequest, 0, false),
        (Fault::LoseAnswer, 1, false),
        (Fault::CutAnswer, 1, false),
        (Fault::Delay(Duration::from_millis(5)), 1, true),
        (Fault::Slow(Duration::from_millis(5)), 1, true),
    ] {
        let server = Echo::start().await.unwrap();
        let plan = Plan::seeded(3, 1, [fault]).at_most(1).within_bytes(40);
        let proxy = Proxy::tcp(server.address, plan).await.unwrap();
        let client = client();
        assert_eq!(post(&client, &proxy).await.is_some(), arrives, "{fault:?}");
        assert_eq!(server.served(), served, "{fault:?}");
        assert_eq!(proxy.injected().values().sum::<u64>(), 1);
        assert_eq!(post(&client, &proxy).await, whole(), "after {fault:?}");
    }
}

#[tokio::test]
async fn faults_of_http_leave_other_protocols_alone() {
    let server = Echo::start().await.unwrap();
    let plan = Plan::scripted([Some(Fault::Status(429)), None, Some(Fault::WrongLength)]);
    let proxy = Proxy::tcp(server.address, plan).await.unwrap();
    for _ in 0..3 {
        assert_eq!(post(&client(), &proxy).await, whole());
    }
    assert_eq!((proxy.met(), proxy.injected()), (3, BTreeMap::new()));
}

/// What a bulk of four operations comes to when some of its items are refused.
async fn bulk(fault: Fault) -> Result<(Vec<String>, serde_json::Value), Box<dyn std::error::Error>> {
    let seen = Arc::new(std::sync::Mutex::new(Vec::new()));
    let kept = Arc::clone(&seen);
    let answer = any(move |body: String| async move {
        let actions = body.lines().filter(|line| line.contains("_id"));
        let items: Vec<_> = actions.map(|_| serde_json::json!({"index": {"status": 201}})).collect();
        kept.lock().unwrap_or_else(PoisonError::into_inner).extend(body.lines().map(str::to_owned));
        serde_json::json!({"errors": false, "items": items}).to_string()
    });
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    tokio::spawn(async move { axum::serve(listener, Router::new().route("/docs/_bulk", answer)).await });
    let proxy = Proxy::http(address, once(fault)).await?;
    let lines =
        "{\"index\":{\"_id\":\"a\"}}\n{}\n{\"delete\":{\"_id\":\"b\"}}\n{\"index\":{\"_id\":\"c\"}}\n{}\n";
    let request = client().post(format!("{}/docs/_bulk?filter_path=items", proxy.url())).body(lines);
    let told = request.send().await?.text().await?;
    let seen = seen.lock().unwrap_or_else(PoisonError::into_inner).clone();
    Ok((seen, serde_json::from_str(&told)?))
}

#[tokio::test]
async fn items_of_a_bulk_are_withheld_or_done_and_refused_all_the_same() {
    let statuses = |told: &serde_json::Value| -> Vec<u64> {
        let items = told["items"].as_array().unwrap().iter();
        items.filter_map(|item| item.as_object()?.values().next()?["status"].as_u64()).collect()
    };
    let (seen, told) = bulk(Fault::Items { status: 429, one_in: 2, done: false }).await.unwrap();
    assert_eq!((seen.len(), statuses(&told), &told["errors"]), (1, vec![429, 201, 429], &true.into()));
    assert!(seen[0].contains("delete"), "{seen:?}");
    let (seen, told) = bulk(Fault::Items { status: 503, one_in: 3, done: true }).await.unwrap();
    assert_eq!((seen.len(), statuses(&told)), (5, vec![503, 201, 201]));
    let (seen, told) = bulk(Fault::Items { status: 429, one_in: 1, done: false }).await.unwrap();
    assert_eq!((seen.len(), statuses(&told)), (0, vec![429, 429, 429]));
}

#[tokio::test]
async fn what_is_held_waits_until_it_is_cut_and_the_server_has_done_it_or_not() {
    for (fault, served) in [(Fault::Hold, 1), (Fault::HoldAnswer, 2)] {
        let server = Echo::start().await.unwrap();
        let proxy = Proxy::http(server.address, Plan::calm().hold_after(1, fault)).await.unwrap();
        let client = client();
        assert_eq!(post(&client, &proxy).await, whole());
        let held = async {
            proxy.held().await;
            proxy.set_plan(Plan::calm());
            proxy.cut().await;
        };
        let (answer, ()) = tokio::join!(post(&client, &proxy), held);
        assert_eq!((answer, server.served()), (None, served), "{fault:?}");
        assert_eq!(post(&client, &proxy).await, whole());
    }
}

#[tokio::test]
async fn a_body_that_is_too_large_is_refused_whatever_the_plan_has() {
    let server = Echo::start().await.unwrap();
    let proxy = Proxy::http(server.address, Plan::calm().max_body(BODY.len() as u64 - 1)).await.unwrap();
    assert_eq!(post(&client(), &proxy).await.map(|(status, _)| status), Some(413));
    assert_eq!((server.served(), proxy.injected()["status_413"]), (0, 1));
}

#[tokio::test]
async fn a_search_that_is_too_large_is_refused_and_other_requests_pass() {
    let server = Echo::start().await.unwrap();
    let proxy = Proxy::http(server.address, Plan::calm().max_search(BODY.len() as u64 - 1)).await.unwrap();
    let search = client().post(format!("{}/docs/_search?size=1", proxy.url())).body(BODY).send();
    assert_eq!(search.await.unwrap().status(), 413);
    assert_eq!(post(&client(), &proxy).await, whole());
    assert_eq!(proxy.injected(), BTreeMap::from([("status_413", 1)]));
}

/// A server that keeps the bodies of bulks in the order in which they come.
async fn keeper() -> std::io::Result<(SocketAddr, Arc<std::sync::Mutex<Vec<String>>>)> {
    let seen = Arc::new(std::sync::Mutex::new(Vec::new()));
    let kept = Arc::clone(&seen);
    let keep = any(move |body: String| async move {
        kept.lock().unwrap_or_else(PoisonError::into_inner).push(body);
    });
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    tokio::spawn(async move { axum::serve(listener, Router::new().fallback(keep)).await });
    Ok((address, seen))
}

async fn send(proxy: &Proxy, path: &str, body: &'static str) -> bool {
    let request = client().post(format!("{}/{path}", proxy.url())).body(body);
    request.send().await.is_ok()
}

#[tokio::test]
async fn a_late_bulk_is_delivered_after_newer_requests_or_when_asked_for() {
    let (address, seen) = keeper().await.unwrap();
    let plan = Plan::calm().single(1, Fault::Late(2)).single(2, Fault::Late(u64::MAX));
    let proxy = Proxy::http(address, plan).await.unwrap();
    assert!(send(&proxy, "x/_bulk", "first").await);
    assert!(send(&proxy, "x/_search", "no bulk").await);
    assert!(!send(&proxy, "x/_bulk", "late").await && !send(&proxy, "x/_bulk", "last").await);
    assert!(send(&proxy, "x/_bulk", "newer").await && send(&proxy, "x", "newest").await);
    let order = || seen.lock().unwrap().join(" ");
    assert_eq!((order().as_str(), proxy.held_back()), ("first no bulk newer late newest", 1));
    assert_eq!((proxy.deliver().await, proxy.held_back(), proxy.deliver().await), (1, 0, 0));
    assert_eq!(order(), "first no bulk newer late newest last");
    assert_eq!(proxy.injected(), BTreeMap::from([("late", 2), ("late_delivered", 2)]));
}

#[tokio::test]
async fn a_blocked_index_takes_no_bulk_and_says_why_until_so_many_were_refused() {
    let (address, seen) = keeper().await.unwrap();
    let proxy = Proxy::http(address, Plan::calm().block(1, 2)).await.unwrap();
    let mut answers = Vec::new();
    for _ in 0..4 {
        let request = client().post(format!("{}/x/_bulk", proxy.url())).body("{\"index\":{}}\n{}\n");
        answers.push(request.send().await.unwrap().text().await.unwrap());
    }
    let is_blocked = |text: &String| text.contains("cluster_block_exception") && text.contains("403");
    assert_eq!(answers.iter().map(is_blocked).collect::<Vec<_>>(), [false, true, true, false]);
    assert_eq!((seen.lock().unwrap().len(), proxy.injected()["write_block"]), (2, 2));
}

#[tokio::test]
async fn a_silent_peer_keeps_its_connection_open_until_the_client_gives_up() {
    for (fault, served) in [(Fault::Silent, 0), (Fault::SilentAnswer, 1)] {
        let server = Echo::start().await.unwrap();
        let proxies = [
            Proxy::http(server.address, Plan::calm().single(0, fault)).await.unwrap(),
            Proxy::tcp(server.address, Plan::calm().single_at(0, fault, 40)).await.unwrap(),
        ];
        for (count, proxy) in (1..).zip(proxies) {
            let client = client();
            let mut stream = TcpStream::connect(proxy.address()).await.unwrap();
            let request = format!("POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 40\r\n\r\n{BODY}");
            stream.write_all(request.as_bytes()).await.unwrap();
            let mut answer = Vec::new();
            let wait = tokio::time::timeout(Duration::from_millis(100), stream.read_to_end(&mut answer));
            assert!(wait.await.is_err(), "{fault:?}: the connection ended");
            assert_eq!(server.served(), (served + 1) * count - 1, "{fault:?}");
            assert_eq!(post(&client, &proxy).await, whole(), "another connection passes");
            assert_eq!(proxy.injected(), BTreeMap::from([(fault.name(), 1)]));
        }
    }
}
