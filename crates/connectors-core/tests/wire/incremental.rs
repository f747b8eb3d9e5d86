//! Changes since a cursor.

use connectors_core::ErrorKind;
use connectors_core::rules::Basic;
use connectors_core::sync::{Pipeline, Status};
use serde_json::json;
use tokio_util::sync::CancellationToken;

use crate::support::log::{Event, Log, apply, cursor, full};
use crate::support::{Entry, Fault, World, accounts, entries};

#[tokio::test]
async fn changes_are_applied_in_order_and_the_cursor_kept() {
    let world = World::one_by_one().await;
    let log = Log::of(5);
    assert_eq!(full(&world, &log).await.status, Status::Completed);
    log.then([
        Event::Put(Entry::versioned("d1", 10)),
        Event::Put(Entry::versioned("new", 1).text("words")),
        Event::Delete("d2"),
        Event::Put(Entry::versioned("twice", 1).text("first")),
        Event::Put(Entry::versioned("twice", 2)),
        Event::Put(Entry::versioned("passing", 1).text("words")),
        Event::Delete("passing"),
        Event::Delete("never there"),
        Event::Checkpoint(9),
    ]);
    let report = apply(&world, &log).await;
    assert_eq!((report.status, accounts(&report)), (Status::Completed, [3, 2, 0, 0, 2]));
    let mut expected = entries([0, 3, 4]);
    expected.extend([
        Entry::versioned("d1", 10),
        Entry::versioned("new", 1).text("words"),
        Entry::versioned("twice", 2),
    ]);
    world.assert_holds(&expected);
    assert_eq!(cursor(&world, &log).await, 9);
    assert_eq!(*log.asked_from.lock().unwrap(), [0, 9]);
    log.memory.set(expected);
    assert_eq!(accounts(&full(&world, &log).await), [0, 0, 6, 0, 0], "the marks are those of a full sync");
}

#[tokio::test]
async fn a_cursor_that_was_cut_short_on_its_way_asks_for_no_full_sync() {
    let world = World::with(|settings| settings.retry.max = 1).await;
    let log = Log::of(3);
    full(&world, &log).await;
    log.then([Event::Put(Entry::versioned("new", 1)), Event::Checkpoint(1)]);
    let is_state = |path: &str| path.starts_with("/.connectors-state/_doc");
    world.fake.script(move |call| if is_state(&call.path) { Fault::Shortened } else { Fault::None });
    let told = apply(&world, &log).await.error.unwrap();
    assert!(told.contains("was not understood") && !told.contains("full sync"), "{told}");
    let mut is_first = true;
    world.fake.script(move |call| match is_state(&call.path) && std::mem::take(&mut is_first) {
        true => Fault::Shortened,
        false => Fault::None,
    });
    let report = apply(&world, &log).await;
    assert_eq!((report.status, accounts(&report)), (Status::Completed, [1, 0, 0, 0, 0]));
    assert_eq!(*log.asked_from.lock().unwrap(), [0], "from the kept place, once");
}

#[tokio::test]
async fn a_change_to_what_rules_leave_out_is_a_delete() {
    let mut world = World::one_by_one().await;
    let rule = json!({"id": "r", "policy": "exclude", "field": "n", "rule": ">", "value": "7", "order": 1});
    world.rules.basic = Basic::parse(&[rule]).unwrap();
    let log = Log::of(3);
    full(&world, &log).await;
    log.then([
        Event::Put(Entry::versioned("d1", 10).text("words")),
        Event::Put(Entry::versioned("new", 8)),
        Event::Put(Entry::versioned("d2", 7)),
        Event::Checkpoint(3),
    ]);
    let report = apply(&world, &log).await;
    let expected = (Status::Completed, 2, [0, 1, 0, 0, 1]);
    assert_eq!((report.status, report.filtered, accounts(&report)), expected, "`new` was not there");
    world.assert_holds(&[entries([0]), vec![Entry::versioned("d2", 7)]].concat());
    assert_eq!(log.memory.take_asked().1, 0, "its content is not opened");
}

