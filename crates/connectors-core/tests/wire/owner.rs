//! Whose an index is, and what may be done with one of somebody else.

use connectors_core::sync::{Owner, Report, Status, TakeOver, give, holding};
use connectors_core::{ErrorKind, Source as _};
use serde_json::{Value, json};

use crate::support::{Entry, Fault, INDEX, Memory, World, accounts, entries};

fn connector(id: &str) -> Owner {
    Owner::Connector { connector: id.into() }
}

fn folder(source: &str) -> Owner {
    Owner::Source { service_type: "dir".into(), source: source.into() }
}

async fn sync_as(world: &mut World, owner: Owner, source: &Memory) -> Report {
    world.owner = Some(owner);
    world.sync(source).await
}

fn assert_refused(report: &Report, words: &[&str]) {
    assert_eq!((report.status, report.listed, report.sent(), report.deleted), (Status::Refused, 0, 0, 0));
    let reason = report.error.as_deref().unwrap();
    assert!(words.iter().all(|word| reason.contains(word)), "{reason}");
}

#[tokio::test]
async fn two_owners_of_one_index_never_delete_each_others_documents() {
    let mut world = World::new().await;
    let (one, other) = (Memory::numbered(5), Memory::new([Entry::versioned("x", 1)]));
    assert_eq!(sync_as(&mut world, folder("/a"), &one).await.status, Status::Completed);
    for stranger in [folder("/b"), connector("c1")] {
        let shown = stranger.to_string();
        let report = sync_as(&mut world, stranger, &other).await;
        assert_refused(
            &report,
            &["`docs` belongs to `dir` of /a", &shown, "name another index", "`--take-over`"],
        );
        world.assert_holds(&entries(0..5));
    }
    world.options.take_over = TakeOver::Unowned;
    assert_refused(&sync_as(&mut world, connector("c1"), &other).await, &["belongs to"]);
    world.options.take_over = TakeOver::Any;
    assert_eq!(accounts(&sync_as(&mut world, connector("c1"), &other).await), [1, 0, 0, 0, 5]);
    world.options.take_over = TakeOver::Never;
    assert_refused(&sync_as(&mut world, folder("/a"), &one).await, &["belongs to the connector `c1`"]);
    assert_eq!(sync_as(&mut world, connector("c1"), &other).await.unchanged, 1);
}

#[tokio::test]
async fn documents_that_others_wrote_are_refused_before_anything_is_written() {
    for count in [5, 1_000] {
        let mut world = World::new().await;
        world.fake.seed(INDEX, (0..count).map(|n| (format!("f{n}"), json!({"n": n}))));
        let before = world.fake.documents(INDEX);
        let report = sync_as(&mut world, folder("/a"), &Memory::numbered(3)).await;
        assert_refused(&report, &[&format!("{count} documents that no sync of ours wrote"), "`--take-over`"]);
        assert_eq!(world.fake.documents(INDEX), before);
        assert_eq!(world.fake.kept().indices[INDEX].mappings, Value::Null, "not even the mapping");
        assert_eq!(world.fake.kept().bulks, 0);
    }
}

#[tokio::test]
async fn an_index_that_an_earlier_version_made_is_marked_again_once() {
    let mut world = World::new().await;
    let old = |id: &str| (id.to_owned(), json!({"n": 0, "_sync": {"id": id.len() as i64, "mark": 7}}));
    world.fake.seed(INDEX, ["d0", "d1", "d2"].map(old));
    let long = json!({"type": "long"});
    world.fake.kept().indices.get_mut(INDEX).unwrap().mappings = json!({
        "_meta": {"sync": {"version": 1, "mapping": "search"}},
        "properties": {"_sync": {"properties": {"id": long, "mark": long}}},
    });
    let source = Memory::numbered(3);
    let report = sync_as(&mut world, folder("/a"), &source).await;
    assert_eq!((report.status, accounts(&report)), (Status::Completed, [0, 3, 0, 0, 0]), "{report:?}");
    assert!(report.verified);
    let sync = world.fake.kept().indices[INDEX].mappings["_meta"]["sync"].clone();
    assert_eq!(
        (&sync["version"], &sync["remarking"], &sync["type"]),
        (&json!(2), &Value::Null, &Value::Null)
    );
    assert_eq!(sync["owner"], json!({"type": "dir", "source": "/a"}));
    assert_eq!(accounts(&world.sync(&source).await), [0, 0, 3, 0, 0], "once");
}

