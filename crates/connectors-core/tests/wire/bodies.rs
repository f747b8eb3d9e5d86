//! Documents that are listed without their bodies: looked up only where they have to be sent, many at a time.

use std::sync::atomic::Ordering::SeqCst;

use async_trait::async_trait;
use connectors_core::rules::Basic;
use connectors_core::sync::{DEFAULT_PIPELINE, Pipeline, Status, full as sync};
use connectors_core::{Document, Lookup, Permissions, Result, Rules, Source};
use futures::stream::BoxStream;
use serde_json::json;

use crate::support::log::{Event, Log, apply, full};
use crate::support::{Entry, Memory, World, accounts};

/// Documents `d0…` with their number as version, whose bodies a look-up tells.
fn stubs(numbers: impl IntoIterator<Item = i64>) -> Vec<Entry> {
    crate::support::entries(numbers).into_iter().map(Entry::without_body).collect()
}

/// A source whose listing names more than it holds any more.
struct Vanishing {
    listed: Memory,
    held: Memory,
}

#[async_trait]
impl Source for Vanishing {
    async fn ping(&self) -> Result<()> {
        Ok(())
    }

    fn lookup(&self) -> Option<&dyn Lookup> {
        self.held.lookup()
    }

    fn documents<'a>(&'a self, rules: &'a Rules) -> BoxStream<'a, Result<Document>> {
        self.listed.documents(rules)
    }
}

fn looked_up(source: &Memory) -> Vec<String> {
    std::mem::take(&mut *source.looked_up.lock().unwrap())
}

#[tokio::test]
async fn only_what_is_new_or_changed_is_looked_up() {
    let world = World::new().await;
    let source = Memory::new(stubs(0..1200)).with_lookup([]);
    let report = world.sync(&source).await;
    assert_eq!((report.verified, accounts(&report)), (true, [1200, 0, 0, 0, 0]));
    assert_eq!(looked_up(&source).len(), 1200);
    world.assert_holds(&stubs(0..1200));

    let mut now = stubs(0..1199);
    now[7] = Entry::versioned("d7", 70).without_body();
    now.push(Entry::versioned("new", 1).text("words").without_body());
    source.set(now.clone());
    let report = world.sync(&source).await;
    assert_eq!((report.verified, accounts(&report)), (true, [1, 1, 1198, 0, 1]));
    assert_eq!(looked_up(&source), ["d7", "new", "d1199"], "the last is asked whether it is gone");
    world.assert_holds(&now);
}

#[tokio::test]
async fn what_cannot_be_looked_up_fails_alone_and_is_tried_again() {
    let world = World::new().await;
    let source = Memory::new(stubs(0..5)).with_lookup([]);
    world.sync(&source).await;
    source.set((0..5).map(|n| Entry::versioned(&format!("d{n}"), n + 10).without_body()));
    *source.by_id.as_ref().unwrap().lock().unwrap() = vec![Err("d3")];
    let report = world.sync(&source).await;
    assert_eq!(accounts(&report), [0, 4, 0, 1, 0]);
    assert_eq!(world.body("d3"), json!({"n": 3}), "it stays as it was");
    let failures = world.failures().await;
    assert_eq!((failures.len(), failures[0].id.as_str()), (1, "d3"));
    assert!(failures[0].reason.contains("the source can't be asked"), "{}", failures[0].reason);
    source.by_id.as_ref().unwrap().lock().unwrap().clear();
    assert_eq!(accounts(&world.sync(&source).await), [0, 1, 4, 0, 0]);
    assert!(world.failures().await.is_empty());
}

#[tokio::test]
async fn a_document_that_is_deleted_between_listing_and_look_up_is_deleted() {
    let world = World::new().await;
    let held = Memory::new(stubs([0, 2])).with_lookup([]);
    world.sync(&Memory::new(stubs(0..3)).with_lookup([])).await;
    let gone = Entry::versioned("d1", 9).without_body();
    let listed = Memory::new([stubs([0]), vec![gone], stubs([2])].concat());
    let source = Vanishing { listed, held };
    let report = sync(&world.job(&source, "docs")).await;
    assert!(report.adds_up(), "{report:?}");
    assert_eq!((report.listed, accounts(&report)), (2, [0, 0, 2, 0, 1]));
    world.assert_holds(&stubs([0, 2]));
}