#[tokio::test]
async fn without_a_cursor_a_full_sync_is_asked_for() {
    let world = World::new().await;
    let log = Log { has_no_log: true, ..Log::of(2) };
    assert_eq!(full(&world, &log).await.status, Status::Completed, "synced all the same");
    let report = apply(&world, &log).await;
    assert_eq!(report.status, Status::Failed);
    assert!(report.error.unwrap().contains("run a full sync first"));
}

#[tokio::test]
async fn the_cursor_of_a_full_sync_is_kept_only_when_all_is_written() {
    let world = World::new().await;
    let log = Log::of(2);
    world.fake.script(|call| if call.is_bulk() { Fault::Status(403) } else { Fault::None });
    assert_eq!(full(&world, &log).await.status, Status::Failed);
    world.fake.behave();
    assert_eq!(apply(&world, &log).await.status, Status::Failed, "no cursor was kept");
    world.fake.script(|call| {
        if call.path.starts_with("/.connectors-state") { Fault::Status(403) } else { Fault::None }
    });
    let report = full(&world, &log).await;
    assert_eq!((report.status, report.created), (Status::Failed, 2), "a cursor that can't be kept is told");
}

#[tokio::test]
async fn what_could_not_be_written_is_asked_for_again() {
    let world = World::with(|settings| (settings.retry.max, settings.bulk.chunk_bytes) = (1, 1)).await;
    let log = Log::of(1);
    full(&world, &log).await;
    log.then([
        Event::Put(Entry::versioned("lost", 1)),
        Event::Checkpoint(1),
        Event::Put(Entry::versioned("b", 1)),
        Event::Put(Entry::versioned("c", 1).text("words")),
        Event::Put(Entry::versioned("d", 1)),
        Event::Checkpoint(5),
    ]);
    // The server is back when the rest is sent: the cursor must not pass what was lost.
    world
        .fake
        .script(|call| if call.ids.iter().any(|id| id == "lost") { Fault::Status(503) } else { Fault::None });
    let report = apply(&world, &log).await;
    assert_eq!(report.status, Status::Failed);
    assert_eq!(cursor(&world, &log).await, 0);
    assert_eq!(world.body("lost"), json!({"n": 1}));
}

#[tokio::test]
async fn changes_whose_cursor_could_not_be_kept_are_asked_for_again() {
    let world = World::new().await;
    let log = Log::of(1);
    full(&world, &log).await;
    let kept = &world.fake.kept().indices[".connectors-state"].mappings["properties"]["cursor"].clone();
    assert_eq!(kept, &json!({"type": "keyword", "index": false, "doc_values": false}));
    log.then([Event::Put(Entry::versioned("a", 1)), Event::Checkpoint(1)]);
    world.fake.script(|call| {
        match (call.method.as_str(), call.path.starts_with("/.connectors-state/_doc")) {
            ("PUT", true) => Fault::Status(403),
            _ => Fault::None,
        }
    });
    let report = apply(&world, &log).await;
    assert_eq!((report.status, report.created), (Status::Failed, 1));
    assert_eq!(cursor(&world, &log).await, 0);
    assert_eq!(world.ids(), ["a", "d0"]);
    assert_eq!(cursor(&world, &log).await, 1, "it is kept by now");
}

#[tokio::test]
async fn an_error_of_the_log_stops_the_cursor_there() {
    for (kind, status) in [(ErrorKind::Transient, Status::Partial), (ErrorKind::Denied, Status::Failed)] {
        let world = World::new().await;
        let log = Log::of(1);
        full(&world, &log).await;
        log.then([
            Event::Put(Entry::versioned("a", 1)),
            Event::Checkpoint(1),
            Event::Error(kind),
            Event::Put(Entry::versioned("b", 1)),
            Event::Checkpoint(4),
        ]);
        assert_eq!(apply(&world, &log).await.status, status);
        log.events.lock().unwrap()[2] = Event::Put(Entry::versioned("c", 1));
        assert_eq!(cursor(&world, &log).await, 1);
        assert_eq!(world.ids(), ["a", "b", "c", "d0"]);
    }
}

