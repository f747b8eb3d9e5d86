//! Writes that must not be sent any more, and what is known of those that were.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed};

use chrono::DateTime;
use connectors_core::elastic::{Bulk, Epoch, Fence, Item, Kind, Request};
use connectors_core::{Clock, Error, ErrorKind};
use tokio::sync::Notify;

use crate::support::{Fault, INDEX, Memory, World, entries};

fn item(id: &str) -> Item {
    Item { id: id.into(), hash: id.bytes().map(u64::from).sum(), kind: Kind::Create, mark: 0, scope: None }
}

fn empty(_: &str, out: &mut Vec<u8>) {
    out.extend_from_slice(b"{}");
}

fn lost() -> Error {
    Error::unexpected("another worker has taken over the job")
}

#[tokio::test]
async fn nothing_is_sent_behind_a_broken_fence() {
    let world = World::one_by_one().await;
    world.fake.seed(INDEX, []);
    let holds = Arc::new(AtomicBool::new(true));
    let asked = holds.clone();
    let fence = Fence::new(move || {
        let holds = asked.load(Relaxed);
        async move { if holds { Ok(()) } else { Err(lost()) } }
    });
    assert_eq!(format!("{fence:?} {:?}", Fence::default()), "Fence Fence(open)");
    let mut bulk = Bulk::new(&world.client, INDEX).fenced(fence);
    bulk.put(item("a"), empty).await.unwrap();
    bulk.finish().await.unwrap();
    holds.store(false, Relaxed);
    _ = bulk.put(item("b"), empty).await;
    let error = bulk.finish().await.unwrap_err();
    assert!(error.to_string().contains("taken over") && error.kind() == ErrorKind::Unexpected, "{error}");
    assert!(bulk.put(item("c"), empty).await.is_err(), "and nothing after it");
    let written = std::mem::take(bulk.written());
    let refused: Vec<&str> = written.refused.iter().map(|refused| &*refused.item.id).collect();
    assert_eq!((written.created, refused), (1, vec!["b", "c"]));
    assert!(written.refused.iter().all(|refused| refused.reason.contains("taken over")));
    assert_eq!((world.ids(), world.fake.kept().bulks), (vec!["a".to_owned()], 1));
}

#[tokio::test]
async fn a_bulk_is_not_sent_again_once_the_fence_is_broken() {
    let world = World::new().await;
    world.fake.seed(INDEX, []);
    world.fake.script(|_| Fault::Status(503));
    let checks = AtomicUsize::new(0);
    let second = Fence::new(move || {
        let is_first = checks.fetch_add(1, Relaxed) == 0;
        async move { if is_first { Ok(()) } else { Err(lost()) } }
    });
    let mut bulk = Bulk::new(&world.client, INDEX).fenced(Fence::new(|| async { Ok(()) }).and(second));
    bulk.put(item("a"), empty).await.unwrap();
    assert!(bulk.finish().await.unwrap_err().to_string().contains("taken over"));
    assert_eq!((world.fake.kept().bulks, bulk.written().refused.len()), (1, 1));
}

#[tokio::test]
async fn an_index_that_was_replaced_or_deleted_is_written_no_more() {
    for (is_replaced, told) in [(true, "the index was replaced"), (false, "the index was deleted")] {
        let world = World::one_by_one().await;
        world.sync(&Memory::new(entries(0..1))).await;
        let uuid = world.fake.kept().indices[INDEX].uuid.clone();
        let fence = Fence::default().and(Fence::same_index(&world.client, INDEX, &uuid));
        let mut bulk = Bulk::new(&world.client, INDEX).fenced(fence);
        bulk.put(item("a"), empty).await.unwrap();
        bulk.finish().await.unwrap();
        let before = world.fake.kept().bulks;
        world.fake.kept().indices.remove(INDEX);
        if is_replaced {
            world.fake.seed(INDEX, []);
        }
        _ = bulk.put(item("b"), empty).await;
        let error = bulk.finish().await.unwrap_err().to_string();
        assert!(error.contains(told) && error.contains("run the sync again (index: docs)"), "{error}");
        assert_eq!(world.fake.kept().bulks, before);
        assert!(world.ids().is_empty(), "{told}: nothing of the old sync");
    }
}

#[tokio::test]
async fn what_is_acknowledged_is_counted_as_answers_come() {
    let world = World::one_by_one().await;
    world.fake.seed(INDEX, []);
    let (held, seen) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let (release, arrived) = (held.clone(), seen.clone());
    world.fake.script(move |call| {
        if call.bulk == 2 {
            arrived.notify_one();
            return Fault::Hold(held.clone());
        }
        call.items(400, |id| id == "bad")
    });
    let mut bulk = Bulk::new(&world.client, INDEX);
    let acknowledged = bulk.acknowledged();
    bulk.put(item("a"), empty).await.unwrap();
    bulk.finish().await.unwrap();
    assert_eq!(acknowledged.count(), 1);
    bulk.put(item("b"), empty).await.unwrap();
    seen.notified().await;
    assert_eq!(acknowledged.count(), 1, "what is on its way is not acknowledged");
    release.notify_one();
    bulk.put(item("bad"), empty).await.unwrap();
    bulk.finish().await.unwrap();
    assert_eq!((acknowledged.count(), bulk.written().refused.len()), (2, 1), "nor is what was refused");
}

