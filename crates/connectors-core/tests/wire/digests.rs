//! What an index holds is learnt by digest, whatever became of the index or of the kept marks.

use std::fs;
use std::path::PathBuf;

use connectors_core::Rules;
use connectors_core::elastic::digest::{Digest, Grid, ask};
use connectors_core::elastic::scan::Mark;
use connectors_core::sync::{KnownBy, Report, Status};
use serde_json::{Value, json};

use crate::support::{Entry, Fault, Manner, Memory, World, accounts, entries};

async fn world_with(count: i64) -> (World, Memory) {
    let world = World::new().await;
    let source = Memory::numbered(count);
    let report = world.sync(&source).await;
    assert_eq!((report.created, report.known_by), (count as u64, Some(KnownBy::Listing)));
    assert!(report.verified, "{report:?}");
    world.fake.forget_calls();
    (world, source)
}

/// The files in which marks are kept.
fn files(world: &World) -> Vec<PathBuf> {
    let folder = world.marks.as_ref().unwrap().path();
    fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect()
}

/// `(known_by, verified)` of a sync that ended well.
fn known(report: &Report) -> (Option<KnownBy>, bool) {
    assert_eq!(report.status, Status::Completed, "{report:?}");
    (report.known_by, report.verified)
}

const BY_DIGEST: (Option<KnownBy>, bool) = (Some(KnownBy::Digest), true);
const BY_LISTING: (Option<KnownBy>, bool) = (Some(KnownBy::Listing), true);

#[tokio::test]
async fn an_unchanged_index_tells_its_digest_and_no_mark() {
    let (world, source) = world_with(20_000).await;
    let kept = fs::metadata(&files(&world)[0]).unwrap();
    let report = world.sync(&source).await;
    assert_eq!((known(&report), report.marks_read), (BY_DIGEST, 0));
    assert_eq!(accounts(&report), [0, 0, 20_000, 0, 0]);
    assert!(report.bytes_received < 40_000, "{report:?}");
    assert_eq!(world.fake.kept().pits_opened, 0);
    assert_eq!(fs::metadata(&files(&world)[0]).unwrap().modified().unwrap(), kept.modified().unwrap());
    assert!(kept.len() < 20_000 * 16 + 200);
}

#[tokio::test]
async fn what_a_sync_changed_is_known_to_the_next() {
    let (world, source) = world_with(1_000).await;
    let mut now = entries(100..1_100);
    now[5] = Entry::versioned("d105", -1);
    source.set(now.clone());
    let report = world.sync(&source).await;
    assert_eq!((known(&report), accounts(&report)), (BY_DIGEST, [100, 1, 899, 0, 100]));
    let report = world.sync(&source).await;
    assert_eq!((known(&report), report.marks_read), (BY_DIGEST, 0));
    assert_eq!(accounts(&report), [0, 0, 1_000, 0, 0]);
    world.assert_holds(&now);
}

#[tokio::test]
async fn marks_that_are_lost_torn_or_foreign_cost_a_listing() {
    let damages: [fn(&PathBuf); 4] = [
        |file| fs::remove_file(file).unwrap(),
        |file| fs::write(file, "marks of old").unwrap(),
        |file| {
            let whole = fs::read(file).unwrap();
            fs::write(file, &whole[..whole.len() / 2]).unwrap();
        },
        |file| {
            let mut whole = fs::read(file).unwrap();
            whole[200] ^= 8;
            fs::write(file, whole).unwrap();
        },
    ];
    for damage in damages {
        let (world, source) = world_with(300).await;
        damage(&files(&world)[0]);
        let report = world.sync(&source).await;
        assert_eq!((known(&report), accounts(&report)), (BY_LISTING, [0, 0, 300, 0, 0]));
        assert_eq!(known(&world.sync(&source).await), BY_DIGEST, "the marks are kept again");
    }
}

#[tokio::test]
async fn without_a_folder_the_index_is_listed_and_verified() {
    let (mut world, source) = world_with(300).await;
    world.marks = None;
    let report = world.sync(&source).await;
    assert_eq!((known(&report), report.marks_read), (BY_LISTING, 300));
}