#[tokio::test]
async fn a_stop_keeps_the_cursor_of_what_is_written() {
    let mut world = World::one_by_one().await;
    let log = Log::of(1);
    full(&world, &log).await;
    log.then([
        Event::Put(Entry::versioned("a", 1).text("words")),
        Event::Checkpoint(1),
        Event::Cancel(world.cancel.clone()),
        Event::Put(Entry::versioned("b", 1)),
    ]);
    let report = apply(&world, &log).await;
    assert_eq!(report.status, Status::Stopped);
    assert_eq!(world.body("a"), json!({"n": 1, "body": "words"}));
    world.cancel = CancellationToken::new();
    assert_eq!(cursor(&world, &log).await, 1);
}

#[tokio::test]
async fn many_changes_with_files_lose_nothing() {
    let world = World::one_by_one().await;
    let log = Log::of(0);
    full(&world, &log).await;
    let all: Vec<Entry> =
        (0..200).map(|n| Entry::versioned(&format!("d{n}"), n).text(&format!("text {n}"))).collect();
    log.then(all.iter().cloned().map(Event::Put));
    log.then([Event::Checkpoint(201)]);
    let report = apply(&world, &log).await;
    assert_eq!((report.status, accounts(&report)), (Status::Completed, [200, 0, 0, 0, 0]));
    world.assert_holds(&all);
}

#[tokio::test]
async fn after_document_level_security_was_switched_a_full_sync_comes_first() {
    let mut world = World::new().await;
    let log = Log::of(3);
    full(&world, &log).await;
    log.then([Event::Put(Entry::versioned("d1", 10)), Event::Checkpoint(1)]);
    for (on, closed) in [(true, json!(["_nobody"])), (false, json!(null))] {
        world.options.document_level_security = on;
        let report = apply(&world, &log).await;
        let error = report.error.unwrap_or_default();
        assert!(error.contains("run a full sync first") && error.contains("switched"), "{error}");
        assert_eq!((report.status, report.listed), (Status::Failed, 0));
        full(&world, &log).await;
        assert_ne!(apply(&world, &log).await.status, Status::Failed);
        let documents = world.fake.documents("docs");
        assert!(
            documents.values().all(|document| document["_allow_access_control"] == closed),
            "{documents:?}"
        );
    }
}

#[tokio::test]
async fn what_a_pipeline_drops_of_changes_leaves_no_older_version_and_takes_no_newer_one() {
    let mut world = World::one_by_one().await;
    world.pipeline = Some(Pipeline::new("mine"));
    world.fake.kept().pipelines.insert("mine".into(), json!({"processors": []}));
    let log = Log::of(4);
    full(&world, &log).await;
    let dropped = |id: &str| Entry { version: Some("7".into()), ..Entry::new(id, json!({"drop": true})) };
    log.then([
        Event::Put(dropped("d0")),
        Event::Put(dropped("d1")),
        Event::Put(Entry::versioned("d1", 8)),
        Event::Put(dropped("new")),
        Event::Checkpoint(4),
    ]);
    let report = apply(&world, &log).await;
    assert_eq!((report.status, report.listed, report.dropped), (Status::Completed, 4, 3), "{report:?}");
    assert_eq!(world.ids(), ["d1", "d2", "d3"]);
    assert_eq!(
        world.body("d1"),
        json!({"n": 8, "_extract_binary_content": true, "_reduce_whitespace": true,
        "_run_ml_inference": true})
    );
}

#[tokio::test]
async fn a_cursor_of_another_backend_is_never_used() {
    let world = World::new().await;
    let log = Log::of(2);
    *log.backend.lock().unwrap() = Some("rs0/one".into());
    full(&world, &log).await;
    *log.backend.lock().unwrap() = Some("rs0/restored".into());
    let report = apply(&world, &log).await;
    assert_eq!((report.status, log.asked_from.lock().unwrap().len()), (Status::Failed, 0));
    let error = report.error.unwrap();
    assert!(error.contains("another backend") && error.contains("run a full sync first"), "{error}");
    assert!(error.contains("before: rs0/one, now: rs0/restored"), "{error}");
    full(&world, &log).await;
    assert_eq!(apply(&world, &log).await.status, Status::Completed);
}
