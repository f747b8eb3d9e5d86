//! Values keep their types: whatever came first, each value is found by what it is.
//!
//! `CONNECTORS_TYPES_URL` names a server in place of the embedded one.
#![allow(clippy::unwrap_used)]

use async_trait::async_trait;
use connectors_core::elastic::{Client, Preset, Request, Settings, index};
use connectors_core::sync::{Counters, Job, Options, Report, Status, full};
use connectors_core::{Context, Document, FieldKind, FieldSpec, Result, Rules, Source, Version};
use elastic_embedded::{Options as EmbeddedOptions, Server};
use futures::StreamExt;
use futures::stream::{self, BoxStream};
use proptest::prelude::*;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;

/// Documents in this order, and what is declared of their fields.
struct Typed {
    documents: Vec<Value>,
    declared: Vec<FieldSpec>,
}

#[async_trait]
impl Source for Typed {
    async fn ping(&self) -> Result<()> {
        Ok(())
    }

    async fn declared_fields(&self) -> Result<Vec<FieldSpec>> {
        Ok(self.declared.clone())
    }

    fn documents<'a>(&'a self, _: &'a Rules) -> BoxStream<'a, Result<Document>> {
        let documents = self.documents.iter().enumerate();
        let made = documents.map(|(number, body)| {
            Ok(Document::new(format!("d{number}")).version(Version::from(body.to_string())).body(body))
        });
        stream::iter(made.collect::<Vec<_>>()).boxed()
    }
}

/// A server, and an index on it that nobody else has.
struct World {
    client: Client,
    index: String,
    options: Options,
    embedded: Option<(Server, TempDir)>,
}

impl World {
    async fn new(preset: Preset) -> Self {
        let (url, embedded) = match std::env::var("CONNECTORS_TYPES_URL") {
            Ok(url) => (url, None),
            Err(_) => {
                let data = tempfile::tempdir().unwrap();
                let server = Server::start(EmbeddedOptions::new(data.path().to_owned())).await.unwrap();
                (server.url(), Some((server, data)))
            }
        };
        let client = Client::connect(Settings::new(url.parse().unwrap())).await.unwrap();
        let index = format!("types-{}-{preset}", std::process::id());
        let world =
            Self { client, index, options: Options { mapping: preset, ..Options::default() }, embedded };
        world.remove().await;
        world
    }

    async fn sync(&self, source: &Typed) -> Report {
        let (context, counters, cancel) = (Context::default(), Counters::default(), CancellationToken::new());
        full(&Job {
            source,
            rules: const { &Rules::NONE },
            client: &self.client,
            index: &self.index,
            owner: None,
            context: &context,
            marks: None,
            pipeline: None,
            options: self.options,
            counters: &counters,
            fence: None,
            cancel: &cancel,
        })
        .await
    }

    async fn ids(&self, query: &Value) -> Vec<String> {
        let body = json!({ "size": 100, "_source": false, "query": query });
        let request = Request::post(format!("/{}/_search", self.index)).body(&body);
        let answer: Value = self.client.json(&request).await.unwrap();
        let hits = answer["hits"]["hits"].as_array().unwrap().iter();
        let mut ids: Vec<String> = hits.map(|hit| hit["_id"].as_str().unwrap().to_owned()).collect();
        ids.sort_unstable();
        ids
    }

    async fn remove(&self) {
        let removed = self.client.find(&Request::delete(format!("/{}", self.index))).await.unwrap();
        drop(removed);
    }

    async fn end(self) {
        self.remove().await;
        if let Some((server, _data)) = self.embedded {
            server.stop().await.unwrap();
        }
    }
}

/// The field of each kind whose values are drawn; those that begin with `any` are not declared.
const DECLARED: [(&str, FieldKind); 7] = [
    ("whole", FieldKind::Integer),
    ("number", FieldKind::Number),
    ("price", FieldKind::Scaled(100)),
    ("open", FieldKind::Boolean),
    ("made", FieldKind::Date),
    ("code", FieldKind::Code),
    ("label", FieldKind::Label),
];

/// One document with a value of each kind.
fn document() -> impl Strategy<Value = Value> {
    let undeclared =
        prop_oneof![(-1_000_000i64..1_000_000).prop_map(Value::from), (-1e6..1e6f64).prop_map(Value::from)];
    let date_or_not = prop_oneof![Just("2026-01-01".to_owned()), Just("12".to_owned()), "[a-z]{1,8}"];
    let declared = (
        any::<i64>(),
        -1e9..1e9f64,
        -100_000i64..100_000,
        any::<bool>(),
        0i64..4_000_000_000_000,
        "[A-Za-z0-9-]{1,12}",
        "[a-z]{1,9}",
    );
    (declared, undeclared, date_or_not).prop_map(|((whole, number, cents, open, made, code, label), any_number, any_word)| {
        let made = chrono::DateTime::from_timestamp_millis(made).unwrap();
        json!({
            "whole": whole, "number": number, "price": cents as f64 / 100.0, "open": open,
            "made": made.to_rfc3339_opts(chrono::SecondsFormat::Millis, true), "code": code, "label": label,
            "any_number": any_number, "any_word": any_word,
        })
    })
}