#[tokio::test]
async fn only_buckets_that_another_worker_touched_are_read() {
    let (world, source) = world_with(4_000).await;
    for id in ["d7", "d8"] {
        world.fake.remove("docs", id);
    }
    world.fake.seed("docs", [world.marked("intruder", 5)]);
    let report = world.sync(&source).await;
    assert_eq!((known(&report), accounts(&report)), (BY_DIGEST, [2, 0, 3_998, 0, 1]));
    assert!((1..4_000 / 2).contains(&report.marks_read), "{report:?}");
    assert_eq!(world.fake.kept().pits_opened, 1);
    world.assert_holds(&entries(0..4_000));
}

#[tokio::test]
async fn marks_older_than_the_index_are_no_harm() {
    let (world, source) = world_with(2_000).await;
    let (file, old) = (files(&world)[0].clone(), fs::read(&files(&world)[0]).unwrap());
    for now in [entries(0..2_001), entries(1_500..2_000), Vec::new(), entries(0..3_000)] {
        source.set(now.clone());
        let mut world = World { options: world.options, ..clone(&world) };
        world.options.allow_deletes = true;
        world.sync(&source).await;
        fs::write(&file, &old).unwrap();
        let report = world.sync(&source).await;
        assert_eq!((report.sent(), report.deleted, report.verified), (0, 0, true), "{report:?}");
        world.assert_holds(&now);
        fs::write(&file, &old).unwrap();
    }
}

/// The same server, client and folder once more.
fn clone(world: &World) -> World {
    World {
        fake: world.fake.clone(),
        client: world.client.clone(),
        options: world.options,
        context: world.context.clone(),
        rules: world.rules.clone(),
        pipeline: None,
        owner: None,
        counters: Default::default(),
        cancel: world.cancel.clone(),
        marks: None,
    }
}

#[tokio::test]
async fn an_index_made_anew_is_another_one() {
    let (world, source) = world_with(50).await;
    world.fake.kept().indices.remove("docs");
    let report = world.sync(&source).await;
    assert_eq!((known(&report), accounts(&report)), (BY_LISTING, [50, 0, 0, 0, 0]));
    assert_eq!(files(&world).len(), 2, "named by the index's own id");
}

#[tokio::test]
async fn two_syncs_at_once_leave_nothing_wrong_behind() {
    let (world, source) = world_with(500).await;
    source.set(entries(20..600));
    let (one, other) = tokio::join!(world.sync(&source), world.sync(&source));
    for report in [one, other] {
        assert_eq!((report.status, report.verified), (Status::Completed, true), "{report:?}");
    }
    let report = world.sync(&source).await;
    assert_eq!((known(&report), accounts(&report)), (BY_DIGEST, [0, 0, 580, 0, 0]));
    world.assert_holds(&entries(20..600));
}

#[tokio::test]
async fn a_server_that_does_not_aggregate_is_listed() {
    let world = World::of(Manner { is_plain: true, ..Manner::default() }, |_| ()).await;
    let source = Memory::numbered(700);
    assert_eq!(known(&world.sync(&source).await), BY_LISTING);
    source.set(entries(10..710));
    let report = world.sync(&source).await;
    assert_eq!((known(&report), accounts(&report)), (BY_LISTING, [10, 0, 690, 0, 10]));
    let (json, found) = (serde_json::to_value(&report).unwrap(), world.verify(&source).await.unwrap());
    assert_eq!((&json["known_by"], &json["verified"]), (&json!("listing"), &json!(true)));
    assert!(found.is_equal() && found.known_by == Some(KnownBy::Listing));
}

#[tokio::test]
async fn an_answer_that_makes_no_sense_is_no_digest() {
    let odd: [fn(&mut Value); 2] = [
        |answer| {
            answer["aggregations"] =
                json!({"ids": {"buckets": [{"key": 1e300, "doc_count": 1, "marks": {"value": 1}}]}})
        },
        |answer| answer["aggregations"] = json!({"ids": {"buckets": [{"key": "x"}]}}),
    ];
    for change in odd {
        let (world, source) = world_with(10).await;
        world.fake.script(
            move |call| if call.path == "/docs/_search" { Fault::Change(change) } else { Fault::None },
        );
        let report = world.sync(&source).await;
        assert_eq!(known(&report), BY_LISTING, "{report:?}");
    }
}

