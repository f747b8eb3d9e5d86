//! Files of documents on their way into the index.

use std::sync::Arc;
use std::sync::atomic::Ordering::SeqCst;

use connectors_core::ErrorKind;
use connectors_core::sync::{DEFAULT_PIPELINE, Pipeline, Stage, Status};
use serde_json::json;
use tokio::sync::Notify;

use crate::support::{Entry, Fault, Memory, World, accounts, entries};

#[tokio::test]
async fn a_file_that_fails_never_loses_its_document() {
    for versioned in [true, false] {
        let entry = || if versioned { Entry::versioned("a", 1) } else { Entry::plain("a", 1) };
        let world = World::new().await;
        let source = Memory::new([entry().broken(ErrorKind::Missing), Entry::plain("b", 1)]);
        let report = world.sync(&source).await;
        assert_eq!((report.status, accounts(&report)), (Status::Partial, [2, 0, 0, 0, 0]));
        assert_eq!(report.contents.failed, 1);
        assert_eq!(world.body("a"), json!({"n": 1}));
        let [failure] = &world.failures().await[..] else { panic!("one failure") };
        assert_eq!(
            (failure.id.as_str(), failure.stage, failure.index.as_str()),
            ("a", Stage::Content, "docs")
        );
        assert!(failure.reason.contains("the file could not be read"), "{}", failure.reason);

        let report = world.sync(&source).await;
        assert_eq!(
            (report.status, accounts(&report)),
            (Status::Partial, [0, 0, 2, 0, 0]),
            "tried, still broken"
        );
        assert_eq!((report.contents.failed, world.failures().await.len()), (1, 1));

        source.set([entry().text("words"), Entry::plain("b", 1)]);
        let report = world.sync(&source).await;
        assert_eq!((report.status, accounts(&report)), (Status::Completed, [0, 1, 1, 0, 0]));
        assert_eq!(world.body("a"), json!({"n": 1, "body": "words"}));
        assert!(world.failures().await.is_empty(), "what succeeds is forgotten");
    }
}

#[tokio::test]
async fn no_file_is_opened_where_the_pipeline_says_that_none_is_to_be_extracted() {
    let mut world = World::new().await;
    let mut off = Pipeline::new(DEFAULT_PIPELINE);
    off.flags.extract_binary_content = false;
    world.pipeline = Some(off);
    let source = Memory::new([Entry::versioned("a", 1).text("words"), Entry::versioned("b", 1)]);
    let report = world.sync(&source).await;
    assert_eq!((report.verified, accounts(&report), source.take_asked().1), (true, [2, 0, 0, 0, 0], 0));
    assert_eq!(report.contents.skipped, [("extract_binary_content is false".to_owned(), 1)].into());
    assert_eq!(world.body("a"), json!({"n": 1}));
    assert_eq!(accounts(&world.sync(&source).await), [0, 0, 2, 0, 0]);
    let verified = world.verify(&source).await.unwrap();
    assert!(verified.is_equal(), "{verified:?}");
    // Switched on, the file is read by the next sync, though neither the document nor the source changed.
    world.pipeline = Some(Pipeline::new(DEFAULT_PIPELINE));
    world.options.skip_unchanged = report.basis;
    source.is_unchanged.store(true, SeqCst);
    let report = world.sync(&source).await;
    assert_eq!((accounts(&report), source.take_asked().1), ([0, 1, 1, 0, 0], 1));
    assert_eq!(world.body("a"), json!({"n": 1, "body": "words"}));
}

#[tokio::test]
async fn many_files_and_many_bulks_lose_nothing() {
    let world = World::one_by_one().await;
    let all: Vec<Entry> = (0..300)
        .map(|number| match number % 3 {
            0 => Entry::versioned(&format!("d{number}"), number),
            1 => Entry::versioned(&format!("d{number}"), number).text(&format!("text {number}")),
            _ => Entry::plain(&format!("d{number}"), number).text(&format!("text {number}")),
        })
        .collect();
    let source = Memory::new(all.clone());
    let report = world.sync(&source).await;
    assert_eq!((report.status, accounts(&report)), (Status::Completed, [300, 0, 0, 0, 0]));
    world.assert_holds(&all);
    assert_eq!(accounts(&world.sync(&source).await), [0, 0, 300, 0, 0]);
}

#[tokio::test]
async fn an_id_keeps_its_order_while_its_file_is_read() {
    let listings: [Vec<Entry>; 3] = [
        vec![Entry::versioned("a", 2).text("slow"), Entry::versioned("a", 3)],
        vec![Entry::versioned("a", 2).text("slow"), Entry::versioned("a", 1)],
        vec![Entry::versioned("a", 2).text("slow"), Entry::versioned("a", 3).text("later")],
    ];
    for listing in listings {
        let world = World::one_by_one().await;
        let source = Memory::new([Entry::versioned("a", 1)]);
        world.sync(&source).await;
        source.set(listing.clone());
        world.sync(&source).await;
        world.assert_holds(&listing[1..]);
    }
}

#[tokio::test]
async fn a_document_that_waits_for_its_bulk_is_not_lost_to_the_next_of_the_listing() {
    let world = World::with(|settings| settings.bulk.chunk_bytes = 300).await;
    let third = Arc::new(Notify::new());
    let held = third.clone();
    world.fake.script(move |call| match call.bulk {
        1 => Fault::Hold(held.clone()),
        3 => {
            third.notify_one();
            Fault::None
        }
        _ => Fault::None,
    });
    let mut listing = vec![Entry::plain("a", 1), Entry::plain("a", 2).text("words")];
    listing.extend(entries(0..40));
    let report = world.sync(&Memory::new(listing.clone())).await;
    assert_eq!((report.status, report.listed, report.created), (Status::Completed, 42, 42));
    world.assert_holds(&listing[1..]);
}

#[tokio::test]
async fn only_some_files_are_read_at_a_time() {
    for most in [1, 3] {
        let mut world = World::new().await;
        // Small enough that the budget of bytes lets more than three be read.
        (world.context.limits.concurrent_contents, world.context.limits.max_content) = (most, 1 << 20);
        let all: Vec<Entry> = (0..20).map(|n| Entry::plain(&format!("d{n}"), n).text("words")).collect();
        let source = Memory::new(all.clone());
        assert_eq!(accounts(&world.sync(&source).await), [20, 0, 0, 0, 0]);
        world.assert_holds(&all);
        assert_eq!(source.asked.most_reading.load(SeqCst), most, "as many as allowed, and no more");
    }
}
