//! How much is in flight, and in which order.

use std::io::Write as _;
use std::sync::Arc;

use connectors_core::elastic::{Bulk, Item, Kind};
use connectors_core::sync::Status;
use tokio::sync::Notify;
use tokio::task::yield_now;

use crate::support::{Entry, Fault, Memory, World, accounts, entries};

fn item(id: &str, kind: Kind) -> Item {
    Item {
        id: id.into(),
        hash: id.bytes().fold(7, |hash, byte| hash * 31 + u64::from(byte)),
        kind,
        mark: 0,
        scope: None,
    }
}

#[tokio::test]
async fn no_more_is_in_flight_than_allowed() {
    for (chunk_bytes, max_concurrency, queue_bytes) in
        [(1, 3, 25 << 20), (500, 3, 1_100), (1, 1, 1), (2_000, 5, 4_000)]
    {
        let world = World::with(|settings| {
            let bulk = &mut settings.bulk;
            (bulk.chunk_bytes, bulk.max_concurrency, bulk.queue_bytes) =
                (chunk_bytes, max_concurrency, queue_bytes);
        })
        .await;
        let report = world.sync(&Memory::numbered(200)).await;
        assert_eq!((report.status, accounts(&report)), (Status::Completed, [200, 0, 0, 0, 0]));
        let kept = world.fake.kept();
        assert!(kept.most_bulks <= max_concurrency, "{} of {max_concurrency}", kept.most_bulks);
        let one = 210 + "{'update':{'_id':'-','require_alias':true}}\n{'doc':{}}\n".len();
        assert!(
            kept.most_bytes <= queue_bytes.max(chunk_bytes.max(one)),
            "{} of {queue_bytes}",
            kept.most_bytes
        );
    }
}

#[tokio::test]
async fn a_sync_runs_on_any_thread() {
    let world = World::new().await;
    let sync = async move { world.sync(&Memory::numbered(3)).await };
    assert_eq!(tokio::spawn(sync).await.unwrap().status, Status::Completed);
}

#[tokio::test]
async fn a_bulk_is_sent_at_five_thousand_operations_however_small_they_are() {
    let world = World::new().await;
    world.fake.seed("docs", []);
    let mut bulk = Bulk::new(&world.client, "docs");
    for number in 0..10_001 {
        bulk.put(item(&format!("{number:05}"), Kind::Delete), |_, _| ()).await.unwrap();
    }
    bulk.finish().await.unwrap();
    assert_eq!((bulk.written().deleted, bulk.written().absent), (0, 10_001), "none was there");
    let kept = world.fake.kept();
    let bulks = kept.seen.iter().filter(|seen| seen.path.ends_with("/_bulk"));
    let mut sizes: Vec<usize> = bulks.map(|seen| seen.body.lines().count()).collect();
    sizes.sort_unstable();
    assert_eq!(sizes, [1, 5_000, 5_000].map(|operations| operations + 2), "and the guard");
}

