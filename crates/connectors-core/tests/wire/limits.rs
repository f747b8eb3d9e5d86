//! Servers that take less at a time than others: what grows with the number of documents is asked in parts.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

use connectors_core::elastic::Client;
use connectors_core::elastic::scan::{Mark, Part, Unmarked, count_unmarked, each_mark, sources};
use connectors_core::sync::{KnownBy, Status};
use serde_json::json;

use crate::support::{Call, Fault, INDEX, Manner, Memory, World, accounts, entries};

const HELD: i64 = 300;

/// A search of so many bytes is too large.
fn too_large(call: &Call, bytes: usize) -> Fault {
    if call.is_search() && !call.path.starts_with("/.") && call.bytes > bytes {
        Fault::Status(413)
    } else {
        Fault::None
    }
}

/// Answers searches of more bytes with 413, and counts them.
fn refuse_above(world: &World, bytes: usize) -> Arc<AtomicUsize> {
    let refused = Arc::new(AtomicUsize::new(0));
    let counted = refused.clone();
    world.fake.script(move |call| {
        let fault = too_large(call, bytes);
        counted.fetch_add(usize::from(matches!(fault, Fault::Status(_))), SeqCst);
        fault
    });
    refused
}

/// A world whose source lost two of three documents, scattered over all hashes.
async fn world_with_left_overs(manner: Manner) -> (World, Memory) {
    world_left_with(manner, |number| number % 3 == 0).await
}

/// A world whose source has no more than these of its documents.
async fn world_left_with(manner: Manner, is_left: fn(&i64) -> bool) -> (World, Memory) {
    let mut world = World::of(manner, |_| ()).await;
    world.options.allow_deletes = true;
    let source = Memory::numbered(HELD);
    assert_eq!(world.sync(&source).await.created, HELD as u64);
    source.set(entries((0..HELD).filter(is_left)));
    (world, source)
}

async fn every_mark(client: &Client) -> Vec<Mark> {
    let mut marks = Vec::new();
    each_mark(client, INDEX, Part::Whole, |mark| marks.push(mark)).await.unwrap();
    marks.sort_unstable();
    marks
}

#[tokio::test]
async fn a_search_that_is_too_large_for_the_server_is_asked_in_parts() {
    // Few left-overs among many are looked up by their hashes, which makes a long question.
    let (world, source) = world_left_with(Manner::default(), |number| number % 5 != 0).await;
    let refused = refuse_above(&world, 500);
    let report = world.sync(&source).await;
    assert!(refused.load(SeqCst) > 0, "no search was too large");
    assert_eq!((report.status, accounts(&report)), (Status::Completed, [0, 0, 240, 0, 60]), "{report:?}");
    assert!(report.verified);
    assert_eq!(world.ids().len(), 240);
}

#[tokio::test]
async fn ranges_that_are_too_many_for_one_request_are_read_in_parts() {
    for (bytes, window) in [(10_000_000, 10_000), (600, 10_000), (600, 4), (10_000_000, 4)] {
        let world = World::of(Manner { window, ..Manner::default() }, |_| ()).await;
        world.sync(&Memory::numbered(HELD)).await;
        let all = every_mark(&world.client).await;
        let ranges: Vec<_> = all.iter().step_by(3).map(|mark| mark.id..=mark.id).collect();
        let refused = refuse_above(&world, bytes);
        let mut marks = Vec::new();
        each_mark(&world.client, INDEX, Part::Ranges(&ranges), |mark| marks.push(mark)).await.unwrap();
        marks.sort_unstable();
        let expected: Vec<Mark> = all.iter().step_by(3).copied().collect();
        assert_eq!(marks, expected, "{bytes} bytes, pages of {window}: each once");
        assert_eq!(refused.load(SeqCst) > 0, bytes == 600);
    }
}

#[tokio::test]
async fn pages_are_as_large_as_the_index_allows() {
    for (window, terms) in [(7, 65_536), (10_000, 5), (3, 2), (1, 1)] {
        let (mut world, source) = world_with_left_overs(Manner { window, terms, ..Manner::default() }).await;
        world.marks = None;
        let report = world.sync(&source).await;
        assert_eq!(
            (report.status, accounts(&report)),
            (Status::Completed, [0, 0, 100, 0, 200]),
            "{window}: {report:?}"
        );
        assert_eq!(world.ids().len(), 100);
        let hashes: Vec<i64> = every_mark(&world.client).await.iter().map(|mark| mark.id).collect();
        assert_eq!(sources(&world.client, INDEX, &hashes).await.unwrap().len(), 100, "{window}");
    }
}

#[tokio::test]
async fn documents_of_others_are_read_page_by_page() {
    let world = World::of(Manner { window: 3, ..Manner::default() }, |_| ()).await;
    world.sync(&Memory::numbered(2)).await;
    let mut none = Unmarked::open(&world.client, INDEX).await.unwrap();
    assert_eq!((none.next().await.unwrap(), world.fake.kept().pits_opened), (None, 0));
    let others: Vec<String> = (0..7).map(|number| format!("other{number}")).collect();
    world.fake.seed(INDEX, others.iter().map(|id| (id.clone(), json!({ "x": 1 }))));
    assert_eq!(count_unmarked(&world.client, INDEX).await.unwrap(), 7);
    let mut unmarked = Unmarked::open(&world.client, INDEX).await.unwrap();
    let mut pages = Vec::new();
    while let Some(page) = unmarked.next().await.unwrap() {
        pages.push(page);
    }
    assert!(pages.iter().all(|page| page.len() <= 3), "{pages:?}");
    assert_eq!(pages.concat(), others);
    assert_eq!(unmarked.next().await.unwrap(), None, "and no more");
    assert!(world.fake.kept().pits.is_empty(), "the view was given back");
}

#[tokio::test]
async fn what_is_too_large_even_alone_is_an_error_that_names_the_limit() {
    let (world, source) = world_with_left_overs(Manner::default()).await;
    world.fake.script(|call| if call.path == "/docs/_search" { Fault::Status(413) } else { Fault::None });
    let report = world.sync(&source).await;
    assert_eq!((report.status, report.deleted), (Status::Failed, 0), "{report:?}");
    let error = report.error.unwrap();
    assert!(error.contains("http.max_content_length") && error.contains("status: 413"), "{error}");
}

#[tokio::test]
async fn a_digest_of_more_buckets_than_the_server_makes_is_asked_in_parts() {
    for (buckets, known_by) in [(65_536, KnownBy::Digest), (5, KnownBy::Digest), (0, KnownBy::Listing)] {
        let world = World::of(Manner { buckets, ..Manner::default() }, |_| ()).await;
        let source = Memory::numbered(5_000);
        assert!(world.sync(&source).await.verified);
        let report = world.sync(&source).await;
        assert_eq!((report.known_by, report.verified), (Some(known_by), true), "{buckets}: {report:?}");
        assert_eq!(accounts(&report), [0, 0, 5_000, 0, 0], "{buckets}");
    }
}
