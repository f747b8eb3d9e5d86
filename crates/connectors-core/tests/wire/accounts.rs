//! What is sent, and that the accounts tell it exactly.

use std::sync::atomic::Ordering::SeqCst;
use std::sync::{Arc, Mutex};

use connectors_core::sync::{Phase, Pipeline, Status};
use connectors_core::{DocumentId, ErrorKind, Rules};
use serde_json::json;

use crate::support::{Entry, Fault, Memory, Step, World, accounts, entries};

#[tokio::test]
async fn the_first_sync_creates_everything() {
    let world = World::new().await;
    let report = world.sync(&Memory::numbered(7)).await;
    assert_eq!((report.status, report.listed, report.complete), (Status::Completed, 7, true));
    assert_eq!((accounts(&report), report.sent()), ([7, 0, 0, 0, 0], 7));
    world.assert_holds(&entries(0..7));
    let document = &world.fake.documents("docs")["d3"];
    assert_eq!(document["id"], "d3");
    assert!(document["_timestamp"].as_str().unwrap().starts_with("2023-11-14T22:13:20.0"), "{document}");
    assert!(document["_sync"]["id"].is_i64() && document["_sync"]["mark"].is_i64(), "{document}");
    assert!(report.bytes_sent > 0 && report.bytes_received > 0 && report.requests > 5);
    assert_eq!(world.counters.listed.load(SeqCst), 7);
    assert_eq!(world.counters.sent.load(SeqCst), 7);
}

#[tokio::test]
async fn a_sync_tells_what_it_is_at_and_how_much_it_deleted() {
    let mut world = World::new().await;
    let source = Memory::new(entries(0..3));
    world.sync(&source).await;
    world.counters = Arc::default();
    let (met, counters) = (Arc::new(Mutex::new(Vec::new())), world.counters.clone());
    let phases = met.clone();
    world.fake.script(move |_| {
        phases.lock().unwrap().push(counters.phase().word());
        Fault::None
    });
    source.set(entries(1..4));
    world.sync(&source).await;
    let mut met = std::mem::take(&mut *met.lock().unwrap());
    met.dedup();
    assert_eq!(met, ["connecting", "comparing", "writing", "deleting", "verifying", "closing"]);
    assert_eq!(world.counters.phase(), Phase::Closing);
    assert_eq!(world.counters.deleted.load(SeqCst), 1);
}

#[tokio::test]
async fn the_second_sync_sends_nothing_and_reads_nothing() {
    let world = World::new().await;
    let source = Memory::new([
        Entry::versioned("versioned", 1),
        Entry::versioned("file", 1).text("words"),
        Entry::versioned("scoped", 1).scope("a/b"),
        Entry::plain("plain", 1),
    ]);
    world.sync(&source).await;
    assert_eq!(source.take_asked(), (3, 1));
    world.fake.forget_calls();
    let report = world.sync(&source).await;
    assert_eq!((report.status, accounts(&report)), (Status::Completed, [0, 0, 4, 0, 0]));
    assert_eq!(source.take_asked(), (0, 0), "nothing is serialised, no content is opened");
    assert!(world.fake.seen("_bulk").is_empty());
    assert!(world.fake.kept().pits.is_empty(), "every point in time is given back");
}

#[tokio::test]
async fn what_changed_came_and_went_is_exact() {
    for versioned in [true, false] {
        let entry = |id: &str, number| {
            if versioned { Entry::versioned(id, number) } else { Entry::plain(id, number) }
        };
        let world = World::new().await;
        let source = Memory::new([entry("same", 1), entry("changed", 1), entry("gone", 1)]);
        world.sync(&source).await;
        let now = [entry("same", 1), entry("changed", 2), entry("new", 1)];
        source.set(now.clone());
        let report = world.sync(&source).await;
        assert_eq!((report.status, accounts(&report)), (Status::Completed, [1, 1, 1, 0, 1]));
        world.assert_holds(&now);
    }
}