#[tokio::test]
async fn a_bulk_never_makes_an_index() {
    for (name, kind) in [("a document", Kind::Create), ("a delete", Kind::Delete)] {
        let world = World::new().await;
        let mut bulk = Bulk::new(&world.client, "away");
        bulk.put(Item { kind, ..item("a") }, empty).await.unwrap();
        _ = bulk.finish().await;
        assert!(!world.fake.kept().indices.contains_key("away"), "{name}");
        assert_eq!(world.fake.kept().bulks, 1);
    }
}

/// When a sync began, in seconds after another.
fn epoch(seconds: i64) -> Epoch {
    Epoch::now(&Clock::fixed(DateTime::from_timestamp(1_700_000_000 + seconds, 0).unwrap()))
}

#[tokio::test]
async fn a_bulk_that_lands_late_changes_nothing() {
    let world = World::one_by_one().await;
    world.fake.seed(INDEX, []);
    let mut bulk = Bulk::new(&world.client, INDEX).versioned(epoch(0));
    for kind in [Kind::Create, Kind::Update, Kind::Delete] {
        bulk.put(Item { kind, ..item("a") }, |_, out| {
            out.extend_from_slice(format!("{{\"k\":\"{kind:?}\"}}").as_bytes())
        })
        .await
        .unwrap();
    }
    bulk.finish().await.unwrap();
    let sent: Vec<String> = world.fake.seen("/docs/_bulk").into_iter().map(|seen| seen.body).collect();
    assert!(world.ids().is_empty() && sent.len() == 3);
    for late in &sent[..2] {
        let request = Request::post("/docs/_bulk").lines(late.clone().into());
        let answer = world.client.call(&request).await.unwrap();
        assert!(String::from_utf8_lossy(&answer.body).contains("version conflict"));
        assert!(world.ids().is_empty(), "a gateway let it go only now: {late}");
    }
}

#[tokio::test]
async fn the_older_of_two_syncs_is_superseded_and_a_retry_is_not() {
    let world = World::one_by_one().await;
    world.fake.seed(INDEX, []);
    world.fake.script(|call| if call.bulk == 1 { Fault::DropAfter } else { Fault::None });
    let mut newer = Bulk::new(&world.client, INDEX).versioned(epoch(5));
    newer.put(item("a"), |_, out| out.extend_from_slice(b"{\"by\":\"newer\"}")).await.unwrap();
    newer.finish().await.unwrap();
    assert_eq!(
        (newer.written().created, newer.written().superseded.len()),
        (1, 0),
        "sent twice, written once"
    );
    let mut older = Bulk::new(&world.client, INDEX).versioned(epoch(0));
    older.put(item("a"), empty).await.unwrap();
    older.put(Item { kind: Kind::Delete, ..item("a") }, |_, _| ()).await.unwrap();
    older.put(item("b"), empty).await.unwrap();
    older.finish().await.unwrap();
    let written = std::mem::take(older.written());
    let superseded: Vec<(&str, Kind)> =
        written.superseded.iter().map(|item| (&*item.id, item.kind)).collect();
    assert_eq!(superseded, [("a", Kind::Create), ("a", Kind::Delete)]);
    assert_eq!((written.created, written.deleted, written.refused.len()), (1, 0, 0), "never as a success");
    assert_eq!(older.acknowledged().count(), 1);
    assert_eq!(world.body("a")["by"], "newer");
}

#[tokio::test]
async fn a_document_whose_version_another_tool_keeps_is_written_all_the_same() {
    let world = World::new().await;
    world.fake.seed(INDEX, ["a", "b", "c"].map(|id| (id.to_owned(), serde_json::json!({}))));
    let theirs = i64::MAX.cast_unsigned() - 9;
    world.fake.kept().indices.get_mut(INDEX).unwrap().versions =
        [("a".to_owned(), theirs), ("b".to_owned(), theirs), ("c".to_owned(), 3)].into();
    let mut bulk = Bulk::new(&world.client, INDEX).versioned(epoch(0));
    bulk.put(item("a"), |_, out| out.extend_from_slice(b"{\"by\":\"us\"}")).await.unwrap();
    bulk.put(Item { kind: Kind::Delete, ..item("b") }, |_, _| ()).await.unwrap();
    bulk.put(item("c"), empty).await.unwrap();
    bulk.finish().await.unwrap();
    let written = std::mem::take(bulk.written());
    assert_eq!((written.created, written.deleted), (2, 1));
    assert!(written.superseded.is_empty() && written.refused.is_empty());
    assert_eq!(
        (world.body("a")["by"].as_str(), world.ids()),
        (Some("us"), vec!["a".to_owned(), "c".to_owned()])
    );
    assert_eq!(world.fake.kept().bulks, 2);
    let sent = world.fake.seen("/docs/_bulk");
    assert!(
        !sent[1].body.contains("version") && !sent[1].body.contains("\"c\""),
        "only those, without a version"
    );
}
