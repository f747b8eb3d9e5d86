//! What a comparison of index and source tells.

use connectors_core::ErrorKind;
use connectors_core::sync::{KnownBy, Pipeline, Status};
use serde_json::{Value, json};

use crate::support::{Entry, Fault, Memory, Step, World, entries};

#[tokio::test]
async fn an_index_after_a_sync_is_equal() {
    let world = World::new().await;
    let source = Memory::new([
        Entry::versioned("versioned", 1).scope("a"),
        Entry::versioned("file", 1).text("words"),
        Entry::plain("plain", 1).scope("b"),
        Entry::plain("text", 1).text("words"),
        Entry::plain("broken", 1).broken(ErrorKind::Missing),
    ]);
    world.sync(&source).await;
    world.fake.forget_calls();
    let found = world.verify(&source).await.unwrap();
    assert!(found.is_equal(), "{found:?}");
    assert_eq!((found.listed, found.equal, found.index.as_str()), (5, 5, "docs"));
    assert!(world.fake.seen("_bulk").is_empty(), "nothing is written");
}

#[tokio::test]
async fn every_difference_is_named() {
    let world = World::new().await;
    let source = Memory::new(entries(0..30));
    world.sync(&source).await;
    world.fake.seed("docs", [("foreign".to_owned(), json!({}))]);
    let mut steps: Vec<Step> = entries(15..31).into_iter().map(Step::from).collect();
    steps[0] = Entry::versioned("d15", -1).into();
    steps[1] = Step::Unserialisable("d16".into());
    source.set(steps);
    let found = world.verify(&source).await.unwrap();
    assert!(!found.is_equal());
    assert_eq!((found.listed, found.equal, found.listing_errors), (16, 13, 0));
    assert_eq!((found.missing.count, &found.missing.first[..]), (1, &["d30".to_owned()][..]));
    assert_eq!((found.stale.count, &found.stale.first[..]), (2, &["d15".to_owned(), "d16".to_owned()][..]));
    assert_eq!((found.left_over.count, found.left_over.first.len()), (16, 10));
    let json = serde_json::to_value(&found).unwrap();
    assert_eq!((&json["missing"]["count"], json.get("error")), (&json!(1), None));
}

#[tokio::test]
async fn errors_are_told() {
    let world = World::new().await;
    let source = Memory::numbered(2);
    let error = world.verify(&source).await.unwrap_err();
    assert!(error.to_string().contains("there is no such index"), "{error}");
    world.sync(&source).await;
    let mut steps: Vec<Step> = entries(0..2).into_iter().map(Step::from).collect();
    steps.push(Step::Error(ErrorKind::Transient, None));
    source.set(steps);
    let found = world.verify(&source).await.unwrap();
    assert!(!found.is_equal());
    assert_eq!((found.equal, found.listing_errors), (2, 1));
    assert!(found.error.unwrap().contains("the source stumbled"));
    world.fake.script(|call| if call.is_search() { Fault::Status(403) } else { Fault::None });
    assert_eq!(world.verify(&source).await.unwrap_err().kind(), ErrorKind::Denied);
}

#[tokio::test]
async fn a_deep_comparison_names_the_fields() {
    let world = World::new().await;
    let mut all = entries(0..450);
    all[9] = Entry::versioned("d9", 9).text("words").scope("a");
    all[10] = Entry::plain("d10", 10);
    let source = Memory::new(all);
    world.sync(&source).await;
    let found = world.verify_deep(&source).await.unwrap();
    assert!(found.is_equal(), "{found:?}");
    assert_eq!((found.compared, found.known_by), (Some(450), Some(KnownBy::Digest)));
    {
        let mut kept = world.fake.kept();
        let written = &mut kept.indices.get_mut("docs").unwrap().written;
        written.get_mut("d9").unwrap()["body"] = json!("other words");
        written.get_mut("d11").unwrap()["n"] = json!(-1);
        written.get_mut("d11").unwrap()["more"] = json!({"x": 1});
    }
    assert!(world.verify(&source).await.unwrap().is_equal(), "their marks are as they were");
    let found = world.verify_deep(&source).await.unwrap();
    assert!(!found.is_equal());
    let named = [("d9", vec!["body"]), ("d11", vec!["n", "more"])];
    let named = named.map(|(id, fields)| (id.to_owned(), fields.into_iter().map(str::to_owned).collect()));
    assert_eq!((found.differing.count, found.differing.first), (2, named.to_vec()));
    source.set([Step::Unserialisable("d0".into())]);
    assert_eq!(world.verify_deep(&source).await.unwrap().stale.count, 1);
}

