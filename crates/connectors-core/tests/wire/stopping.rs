//! A sync that somebody ends.

use std::sync::Arc;

use connectors_core::sync::Status;
use tokio::sync::Notify;

use crate::support::{Entry, Fault, Memory, Step, World, accounts, entries};

#[tokio::test]
async fn a_stop_in_the_middle_awaits_what_is_in_flight_and_deletes_nothing() {
    let world = World::one_by_one().await;
    let source = Memory::numbered(5);
    world.sync(&source).await;
    let mut steps: Vec<Step> = entries(5..9).into_iter().map(Step::from).collect();
    steps.push(Step::Cancel(world.cancel.clone()));
    steps.extend(entries(9..1_000).into_iter().map(Step::from));
    source.set(steps);
    let report = world.sync(&source).await;
    assert_eq!((report.status, report.complete, report.deleted), (Status::Stopped, false, 0));
    assert!(report.error.is_none() && report.listed < 100, "{report:?}");
    assert_eq!(report.created, report.listed);
    assert_eq!(world.ids().len() as u64, 5 + report.created, "what was in flight is awaited and counted");
}

#[tokio::test]
async fn a_stop_while_files_are_read_loses_none() {
    let world = World::new().await;
    let mut steps: Vec<Step> =
        (0..5).map(|n| Entry::plain(&format!("d{n}"), n).text("words").into()).collect();
    steps.push(Step::Cancel(world.cancel.clone()));
    steps.push(Entry::plain("last", 1).into());
    let report = world.sync(&Memory::new(steps)).await;
    assert_eq!(report.status, Status::Stopped);
    assert_eq!(report.created, report.listed);
}

#[tokio::test]
async fn a_stop_before_the_beginning_touches_nothing() {
    let world = World::new().await;
    world.cancel.cancel();
    let report = world.sync(&Memory::numbered(3)).await;
    assert_eq!((report.status, accounts(&report)), (Status::Stopped, [0; 5]));
    assert!(world.ids().is_empty());
}

#[tokio::test]
async fn a_stop_between_listing_and_deletes_is_told() {
    let world = World::new().await;
    let source = Memory::numbered(8);
    world.sync(&source).await;
    let cancel = world.cancel.clone();
    world.fake.script(move |call| {
        if call.is_bulk() {
            cancel.cancel();
        }
        Fault::None
    });
    source.set([Entry::versioned("new", 1)]);
    let report = world.sync(&source).await;
    assert_eq!((report.status, accounts(&report)), (Status::Stopped, [1, 0, 0, 0, 0]));
    assert_eq!(world.ids().len(), 9);
}

#[tokio::test]
async fn a_stop_during_the_deletes_ends_them() {
    let mut world = World::one_by_one().await;
    world.options.allow_deletes = true;
    let source = Memory::numbered(50);
    world.sync(&source).await;
    let cancel = world.cancel.clone();
    world.fake.script(move |call| {
        if !call.deletes.is_empty() {
            cancel.cancel();
        }
        Fault::None
    });
    source.set(entries(0..1));
    let report = world.sync(&source).await;
    assert_eq!(report.status, Status::Stopped);
    assert!(report.deleted >= 1 && report.deleted < 49, "{report:?}");
    assert_eq!(world.ids().len() as u64, 50 - report.deleted);
}

#[tokio::test]
async fn a_held_answer_is_waited_for_after_a_stop() {
    let world = World::one_by_one().await;
    let release = Arc::new(Notify::new());
    let held = release.clone();
    world.fake.script(move |call| if call.bulk == 1 { Fault::Hold(held.clone()) } else { Fault::None });
    let source = Memory::new([Step::from(Entry::plain("a", 1)), Step::Cancel(world.cancel.clone())]);
    let canceller = async {
        world.cancel.cancelled().await;
        release.notify_one();
    };
    let (report, ()) = tokio::join!(world.sync(&source), canceller);
    assert_eq!((report.status, report.created), (Status::Stopped, 1));
    assert_eq!(world.ids(), ["a"]);
}