#[tokio::test]
async fn text_of_a_document_without_a_version_is_compared() {
    let world = World::new().await;
    let source = Memory::new([Entry::plain("a", 1).text("one"), Entry::plain("b", 1).text("one")]);
    world.sync(&source).await;
    let now = [Entry::plain("a", 1).text("two"), Entry::plain("b", 1).text("one")];
    source.set(now.clone());
    let report = world.sync(&source).await;
    assert_eq!(accounts(&report), [0, 1, 1, 0, 0]);
    world.assert_holds(&now);
}

#[tokio::test]
async fn what_shapes_documents_sends_them_again() {
    let mut world = World::new().await;
    let source = Memory::new([Entry::versioned("file", 1).text("words"), Entry::versioned("plain", 1)]);
    world.sync(&source).await;
    world.context.limits.max_content = 3;
    let report = world.sync(&source).await;
    assert_eq!(accounts(&report), [0, 1, 1, 0, 0], "only files have a limit");
    assert_eq!(report.contents.skipped["too large"], 1);
    assert_eq!(world.body("file"), json!({"n": 1}));
    (world.context.limits.max_content, world.context.limits.max_text) = (100, Some(3));
    let report = world.sync(&source).await;
    assert_eq!((accounts(&report), report.contents.cut), ([0, 1, 1, 0, 0], 1), "nor a longest text");
    assert_eq!(world.body("file"), json!({"n": 1, "body": "wor"}));
    world.rules = Rules::advanced(json!({"find": {}}));
    assert_eq!(accounts(&world.sync(&source).await), [0, 2, 0, 0, 0]);
    assert_eq!(accounts(&world.sync(&source).await), [0, 0, 2, 0, 0]);
}

#[tokio::test]
async fn of_an_id_that_is_listed_twice_the_last_wins() {
    let orders: [&[i64]; 5] = [&[1, 2], &[2, 1], &[3, 2, 1, 2], &[1, 1, 3], &[2, 2]];
    for in_index in [None, Some(1)] {
        for numbers in orders {
            let world = World::one_by_one().await;
            let before = in_index.map(|number| Entry::versioned("a", number));
            let source = Memory::new(before);
            world.sync(&source).await;
            source.set(numbers.iter().map(|number| Entry::versioned("a", *number)));
            let report = world.sync(&source).await;
            let last = *numbers.last().unwrap();
            assert_eq!(world.body("a"), json!({"n": last}), "{in_index:?} {numbers:?}");
            assert_eq!(report.repeated, numbers.len() as u64 - 1, "{in_index:?} {numbers:?}");
            assert!(world.fake.kept().overlaps.is_empty());
        }
    }
}

#[tokio::test]
async fn what_comes_again_after_a_restart_is_neither_sent_again_nor_counted() {
    let world = World::new().await;
    let new = |id, number, restarts| Entry::versioned(id, number).restarts(restarts);
    let listing = [new("a", 1, 0), new("b", 1, 0), new("a", 1, 1), new("b", 2, 1), new("c", 1, 1)];
    let source = Memory::new(listing.clone());
    let report = world.sync(&source).await;
    assert_eq!((report.listed, report.repeated), (4, 1), "b changed in between");
    world.assert_holds(&[Entry::versioned("a", 1), Entry::versioned("b", 2), Entry::versioned("c", 1)]);
    assert_eq!(source.take_asked().0, 4);

    source.set(listing.into_iter().filter(|entry| entry.version.as_deref() != Some("2")));
    source.steps.lock().unwrap().push(new("b", 1, 1).into());
    let report = world.sync(&source).await;
    assert_eq!((report.listed, report.repeated, accounts(&report)), (3, 0, [0, 1, 2, 0, 0]));
}

