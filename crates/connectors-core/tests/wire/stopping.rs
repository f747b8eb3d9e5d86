//! A sync that somebody ends.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::time::Duration;

use async_trait::async_trait;
use connectors_core::elastic::{Bulk, Client, Fence, Item, Kind, Request};
use connectors_core::sync::{Job, Status, full, full_resumable, incremental};
use connectors_core::{
    Change, Cursor, Document, Error, ErrorKind, Found, Incremental, Lookup, Result, Rules, Source, Unlisted,
};
use futures::stream::{self, BoxStream, StreamExt};
use tokio::sync::Notify;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use crate::support::{Entry, Fault, INDEX, Memory, Step, World, accounts, entries};

#[tokio::test]
async fn a_stop_in_the_middle_awaits_what_is_in_flight_and_the_next_sync_goes_on() {
    let mut world = World::one_by_one().await;
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

    world.cancel = CancellationToken::new();
    source.set(entries(0..1_000));
    let left = 995 - report.created;
    let report = world.sync(&source).await;
    assert_eq!((report.status, accounts(&report)), (Status::Completed, [left, 0, 1_000 - left, 0, 0]));
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

/// A client that waits an hour between tries, and what ends its waits.
async fn patient() -> (World, Client, CancellationToken) {
    let hour = Duration::from_secs(3_600);
    let world = World::with(|settings| (settings.retry.initial, settings.retry.longest) = (hour, hour)).await;
    let cancel = CancellationToken::new();
    let client = world.client.with_cancel(cancel.clone());
    (world, client, cancel)
}

#[tokio::test]
async fn a_cancelled_client_does_not_wait_for_another_try() {
    let (world, client, cancel) = patient().await;
    let stop = cancel.clone();
    world.fake.script(move |call| {
        if call.path != "/_asked" && !call.is_bulk() {
            return Fault::None;
        }
        stop.cancel();
        Fault::RetryAfter(503, 3_600)
    });
    let asked = timeout(Duration::from_secs(60), client.call(&Request::get("/_asked"))).await;
    assert_eq!(asked.unwrap().unwrap_err().kind(), ErrorKind::Busy(Some(Duration::from_secs(3_600))));
    let mut bulk = Bulk::new(&client, "docs");
    let item = Item { id: "a".into(), hash: 1, kind: Kind::Delete, mark: 0, scope: None };
    bulk.put(item, |_, _| ()).await.unwrap();
    let finished = timeout(Duration::from_secs(60), bulk.finish()).await.unwrap();
    assert!(finished.unwrap_err().to_string().contains("too busy"));
    assert_eq!(bulk.written().refused.len(), 1, "what was not written is accounted for");
    assert_eq!((world.fake.seen("/_asked").len(), world.fake.kept().bulks), (1, 1), "one try each");
}

#[tokio::test]
async fn a_request_without_an_answer_is_given_up_after_a_cancel() {
    let (world, client, cancel) = patient().await;
    let (held, seen) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let arrived = seen.clone();
    world.fake.script(move |_| {
        arrived.notify_one();
        Fault::Hold(held.clone())
    });
    let asking = tokio::spawn(async move { client.call(&Request::get("/_asked")).await });
    seen.notified().await;
    tokio::time::pause();
    let before = tokio::time::Instant::now();
    cancel.cancel();
    let error = asking.await.unwrap().unwrap_err();
    assert!(error.to_string().contains("given up") && error.to_string().contains("GET /_asked"), "{error}");
    assert_eq!(before.elapsed().as_secs(), 10);
}

#[tokio::test]
async fn a_source_that_goes_silent_ends_the_sync_and_deletes_nothing() {
    let mut world = World::new().await;
    let source = Memory::numbered(30);
    world.sync(&source).await;
    world.context.limits.silence = Duration::from_millis(50);
    let mut steps: Vec<Step> = entries(0..3).into_iter().map(Step::from).collect();
    steps.push(Step::Silence);
    source.set(steps);
    let report = world.sync(&source).await;
    assert_eq!((report.status, report.unchanged, report.deleted), (Status::Partial, 3, 0), "{report:?}");
    assert!(
        report.messages[0].contains("waited for the next document of the listing"),
        "{:?}",
        report.messages
    );
    assert_eq!(world.ids().len(), 30);
    assert!(world.verify(&source).await.unwrap_err().to_string().contains("sync.max_silence"));
}

/// A source that is asked for its cursor, its backend or a document, and does not answer.
struct Mute(Memory, CancellationToken);

impl Mute {
    async fn never<T>(&self) -> T {
        self.1.cancel();
        std::future::pending().await
    }
}

#[async_trait]
impl Source for Mute {
    async fn ping(&self) -> Result<()> {
        Ok(())
    }

    async fn backend(&self) -> Result<Option<String>> {
        self.never().await
    }

    fn documents<'a>(&'a self, rules: &'a Rules) -> BoxStream<'a, Result<Document>> {
        self.0.documents(rules)
    }

    fn lookup(&self) -> Option<&dyn Lookup> {
        Some(self)
    }
}

impl Lookup for Mute {
    fn look_up<'a>(&'a self, _: &'a [Unlisted], _: &'a Rules) -> BoxStream<'a, Result<Found>> {
        stream::once(self.never()).boxed()
    }
}

#[async_trait]
impl Incremental for Mute {
    async fn cursor(&self) -> Result<Cursor> {
        self.never().await
    }

    fn changes<'a>(&'a self, _: Cursor, _: &'a Rules) -> BoxStream<'a, Result<Change>> {
        stream::empty().boxed()
    }
}

#[tokio::test]
async fn a_stop_ends_every_wait_for_a_source() {
    let world = World::new().await;
    assert_eq!(world.sync(&Memory::numbered(3)).await.status, Status::Completed);
    let in_time = Duration::from_secs(20);
    for wait in ["cursor", "backend", "lookup"] {
        let cancel = CancellationToken::new();
        let mute = Mute(Memory::numbered(2), cancel.clone());
        let job = Job { cancel: &cancel, ..world.job(&mute, INDEX) };
        let report = match wait {
            "cursor" => timeout(in_time, full_resumable(&job, &mute)).await,
            "backend" => timeout(in_time, incremental(&job, &mute)).await,
            _ => timeout(in_time, full(&job)).await,
        };
        let report = report.unwrap();
        assert_eq!((report.status == Status::Failed, report.deleted), (false, 0), "{wait}: {report:?}");
    }
}

#[tokio::test]
async fn nothing_is_written_behind_a_fence_that_does_not_hold() {
    let (world, source) = (World::new().await, Memory::numbered(3));
    let fence = Fence::new(|| async { Err(Error::unexpected("another worker has the job")) });
    let report = full(&Job { fence: Some(&fence), ..world.job(&source, INDEX) }).await;
    assert!(report.error.unwrap().contains("another worker has the job"));
    assert!(!world.fake.kept().indices.contains_key(INDEX), "the index is not made");

    let checks = Arc::new(AtomicUsize::new(0));
    let counted = checks.clone();
    let fence = Fence::new(move || {
        let is_first = counted.fetch_add(1, SeqCst) == 0;
        async move { if is_first { Ok(()) } else { Err(Error::unexpected("lost by now")) } }
    });
    let report = full(&Job { fence: Some(&fence), ..world.job(&source, INDEX) }).await;
    assert!((report.created, report.deleted) == (0, 0) && checks.load(SeqCst) > 1, "{report:?}");
    assert_eq!(world.ids().len(), 0, "no bulk is sent");
}