#[tokio::test]
async fn changes_without_bodies_are_looked_up_before_the_cursor_is_kept() {
    let world = World::new().await;
    let mut log = Log::of(3);
    log.memory = std::mem::take(&mut log.memory).with_lookup([]);
    full(&world, &log).await;
    log.memory.set([stubs([0, 2]), vec![Entry::versioned("d1", 10).without_body()]].concat());
    log.then([
        Event::Put(Entry::versioned("d1", 10).without_body()),
        Event::Put(Entry::versioned("gone", 1).without_body()),
        Event::Checkpoint(4),
    ]);
    let report = apply(&world, &log).await;
    assert_eq!((report.status, accounts(&report)), (Status::Completed, [0, 1, 0, 0, 0]));
    assert_eq!(world.body("d1"), json!({"n": 10}));
    assert_eq!(world.ids(), ["d0", "d1", "d2"]);
}

#[tokio::test]
async fn rules_and_permissions_count_for_looked_up_documents() {
    let mut world = World::new().await;
    let exclude =
        json!({"id": "r", "policy": "exclude", "field": "n", "rule": "equals", "value": "1", "order": 1});
    world.rules.basic = Basic::parse(&[exclude]).unwrap();
    let entries = || stubs(0..3).into_iter().map(|entry| entry.permissions(Permissions::to(["user:ada"])));
    let source = Memory::new(entries()).with_lookup([]);
    let report = world.sync(&source).await;
    assert_eq!((report.filtered, accounts(&report)), (1, [2, 0, 0, 0, 0]));
    assert!(world.fake.documents("docs")["d0"].get("_allow_access_control").is_none(), "security is off");
    assert_eq!(accounts(&world.sync(&source).await), [0, 0, 2, 0, 0]);
    let verified = world.verify(&source).await.unwrap();
    assert!(verified.is_equal() && verified.filtered == 1, "{verified:?}");
}

#[tokio::test]
async fn a_content_that_is_not_wanted_counts_once_for_a_document_that_is_looked_up() {
    let mut world = World::new().await;
    let mut off = Pipeline::new(DEFAULT_PIPELINE);
    off.flags.extract_binary_content = false;
    world.pipeline = Some(off);
    let source = Memory::new([Entry::versioned("a", 1).text("words").without_body()]).with_lookup([]);
    let report = world.sync(&source).await;
    assert_eq!(report.contents.skipped, [("extract_binary_content is false".to_owned(), 1)].into());
    assert_eq!(source.take_asked().1, 0);
}

#[tokio::test]
async fn a_comparison_by_marks_looks_nothing_up_and_a_deep_one_everything() {
    let world = World::new().await;
    let source = Memory::new(stubs(0..4)).with_lookup([]);
    world.sync(&source).await;
    looked_up(&source);
    let verified = world.verify(&source).await.unwrap();
    assert!(verified.is_equal() && looked_up(&source).is_empty(), "{verified:?}");
    let verified = world.verify_deep(&source).await.unwrap();
    assert_eq!((verified.is_equal(), verified.compared, looked_up(&source).len()), (true, Some(4), 4));
    *source.by_id.as_ref().unwrap().lock().unwrap() = vec![Err("d2")];
    let verified = world.verify_deep(&source).await.unwrap();
    assert_eq!((verified.is_equal(), verified.listing_errors), (false, 1), "{verified:?}");
}

#[tokio::test]
async fn a_source_that_lists_without_bodies_and_cannot_be_asked_fails_its_documents() {
    let world = World::new().await;
    let source = Memory::new(stubs(0..2));
    let report = world.sync(&source).await;
    assert_eq!(accounts(&report), [0, 0, 0, 2, 0]);
    let reason = &world.failures().await[0].reason;
    assert!(reason.contains("can't look them up"), "{reason}");
    assert_eq!(source.asked.bodies.load(SeqCst), 0);
}
