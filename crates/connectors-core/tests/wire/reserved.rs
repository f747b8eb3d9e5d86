//! Indices that the program keeps for itself: no source is synced into one, and one that is something else stops no sync.

use connectors_core::sync::{
    Status, access_control, failures, full_resumable, incremental, verify, verify_deep,
};
use serde_json::{Value, json};

use crate::support::fake::Index;
use crate::support::log::Log;
use crate::support::{Fault, INDEX, Memory, World, accounts};

const FAILURES: &str = ".connectors-failures";

#[tokio::test]
async fn no_call_writes_into_an_index_whose_name_is_reserved_or_refused() {
    let long = "x".repeat(256);
    let names =
        [FAILURES, ".connectors-state", ".elastic-connectors", "..", "A", "a/b", "-a", "a,b", long.as_str()];
    for name in names {
        let world = World::new().await;
        let (memory, log) = (Memory::numbered(2), Log::of(2));
        let job = world.job(&memory, name);
        let told = [
            world.sync_into(&memory, name).await.error.unwrap_or_default(),
            full_resumable(&world.job(&log, name), &log).await.error.unwrap_or_default(),
            incremental(&world.job(&log, name), &log).await.error.unwrap_or_default(),
            verify(&job).await.unwrap_err().to_string(),
            verify_deep(&job).await.unwrap_err().to_string(),
        ];
        for told in told {
            assert!(
                told.contains("the index name can't be used") && told.contains("choose another"),
                "{name}: {told}"
            );
        }
        assert!(world.fake.kept().indices.is_empty(), "{name}");
    }
}

#[tokio::test]
async fn identities_are_kept_in_no_other_index() {
    let world = World::new().await;
    for name in [INDEX, FAILURES, ".search-acl-filter-.connectors-state"] {
        let people = crate::identities::People::of(&["ada"]);
        let report = access_control(&world.job(&people, name), &people).await;
        assert_eq!(report.status, Status::Failed, "{name}");
        assert!(report.error.unwrap().contains("the index name can't be used"));
    }
    assert!(world.fake.kept().indices.is_empty());
}

/// A server in whose index of failures nothing can be searched until it is made again.
async fn spoilt(meta: Value) -> World {
    let world = World::new().await;
    let mappings = json!({ "_meta": meta, "properties": { "index": { "type": "text" } } });
    world.fake.kept().indices.insert(FAILURES.into(), Index { mappings, ..Index::default() });
    let mut is_made = false;
    world.fake.script(move |call| {
        is_made |= call.method == "DELETE" && call.path == format!("/{FAILURES}");
        let is_spoilt =
            !is_made && (call.is_search() || call.path.ends_with("_bulk")) && call.path.contains(FAILURES);
        if is_spoilt { Fault::Status(400) } else { call.items(400, |id| id == "d1") }
    });
    world
}

#[tokio::test]
async fn an_index_of_failures_that_a_sync_had_filled_is_made_again() {
    let world = spoilt(json!({ "sync": { "version": 2 } })).await;
    let report = world.sync(&Memory::numbered(3)).await;
    assert_eq!((report.status, accounts(&report)), (Status::Partial, [2, 0, 0, 1, 0]), "{report:?}");
    assert_eq!((report.error, report.warnings), (None, vec![]));
    assert_eq!(world.failures().await.len(), 1, "failures are kept from then on");
}

#[tokio::test]
async fn an_index_of_failures_that_another_tool_filled_is_left_alone_and_reported() {
    let world = spoilt(json!({})).await;
    for accounted in [[2, 0, 0, 1, 0], [0, 0, 2, 1, 0]] {
        let report = world.sync(&Memory::numbered(3)).await;
        assert_eq!((report.status, accounts(&report)), (Status::Partial, accounted), "{report:?}");
        assert!(
            report.warnings[0].contains("delete it") && report.warnings[0].contains(FAILURES),
            "{report:?}"
        );
    }
    let error = failures::list(&world.client, None).await.unwrap_err().to_string();
    assert!(error.contains("is something else; delete it"), "{error}");
    assert_eq!(world.fake.kept().indices[FAILURES].mappings["properties"]["index"]["type"], "text");
}

#[tokio::test]
async fn a_document_of_another_tool_among_the_failures_is_no_failure() {
    let world = World::new().await;
    world.fake.script(|call| call.items(400, |id| id == "d1"));
    world.sync(&Memory::numbered(3)).await;
    world.fake.seed(FAILURES, [("x".to_owned(), json!({ "index": INDEX, "id": "d9", "n": 1 }))]);
    let report = world.sync(&Memory::numbered(3)).await;
    assert_eq!((report.status, accounts(&report)), (Status::Partial, [0, 0, 2, 1, 0]), "{report:?}");
    assert_eq!(world.failures().await.len(), 1);
}
