//! Clocks that are set back, between syncs and while one runs: what is written and deleted goes by no time.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering::SeqCst};

use chrono::DateTime;
use connectors_core::Clock;
use connectors_core::sync::{Failure, Status};
use serde_json::json;

use crate::support::{Call, Entry, Fault, Memory, World, accounts, entries};

const HOUR: i64 = 3600;

/// A clock that goes an hour back each time that it is asked, and what it shows.
fn backwards() -> (Clock, Arc<AtomicI64>) {
    let now = Arc::new(AtomicI64::new(1_700_000_000));
    let shown = now.clone();
    let clock = Clock::new(move || {
        DateTime::from_timestamp(shown.fetch_sub(HOUR, SeqCst), 0).unwrap_or(DateTime::UNIX_EPOCH)
    });
    (clock, now)
}

#[tokio::test]
async fn a_clock_that_is_set_back_loses_no_write_and_deletes_nothing_wrongly() {
    let mut world = World::one_by_one().await;
    let (clock, now) = backwards();
    world.context.clock = clock;
    let source = Memory::numbered(30);
    assert_eq!(accounts(&world.sync(&source).await), [30, 0, 0, 0, 0]);
    let first = now.load(SeqCst);
    let mut changed = entries(0..25);
    changed[3] = Entry::versioned("d3", 1000);
    changed[7] = Entry::plain("d7", 7);
    changed.extend(entries(30..34));
    source.set(changed.clone());
    // As after a battery that ran out: years back.
    now.store(100_000_000, SeqCst);
    let report = world.sync(&source).await;
    assert_eq!((report.status, report.verified), (Status::Completed, true), "{report:?}");
    assert_eq!(accounts(&report), [4, 2, 23, 0, 5]);
    world.assert_holds(&changed);
    assert_eq!(accounts(&world.sync(&source).await), [0, 0, 29, 0, 0], "a time alone sends nothing");
    assert!(first < 1_700_000_000 && now.load(SeqCst) < 100_000_000, "it was asked, and went back");
}

#[tokio::test]
async fn what_failed_is_forgotten_and_told_anew_by_a_clock_that_is_set_back() {
    let mut world = World::new().await;
    let (clock, now) = backwards();
    world.context.clock = clock;
    let source = Memory::numbered(10);
    let refuse_two = |call: &Call| call.items(400, |id| ["d2", "d5"].contains(&id));
    world.fake.script(move |call| if call.is_bulk() { refuse_two(call) } else { Fault::None });
    assert_eq!(accounts(&world.sync(&source).await), [8, 0, 0, 2, 0]);
    let times = |failures: Vec<Failure>| {
        let mut told: Vec<_> = failures.into_iter().map(|failure| (failure.id, failure.tried)).collect();
        told.sort();
        told
    };
    let before = times(world.failures().await);
    now.store(100_000_000, SeqCst);
    assert_eq!(accounts(&world.sync(&source).await), [0, 0, 8, 2, 0]);
    let after = times(world.failures().await);
    assert_eq!(after.len(), 2, "each once: {after:?}");
    assert!(before.iter().zip(&after).all(|(before, after)| before.0 == after.0 && after.1 < before.1));
    world.fake.behave();
    assert_eq!(accounts(&world.sync(&source).await), [2, 0, 8, 0, 0]);
    assert!(world.failures().await.is_empty());
    assert_eq!(world.body("d2"), json!({ "n": 2 }));
}
