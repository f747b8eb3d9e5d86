//! What is deleted, and above all what is not.

use connectors_core::ErrorKind;
use connectors_core::sync::{Status, TakeOver};
use serde_json::{Value, json};

use crate::support::{Entry, Fault, Memory, Step, World, accounts, entries};

async fn world_with(count: i64) -> (World, Memory) {
    let world = World::new().await;
    let source = Memory::numbered(count);
    assert_eq!(world.sync(&source).await.created, count as u64);
    (world, source)
}

#[tokio::test]
async fn an_incomplete_listing_deletes_nothing() {
    let passing = [ErrorKind::Missing, ErrorKind::Transient, ErrorKind::Busy(None)];
    for (kind, scope) in passing.map(|kind| (kind, None)).into_iter().chain([
        (ErrorKind::Transient, Some("")),
        (ErrorKind::Transient, Some("/")),
        (ErrorKind::Denied, Some("")),
    ]) {
        let (world, source) = world_with(5).await;
        let steps =
            [Step::Error(kind, scope), Entry::versioned("d0", 0).into(), Entry::versioned("new", 1).into()];
        source.set(steps);
        let report = world.sync(&source).await;
        assert_eq!(
            (report.status, accounts(&report)),
            (Status::Partial, [1, 0, 1, 0, 0]),
            "{kind:?} {scope:?}"
        );
        assert_eq!((report.complete, report.kept, report.listing_errors), (false, 4, 1));
        assert!(report.messages[0].contains("the source stumbled"));
        assert_eq!(world.ids().len(), 6);
    }
}

#[tokio::test]
async fn a_fatal_error_ends_the_sync_and_deletes_nothing() {
    for kind in [ErrorKind::Config, ErrorKind::Denied, ErrorKind::Unexpected] {
        let (world, source) = world_with(5).await;
        source.set([
            Entry::versioned("new", 1).into(),
            Step::Error(kind, None),
            Entry::versioned("never", 1).into(),
        ]);
        let report = world.sync(&source).await;
        assert_eq!((report.status, report.listed), (Status::Failed, 1), "{kind:?}");
        assert!(report.error.unwrap().contains("the source stumbled"));
        assert_eq!(world.ids(), ["d0", "d1", "d2", "d3", "d4", "new"], "what came before is written");
    }
}

#[tokio::test]
async fn only_what_lies_outside_of_failed_scopes_is_deleted() {
    for scope in ["a/b", "/a/b", "a/b/"] {
        let world = World::new().await;
        let source = Memory::new([
            Entry::versioned("in", 1).scope("a/b"),
            Entry::versioned("under", 1).scope("a/b/c"),
            Entry::versioned("beside", 1).scope("a/bc"),
            Entry::versioned("above", 1).scope("a"),
            Entry::versioned("nowhere", 1),
            Entry::versioned("listed", 1).scope("x"),
        ]);
        world.sync(&source).await;
        source.set([
            Step::Error(ErrorKind::Denied, Some(scope)),
            Entry::versioned("listed", 1).scope("x").into(),
        ]);
        let report = world.sync(&source).await;
        assert_eq!((report.status, accounts(&report)), (Status::Partial, [0, 0, 1, 0, 2]), "{scope}");
        assert_eq!((report.kept, report.complete), (3, false));
        assert_eq!(world.ids(), ["in", "listed", "nowhere", "under"], "{scope}");
    }
}

#[tokio::test]
async fn a_document_that_moved_is_looked_for_where_it_lies_now() {
    let world = World::new().await;
    let source = Memory::new([Entry::versioned("a", 1).scope("old"), Entry::versioned("b", 1).scope("old")]);
    world.sync(&source).await;
    source.set([Entry::versioned("a", 1).scope("new"), Entry::versioned("b", 1).scope("old")]);
    assert_eq!(accounts(&world.sync(&source).await), [0, 1, 1, 0, 0]);
    source.set([Step::Error(ErrorKind::Transient, Some("new"))]);
    world.sync(&source).await;
    assert_eq!(world.ids(), ["a"]);
}

#[tokio::test]
async fn more_deletes_than_the_guard_allows_wait_for_somebodys_word() {
    for (held, left, withheld) in
        [(30, 14, 16), (30, 15, 0), (30, 0, 30), (10, 0, 0), (11, 0, 11), (100, 50, 0), (100, 49, 51)]
    {
        let (mut world, source) = world_with(held).await;
        source.set(entries(0..left));
        let report = world.sync(&source).await;
        let expected =
            if withheld > 0 { (Status::Withheld, 0) } else { (Status::Completed, (held - left) as u64) };
        assert_eq!((report.status, report.deleted, report.withheld), (expected.0, expected.1, withheld));
        world.options.allow_deletes = true;
        world.sync(&source).await;
        world.assert_holds(&entries(0..left));
    }
}

#[tokio::test]
async fn the_guard_is_set_by_its_options() {
    let (mut world, source) = world_with(10).await;
    (world.options.delete_floor, world.options.delete_share) = (0, 0.1);
    source.set(entries(0..8));
    assert_eq!(world.sync(&source).await.withheld, 2);
    source.set(entries(0..9));
    assert_eq!(world.sync(&source).await.deleted, 1);
}

#[tokio::test]
async fn what_is_gone_already_is_no_error() {
    let (world, source) = world_with(5).await;
    let fake = world.fake.clone();
    world.fake.script(move |call| {
        if !call.deletes.is_empty() {
            fake.remove("docs", "d3");
        }
        Fault::None
    });
    source.set(entries(0..2));
    let report = world.sync(&source).await;
    assert_eq!(
        (report.status, report.deleted, report.verified),
        (Status::Completed, 2, true),
        "two were there"
    );
}

