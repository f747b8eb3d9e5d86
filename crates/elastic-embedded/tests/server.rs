//! What the server promises beyond its answers: the folder's lock, restarts, kills.

use std::process::Command;

use elastic_embedded::{Error, Options, Server};
use reqwest::Client;
use serde_json::{Value, json};

use client::{bulk, get, post, spawn};

#[cfg(test)]
#[path = "support/client.rs"]
mod client;

#[tokio::test(flavor = "multi_thread")]
async fn a_restart_keeps_everything() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(Options::new(folder.path())).await.unwrap();
    let url = server.url();
    post(&url, "/kept/_bulk?refresh=true", bulk(0, 100)).await;
    post(&url, "/kept/_bulk", format!("{}\n", json!({"delete": {"_id": "5"}})) + &bulk(100, 110)).await;
    let before = get(&url, "/kept").await;
    server.stop().await.unwrap();
    assert!(!folder.path().join("address").exists());

    let server = Server::start(Options::new(folder.path())).await.unwrap();
    let url = server.url();
    assert_eq!(get(&url, "/kept").await, before);
    assert_eq!(get(&url, "/kept/_count").await["count"], 109);
    assert_eq!(get(&url, "/kept/_doc/5").await["found"], false);
    assert_eq!(get(&url, "/kept/_doc/109").await["_source"]["n"], 109);
    let again = post(&url, "/kept/_bulk", bulk(109, 110)).await;
    assert_eq!(again["items"][0]["index"]["_version"], 2);
    server.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_server_on_the_folder_is_the_first() {
    let folder = tempfile::tempdir().unwrap();
    let first = Server::start(Options::new(folder.path())).await.unwrap();
    let second = Server::start(Options::new(folder.path())).await.unwrap();
    assert!(!first.attached() && second.attached());
    assert_eq!(first.url(), second.url());
    second.stop().await.unwrap();
    assert_eq!(get(&first.url(), "/").await["name"], "embedded");
    first.stop().await.unwrap();
    let third = Server::start(Options::new(folder.path())).await.unwrap();
    assert!(!third.attached());
    third.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_port_that_is_taken_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port();
    let error = Server::start(Options { port, ..Options::new(folder.path()) }).await.unwrap_err();
    assert!(matches!(error, Error::Listen { port: named, .. } if named == port), "{error}");
    let file = folder.path().join("file");
    std::fs::write(&file, "").unwrap();
    let error = Server::start(Options::new(&file)).await.unwrap_err();
    assert!(matches!(&error, Error::Folder { path, .. } if *path == file), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_beyond_the_limit_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(Options { max_body: 1000, ..Options::new(folder.path()) }).await.unwrap();
    let answer = post(&server.url(), "/big/_bulk", bulk(0, 100)).await;
    assert_eq!(answer["status"], 413);
    let chunks = futures::stream::iter((0..30).map(|_| Ok::<_, std::io::Error>(vec![b' '; 100])));
    let request =
        Client::new().post(format!("{}/_search", server.url())).header("content-type", "application/json");
    let answer = request.body(reqwest::Body::wrap_stream(chunks)).send().await.unwrap();
    assert_eq!(answer.status().as_u16(), 413);
    server.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn bodies_that_are_not_finished_have_a_budget_together() {
    let folder = tempfile::tempdir().unwrap();
    let options = Options { max_bodies: 100_000, ..Options::new(folder.path()) };
    let server = Server::start(options).await.unwrap();
    let url = server.url();
    let begin = || {
        let (more, body) = futures::channel::mpsc::unbounded::<std::io::Result<Vec<u8>>>();
        more.unbounded_send(Ok(vec![b' '; 99_000])).unwrap();
        let request =
            Client::new().post(format!("{url}/a/_bulk")).header("content-type", "application/x-ndjson");
        (more, tokio::spawn(request.body(reqwest::Body::wrap_stream(body)).send()))
    };
    let (mut more, mut unfinished) = begin();
    let mut refusals = 0;
    let refused = loop {
        // The first one is on its way, or was itself refused beside one of these.
        if unfinished.is_finished() {
            (more, unfinished) = begin();
        }
        let answer = post(&url, "/b/_bulk", bulk(0, 100)).await;
        refusals = if answer["status"] == 429 { refusals + 1 } else { 0 };
        if refusals == 2 {
            break answer;
        }
    };
    assert_eq!(refused["error"]["type"], "circuit_breaking_exception");
    assert_eq!(get(&url, "/").await["name"], "embedded");
    drop(more);
    assert_eq!(unfinished.await.unwrap().unwrap().status(), 400, "it was blank");
    assert_eq!(post(&url, "/b/_bulk", bulk(0, 100)).await["errors"], false);
    server.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_query_of_many_clauses_is_refused_as_by_the_real_one() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(Options::new(folder.path())).await.unwrap();
    post(&server.url(), "/a/_doc?refresh=true", json!({"n": 1}).to_string()).await;
    let query = json!({"bool": {"should": vec![json!({"term": {"n": 1}}); 5000]}});
    for path in ["/a/_search", "/a/_count"] {
        let answer = post(&server.url(), path, json!({"query": query}).to_string()).await;
        assert_eq!(answer["status"], 400);
        assert_eq!(answer["error"]["caused_by"]["type"], "too_many_nested_clauses", "{answer}");
    }
    server.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_compressed_body_is_read_up_to_the_limit() {
    use std::io::Write;
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(Options { max_body: 20_000, ..Options::new(folder.path()) }).await.unwrap();
    for (text, status) in [(bulk(0, 10), 200), (bulk(0, 1000), 413)] {
        let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
        gzip.write_all(text.as_bytes()).unwrap();
        let request = Client::new().post(format!("{}/zipped/_bulk", server.url()));
        let request =
            request.header("content-type", "application/x-ndjson").header("content-encoding", "gzip");
        let answer = request.body(gzip.finish().unwrap()).send().await.unwrap();
        assert_eq!(answer.status().as_u16(), status);
    }
    server.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn many_documents_are_paged_through_once_each() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(Options::new(folder.path())).await.unwrap();
    let url = server.url();
    for at in 0..12 {
        post(&url, "/paged/_bulk?refresh=true", bulk(at * 1000, (at + 1) * 1000)).await;
    }
    // Some are replaced, so that segments have deleted documents in them.
    post(&url, "/paged/_bulk?refresh=true", bulk(500, 1500)).await;
    let pit = post(&url, "/paged/_pit?keep_alive=1m", String::new()).await["id"].clone();
    for (sort, slices) in [
        (json!([{"n": "desc"}]), 1),
        (json!([{"s.keyword": "asc"}, {"n": "asc"}]), 2),
        (json!(["_shard_doc"]), 3),
    ] {
        let mut seen = Vec::new();
        for id in 0..slices {
            let mut after = Value::Null;
            loop {
                let mut body = json!({"pit": {"id": pit}, "size": 700, "sort": sort, "docvalue_fields": ["n"], "_source": false});
                if slices > 1 {
                    body["slice"] = json!({"id": id, "max": slices});
                }
                if !after.is_null() {
                    body["search_after"] = after;
                }
                let answer = post(&url, "/_search", body.to_string()).await;
                let hits = answer["hits"]["hits"].as_array().unwrap();
                let Some(last) = hits.last() else { break };
                after = last["sort"].clone();
                seen.extend(hits.iter().map(|hit| hit["fields"]["n"][0].as_u64().unwrap()));
            }
        }
        seen.sort_unstable();
        assert_eq!(seen, (0..12_000).collect::<Vec<_>>(), "{sort}");
    }
    server.stop().await.unwrap();
}

async fn late_write(url: String, n: u64) -> reqwest::Result<reqwest::Response> {
    let body =
        format!("{}\n{}\n", json!({"index": {"_index": "late", "_id": n.to_string()}}), json!({"n": n}));
    Client::new()
        .post(format!("{url}/_bulk"))
        .header("content-type", "application/json")
        .body(body)
        .send()
        .await
}

#[tokio::test(flavor = "multi_thread")]
async fn an_acknowledged_write_survives_a_kill() {
    let folder = tempfile::tempdir().unwrap();
    let mut acknowledged = 0;
    for round in 0..5_u64 {
        let (mut child, url) = spawn(folder.path());
        assert_eq!(
            get(&url, "/killed/_count?ignore_unavailable=true").await["count"],
            acknowledged,
            "round {round}"
        );
        for _ in 0..3 {
            let answer = post(&url, "/killed/_bulk", bulk(acknowledged, acknowledged + 200)).await;
            assert_eq!(answer["errors"], false);
            acknowledged += 200;
            if round % 2 == 1 {
                post(&url, "/killed/_refresh", String::new()).await;
            }
        }
        // One more is on its way while the process dies; it may be there afterwards or not.
        let late = tokio::spawn(late_write(url.clone(), round));
        child.kill().unwrap();
        child.wait().unwrap();
        drop(late.await);
    }
    let (mut child, url) = spawn(folder.path());
    let answer = post(
        &url,
        "/killed/_search",
        json!({"size": 0, "aggs": {"sum": {"sum": {"field": "n"}}}}).to_string(),
    )
    .await;
    let expected = (acknowledged * (acknowledged - 1) / 2) as f64;
    assert_eq!(answer["aggregations"]["sum"]["value"].as_f64(), Some(expected));
    child.kill().unwrap();
    child.wait().unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn the_program_stops_cleanly_and_says_how_it_is_used() {
    let folder = tempfile::tempdir().unwrap();
    let (mut child, url) = spawn(folder.path());
    let attached = Server::start(Options::new(folder.path())).await.unwrap();
    assert!(attached.attached());
    assert_eq!(attached.url(), url);
    let status = Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    assert!(status.success() && child.wait().unwrap().success());
    let used = Command::new(env!("CARGO_BIN_EXE_elastic-embedded")).output().unwrap();
    assert_eq!(used.status.code(), Some(2));
    let file = folder.path().join("file");
    std::fs::write(&file, "").unwrap();
    let failed = Command::new(env!("CARGO_BIN_EXE_elastic-embedded")).arg(file).output().unwrap();
    assert!(!failed.status.success() && String::from_utf8_lossy(&failed.stderr).contains("can't be used"));
}