#[tokio::test]
async fn a_bulk_is_no_larger_than_it_may_be_unless_one_operation_is() {
    const MOST: usize = 2_000;
    let world = World::with(|settings| settings.bulk.chunk_bytes = MOST).await;
    world.fake.seed("docs", []);
    let mut bulk = Bulk::new(&world.client, "docs");
    let sizes: Vec<usize> =
        (0..200_usize).map(|number| if number == 77 { 5_000 } else { number * 37 % 900 }).collect();
    for (number, size) in sizes.iter().enumerate() {
        let write = |_: &str, out: &mut Vec<u8>| write!(out, r#"{{"a":"{}"}}"#, "x".repeat(*size)).unwrap();
        bulk.put(item(&format!("{number:03}"), Kind::Create), write).await.unwrap();
    }
    bulk.finish().await.unwrap();
    assert_eq!(bulk.written().created, sizes.len() as u64);
    let kept = world.fake.kept();
    let bulks: Vec<&str> =
        kept.seen.iter().filter(|seen| seen.path.ends_with("/_bulk")).map(|seen| &*seen.body).collect();
    let large: Vec<usize> =
        bulks.iter().filter(|body| body.len() > MOST).map(|body| body.lines().count()).collect();
    assert_eq!(large, [4], "one operation and the guard");
    let full = bulks.iter().filter(|body| body.len() > MOST - 1_000).count();
    assert!(
        full >= bulks.len() - 2,
        "bulks are filled: {:?}",
        bulks.iter().map(|body| body.len()).collect::<Vec<_>>()
    );
}

#[tokio::test]
async fn a_bulk_waits_while_as_much_is_in_flight_as_allowed() {
    for (max_concurrency, queue_bytes) in [(1, 25 << 20), (2, 1)] {
        let world = World::with(|settings| {
            let bulk = &mut settings.bulk;
            (bulk.chunk_bytes, bulk.max_concurrency, bulk.queue_bytes) = (1, max_concurrency, queue_bytes);
        })
        .await;
        let first = Arc::new(Notify::new());
        let held = first.clone();
        world.fake.script(move |call| if call.bulk == 1 { Fault::Hold(held.clone()) } else { Fault::None });
        // There is time for a second bulk before the first is answered.
        let answer = async {
            while world.fake.kept().bulks == 0 {
                yield_now().await;
            }
            for _ in 0..2_000 {
                yield_now().await;
            }
            first.notify_one();
        };
        let source = Memory::numbered(10);
        let (report, ()) = tokio::join!(world.sync(&source), answer);
        assert_eq!(
            (report.created, world.fake.kept().most_bulks),
            (10, 1),
            "{max_concurrency} {queue_bytes}"
        );
    }
}

#[tokio::test]
async fn several_bulks_are_in_flight_together() {
    let world = World::one_by_one().await;
    let both = Arc::new(Notify::new());
    let second = both.clone();
    world.fake.script(move |call| match call.bulk {
        1 => Fault::Hold(both.clone()),
        2 => {
            second.notify_one();
            Fault::None
        }
        _ => Fault::None,
    });
    assert_eq!(world.sync(&Memory::numbered(10)).await.created, 10);
    assert_eq!(world.fake.kept().most_bulks, 2, "the first is answered only when the second came");
}

#[tokio::test]
async fn two_operations_on_one_id_are_never_in_flight_together() {
    let world = World::one_by_one().await;
    let others = Arc::new(Notify::new());
    let done = others.clone();
    // The first bulk is held until the second, of another id, came: there was time for a wrong third.
    world.fake.script(move |call| match call.bulk {
        1 => Fault::Hold(others.clone()),
        2 => {
            done.notify_one();
            Fault::None
        }
        _ => Fault::None,
    });
    let mut listing = vec![Entry::plain("a", 1), Entry::plain("b", 1)];
    listing.extend((2..30).map(|number| Entry::plain("a", number)));
    let report = world.sync(&Memory::new(listing)).await;
    assert_eq!((report.status, report.listed, report.repeated), (Status::Completed, 30, 28));
    world.assert_holds(&[Entry::plain("a", 29), Entry::plain("b", 1)]);
    assert!(world.fake.kept().overlaps.is_empty());
}

#[tokio::test]
async fn operations_of_one_id_keep_their_order_through_retries() {
    let world = World::one_by_one().await;
    world.fake.seed("docs", []);
    world.fake.script(|call| if call.bulk % 2 == 1 { Fault::DropAfter } else { Fault::None });
    let mut bulk = Bulk::new(&world.client, "docs");
    for number in 0..5 {
        let line = format!("{{\"n\":{number}}}");
        bulk.put(item("a", Kind::Update), |_, out| out.extend_from_slice(line.as_bytes())).await.unwrap();
    }
    bulk.put(item("b", Kind::Create), |_, out| out.extend_from_slice(b"{}")).await.unwrap();
    bulk.put(item("b", Kind::Delete), |_, _| ()).await.unwrap();
    bulk.finish().await.unwrap();
    let written = bulk.written();
    assert_eq!((written.updated, written.created, written.deleted, written.refused.len()), (5, 1, 1, 0));
    assert_eq!(world.ids(), ["a"]);
    assert_eq!(world.body("a"), serde_json::json!({"n": 4}));
    assert!(world.fake.kept().overlaps.is_empty());
}

#[tokio::test]
async fn the_window_closes_while_the_server_complains_and_opens_again() {
    let world =
        World::with(|settings| (settings.bulk.chunk_bytes, settings.bulk.max_concurrency) = (1, 4)).await;
    world.fake.seed("docs", []);
    let mut bulk = Bulk::new(&world.client, "docs");
    assert_eq!(bulk.window(), 2);
    world.fake.script(|call| if call.bulk <= 3 { Fault::Status(429) } else { Fault::None });
    bulk.put(item("a", Kind::Create), |_, out| out.extend_from_slice(b"{}")).await.unwrap();
    bulk.finish().await.unwrap();
    assert_eq!(bulk.window(), 1);
    assert_eq!(bulk.written().created, 1);
}

#[tokio::test]
async fn after_a_failure_for_good_everything_is_refused_and_nothing_sent() {
    let world = World::one_by_one().await;
    world.fake.script(|_| Fault::Status(403));
    let mut bulk = Bulk::new(&world.client, "docs");
    let mut errors = 0;
    for number in 0..20 {
        let put =
            bulk.put(item(&format!("d{number}"), Kind::Create), |_, out| out.extend_from_slice(b"{}")).await;
        errors += usize::from(put.is_err());
    }
    let error = bulk.finish().await.unwrap_err();
    assert!(error.to_string().contains("lack a privilege"), "{error}");
    assert_eq!(bulk.written().refused.len(), 20, "each is accounted for");
    assert!(errors >= 17 && world.fake.kept().bulks <= 2, "{errors}");
    let unsent =
        bulk.written().refused.iter().filter(|refused| refused.reason.starts_with("not sent")).count();
    assert!(unsent >= 18, "{unsent}");
}

#[tokio::test]
async fn bodies_are_compressed_where_asked_for() {
    let mut sent = Vec::new();
    for compressed in [false, true] {
        let world = World::with(|settings| settings.compression = Some(compressed)).await;
        let report = world.sync(&Memory::numbered(500)).await;
        assert_eq!((report.status, report.created), (Status::Completed, 500));
        world.assert_holds(&entries(0..500));
        let bulks = world.fake.seen("/docs/_bulk");
        assert_eq!(bulks[0].is_gzip, compressed);
        let wire: usize = world.fake.seen("").iter().map(|seen| seen.wire_bytes).sum();
        assert!(wire as u64 >= report.bytes_sent && report.bytes_sent >= bulks[0].wire_bytes as u64);
        sent.push(report.bytes_sent);
    }
    assert!(sent[1] * 3 < sent[0], "{sent:?}");
}
