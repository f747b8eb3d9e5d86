//! Basic rules in a sync.

use connectors_core::ErrorKind;
use connectors_core::rules::Basic;
use connectors_core::sync::Status;
use serde_json::{Value, json};

use crate::support::{Entry, Memory, Step, World, accounts, entries};

/// Rules that leave out what each text says, as `field rule value`.
fn without(rules: &[&str]) -> Basic {
    let rule = |(text, order): (&&str, i64)| -> Value {
        let parts: Vec<&str> = text.splitn(3, ' ').collect();
        let [field, rule, value] = parts[..] else { panic!("{text}") };
        json!({"id": order.to_string(), "policy": "exclude", "field": field, "rule": rule, "value": value, "order": order})
    };
    Basic::parse(&rules.iter().zip(1..).map(rule).collect::<Vec<_>>()).unwrap()
}

#[tokio::test]
async fn what_rules_leave_out_is_counted_and_not_indexed() {
    let mut world = World::new().await;
    world.rules.basic = without(&["n > 5"]);
    let source = Memory::numbered(10);
    let report = world.sync(&source).await;
    assert_eq!((report.status, report.listed, report.filtered), (Status::Completed, 10, 4));
    assert_eq!(accounts(&report), [6, 0, 0, 0, 0]);
    world.assert_holds(&entries(0..6));
    source.take_asked();
    let report = world.sync(&source).await;
    assert_eq!((report.filtered, accounts(&report)), (4, [0, 0, 6, 0, 0]));
    assert_eq!(source.take_asked(), (4, 0), "only what is not in the index is looked at");
}

#[tokio::test]
async fn other_rules_remove_what_no_longer_passes_and_add_what_does() {
    let mut world = World::new().await;
    world.rules.basic = without(&["n > 5"]);
    let source = Memory::numbered(10);
    world.sync(&source).await;
    world.rules.basic = without(&["n < 3"]);
    let report = world.sync(&source).await;
    assert_eq!((report.status, report.filtered), (Status::Completed, 3));
    assert_eq!(accounts(&report), [4, 3, 0, 0, 3]);
    world.assert_holds(&entries(3..10));
    world.rules.basic = Basic::NONE;
    let report = world.sync(&source).await;
    assert_eq!((report.filtered, accounts(&report)), (0, [3, 7, 0, 0, 0]));
    world.assert_holds(&entries(0..10));
}

#[tokio::test]
async fn a_document_that_changes_out_of_what_is_wanted_is_deleted() {
    let mut world = World::new().await;
    world.rules.basic = without(&["n equals 2"]);
    let versions =
        |number| [Entry::versioned("a", number), Entry::plain("b", number), Entry::versioned("c", 9)];
    let source = Memory::new(versions(1));
    world.sync(&source).await;
    source.set(versions(2));
    let report = world.sync(&source).await;
    assert_eq!((report.filtered, accounts(&report)), (2, [0, 0, 1, 0, 2]));
    world.assert_holds(&[Entry::versioned("c", 9)]);
    source.set(versions(3));
    assert_eq!(accounts(&world.sync(&source).await), [2, 0, 1, 0, 0]);
}

#[tokio::test]
async fn the_content_of_what_is_left_out_is_never_opened() {
    let mut world = World::new().await;
    world.rules.basic = without(&["id starts_with broken", "n equals 1"]);
    let broken = Entry::versioned("broken", 5).broken(ErrorKind::Denied);
    let source = Memory::new([broken, Entry::plain("one", 1).text("x"), Entry::plain("two", 2).text("y")]);
    let report = world.sync(&source).await;
    assert_eq!((report.status, report.filtered, accounts(&report)), (Status::Completed, 2, [1, 0, 0, 0, 0]));
    assert_eq!(source.take_asked().1, 1);
}

#[tokio::test]
async fn an_incomplete_listing_keeps_what_it_leaves_out() {
    let mut world = World::new().await;
    let source = Memory::new(entries(0..3));
    world.sync(&source).await;
    world.rules.basic = without(&["n equals 1"]);
    let mut steps: Vec<Step> = entries(0..3).into_iter().map(Step::from).collect();
    steps.push(Step::Error(ErrorKind::Transient, None));
    source.set(steps);
    let report = world.sync(&source).await;
    assert_eq!((report.status, report.filtered, report.deleted), (Status::Partial, 1, 0));
    source.set(entries(0..3));
    let report = world.sync(&source).await;
    assert_eq!((report.status, report.filtered, report.deleted), (Status::Completed, 1, 1));
}

#[tokio::test]
async fn a_body_that_does_not_serialise_fails_as_without_rules() {
    let mut world = World::new().await;
    world.rules.basic = without(&["n equals 1"]);
    let source = Memory::new([Step::Unserialisable("bad".into()), Entry::plain("good", 2).into()]);
    let report = world.sync(&source).await;
    assert_eq!((report.filtered, accounts(&report)), (0, [1, 0, 0, 1, 0]));
    assert_eq!(world.failures().await.len(), 1);
}

#[tokio::test]
async fn an_index_by_rules_is_equal_to_its_source() {
    let mut world = World::new().await;
    world.rules.basic = without(&["n > 5"]);
    let source = Memory::numbered(10);
    world.sync(&source).await;
    for found in [world.verify(&source).await.unwrap(), world.verify_deep(&source).await.unwrap()] {
        assert!(found.is_equal(), "{found:?}");
        assert_eq!((found.listed, found.filtered, found.equal), (6, 4, 6));
    }
    world.rules.basic = without(&["n > 4"]);
    let found = world.verify(&source).await.unwrap();
    assert_eq!((found.filtered, found.stale.count, found.left_over.count), (5, 5, 1), "{found:?}");
}