/// The queries that find a value: as itself, and as one that is neither below nor above it.
fn queries(name: &str, value: &Value) -> Vec<Value> {
    let between = json!({ "range": { name: { "gte": value, "lte": value } } });
    match name {
        "open" | "code" => vec![json!({ "term": { name: value } })],
        "label" | "any_word" => vec![json!({ "term": { format!("{name}.keyword"): value } })],
        "made" => vec![between],
        _ => vec![json!({ "term": { name: value } }), between],
    }
}

/// Every value is found, with exactly the documents that have it.
async fn every_value_is_found(world: &World, documents: &[Value]) {
    for (name, value) in documents.iter().flat_map(|document| document.as_object().unwrap()) {
        let same = |other: &Value| match (value.as_str(), other.as_str()) {
            (Some(one), Some(other)) if name == "code" => one.eq_ignore_ascii_case(other),
            _ if name == "whole" => value == other,
            _ => value == other || value.is_number() && value.as_f64() == other.as_f64(),
        };
        let with_it = documents.iter().enumerate().filter(|(_, document)| same(&document[name]));
        let mut expected: Vec<String> = with_it.map(|(number, _)| format!("d{number}")).collect();
        expected.sort_unstable();
        for query in queries(name, value) {
            assert_eq!(world.ids(&query).await, expected, "{query}");
        }
    }
}

async fn keeps_types(documents: Vec<Value>) {
    let world = World::new(Preset::Search).await;
    let declared = DECLARED.map(|(name, kind)| FieldSpec::new(name, kind)).to_vec();
    let source = Typed { documents, declared };
    let report = world.sync(&source).await;
    assert_eq!(
        (report.status, report.created),
        (Status::Completed, source.documents.len() as u64),
        "{report:?}"
    );
    assert!(report.verified && report.ignored.documents == 0 && report.mismatched.is_empty(), "{report:?}");
    every_value_is_found(&world, &source.documents).await;
    world.end().await;
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn values_of_every_kind_are_found_whatever_came_first(documents in prop::collection::vec(document(), 1..8)) {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        runtime.block_on(keeps_types(documents));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fraction_after_a_whole_number_and_a_text_after_a_date_are_found() {
    let world = World::new(Preset::Search).await;
    let documents =
        vec![json!({"numeric": 5, "note": "2026-01-01"}), json!({"numeric": 5.75, "note": "soon"})];
    let report = world.sync(&Typed { documents, declared: Vec::new() }).await;
    assert_eq!((report.status, report.ignored.documents), (Status::Completed, 0));
    assert_eq!(world.ids(&json!({"range": {"numeric": {"gt": 5.5}}})).await, ["d1"]);
    assert_eq!(world.ids(&json!({"match": {"note": "soon"}})).await, ["d1"]);
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_an_index_does_not_hold_is_reported_and_does_not_fail_the_sync() {
    let world = World::new(Preset::Search).await;
    let declared = vec![FieldSpec::new("made", FieldKind::Date)];
    let documents =
        vec![json!({"made": "2026-01-01"}), json!({"made": "soon"}), json!({"long": "x".repeat(200)})];
    let report = world.sync(&Typed { documents, declared }).await;
    assert_eq!(
        (report.status, report.created, report.ignored.documents),
        (Status::Completed, 3, 1),
        "{report:?}"
    );
    assert_eq!(report.ignored.first, ["d1"]);
    let fields: Vec<(&str, Option<&str>)> =
        report.ignored.fields.iter().map(|field| (field.field.as_str(), field.mapped.as_deref())).collect();
    assert_eq!(fields, [("made", Some("date"))], "a long text is found by its words");
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_index_that_was_made_beforehand_gets_what_the_source_declares() {
    for preset in [Preset::Search, Preset::Dynamic] {
        let world = World::new(preset).await;
        // As `connectors index clean` makes it.
        index::prepare(&world.client, &world.index, preset, &[]).await.unwrap();
        let declared = vec![FieldSpec::new("size", FieldKind::Number)];
        let source = Typed { documents: vec![json!({"size": 5}), json!({"size": 5.75})], declared };
        assert_eq!(world.sync(&source).await.status, Status::Completed);
        let report = world.sync(&source).await;
        let found = world.ids(&json!({"range": {"size": {"gt": 5.5}}})).await;
        match preset {
            Preset::Dynamic => {
                assert_eq!(
                    (found.len(), json!(report.mismatched)),
                    (
                        0,
                        json!([
                            {"field": "size", "declared": "number", "mapped": "long"}
                        ])
                    ),
                    "the server's own mapping goes by the first value, and the report says so"
                );
            }
            _ => assert_eq!((found, report.mismatched.len()), (vec!["d1".to_owned()], 0)),
        }
        world.end().await;
    }
}