#[tokio::test]
async fn a_refused_delete_is_told() {
    let (world, source) = world_with(5).await;
    world
        .fake
        .script(|call| if call.deletes.is_empty() { Fault::None } else { call.items(403, |id| id == "d3") });
    source.set(entries(0..2));
    let report = world.sync(&source).await;
    assert_eq!((report.status, report.deleted, report.undeleted), (Status::Partial, 2, 1));
    assert_eq!(world.failures().await[0].id, "d3");
    world.fake.behave();
    let report = world.sync(&source).await;
    assert_eq!((report.status, report.deleted), (Status::Completed, 1));
    assert!(world.failures().await.is_empty());
}

#[tokio::test]
async fn an_index_that_answers_in_part_deletes_nothing() {
    let in_part: [fn(&mut Value); 2] =
        [|answer| answer["_shards"] = json!({ "failed": 1 }), |answer| answer["timed_out"] = true.into()];
    for change in in_part {
        for place in ["/_search", "/docs/_search"] {
            let (mut world, source) = world_with(5).await;
            world.marks = None;
            world
                .fake
                .script(move |call| if call.path == place { Fault::Change(change) } else { Fault::None });
            source.set(entries(0..2));
            let report = world.sync(&source).await;
            assert_eq!((report.status, report.deleted), (Status::Failed, 0), "{place}");
            assert!(report.error.unwrap().contains("in part only"));
            assert_eq!(world.ids().len(), 5);
        }
    }
}

#[tokio::test]
async fn an_error_before_the_deletes_keeps_what_failed() {
    let (world, source) = world_with(5).await;
    source.set([Entry::versioned("a", 1).broken(ErrorKind::Missing)]);
    world.fake.script(|call| if call.path == "/docs/_search" { Fault::Status(400) } else { Fault::None });
    let report = world.sync(&source).await;
    assert_eq!((report.status, report.created), (Status::Failed, 1));
    assert_eq!(world.failures().await[0].id, "a");
}

#[tokio::test]
async fn a_copy_made_inside_the_index_never_takes_its_original_along() {
    let mut world = World::new().await;
    let source = Memory::new([Entry::versioned("a", 1)]);
    world.sync(&source).await;
    let hash = world.fake.documents("docs")["a"]["_sync"]["id"].clone();
    let twin = |mark: i64| json!({ "_sync": { "id": hash, "mark": mark } });
    world.fake.seed("docs", [("x".to_owned(), twin(1)), ("y".to_owned(), twin(2))]);
    let copy = world.fake.documents("docs")["a"].clone();
    world.fake.seed("docs", [("z".to_owned(), copy)]);
    assert_eq!(world.verify(&source).await.unwrap().left_over.count, 3);
    let report = world.sync(&source).await;
    assert_eq!((report.status, accounts(&report)), (Status::Partial, [0, 0, 1, 0, 0]));
    assert_eq!((report.foreign.count, world.ids()), (3, ["a", "x", "y", "z"].map(str::to_owned).to_vec()));
    source.set([Entry::versioned("a", 2)]);
    assert!(!world.verify(&source).await.unwrap().is_equal());
    world.options.take_over = TakeOver::Any;
    let report = world.sync(&source).await;
    assert_eq!((report.status, accounts(&report)), (Status::Completed, [0, 1, 0, 0, 3]), "{report:?}");
    world.assert_holds(&[Entry::versioned("a", 2)]);
}

#[tokio::test]
async fn the_guard_goes_by_what_the_index_held_before_the_sync() {
    let mut world = World::new().await;
    let named =
        |name: &str| -> Vec<Entry> { (0..100).map(|n| Entry::versioned(&format!("{name}{n}"), n)).collect() };
    let source = Memory::new(named("a"));
    world.sync(&source).await;
    source.set(named("b"));
    let report = world.sync(&source).await;
    assert_eq!(
        (report.status, report.created, report.withheld, report.deleted),
        (Status::Withheld, 100, 100, 0)
    );
    world.options.allow_deletes = true;
    let report = world.sync(&source).await;
    assert_eq!((report.status, report.deleted), (Status::Completed, 100));
    world.assert_holds(&named("b"));
}

#[tokio::test]
async fn a_copy_under_another_id_is_removed_and_its_original_stays() {
    for (copies, is_listed) in [(1, true), (3, true), (2, false)] {
        for keeps_marks in [true, false] {
            let (mut world, source) = world_with(20).await;
            world.options.take_over = TakeOver::Unowned;
            let original = world.fake.documents("docs")["d3"].clone();
            let named = |number: i64| (format!("copy{number}"), original.clone());
            world.fake.seed("docs", (0..copies).map(named));
            let left: Vec<Entry> = entries((0..20).filter(|number| is_listed || *number != 3));
            source.set(left.clone());
            if !keeps_marks {
                world.marks = None;
            }
            let report = world.sync(&source).await;
            let deleted = copies as u64 + u64::from(!is_listed);
            assert_eq!(
                (report.status, report.deleted, report.verified),
                (Status::Completed, deleted, true),
                "{copies}"
            );
            world.assert_holds(&left);
            assert_eq!(world.sync(&source).await.deleted, 0);
        }
    }
}

#[tokio::test]
async fn a_copy_of_a_document_that_changed_is_removed_too() {
    let (mut world, source) = world_with(5).await;
    world.options.take_over = TakeOver::Unowned;
    let original = world.fake.documents("docs")["d3"].clone();
    world.fake.seed("docs", [("copy".to_owned(), original)]);
    let mut changed = entries(0..5);
    changed[3] = Entry::versioned("d3", 33);
    source.set(changed.clone());
    world.sync(&source).await;
    world.sync(&source).await;
    world.assert_holds(&changed);
}
