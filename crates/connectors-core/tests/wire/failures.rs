//! Documents that the server refuses, and the index that remembers them.

use connectors_core::Mask;
use connectors_core::sync::{Share, Stage, Status, Tolerance, failures};
use serde_json::{Value, json};

use crate::support::{Entry, Fault, Memory, Step, World, accounts, entries};

#[tokio::test]
async fn a_refused_document_is_set_aside_and_tried_again() {
    let world = World::new().await;
    let source = Memory::numbered(5);
    world.fake.script(|call| call.items(400, |id| id == "d2"));
    let report = world.sync(&source).await;
    assert_eq!((report.status, accounts(&report)), (Status::Partial, [4, 0, 0, 1, 0]));
    assert_eq!(world.ids(), ["d0", "d1", "d3", "d4"]);
    let [failure] = &world.failures().await[..] else { panic!("one failure") };
    assert_eq!((failure.id.as_str(), failure.stage), ("d2", Stage::Bulk));
    assert_eq!(failure.reason, "document_parsing_exception: failed to parse field [when] of type [date]");

    assert_eq!(accounts(&world.sync(&source).await), [0, 0, 4, 1, 0], "it is tried in each sync");
    world.fake.behave();
    let report = world.sync(&source).await;
    assert_eq!((report.status, accounts(&report)), (Status::Completed, [1, 0, 4, 0, 0]));
    assert!(world.failures().await.is_empty());
}

#[tokio::test]
async fn a_secret_in_a_reason_is_not_kept() {
    let mut world = World::new().await;
    world.context.mask = Mask::new(|text| text.replace("[when]", "***"));
    world.fake.script(|call| call.items(400, |id| id == "d2"));
    world.sync(&Memory::numbered(5)).await;
    let [failure] = &world.failures().await[..] else { panic!("one failure") };
    assert_eq!(failure.reason, "document_parsing_exception: failed to parse field *** of type [date]");
}

#[tokio::test]
async fn a_refused_change_leaves_the_version_from_before() {
    let world = World::new().await;
    let source = Memory::numbered(3);
    world.sync(&source).await;
    world.fake.script(|call| call.items(400, |_| true));
    source.set([Entry::versioned("d0", 7), Entry::versioned("d1", 1), Entry::versioned("d2", 2)]);
    let report = world.sync(&source).await;
    assert_eq!(accounts(&report), [0, 0, 2, 1, 0]);
    world.assert_holds(&entries(0..3));
}

#[tokio::test]
async fn a_refused_document_of_another_tool_is_not_deleted() {
    let world = World::taking_over().await;
    world.fake.seed("docs", [("d0".to_owned(), json!({"n": "foreign"}))]);
    world.fake.script(|call| call.items(400, |id| id == "d0"));
    let report = world.sync(&Memory::numbered(2)).await;
    assert_eq!(accounts(&report), [1, 0, 0, 1, 0]);
    assert_eq!(world.body("d0"), json!({"n": "foreign"}));
}

#[tokio::test]
async fn failed_documents_are_sent_again_when_asked_for() {
    let mut world = World::new().await;
    let source = Memory::numbered(2);
    world.sync(&source).await;
    world.fake.script(|call| call.items(400, |_| true));
    source.set([Entry::versioned("d0", 7), Entry::versioned("d1", 1)]);
    world.sync(&source).await;
    world.fake.behave();
    source.set(entries(0..2));
    world.options.retry_failed = true;
    let report = world.sync(&source).await;
    assert_eq!(accounts(&report), [0, 1, 1, 0, 0], "d0 is what the index holds, and sent all the same");
    assert!(world.failures().await.is_empty());
    assert_eq!(accounts(&world.sync(&source).await), [0, 0, 2, 0, 0]);
}

#[tokio::test]
async fn what_is_no_longer_listed_is_forgotten_after_a_complete_listing() {
    let world = World::new().await;
    let source = Memory::numbered(3);
    world.fake.script(|call| call.items(400, |id| id == "d2"));
    world.sync(&source).await;
    source.set(entries(0..2));
    world.sync(&source).await;
    assert!(world.failures().await.is_empty());
}

#[tokio::test]
async fn failures_are_kept_apart_by_index() {
    let world = World::new().await;
    world.fake.script(|call| call.items(400, |_| true));
    world.sync_into(&Memory::numbered(2), "one").await;
    world.sync_into(&Memory::numbered(3), "two").await;
    let count = async |index| failures::list(&world.client, index).await.unwrap().len();
    assert_eq!((count(Some("one")).await, count(Some("two")).await, count(None).await), (2, 3, 5));
    assert_eq!(count(Some("three")).await, 0);
}

