//! What it costs that a bulk is on the disk before it is acknowledged: bulks into two indices by turns, one of which
//! does not wait. `cargo run --release --package elastic-embedded --example durability -- [DATA [BULKS [DOCUMENTS]]]`
#![allow(clippy::unwrap_used, clippy::print_stdout)]

use std::path::PathBuf;
use std::time::{Duration, Instant};

use elastic_embedded::{Options, Server};
use reqwest::Client;
use serde_json::json;

#[tokio::main]
async fn main() {
    let mut arguments = std::env::args().skip(1);
    let data = arguments.next().map_or_else(|| std::env::temp_dir().join("durability"), PathBuf::from);
    let mut number = |default| arguments.next().and_then(|number| number.parse().ok()).unwrap_or(default);
    let (bulks, documents) = (number(100_usize), number(500_usize));
    let server = Server::start(Options::new(&data)).await.unwrap();
    let (client, url) = (Client::new(), server.url());
    for durability in ["request", "async"] {
        let settings =
            json!({"settings": {"index.translog.durability": durability, "refresh_interval": "-1"}});
        let answer = client.put(format!("{url}/{durability}")).json(&settings).send().await.unwrap();
        assert!(answer.status().is_success(), "{}: is the folder empty?", data.display());
    }
    let mut took = [Duration::ZERO; 2];
    for bulk in 0..bulks {
        for (at, durability) in ["request", "async"].into_iter().enumerate() {
            let body = body(bulk, documents);
            let request = client
                .post(format!("{url}/{durability}/_bulk"))
                .header("content-type", "application/x-ndjson");
            let begun = Instant::now();
            let answer = request.body(body).send().await.unwrap().text().await.unwrap();
            took[at] += begun.elapsed();
            assert!(answer.contains("\"errors\":false"), "{answer}");
        }
    }
    server.stop().await.unwrap();
    std::fs::remove_dir_all(&data).unwrap();
    let [request, lazy] = took.map(|took| took.as_secs_f64() * 1000.0 / bulks as f64);
    let ratio = request / lazy;
    println!(
        "{bulks} bulks of {documents} documents: {request:.2} ms each with `request`, {lazy:.2} ms with `async`, ratio {ratio:.2}"
    );
}

fn body(bulk: usize, documents: usize) -> String {
    let text =
        "Words that make a document of a common size, as a page of notes or a row of a table has them. "
            .repeat(8);
    (0..documents)
        .map(|n| format!("{{\"index\":{{\"_id\":\"{bulk}-{n}\"}}}}\n{}\n", json!({"n": n, "text": text})))
        .collect()
}
