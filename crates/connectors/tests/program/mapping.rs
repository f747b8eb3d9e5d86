//! Presets of the mapping: what a user finds, and what is told of an index that has another one.

use std::collections::BTreeSet;

use connectors_core::elastic::{Client, Preset, Request, Settings, index};
use connectors_core::{FieldKind, FieldSpec};
use elastic_embedded::{Options, Server};
use serde_json::{Value, json};

use crate::place::Place;

const SYNC: [&str; 6] = ["sync", "dir", "--set", "directory=docs", "--index", "docs"];
const FIELDS: [(&str, FieldKind); 3] =
    [("sku", FieldKind::Code), ("state", FieldKind::Code), ("name", FieldKind::Label)];

/// Products as a collection may hold them: some fields declared, the others known by name or not at all.
fn corpus() -> Vec<Value> {
    let long = format!("{} waterproof", "a very long story ".repeat(40));
    vec![
        json!({"sku": "AB-12", "state": "Open", "name": "Red shoe", "description": "Runs fast on wet ground."}),
        json!({"sku": "ab-13", "state": "closed", "name": "Blue shoe", "story": long, "owner_id": "U77X"}),
        json!({"sku": "CD-1", "state": "open", "name": "Green hat", "tags": ["Summer", "wet days"], "price": 12}),
        json!({"sku": "CD-2", "name": "Hat box", "maker": {"name": "Ada & Sons", "city": "Zürich"}}),
        json!({"name": "12", "comment": "AB-12 goes well with it", "made": "2024-05-06"}),
    ]
}

async fn filled(server: &Server, preset: Preset) -> Client {
    let client = Client::connect(Settings::new(server.url().parse().unwrap())).await.unwrap();
    let name = preset.name();
    let fields = FIELDS.map(|(name, kind)| FieldSpec::new(name, kind));
    assert_eq!(index::prepare(&client, name, preset, &fields).await.unwrap(), Some(preset));
    for (number, body) in corpus().iter().enumerate() {
        let put = Request::put(format!("/{name}/_doc/{number}")).query("refresh", "true").body(body);
        client.json::<Value>(&put).await.unwrap();
    }
    client
}

fn found(place: &Place, url: &str, index: &str, words: &str) -> BTreeSet<String> {
    let hits = place.json(&["search", index, words, "--hits", "50", "--es", url]);
    hits.as_array().unwrap().iter().map(|hit| hit["id"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_user_finds_is_the_same_by_search_as_by_dynamic() {
    let place = Place::new();
    let server = Server::start(Options::new(place.root().join("es"))).await.unwrap();
    for preset in [Preset::Search, Preset::Dynamic] {
        filled(&server, preset).await;
    }
    let questions = [
        ("shoe", vec!["0", "1"]),
        ("OPEN", vec!["0", "2"]),
        ("closed hat", vec!["1", "2", "3"]),
        ("waterproof", vec!["1"]),
        ("u77x", vec!["1"]),
        ("shoe of U77X", vec!["0", "1"]),
        ("wet", vec!["0", "2"]),
        ("ada", vec!["3"]),
        ("zürich", vec!["3"]),
        ("Red shoe", vec!["0", "1"]),
        ("goes well", vec!["4"]),
        ("nothing like it", vec!["4"]),
        ("unheard", vec![]),
    ];
    for (words, expected) in questions {
        let expected: BTreeSet<String> = expected.into_iter().map(str::to_owned).collect();
        for preset in [Preset::Search, Preset::Dynamic] {
            assert_eq!(found(&place, &server.url(), preset.name(), words), expected, "{words} by {preset}");
        }
    }
    // A code is looked for as a whole: what only shares a part of it is no hit.
    let [whole, parts] = ["search", "dynamic"].map(|index| found(&place, &server.url(), index, "ab-12"));
    assert_eq!(whole, BTreeSet::from(["0", "4"].map(str::to_owned)));
    assert!(parts.is_superset(&whole) && parts.contains("1"), "{parts:?}");
    server.stop().await.unwrap();
}

#[test]
fn an_index_keeps_its_mapping_and_check_says_so() {
    let place = Place::new();
    place.write("docs/a.MD", b"words of a file");
    place.write("config.yml", b"index.mapping: dynamic");
    let absent = place.run(&["check", "--index", "docs"]);
    assert!(
        absent.out.contains("docs: ok, there is no such index; it would be mapped by `dynamic`"),
        "{}",
        absent.out
    );
    assert_eq!(place.json(&SYNC)["mapping"], "dynamic");
    let same = place.run(&["check", "--index", "docs"]);
    assert!(same.out.contains("docs: ok, mapped by `dynamic`\n"), "{}", same.out);

    place.write("config.yml", b"index.mapping: search");
    let told = "mapped by `dynamic` and stays so; `index.mapping: search` holds for a new index";
    let again = place.run(&SYNC);
    assert_eq!(again.code, 0);
    assert!(again.err.contains(told) && again.out.contains("unchanged 1"), "{}{}", again.err, again.out);
    assert!(place.run(&["check", "--index", "docs"]).out.contains(told));
    let other = [&SYNC[..5], &["other"]].concat();
    assert_eq!(place.json(&other)["mapping"], "search");
    assert_eq!(place.json(&["search", "other", "md"])[0]["source"]["name"], "a.MD");
}

#[test]
fn without_the_analysers_of_reference_the_index_is_made_by_search() {
    let place = Place::new();
    place.write("docs/a.md", b"words of a file");
    place.write("config.yml", b"index.mapping: reference");
    let run = place.run(&SYNC);
    assert_eq!(run.code, 0, "{}", run.err);
    assert!(run.err.contains("this server lacks the analysers of `reference`"), "{}", run.err);
    assert!(
        place.run(&["check", "--index", "docs"]).out.contains("docs: ok, the index is mapped by `search`")
    );
    assert_eq!(place.json(&["search", "docs", "words"])[0]["source"]["name"], "a.md");
}
