//! What no document can be written for is one error, which names the cause and the fix.

use connectors_core::sync::Status;
use serde_json::{Value, json};

use crate::support::{Fault, Memory, World, entries};

fn refuse(answer: &mut Value, status: u16, (kind, reason): (&str, &str)) {
    for item in answer["items"].as_array_mut().unwrap() {
        for (_, outcome) in item.as_object_mut().unwrap() {
            *outcome = json!({ "status": status, "error": { "type": kind, "reason": reason } });
        }
    }
}

fn write_block(answer: &mut Value) {
    let reason = "index [docs] blocked by: [FORBIDDEN/8/index write (api)];";
    refuse(answer, 403, ("cluster_block_exception", reason));
}

fn full_disk(answer: &mut Value) {
    let reason = "index [docs] blocked by: [TOO_MANY_REQUESTS/12/disk usage exceeded flood-stage watermark, index has \
                  read-only-allow-delete block];";
    refuse(answer, 429, ("cluster_block_exception", reason));
}

fn no_right(answer: &mut Value) {
    let reason = "action [indices:data/write/bulk[s]] is unauthorized for user [ada]";
    refuse(answer, 403, ("security_exception", reason));
}

fn gone(answer: &mut Value) {
    refuse(answer, 404, ("index_not_found_exception", "no such index [docs]"));
}

/// A fault, whether it strikes deletes only, and words of the error.
type Case = (fn(&mut Value), bool, [&'static str; 2]);

#[tokio::test]
async fn a_fault_of_the_index_ends_the_sync_with_one_error() {
    let cases: [Case; 5] = [
        (write_block, false, ["blocked for writes", "FORBIDDEN/8/index write"]),
        (full_disk, false, ["a disk of Elasticsearch is nearly full", "TOO_MANY_REQUESTS/12"]),
        (no_right, false, ["privilege `index`", "is unauthorized"]),
        (no_right, true, ["privilege `delete`", "is unauthorized"]),
        (gone, true, ["the index was deleted", "no such index"]),
    ];
    for (change, only_deletes, told) in cases {
        let mut world = World::with(|settings| settings.bulk.chunk_bytes = 2_000).await;
        world.options.allow_deletes = true;
        let source = Memory::numbered(200);
        assert_eq!(world.sync(&source).await.status, Status::Completed);
        world.fake.script(move |call| {
            let strikes = call.is_bulk() && (!only_deletes || !call.deletes.is_empty());
            if strikes { Fault::Change(change) } else { Fault::None }
        });
        source.set(entries(if only_deletes { 0..20 } else { 1_000..1_200 }));
        let report = world.sync(&source).await;
        assert_eq!((report.status, report.verified), (Status::Failed, false), "{told:?}");
        let error = report.error.as_ref().unwrap();
        assert!(told.iter().all(|told| error.contains(told)), "{error}");
        assert_eq!((report.created, report.deleted), (0, 0), "{error}");
        assert!(world.failures().await.is_empty(), "not one entry for each document: {error}");
    }
}