#[tokio::test]
async fn too_many_failures_end_the_sync() {
    for (allowed, status) in [(10, Status::Partial), (9, Status::Failed), (0, Status::Failed)] {
        let mut world = World::one_by_one().await;
        world.options.tolerance.total = allowed;
        let source = Memory::new((0..10).map(|number| Step::Unserialisable(format!("d{number}"))));
        let report = world.sync(&source).await;
        assert_eq!(report.status, status, "{allowed}");
        assert_eq!(report.listed, 10.min(allowed as u64 + 1));
        assert_eq!(world.failures().await.len() as u64, report.listed, "those before are kept");
        let told = report.error.is_some_and(|error| error.contains("too many documents failed"));
        assert_eq!(told, status == Status::Failed);
    }
}

#[tokio::test]
async fn failures_in_a_row_and_a_share_of_the_last_end_the_sync() {
    let in_a_row = Tolerance { in_a_row: Some(3), ..Tolerance::default() };
    let of_last = Tolerance { of_last: Some(Share { most: 0.1, window: 20 }), ..Tolerance::default() };
    for (tolerance, every, status) in [
        (in_a_row, 2, Status::Partial),
        (in_a_row, 1, Status::Failed),
        (of_last, 11, Status::Partial),
        (of_last, 2, Status::Failed),
    ] {
        let mut world = World::new().await;
        world.options.tolerance = tolerance;
        world
            .fake
            .script(move |call| call.items(400, move |id| id[1..].parse::<usize>().unwrap() % every == 0));
        let report = world.sync(&Memory::numbered(40)).await;
        assert_eq!(report.status, status, "{tolerance:?} {every}: {report:?}");
        let told = report.error.is_some_and(|error| error.contains("too many documents failed"));
        assert_eq!(told, status == Status::Failed);
        assert_eq!(report.deleted, 0);
    }
}

#[tokio::test]
async fn no_failure_is_allowed_when_there_is_none() {
    let mut world = World::new().await;
    world.options.tolerance.total = 0;
    assert_eq!(world.sync(&Memory::numbered(3)).await.status, Status::Completed);
}

#[tokio::test]
async fn failures_that_can_not_be_kept_fail_the_sync() {
    let world = World::new().await;
    world.fake.script(|call| match call.path.as_str() {
        "/.connectors-failures" => Fault::Status(403),
        _ => call.items(400, |id| id == "d0"),
    });
    let report = world.sync(&Memory::numbered(2)).await;
    assert_eq!((report.status, report.created, report.failed), (Status::Failed, 1, 1));
    assert!(report.error.unwrap().contains("lack a privilege"));
}

#[tokio::test]
async fn the_first_error_is_the_one_that_is_told() {
    let world = World::new().await;
    world.fake.script(|call| match call.path.as_str() {
        "/.connectors-failures" => Fault::Status(403),
        _ if call.is_bulk() => Fault::Status(401),
        _ => Fault::None,
    });
    let report = world.sync(&Memory::numbered(2)).await;
    assert!(report.error.unwrap().contains("does not know these credentials"));
}

#[tokio::test]
async fn an_entry_that_the_server_is_too_busy_for_is_kept_by_a_further_try() {
    let world = World::new().await;
    let mut tries = 0;
    world.fake.script(move |call| {
        if !call.path.starts_with("/.connectors-failures/_bulk") {
            return call.items(400, |_| true);
        }
        tries += 1;
        let answer: fn(&mut Value) = |answer| answer["items"][1]["index"] = busy();
        if tries == 1 { Fault::Change(answer) } else { Fault::None }
    });
    let report = world.sync(&Memory::numbered(3)).await;
    assert_eq!((report.status, report.failed, report.error), (Status::Partial, 3, None));
    assert_eq!(world.failures().await.len(), 3);
    let sent = world.fake.seen("/.connectors-failures/_bulk");
    let lines: Vec<usize> = sent.iter().map(|seen| seen.body.lines().count()).collect();
    assert_eq!(lines, [6 + 2, 2 + 2], "only the one entry is sent again, each time with the guard");
}

fn busy() -> Value {
    json!({"status": 429, "error": {"type": "es_rejected_execution_exception", "reason": "busy"}})
}

#[tokio::test]
async fn a_document_that_a_pipeline_refuses_is_set_aside_at_once() {
    let world = World::new().await;
    world.fake.script(|call| call.items(500, |id| id == "d1"));
    let report = world.sync(&Memory::numbered(3)).await;
    assert_eq!((report.status, accounts(&report)), (Status::Partial, [2, 0, 0, 1, 0]));
    assert_eq!(world.ids(), ["d0", "d2"]);
    let failures = world.failures().await;
    assert_eq!((failures[0].id.as_str(), failures[0].stage), ("d1", Stage::Bulk));
    assert_eq!(failures[0].reason, "fail_processor_exception: the pipeline does not want it");
    assert_eq!(world.fake.kept().bulks, 1, "nothing is tried again in vain");
    world.fake.behave();
    let report = world.sync(&Memory::numbered(3)).await;
    assert_eq!((report.status, accounts(&report)), (Status::Completed, [1, 0, 2, 0, 0]));
}