#[tokio::test]
async fn what_an_index_holds_is_shown_before_it_is_taken_over_and_it_can_be_given() {
    let mut world = World::new().await;
    assert_eq!(holding(&world.client, INDEX).await.unwrap(), None);
    assert_eq!(give(&world.client, INDEX, &folder("/a")).await.unwrap(), None);
    sync_as(&mut world, folder("/a"), &Memory::numbered(3)).await;
    world.fake.seed(INDEX, [("f".to_owned(), json!({"n": 1}))]);
    let held = holding(&world.client, INDEX).await.unwrap().unwrap();
    assert_eq!((held.owner, held.documents, held.foreign), (Some(folder("/a")), 4, 1));
    give(&world.client, INDEX, &connector("c")).await.unwrap().unwrap();
    assert_eq!(holding(&world.client, INDEX).await.unwrap().unwrap().owner, Some(connector("c")));
}

#[tokio::test]
async fn only_an_alias_of_one_whole_index_can_be_kept_equal() {
    let world = World::new().await;
    let source = Memory::numbered(3);
    world.sync_into(&source, "one").await;
    world.sync_into(&source, "two").await;
    let alias = |indices: Value| serde_json::from_value(indices).unwrap();
    for (indices, words) in [
        (json!({"one": {}, "two": {}}), "it stands for several indices"),
        (json!({"one": {"filter": {"term": {"a": 1}}}}), "an alias with a filter"),
        (json!({"one": {"is_write_index": false}}), "can't be written to"),
    ] {
        world.fake.kept().aliases.insert("name".into(), alias(indices));
        let report = world.sync_into(&source, "name").await;
        assert_eq!((report.status, report.listed), (Status::Failed, 0));
        let error = report.error.unwrap();
        assert!(error.contains(words) && error.contains("sync into an index of its own"), "{error}");
    }
    world.fake.kept().aliases.insert("name".into(), alias(json!({"one": {}})));
    assert_eq!(index_of(&world, "name").await, Status::Completed);
}

async fn index_of(world: &World, name: &str) -> Status {
    let found = connectors_core::elastic::index::find(&world.client, name).await.unwrap();
    if found.is_some() { Status::Completed } else { Status::Failed }
}

#[tokio::test]
async fn an_index_that_is_replaced_under_way_ends_the_sync() {
    for is_made_again in [true, false] {
        let world = World::one_by_one().await;
        let fake = world.fake.clone();
        world.fake.script(move |call| {
            if call.ids.iter().any(|id| id == "d7") {
                let mut kept = fake.kept();
                kept.indices.remove(INDEX);
                if is_made_again {
                    kept.indices.insert(INDEX.into(), crate::support::fake::Index::default());
                }
            }
            Fault::None
        });
        let report = world.sync(&Memory::numbered(20)).await;
        assert_eq!(
            (report.status, report.verified, report.repaired),
            (Status::Failed, false, 0),
            "{report:?}"
        );
        let error = report.error.unwrap();
        assert!(
            error.contains("the index was replaced") || error.contains("the index was deleted"),
            "{error}"
        );
    }
}

#[tokio::test]
async fn what_a_listing_missed_is_asked_for_before_it_is_deleted() {
    let world = World::new().await;
    let source = Memory::numbered(40).with_lookup([]);
    world.sync(&source).await;
    assert!(source.looked_up.lock().unwrap().is_empty(), "nothing is to be deleted");
    // A listing under writes misses d1 and d2, of which one was changed; d3 is gone; d4 can't be asked for.
    source.set(entries((0..1).chain(5..40)));
    let by_id = source.by_id.as_ref().unwrap();
    *by_id.lock().unwrap() = vec![Ok(Entry::versioned("d1", 1)), Ok(Entry::versioned("d2", 22)), Err("d4")];
    let report = world.sync(&source).await;
    assert_eq!(accounts(&report), [0, 1, 37, 0, 1], "{report:?}");
    assert_eq!(
        (report.status, report.unconfirmed.first.as_slice()),
        (Status::Partial, &["d4".to_owned()][..])
    );
    assert!(report.messages[0].contains("can't be asked"), "{:?}", report.messages);
    assert_eq!(source.looked_up.lock().unwrap().len(), 4);
    let mut held = entries((0..2).chain(4..40));
    held.push(Entry::versioned("d2", 22));
    world.assert_holds(&held);
    assert!(report.verified, "{report:?}");
}

#[tokio::test]
async fn the_guard_is_asked_before_the_source() {
    let world = World::new().await;
    let source = Memory::numbered(40).with_lookup([]);
    world.sync(&source).await;
    source.set(entries(0..1));
    assert_eq!(world.sync(&source).await.status, Status::Withheld);
    assert!(source.looked_up.lock().unwrap().is_empty());
    assert!(source.ping().await.is_ok());
    *source.ping.lock().unwrap() = Some(ErrorKind::Transient);
    assert_eq!(world.sync(&source).await.status, Status::Failed);
}