#[tokio::test]
async fn marks_that_cannot_be_kept_fail_nothing() {
    let (world, source) = world_with(10).await;
    let file = files(&world)[0].clone();
    fs::remove_file(&file).unwrap();
    fs::create_dir_all(file.join("in the way")).unwrap();
    source.set(entries(0..11));
    assert_eq!(known(&world.sync(&source).await), BY_LISTING);
    assert_eq!(known(&world.sync(&source).await), BY_LISTING, "nothing was kept");
}

#[tokio::test]
async fn what_shapes_documents_sends_just_what_it_touches() {
    let (mut world, source) = world_with(300).await;
    source.set(
        entries(0..300)
            .into_iter()
            .map(|entry| if entry.id.ends_with('1') { entry.text("words") } else { entry }),
    );
    assert_eq!(accounts(&world.sync(&source).await), [0, 30, 270, 0, 0]);
    world.context.limits.max_content = 3;
    let report = world.sync(&source).await;
    assert_eq!((known(&report), accounts(&report), report.marks_read), (BY_DIGEST, [0, 30, 270, 0, 0], 0));
    world.rules = Rules::advanced(json!({"find": {}}));
    let report = world.sync(&source).await;
    assert_eq!((known(&report), accounts(&report), report.marks_read), (BY_DIGEST, [0, 300, 0, 0, 0], 0));
    assert_eq!(accounts(&world.sync(&source).await), [0, 0, 300, 0, 0]);
}

#[tokio::test]
async fn an_index_of_another_tool_is_taken_over() {
    let mut world = World::taking_over().await;
    world.fake.seed("docs", (0..60).map(|number| (format!("d{number}"), json!({"n": -1}))));
    let source = Memory::numbered(20);
    let report = world.sync(&source).await;
    assert_eq!(
        (report.status, report.sent(), report.withheld, report.verified),
        (Status::Withheld, 20, 40, true)
    );
    world.options.allow_deletes = true;
    let report = world.sync(&source).await;
    assert_eq!((known(&report), accounts(&report)), (BY_DIGEST, [0, 0, 20, 0, 40]));
    let report = world.sync(&source).await;
    assert_eq!((known(&report), accounts(&report)), (BY_DIGEST, [0, 0, 20, 0, 0]));
}

#[tokio::test]
async fn many_deletes_are_looked_up_by_range_and_few_by_hash() {
    let (mut world, source) = world_with(5_000).await;
    world.options.allow_deletes = true;
    for (left, wanted) in [(4_990, "terms"), (100, "range")] {
        source.set(entries(0..left));
        world.fake.forget_calls();
        world.sync(&source).await;
        let lookups =
            world.fake.seen("/docs/_search").into_iter().filter(|seen| seen.body.contains("_sync.scope"));
        assert!(
            lookups.clone().count() > 0 && lookups.clone().all(|seen| seen.body.contains(wanted)),
            "{wanted}"
        );
        world.assert_holds(&entries(0..left));
    }
}

#[tokio::test]
async fn a_digest_of_many_buckets_is_asked_in_ranges() {
    let world = World::new().await;
    let marks: Vec<Mark> = (1..3_000_u64)
        .map(|n| Mark { id: (n.wrapping_mul(0x9E37_79B9_7F4A_7C15)).cast_signed(), mark: n.cast_signed() })
        .chain([i64::MIN, -1, 0, i64::MAX - 512, i64::MAX].map(|id| Mark { id, mark: 1 << 44 }))
        .collect();
    let document = |mark: &Mark| json!({"_sync": {"id": mark.id, "mark": mark.mark}});
    world.fake.seed("docs", marks.iter().map(|mark| (mark.id.to_string(), document(mark))));
    for (count, requests) in [(1_000_000, 1), (8_000_000, 1), (9_000_000, 2), (60_000_000, 8)] {
        world.fake.forget_calls();
        let grid = Grid::for_count(count);
        let told = ask(&world.client, "docs", grid).await.unwrap().unwrap();
        assert!(told.differing(&Digest::of(grid, marks.iter().copied())).is_empty(), "{count}");
        assert_eq!(
            (told.count(), world.fake.seen("_search").len()),
            (marks.len() as u64, requests),
            "{count}"
        );
    }
}
