//! The closing digest: what it finds, what is repaired once, and what is named.

use std::sync::Arc;
use std::sync::atomic::Ordering::SeqCst;

use connectors_core::ErrorKind;
use connectors_core::sync::{KnownBy, Status};
use serde_json::{Value, json};

use crate::support::{Entry, Fault, Memory, Step, World, accounts, entries};

/// Does this to the index before its refreshes of these numbers, from 1: those of one sync are before it learns,
/// before it deletes, before the closing digest, and before the one after a repair.
fn before_refresh(world: &World, numbers: &'static [usize], act: impl Fn(&mut Documents) + Send + 'static) {
    let (fake, mut refreshes) = (world.fake.clone(), 0);
    world.fake.script(move |call| {
        if call.path == "/docs/_refresh" {
            refreshes += 1;
            if numbers.contains(&refreshes) {
                act(&mut fake.kept().indices.get_mut("docs").unwrap().written);
            }
        }
        Fault::None
    });
}

type Documents = std::collections::BTreeMap<String, Value>;

const CLOSING: &[usize] = &[3];
const ALWAYS: &[usize] = &[3, 4, 5];

/// Documents that another worker wrote, as it would have.
fn intruders(world: &World, numbers: std::ops::Range<i64>) -> Vec<(String, Value)> {
    numbers.map(|number| world.marked(&format!("intruder{number}"), 5)).collect()
}

async fn world_with(count: i64) -> (World, Memory) {
    let world = World::new().await;
    let source = Memory::numbered(count);
    assert!(world.sync(&source).await.verified);
    (world, source)
}

#[tokio::test]
async fn what_got_lost_is_looked_up_where_listings_have_no_bodies() {
    let world = World::new().await;
    let now: Vec<Entry> = entries(0..40).into_iter().map(Entry::without_body).collect();
    let source = Memory::new(now.clone()).with_lookup([]);
    world.sync(&source).await;
    source.looked_up.lock().unwrap().clear();
    before_refresh(&world, CLOSING, |documents| drop(documents.remove("d3")));
    let report = world.sync(&source).await;
    assert_eq!((report.verified, report.repaired), (true, 1));
    assert_eq!(*source.looked_up.lock().unwrap(), ["d3"]);
    world.assert_holds(&now);
}

#[tokio::test]
async fn what_got_lost_is_written_again() {
    for versioned in [true, false] {
        let (world, source) = world_with(40).await;
        let entry = |n: i64| {
            if versioned {
                Entry::versioned(&format!("d{n}"), n + 1)
            } else {
                Entry::plain(&format!("d{n}"), n)
            }
        };
        let mut now: Vec<Entry> = (0..39).map(entry).collect();
        now.push(entry(39).text("words"));
        source.set(now.clone());
        before_refresh(&world, CLOSING, |documents| {
            documents.remove("d3");
            documents.remove("d39");
            documents.get_mut("d5").unwrap()["_sync"]["mark"] = json!(7);
        });
        let report = world.sync(&source).await;
        assert_eq!(
            (report.status, report.verified, report.repaired),
            (Status::Completed, true, 3),
            "{report:?}"
        );
        assert_eq!(accounts(&report), [0, 40, 0, 0, 0], "a repair is no part of the accounts");
        world.assert_holds(&now);
        world.fake.behave();
        let report = world.sync(&source).await;
        assert_eq!((report.known_by, report.marks_read, report.sent()), (Some(KnownBy::Digest), 0, 0));
    }
}

#[tokio::test]
async fn what_somebody_else_put_there_is_removed() {
    let (world, source) = world_with(40).await;
    let theirs = intruders(&world, 0..5);
    before_refresh(&world, CLOSING, move |documents| documents.extend(theirs.clone()));
    let report = world.sync(&source).await;
    assert_eq!((report.status, report.verified, report.repaired), (Status::Completed, true, 5), "{report:?}");
    world.assert_holds(&entries(0..40));
}

#[tokio::test]
async fn more_than_the_guard_allows_is_not_removed() {
    let (world, source) = world_with(40).await;
    let theirs = intruders(&world, 0..50);
    before_refresh(&world, CLOSING, move |documents| documents.extend(theirs.clone()));
    let report = world.sync(&source).await;
    assert_eq!((report.verified, report.repaired), (false, 0));
    assert!(report.unverified.unwrap().contains("more than the set share"));
    assert_eq!(world.ids().len(), 90);
}

#[tokio::test]
async fn a_document_that_came_meanwhile_is_left_as_it_is() {
    let world = World::new().await;
    let source = Memory::numbered(1);
    world.sync(&source).await;
    let theirs = world.fake.documents("docs")["d0"].clone();
    source.set(entries(1..40));
    world.sync(&source).await;
    // Another worker wrote a document that the source has on a second look.
    let shared = Arc::new(source);
    let inner = shared.clone();
    before_refresh(&world, CLOSING, move |documents| {
        inner.set(entries(0..40));
        documents.insert("d0".into(), theirs.clone());
    });
    let report = world.sync(&shared).await;
    assert_eq!((report.verified, report.repaired, report.deleted), (true, 0, 0), "{report:?}");
    world.assert_holds(&entries(0..40));
}