#[tokio::test]
async fn any_id_is_kept_and_found_again() {
    let longest = "ä".repeat(256);
    let too_long = "x".repeat(513);
    let ids = [
        "quo\"te",
        "back\\slash",
        "new\nline\ttab",
        "ünï/cödé ☃",
        "{\"delete\":1}",
        " ",
        &longest,
        &too_long,
    ];
    let world = World::new().await;
    let source = Memory::new(ids.map(|id| Entry::plain(id, 1)));
    assert_eq!(accounts(&world.sync(&source).await), [8, 0, 0, 0, 0]);
    let mut expected = ids.map(|id| DocumentId::from(id).into_string());
    expected.sort_unstable();
    assert_eq!(world.ids(), expected);
    assert_eq!(accounts(&world.sync(&source).await), [0, 0, 8, 0, 0]);
    source.set([Entry::plain("else", 1)]);
    assert_eq!(accounts(&world.sync(&source).await), [1, 0, 0, 0, 8]);
}

#[tokio::test]
async fn more_documents_than_a_page_are_all_known() {
    let world = World::new().await;
    let source = Memory::numbered(25_000);
    assert_eq!(accounts(&world.sync(&source).await), [25_000, 0, 0, 0, 0]);
    world.fake.forget_calls();
    source.set(entries(1_500..25_000));
    assert_eq!(accounts(&world.sync(&source).await), [0, 0, 23_500, 0, 1_500]);
    assert!(world.fake.seen("/_search").len() >= 4, "two slices of two pages");
}

#[tokio::test]
async fn documents_of_another_tool_are_overwritten_or_left_over() {
    let world = World::taking_over().await;
    let foreign = (0..12_000).map(|number| (format!("d{number}"), json!({"n": -1})));
    world.fake.seed("docs", foreign);
    let source = Memory::numbered(11_900);
    let report = world.sync(&source).await;
    assert_eq!((report.status, accounts(&report)), (Status::Completed, [0, 11_900, 0, 0, 100]));
    world.assert_holds(&entries(0..11_900));
}

#[tokio::test]
async fn many_documents_of_another_tool_stay_until_somebody_says_so() {
    let mut world = World::taking_over().await;
    world.fake.seed("docs", (0..10_500).map(|number| (format!("f{number}"), json!({"n": -1}))));
    let source = Memory::numbered(10);
    let report = world.sync(&source).await;
    assert_eq!((report.status, report.withheld, report.deleted), (Status::Withheld, 10_500, 0));
    world.options.allow_deletes = true;
    let report = world.sync(&source).await;
    assert_eq!((report.status, report.withheld, report.deleted), (Status::Completed, 0, 10_500));
    world.assert_holds(&entries(0..10));
}

#[tokio::test]
async fn a_source_that_is_certain_is_not_listed() {
    let mut world = World::new().await;
    let source = Memory::numbered(2);
    source.is_unchanged.store(true, SeqCst);
    let first = world.sync(&source).await;
    assert_eq!((first.status, first.verified), (Status::Completed, true), "only where it is asked for");
    world.options.skip_unchanged = first.basis;
    let report = world.sync(&source).await;
    assert_eq!((report.status, report.listed, report.complete), (Status::Skipped, 0, false));
    assert_eq!(source.asked.listings.load(SeqCst), 1);
    source.is_unchanged.store(false, SeqCst);
    assert_eq!(world.sync(&source).await.unchanged, 2);
}

/// A world whose source is certain that nothing changed since the last sync, which may let the next one be skipped.
async fn certain() -> (World, Memory) {
    let mut world = World::new().await;
    let source = Memory::numbered(3);
    source.is_unchanged.store(true, SeqCst);
    world.options.skip_unchanged = world.sync(&source).await.basis;
    assert_eq!(world.sync(&source).await.status, Status::Skipped);
    (world, source)
}

