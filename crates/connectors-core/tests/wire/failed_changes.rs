//! Changes that fail: kept for a retry, or the cursor stays before them.

use connectors_core::sync::{Status, failures};
use serde_json::json;

use crate::support::fake::Index;
use crate::support::log::{Event, Log, apply, cursor, full};
use crate::support::{Entry, Fault, Memory, World, accounts, entries};

#[tokio::test]
async fn a_refused_change_is_kept_as_a_failure() {
    let world = World::new().await;
    let log = Log::of(2);
    full(&world, &log).await;
    log.then([Event::Put(Entry::versioned("bad", 1)), Event::Delete("d0"), Event::Checkpoint(2)]);
    world.fake.script(|call| call.items(400, |id| id == "bad"));
    let report = apply(&world, &log).await;
    assert_eq!((report.status, accounts(&report)), (Status::Partial, [0, 0, 0, 1, 1]));
    assert_eq!(world.failures().await[0].id, "bad");
    assert_eq!(cursor(&world, &log).await, 0, "nothing passes a change that can't be asked for again");
    assert!(world.failures().await.is_empty(), "it is written by now");
    assert_eq!(world.body("bad"), json!({"n": 1}));
}

#[tokio::test]
async fn what_failed_is_asked_for_again_by_the_next_incremental_sync() {
    let world = World::new().await;
    let log = Log { memory: Memory::numbered(2).with_lookup([Entry::versioned("bad", 1)]), ..Log::default() };
    full(&world, &log).await;
    log.then([Event::Put(Entry::versioned("bad", 1)), Event::Delete("d0"), Event::Checkpoint(2)]);
    world.fake.script(|call| call.items(400, |id| ["bad", "d0"].contains(&id)));
    let report = apply(&world, &log).await;
    assert_eq!((report.status, report.failed, report.undeleted), (Status::Partial, 1, 1));
    log.memory.set(entries(1..2));
    let report = apply(&world, &log).await;
    assert_eq!(
        (report.failed, report.undeleted),
        (1, 1),
        "both are tried again, though the log has nothing new"
    );
    let tries: Vec<u32> = world.failures().await.iter().map(|failure| failure.tries).collect();
    assert_eq!(tries, [2, 2]);
    assert_eq!(cursor(&world, &log).await, 2, "the cursor passed what is kept for another try");
    assert!(world.failures().await.is_empty());
    assert_eq!(world.ids(), ["bad", "d1"]);
}

#[tokio::test]
async fn what_failed_a_moment_ago_waits_where_changes_are_followed() {
    let mut world = World::new().await;
    world.options.retry_wait = std::time::Duration::from_secs(30);
    let log = Log { memory: Memory::numbered(1).with_lookup([Entry::versioned("bad", 1)]), ..Log::default() };
    full(&world, &log).await;
    log.then([Event::Put(Entry::versioned("bad", 1)), Event::Checkpoint(1)]);
    world.fake.script(|call| call.items(400, |id| id == "bad"));
    apply(&world, &log).await;
    world.fake.behave();
    assert_eq!(apply(&world, &log).await.listed, 0, "the clock stands still");
    let later = chrono::DateTime::from_timestamp(1_700_000_031, 0).unwrap();
    world.context.clock = connectors_core::Clock::fixed(later);
    assert_eq!(accounts(&apply(&world, &log).await), [1, 0, 0, 0, 0]);
}

#[tokio::test]
async fn failures_that_can_not_be_kept_keep_the_cursor_back() {
    let world = World::new().await;
    let log = Log { memory: Memory::numbered(1).with_lookup([]), ..Log::default() };
    full(&world, &log).await;
    log.then([Event::Put(Entry::versioned("bad", 1)), Event::Checkpoint(1)]);
    world.fake.script(|call| match call.path.as_str() {
        "/.connectors-failures/_bulk" => Fault::Status(403),
        _ => call.items(400, |id| id == "bad"),
    });
    assert_eq!(apply(&world, &log).await.status, Status::Failed);
    assert_eq!(cursor(&world, &log).await, 0);
    assert_eq!(world.body("bad"), json!({"n": 1}));
}

#[tokio::test]
async fn a_full_sync_whose_failures_can_not_be_kept_keeps_no_cursor() {
    for (is_foreign, status) in [(false, Status::Failed), (true, Status::Partial)] {
        let world = World::new().await;
        if is_foreign {
            let mappings = json!({ "properties": { "index": { "type": "text" } } });
            world.fake.kept().indices.insert(failures::INDEX.into(), Index { mappings, ..Index::default() });
        }
        let log = Log { memory: Memory::numbered(3).with_lookup([]), ..Log::default() };
        world.fake.script(|call| match call.path.as_str() {
            "/.connectors-failures/_bulk" => Fault::Status(400),
            _ => call.items(400, |id| id == "d1"),
        });
        let report = full(&world, &log).await;
        assert_eq!((report.status, report.failed), (status, 1), "{report:?}");
        world.fake.behave();
        let error = apply(&world, &log).await.error.unwrap();
        assert!(error.contains("full sync"), "{error}");
    }
}

#[tokio::test]
async fn too_many_failures_keep_the_cursor_back() {
    let mut world = World::new().await;
    world.options.tolerance.total = 3;
    let log = Log { memory: Memory::numbered(1).with_lookup([]), ..Log::default() };
    full(&world, &log).await;
    log.then((0..9).map(|n| Event::Put(Entry::versioned(&format!("x{n}"), n))));
    log.then([Event::Checkpoint(9)]);
    world.fake.script(|call| call.items(400, |id| id.starts_with('x')));
    let report = apply(&world, &log).await;
    assert_eq!((report.status, report.failed), (Status::Failed, 9));
    assert!(report.error.unwrap().contains("too many documents failed"));
    assert_eq!(cursor(&world, &log).await, 0);
    assert_eq!(world.ids().len(), 10);
}