#[tokio::test]
async fn what_differs_still_is_named_and_not_kept_as_true() {
    let (world, source) = world_with(40).await;
    source.set(entries(0..41));
    let theirs = intruders(&world, 1..2);
    before_refresh(&world, ALWAYS, move |documents| {
        documents.remove("d3");
        documents.extend(theirs.clone());
    });
    let report = world.sync(&source).await;
    assert_eq!((report.status, report.verified), (Status::Partial, false), "{report:?}");
    let mut named = report.differing.first.clone();
    named.sort_unstable();
    assert_eq!((report.differing.count, named), (2, vec!["d3".to_owned(), "intruder1".to_owned()]));
    world.fake.behave();
    let report = world.sync(&source).await;
    assert!(report.marks_read > 0, "what was not verified is read");
    assert_eq!(
        (report.status, report.verified, accounts(&report)),
        (Status::Completed, true, [1, 0, 40, 0, 1])
    );
}

#[tokio::test]
async fn after_an_incomplete_listing_nothing_is_repaired() {
    let (world, source) = world_with(40).await;
    let mut steps: Vec<Step> = entries(0..40).into_iter().map(Step::from).collect();
    steps.push(Step::Error(ErrorKind::Transient, None));
    source.set(steps);
    before_refresh(&world, &[2], |documents| {
        documents.remove("d3");
    });
    let listings = source.asked.listings.load(SeqCst);
    let report = world.sync(&source).await;
    assert_eq!((report.status, report.verified, report.repaired), (Status::Partial, false, 0));
    assert!(report.differing.first[0].starts_with("_sync.id "), "{report:?}");
    assert_eq!(source.asked.listings.load(SeqCst), listings + 1);
}

#[tokio::test]
async fn a_repair_that_cannot_list_everything_removes_nothing() {
    let (world, source) = world_with(40).await;
    let source = Arc::new(source);
    let inner = source.clone();
    let theirs = intruders(&world, 1..2);
    before_refresh(&world, CLOSING, move |documents| {
        documents.extend(theirs.clone());
        documents.remove("d0");
        let mut steps: Vec<Step> = entries(0..20).into_iter().map(Step::from).collect();
        steps.push(Step::Error(ErrorKind::Transient, Some("a")));
        inner.set(steps);
    });
    let report = world.sync(&source).await;
    assert_eq!((report.status, report.verified), (Status::Completed, false));
    assert!(report.unverified.unwrap().contains("the source stumbled"));
    assert_eq!((report.repaired, world.ids().len()), (1, 41), "what was met is written, nothing is removed");
}

#[tokio::test]
async fn a_document_that_failed_is_no_difference_and_not_kept_as_true() {
    let (world, source) = world_with(600).await;
    let mut now = entries(0..601);
    now[7] = Entry::versioned("d7", -7);
    source.set(now.clone());
    world.fake.script(|call| call.items(400, |id| ["d7", "d600"].contains(&id)));
    let report = world.sync(&source).await;
    assert_eq!((report.status, report.verified, report.failed), (Status::Partial, true, 2), "{report:?}");
    world.fake.behave();
    let report = world.sync(&source).await;
    assert_eq!((report.known_by, report.marks_read), (Some(KnownBy::Digest), 0));
    assert_eq!(accounts(&report), [1, 1, 599, 0, 0]);
    world.assert_holds(&now);
}

#[tokio::test]
async fn withheld_deletes_are_what_the_accounts_say() {
    let (mut world, source) = world_with(40).await;
    source.set(entries(0..2));
    let report = world.sync(&source).await;
    assert_eq!((report.status, report.withheld, report.verified), (Status::Withheld, 38, true));
    world.options.allow_deletes = true;
    let report = world.sync(&source).await;
    assert_eq!((report.deleted, report.known_by, report.marks_read), (38, Some(KnownBy::Digest), 0));
}

#[tokio::test]
async fn a_digest_that_cannot_be_asked_fails_no_sync() {
    let (world, source) = world_with(40).await;
    let mut searches = 0;
    world.fake.script(move |call| {
        let is_digest = call.path == "/docs/_search";
        searches += usize::from(is_digest);
        if is_digest && searches == 2 { Fault::Status(403) } else { Fault::None }
    });
    let report = world.sync(&source).await;
    assert_eq!((report.status, report.verified), (Status::Completed, false), "{report:?}");
    assert!(report.unverified.unwrap().contains("lack a privilege"));
}

#[tokio::test]
async fn a_stop_at_the_end_ends_the_check_alone() {
    let (world, source) = world_with(40).await;
    let (cancel, mut searches) = (world.cancel.clone(), 0);
    world.fake.script(move |call| {
        searches += usize::from(call.path == "/docs/_search");
        if searches == 2 {
            cancel.cancel();
        }
        Fault::None
    });
    let report = world.sync(&source).await;
    assert_eq!((report.status, report.verified, report.unchanged), (Status::Completed, false, 40));
    assert!(report.unverified.unwrap().contains("stopped"));
}

#[tokio::test]
async fn an_index_that_is_something_else_altogether_is_not_repaired() {
    let (world, source) = world_with(10).await;
    before_refresh(&world, CLOSING, |documents| {
        documents.extend(
            (0..(1_i64 << 18) + 1).map(|n| (format!("x{n}"), json!({"_sync": {"id": n << 40, "mark": 1}}))),
        );
    });
    let report = world.sync(&source).await;
    assert_eq!((report.verified, report.repaired), (false, 0));
    assert!(report.unverified.unwrap().contains("another sync may be at work"));
}