#[tokio::test]
async fn a_sync_by_other_rules_or_into_another_index_is_never_skipped() {
    let changes: [fn(&mut World); 6] = [
        |world| world.rules = Rules::advanced(json!({"find": {}})),
        |world| {
            world.fake.kept().pipelines.insert("p".into(), json!({"processors": []}));
            world.pipeline = Some(Pipeline::new("p"));
        },
        |world| world.options.document_level_security = true,
        |world| world.context.limits.max_content = 3,
        |world| world.options.retry_failed = true,
        |world| drop(world.fake.kept().indices.remove("docs")),
    ];
    for (number, change) in changes.into_iter().enumerate() {
        let (mut world, source) = certain().await;
        change(&mut world);
        let report = world.sync(&source).await;
        assert_eq!((report.status == Status::Skipped, report.listed), (false, 3), "change {number}");
    }
}

#[tokio::test]
async fn after_a_failure_the_next_sync_is_not_skipped_and_tries_it_again() {
    let mut world = World::new().await;
    let source = Memory::new([Entry::versioned("a", 1), Entry::versioned("b", 1).broken(ErrorKind::Missing)]);
    source.is_unchanged.store(true, SeqCst);
    world.fake.script(|call| call.items(400, |id| id == "a"));
    for contents in [2, 2] {
        let report = world.sync(&source).await;
        assert_eq!((report.status, report.failed, report.contents.failed), (Status::Partial, 1, 1));
        assert_eq!((report.basis, source.take_asked().1), (None, contents), "read, and once more at once");
        world.options.skip_unchanged = report.basis;
    }
    world.fake.behave();
    assert_eq!(world.sync(&source).await.created, 1, "what was refused");
}

#[tokio::test]
async fn a_source_out_of_reach_ends_the_sync_before_it_begins() {
    let world = World::new().await;
    let source = Memory::numbered(2);
    *source.ping.lock().unwrap() = Some(ErrorKind::Denied);
    let report = world.sync(&source).await;
    assert_eq!(report.status, Status::Failed);
    assert!(report.error.unwrap().contains("the source is out of reach"));
    assert!(world.fake.kept().indices.is_empty(), "no index is made");
}

#[tokio::test]
async fn a_body_that_does_not_serialise_fails_its_document_alone() {
    let world = World::new().await;
    let source = Memory::new([Entry::plain("bad", 1), Entry::plain("raw", 1), Entry::plain("good", 1)]);
    world.sync(&source).await;
    source.set([
        Step::Unserialisable("bad".into()),
        Step::Raw("raw".into(), "{\n\"n\":2}"),
        Step::Raw("fine".into(), "{\"n\":3}"),
        Entry::plain("good", 2).into(),
    ]);
    let report = world.sync(&source).await;
    assert_eq!((report.status, accounts(&report)), (Status::Partial, [1, 1, 0, 2, 0]));
    assert_eq!(world.body("bad"), json!({"n": 1}), "what fails is not deleted");
    assert_eq!((world.body("fine"), world.body("good")), (json!({"n": 3}), json!({"n": 2})));
    let failures = world.failures().await;
    assert_eq!(failures.len(), 2, "{failures:?}");
    assert!(failures.iter().all(|failure| failure.reason.contains("JSON object")), "{failures:?}");
}

#[tokio::test]
async fn fields_that_can_not_keep_their_names_are_reported_and_none_is_lost() {
    let world = World::new().await;
    let source = Memory::new([Entry::new("a", json!({"id": 1, "id_": 2, "": 3})), Entry::plain("b", 1)]);
    let report = world.sync(&source).await;
    assert_eq!(
        (report.status, report.created, report.renamed.count),
        (Status::Completed, 2, 2),
        "{report:?}"
    );
    assert!(report.renamed.first.iter().any(|(from, _)| from == "id"), "{:?}", report.renamed);
    let fields = world.fake.documents("docs")["a"].as_object().unwrap().len();
    assert_eq!(fields, 3 + 3, "three of the source, three of the sync");
}
