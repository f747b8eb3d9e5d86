//! Whatever happened before: after a sync without faults the index equals the source.

use connectors_core::ErrorKind;
use connectors_core::sync::Status;
use proptest::collection::vec;
use proptest::prelude::*;
use serde_json::json;

use crate::support::{Call, Entry, Fault, Memory, Step, World};

/// One document of a round: which id, which version, and what kind of document.
type Shape = (u8, u8, u8);

/// One sync: its documents, the faults of its bulks, and where its listing stumbles, if at all.
type Round = (Vec<Shape>, Vec<u8>, Option<(u8, usize)>);

fn entry((id, number, kind): Shape) -> Entry {
    let (id, number) = (format!("d{id}"), i64::from(number));
    match kind {
        0 => Entry::versioned(&id, number),
        1 => Entry::plain(&id, number),
        2 => Entry::versioned(&id, number).text(&format!("text {number}")),
        3 => Entry::plain(&id, number).text(&format!("text {number}")),
        4 => Entry::plain(&id, number).broken(ErrorKind::Missing),
        _ => Entry::versioned(&id, number).scope("a/b"),
    }
}

/// Each id once, the last shape of it.
fn listing(shapes: &[Shape]) -> Vec<Entry> {
    let last: std::collections::BTreeMap<u8, Shape> = shapes.iter().map(|shape| (shape.0, *shape)).collect();
    last.into_values().map(entry).collect()
}

fn fault(number: u8, call: &Call) -> Fault {
    match number {
        0 => Fault::Status(429),
        1 => Fault::DropBefore,
        2 => Fault::DropAfter,
        3 => Fault::Half,
        4 => Fault::Status(413),
        5 => Fault::Status(403),
        6 => call.items(429, |id| id.ends_with(['0', '1', '2'])),
        7 => call.items(400, |id| id.ends_with(['3', '4'])),
        8 => Fault::Change(|answer| *answer = json!({})),
        _ => Fault::None,
    }
}

fn steps(round: &Round, world: &World) -> Vec<Step> {
    let mut steps: Vec<Step> = listing(&round.0).into_iter().map(Step::from).collect();
    if let Some((kind, place)) = round.2 {
        let step = match kind {
            0 => Step::Error(ErrorKind::Transient, None),
            1 => Step::Error(ErrorKind::Denied, None),
            2 => Step::Error(ErrorKind::Denied, Some("a")),
            _ => Step::Cancel(world.cancel.clone()),
        };
        steps.insert(place.min(steps.len()), step);
    }
    steps
}

async fn converges(rounds: Vec<Round>, last: Vec<Shape>, chunk_bytes: usize) {
    let mut world =
        World::with(|settings| (settings.bulk.chunk_bytes, settings.retry.max) = (chunk_bytes, 2)).await;
    let source = Memory::default();
    for round in &rounds {
        source.set(steps(round, &world));
        let mut faults = round.1.clone().into_iter();
        world.fake.script(move |call| match call.bulk {
            0 => Fault::None,
            _ => faults.next().map_or(Fault::None, |number| fault(number, call)),
        });
        world.sync(&source).await;
        world.cancel = tokio_util::sync::CancellationToken::new();
    }
    world.fake.behave();
    let expected = listing(&last);
    source.set(expected.clone());
    world.options.allow_deletes = true;
    let report = world.sync(&source).await;
    let has_broken = expected.iter().any(|entry| matches!(entry.content, Some(Err(_))));
    assert_eq!(report.status, if has_broken { Status::Partial } else { Status::Completed }, "{report:?}");
    world.assert_holds(&expected);
    assert!(world.fake.kept().overlaps.is_empty());
    let report = world.sync(&source).await;
    assert_eq!((report.sent(), report.deleted, report.unchanged), (0, 0, expected.len() as u64));
    assert!(world.verify(&source).await.unwrap().is_equal() || has_broken);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_sync_without_faults_mends_whatever_happened_before(
        rounds in vec((vec((0..12u8, 0..3u8, 0..6u8), 0..14), vec(0..12u8, 0..8), prop::option::of((0..4u8, 0..10usize))), 0..4),
        last in vec((0..12u8, 0..3u8, 0..6u8), 0..14),
        chunk_bytes in prop::sample::select(vec![1usize, 300, 5 << 20]),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(converges(rounds, last, chunk_bytes));
    }
}
