//! An index of files that elastic/connectors keeps is taken over, and from then on only changes are sent.

use std::path::Path;

use connectors_core::elastic::{Client, Request, Settings};
use elastic_embedded::{Options, Server};
use md5::{Digest as _, Md5};
use serde_json::{Value, json};

use crate::place::Place;

const INDEX: &str = "search-docs";

/// Puts a file's document into the index as the other tool does; returns its id.
async fn put(client: &Client, path: &Path) -> String {
    let path = path.display().to_string();
    let id: String = Md5::digest(path.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect();
    let document = json!({
        "id": id, "path": path, "size": 6, "created_at": "2026-11-24T12:20:21+00:00",
        "_timestamp": "2026-11-24T12:20:21+00:00", "body": "theirs",
    });
    let request = Request::put(format!("/{INDEX}/_doc/{id}")).query("refresh", "true").body(&document);
    client.call(&request).await.unwrap();
    id
}

/// The documents of the 20 files, as the other tool has them; their ids.
async fn filled(client: &Client, docs: &Path) -> Vec<String> {
    let mut ids = Vec::new();
    for number in 0..20 {
        ids.push(put(client, &docs.join(format!("sub/{number}.txt"))).await);
    }
    ids
}

#[tokio::test(flavor = "multi_thread")]
async fn an_index_of_files_of_another_tool_is_taken_over_and_then_only_changes_are_sent() {
    let place = Place::new();
    for number in 0..20 {
        place.write(&format!("docs/sub/{number}.txt"), b"a note");
    }
    let server = Server::start(Options::new(place.root().join("server"))).await.unwrap();
    let url = server.url();
    let client = Client::connect(Settings::new(url.parse().unwrap())).await.unwrap();
    let docs = place.docs();
    let ids = filled(&client, &docs).await;
    let gone = put(&client, &docs.join("gone.txt")).await;
    place.write("docs/new.txt", b"new");

    let (directory, url) = (format!("directory={}", docs.display()), url.as_str());
    let sync = ["--es", url, "sync", "dir", "--set", &directory, "--set", "ids=reference", "--index", INDEX];
    let refused = place.run(&sync);
    assert!(
        refused.code != 0 && (refused.out.clone() + &refused.err).contains("--take-over"),
        "{}{}",
        refused.out,
        refused.err
    );
    let first = place.run(&[&sync[..], &["--take-over", "--yes", "--json"]].concat());
    let told = "writes 20 of them once more, with a mark, creates 1 and deletes 1";
    assert!(first.code == 0 && first.err.contains(told), "{}{}", first.out, first.err);
    let report: Value = serde_json::from_str(&first.out).unwrap();
    assert_eq!((&report["listed"], &report["deleted"]), (&json!(21), &json!(1)), "{report}");

    for id in &ids {
        let kept: Value = client.json(&Request::get(format!("/{INDEX}/_source/{id}"))).await.unwrap();
        assert!(kept["body"] == "a note" && kept["path"].as_str().unwrap().starts_with('/'), "{kept}");
    }
    assert!(client.find(&Request::get(format!("/{INDEX}/_source/{gone}"))).await.unwrap().is_none());
    only_changes_are_sent(&place, &sync);
    server.stop().await.unwrap();
}

fn only_changes_are_sent(place: &Place, sync: &[&str]) {
    let second = place.json(sync);
    assert_eq!(
        (&second["unchanged"], &second["created"], &second["updated"]),
        (&json!(21), &json!(0), &json!(0)),
        "{second}"
    );
    place.write("docs/sub/3.txt", b"changed");
    let third = place.json(sync);
    assert_eq!(
        (&third["updated"], &third["created"], &third["unchanged"]),
        (&json!(1), &json!(0), &json!(20))
    );
}