#[tokio::test]
async fn a_comparison_asks_for_the_digest_alone() {
    let world = World::new().await;
    let source = Memory::numbered(2_000);
    world.sync(&source).await;
    world.fake.forget_calls();
    let found = world.verify(&source).await.unwrap();
    assert_eq!((found.is_equal(), found.known_by), (true, Some(KnownBy::Digest)));
    assert_eq!(world.fake.kept().pits_opened, 0);
}

#[tokio::test]
async fn what_was_not_compared_is_never_called_equal() {
    let world = World::new().await;
    let source = Memory::new([
        Entry::versioned("a", 1),
        Entry::versioned("b", 2),
        Entry::versioned("c", 3).text("words"),
    ]);
    world.sync(&source).await;
    assert!(world.verify_deep(&source).await.unwrap().is_equal());
    // `b` comes back without its source, as from an index that keeps none, and the file of `c` can't be read any more.
    let without_source: fn(&mut Value) = |answer| {
        for hit in answer["hits"]["hits"].as_array_mut().into_iter().flatten() {
            if hit["_id"] == "b" && !hit["_source"].is_null() {
                hit["_source"] = Value::Null;
            }
        }
    };
    world.fake.script(
        move |call| {
            if call.path == "/docs/_search" { Fault::Change(without_source) } else { Fault::None }
        },
    );
    let found = world.verify_deep(&source).await.unwrap();
    assert_eq!((found.listed, found.compared, found.not_comparable.count), (3, Some(2), 1), "{found:?}");
    assert!(!found.is_equal() && found.not_comparable.first == ["b"]);
}

#[tokio::test]
async fn a_document_whose_content_could_not_be_read_is_not_called_stale() {
    let world = World::new().await;
    let source = Memory::new([Entry::versioned("a", 1).broken(ErrorKind::Missing)]);
    world.sync(&source).await;
    let found = world.verify(&source).await.unwrap();
    assert_eq!(
        (found.stale.count, found.without_content.count, found.is_equal()),
        (0, 1, false),
        "{found:?}"
    );
    let found = world.verify_deep(&source).await.unwrap();
    assert_eq!((found.stale.count, found.not_comparable.count), (0, 1), "{found:?}");
}

#[tokio::test]
async fn what_somebody_edited_in_the_index_is_mended_when_asked_for() {
    let mut world = World::new().await;
    let source =
        Memory::new([Entry::versioned("a", 1), Entry::plain("b", 2), Entry::versioned("c", 3).text("words")]);
    world.sync(&source).await;
    let mut edited = world.fake.documents("docs");
    edited.get_mut("a").unwrap()["n"] = json!(99);
    edited.get_mut("c").unwrap()["body"] = json!("other words");
    world.fake.seed("docs", edited);
    assert_eq!(world.sync(&source).await.unchanged, 3, "their marks are right");
    world.options.mend = true;
    let report = world.sync(&source).await;
    assert_eq!((report.status, report.updated, report.unchanged), (Status::Completed, 2, 1), "{report:?}");
    assert_eq!((report.mended.count, report.mended.first.len()), (2, 2));
    world.assert_holds(&[
        Entry::versioned("a", 1),
        Entry::plain("b", 2),
        Entry::versioned("c", 3).text("words"),
    ]);
    assert_eq!(world.sync(&source).await.unchanged, 3);
    world.pipeline = Some(Pipeline::new("p"));
    world.fake.kept().pipelines.insert("p".into(), json!({"processors": []}));
    let error = world.sync(&source).await.error.unwrap();
    assert!(error.contains("leave `--mend` out"), "{error}");
}
