//! How the index comes to be, and what is asked of one that is there.

use connectors_core::elastic::{Request, index};
use connectors_core::sync::Status;
use connectors_core::{Error, ErrorKind};
use serde_json::{Value, json};

use crate::support::{Fault, Manner, Memory, World, accounts};

fn mapping(world: &World) -> Value {
    world.fake.kept().indices["docs"].mappings.clone()
}

#[tokio::test]
async fn a_new_index_has_our_fields_and_forgives_odd_values() {
    for (is_old, newest) in [(false, json!(true)), (true, Value::Null)] {
        let world = World::of(Manner { is_old, ..Manner::default() }, |_| ()).await;
        assert!(!index::exists(&world.client, "docs").await.unwrap());
        assert_eq!(world.sync(&Memory::numbered(1)).await.status, Status::Completed);
        assert!(index::exists(&world.client, "docs").await.unwrap());
        let settings = world.fake.kept().indices["docs"].settings.clone();
        assert_eq!(settings["index.mapping.ignore_malformed"], true);
        assert_eq!(settings["index.mapping.total_fields.ignore_dynamic_beyond_limit"], newest);
        let mapping = mapping(&world);
        assert_eq!(mapping["_meta"]["sync"]["version"], 1);
        assert_eq!(mapping["properties"]["_sync"]["properties"]["id"], json!({"type": "long"}));
        assert_eq!(
            mapping["properties"]["_sync"]["properties"]["mark"],
            json!({"type": "long", "index": false})
        );
        let count = index::count(&world.client, "docs", &json!({"match_all": {}})).await.unwrap();
        assert_eq!(count, 1);
    }
}

#[tokio::test]
async fn an_index_of_somebody_else_gets_what_it_lacks() {
    let world = World::new().await;
    world.fake.seed("docs", []);
    let theirs =
        json!({"_meta": {"owner": "ada"}, "properties": {"body": {"type": "keyword"}, "x": {"type": "ip"}}});
    world.fake.kept().indices.get_mut("docs").unwrap().mappings = theirs;
    assert_eq!(world.sync(&Memory::numbered(1)).await.status, Status::Completed);
    let mapping = mapping(&world);
    assert_eq!(mapping["_meta"], json!({"owner": "ada", "sync": {"version": 1}}));
    assert_eq!(mapping["properties"]["body"], json!({"type": "keyword"}), "theirs stay as they are");
    assert_eq!(mapping["properties"]["_sync"]["properties"]["scope"]["type"], "keyword");
    world.fake.forget_calls();
    world.sync(&Memory::numbered(1)).await;
    assert!(world.fake.seen("_mapping").iter().all(|seen| seen.method == "GET"), "once is enough");
}

#[tokio::test]
async fn a_guessed_mapping_is_completed() {
    let world = World::new().await;
    world.fake.seed("docs", []);
    let long = json!({"type": "long"});
    let guessed = json!({"properties": {"_sync": {"properties": {"id": long, "mark": long}}}});
    world.fake.kept().indices.get_mut("docs").unwrap().mappings = guessed;
    assert_eq!(world.sync(&Memory::numbered(1)).await.status, Status::Completed);
    let sync = &mapping(&world)["properties"]["_sync"]["properties"];
    assert_eq!(sync["scope"], json!({"type": "keyword", "index": false}));
    assert_eq!(sync["mark"], long);
}

#[tokio::test]
async fn a_wrong_sync_field_is_a_clear_error() {
    let world = World::new().await;
    world.fake.seed("docs", []);
    for wrong in [json!({"type": "keyword"}), json!({"properties": {"id": {"type": "text"}}})] {
        world.fake.kept().indices.get_mut("docs").unwrap().mappings = json!({"properties": {"_sync": wrong}});
        let report = world.sync(&Memory::numbered(1)).await;
        assert_eq!((report.status, report.listed), (Status::Failed, 0));
        let error = report.error.unwrap();
        assert!(error.contains("maps `_sync` as something else; sync into another index"), "{error}");
        assert!(error.contains("index: docs"), "{error}");
    }
}

#[tokio::test]
async fn an_index_that_another_worker_makes_at_once_is_no_error() {
    let world = World::new().await;
    let fake = world.fake.clone();
    world.fake.script(move |call| {
        if (call.method.as_str(), call.path.as_str()) == ("PUT", "/docs") {
            fake.seed("docs", []);
        }
        Fault::None
    });
    assert_eq!(accounts(&world.sync(&Memory::numbered(2)).await), [2, 0, 0, 0, 0]);
}

#[tokio::test]
async fn a_refused_index_says_why() {
    let world = World::new().await;
    world.fake.script(|call| if call.method == "PUT" { Fault::Status(400) } else { Fault::None });
    let report = world.sync(&Memory::numbered(1)).await;
    assert_eq!(report.status, Status::Failed);
    let error = report.error.unwrap();
    let expected = "Elasticsearch refused the request (request: PUT /docs, status: 400, reason: scripted: as the test wants it)";
    assert_eq!(error, expected);
    assert_eq!(world.fake.seen("/docs").iter().filter(|seen| seen.method == "PUT").count(), 2);
}

#[tokio::test]
async fn a_name_that_no_index_can_have_is_told_before_anything_is_done() {
    let world = World::new().await;
    world.fake.forget_calls();
    for name in ["Docs", "a b", "_docs", ""] {
        let report = world.sync_into(&Memory::numbered(1), name).await;
        assert_eq!(report.status, Status::Failed);
        assert!(report.error.unwrap().contains("the index name can't be used"), "{name}");
    }
    assert!(world.fake.seen("").is_empty());
}

#[tokio::test]
async fn errors_name_the_request_and_the_servers_reason() {
    let world = World::with(|settings| settings.retry.max = 0).await;
    let cases = [
        (400, ErrorKind::Config, "Elasticsearch refused the request"),
        (401, ErrorKind::Denied, "Elasticsearch does not know these credentials"),
        (403, ErrorKind::Denied, "these credentials lack a privilege in Elasticsearch"),
        (404, ErrorKind::Missing, "Elasticsearch has no such thing"),
        (429, ErrorKind::Busy(None), "Elasticsearch is too busy"),
        (500, ErrorKind::Transient, "Elasticsearch failed"),
        (501, ErrorKind::Config, "Elasticsearch refused the request"),
    ];
    for (status, kind, what) in cases {
        world.fake.script(move |_| Fault::Status(status));
        let error: Error =
            world.client.json::<Value>(&Request::delete("/x").query("a", "b")).await.unwrap_err();
        assert_eq!(error.kind(), kind);
        let place = format!("(request: DELETE /x, status: {status}, reason: scripted: as the test wants it)");
        assert_eq!(error.to_string(), format!("{what} {place}"));
    }
    world.fake.behave();
    let error = world.client.json::<u64>(&Request::get("/")).await.unwrap_err();
    assert!(error.to_string().contains("was not understood (request: GET /)"), "{error}");
}
