//! Ingest pipelines: which are in force, and what becomes of documents that they drop or refuse.

use connectors_core::elastic::index;
use connectors_core::sync::{DEFAULT_PIPELINE, Pipeline, Report, Status};
use serde_json::{Value, json};

use crate::support::{Entry, Fault, INDEX, Memory, World, accounts};

async fn piped(name: &str) -> World {
    let mut world = World::new().await;
    world.pipeline = Some(Pipeline::new(name));
    world.fake.kept().pipelines.insert(name.into(), json!({"processors": [{"set": {"field": "a"}}]}));
    world
}

fn entry(id: &str, body: Value, version: i64) -> Entry {
    Entry { version: Some(version.to_string()), ..Entry::new(id, body) }
}

fn good(id: &str) -> Entry {
    entry(id, json!({"n": 1}), 1)
}

fn dropped(id: &str) -> Entry {
    entry(id, json!({"drop": true}), 2)
}

fn told(report: &Report) -> (Status, [u64; 5], u64) {
    (report.status, accounts(report), report.dropped)
}

/// Bulks of documents since the last call.
fn bulks(world: &World) -> Vec<String> {
    let seen = world.fake.seen(&format!("/{INDEX}/_bulk"));
    world.fake.forget_calls();
    seen.into_iter().map(|seen| seen.query).collect()
}

#[tokio::test]
async fn what_a_pipeline_drops_is_accounted_apart_and_not_sent_again() {
    let world = piped("mine").await;
    let source = Memory::new([good("a"), dropped("b"), dropped("c")]);
    let report = world.sync(&source).await;
    assert_eq!(told(&report), (Status::Completed, [1, 0, 0, 0, 0], 2));
    assert!(report.verified && report.pipelines == ["mine"], "{report:?}");
    assert!(bulks(&world)[0].contains("pipeline=mine"));
    for _ in 0..2 {
        assert_eq!(told(&world.sync(&source).await), (Status::Completed, [0, 0, 1, 0, 0], 2));
        assert_eq!(bulks(&world).len(), 0, "known to be dropped");
    }
    let found = world.verify(&source).await.unwrap();
    assert!(found.is_equal() && (found.equal, found.dropped) == (1, 2), "{found:?}");
    source.set([good("a"), entry("b", json!({"n": 2}), 3), dropped("c")]);
    assert_eq!(told(&world.sync(&source).await), (Status::Completed, [1, 0, 1, 0, 0], 1));
    assert_eq!(world.ids(), ["a", "b"]);
}

#[tokio::test]
async fn the_older_version_of_what_is_dropped_is_deleted_under_the_guard() {
    let mut world = piped("mine").await;
    let ids: Vec<String> = (0..20).map(|number| format!("d{number}")).collect();
    let source = Memory::new(ids.iter().map(|id| good(id)));
    assert_eq!(told(&world.sync(&source).await), (Status::Completed, [20, 0, 0, 0, 0], 0));
    source.set(ids.iter().map(|id| if id == "d0" { good(id) } else { dropped(id) }));
    let report = world.sync(&source).await;
    assert_eq!((told(&report), report.withheld), ((Status::Withheld, [0, 0, 1, 0, 0], 19), 19));
    assert_eq!(world.ids().len(), 20);
    let report = world.sync(&source).await;
    assert_eq!((report.status, report.withheld, report.dropped), (Status::Withheld, 19, 19), "still so");
    world.options.allow_deletes = true;
    let report = world.sync(&source).await;
    assert_eq!(told(&report), (Status::Completed, [0, 0, 1, 0, 19], 19));
    assert!(report.verified);
    assert_eq!(world.ids(), ["d0"]);
}

#[tokio::test]
async fn without_a_folder_for_marks_what_is_dropped_is_sent_each_time() {
    let mut world = piped("mine").await;
    world.marks = None;
    let source = Memory::new([good("a"), dropped("b")]);
    for created in [1, 0] {
        let report = world.sync(&source).await;
        assert_eq!((report.status, report.created, report.dropped), (Status::Completed, created, 1));
        assert_eq!(bulks(&world).len(), 1);
    }
}

#[tokio::test]
async fn what_a_pipeline_refuses_is_a_failure_and_the_sync_goes_on() {
    let world = piped("mine").await;
    let source = Memory::new([good("a"), entry("b", json!({"refuse": true}), 1), good("c")]);
    let report = world.sync(&source).await;
    assert_eq!((report.status, report.created, report.failed), (Status::Partial, 2, 1));
    let failures = world.failures().await;
    assert_eq!((failures.len(), failures[0].id.as_str()), (1, "b"));
    assert!(failures[0].reason.contains("fail_processor_exception"), "{failures:?}");
}

#[tokio::test]
async fn the_flags_of_a_pipeline_stand_in_the_documents() {
    let mut world = piped("mine").await;
    if let Some(pipeline) = &mut world.pipeline {
        pipeline.flags.run_ml_inference = false;
    }
    let source = Memory::new([entry("a", json!({"n": 1, "_run_ml_inference": "mine"}), 1)]);
    assert_eq!(world.sync(&source).await.status, Status::Completed);
    let document = world.fake.documents(INDEX)["a"].clone();
    assert_eq!(
        (&document["_extract_binary_content"], &document["_reduce_whitespace"]),
        (&json!(true), &json!(true))
    );
    assert_eq!(
        (&document["_run_ml_inference"], &document["_run_ml_inference_"]),
        (&Value::Null, &json!("mine"))
    );
}

#[tokio::test]
async fn a_pipeline_that_the_server_lacks_is_told_but_the_default_is_not_taken() {
    let mut world = World::new().await;
    let source = Memory::new([good("a")]);
    for (name, status) in
        [("mine", Status::Failed), (DEFAULT_PIPELINE, Status::Completed), ("_none", Status::Completed)]
    {
        world.pipeline = Some(Pipeline::new(name));
        let report = world.sync(&source).await;
        assert_eq!(report.status, status, "{report:?}");
        let error = report.error.unwrap_or_default();
        assert_eq!(
            error.contains("no ingest pipeline") && error.contains("mine"),
            status == Status::Failed,
            "{error}"
        );
    }
    assert!(bulks(&world).iter().all(|query| !query.contains("pipeline=") && !query.contains("result")));
    assert!(world.fake.documents(INDEX)["a"].get("_reduce_whitespace").is_none());
    world.fake.kept().indices.get_mut(INDEX).unwrap().settings = json!({"final_pipeline": "gone"});
    let error = world.sync(&source).await.error.unwrap();
    assert!(error.contains("gone") && error.contains("settings of the index"), "{error}");
}

#[tokio::test]
async fn a_pipeline_that_changes_sends_documents_again_also_one_that_it_leads_to() {
    let world = piped("mine").await;
    let source = Memory::new([good("a"), dropped("b")]);
    world.sync(&source).await;
    let define = |name: &str, definition: Value| world.fake.kept().pipelines.insert(name.into(), definition);
    let mut led = json!({"processors": [{"pipeline": {"name": "inner"}}], "version": 1});
    define("mine", led.clone());
    let again = (Status::Completed, [0, 1, 0, 0, 0], 1);
    assert_eq!(told(&world.sync(&source).await), again);
    define("inner", json!({"processors": [{"pipeline": {"name": "mine"}}]}));
    assert_eq!(told(&world.sync(&source).await), again, "the inner one came to be");
    led["version"] = json!(2);
    define("mine", led);
    assert_eq!(told(&world.sync(&source).await), (Status::Completed, [0, 0, 1, 0, 0], 1), "it does the same");
    define("inner", json!({"processors": []}));
    assert_eq!(told(&world.sync(&source).await), again, "the inner one changed");
}

#[tokio::test]
async fn a_pipeline_that_nobody_may_read_goes_by_its_name() {
    let world = piped("mine").await;
    world.fake.script(|call| if call.path.contains("_ingest") { Fault::Status(403) } else { Fault::None });
    let source = Memory::new([good("a"), dropped("b")]);
    assert_eq!(told(&world.sync(&source).await), (Status::Completed, [1, 0, 0, 0, 0], 1));
    world.fake.kept().pipelines.insert("mine".into(), json!({"processors": []}));
    assert_eq!(told(&world.sync(&source).await), (Status::Completed, [0, 0, 1, 0, 0], 1));
}

#[tokio::test]
async fn the_pipelines_of_the_index_count_as_well() {
    let world = World::new().await;
    index::prepare(&world.client, INDEX, world.options.mapping, &[]).await.unwrap();
    {
        let mut kept = world.fake.kept();
        kept.pipelines = ["one", "two"].map(|name| (name.to_owned(), json!({"processors": []}))).into();
        let index = kept.indices.get_mut(INDEX).unwrap();
        index.settings = json!({"default_pipeline": "one", "final_pipeline": "two"});
    }
    let source = Memory::new([good("a"), dropped("b")]);
    let report = world.sync(&source).await;
    assert_eq!(told(&report), (Status::Completed, [1, 0, 0, 0, 0], 1));
    assert_eq!(report.pipelines, ["one", "two"]);
    assert!(bulks(&world).iter().all(|query| !query.contains("pipeline=")));
    assert!(world.verify(&source).await.unwrap().is_equal());
    let error = world.verify_deep(&source).await.unwrap_err().to_string();
    assert!(error.contains("leave `--deep` out") && error.contains("one, two"), "{error}");
}

#[tokio::test]
async fn a_comparison_goes_by_the_pipeline_that_the_last_sync_recorded() {
    let mut world = piped("p").await;
    let source = Memory::new([good("a"), good("b")]);
    world.sync(&source).await;
    world.pipeline = None;
    let verified = world.verify(&source).await.unwrap();
    assert!(verified.is_equal(), "{verified:?}");
    let refusal = world.verify_deep(&source).await.unwrap_err().to_string();
    assert!(refusal.contains("behind an ingest pipeline"), "{refusal}");
    // Another one that is asked for counts, and so does a sync that goes through none.
    world.pipeline = Some(Pipeline::new("_none"));
    assert_eq!(world.verify(&source).await.unwrap().stale.count, 2);
    world.pipeline = None;
    world.sync(&source).await;
    let verified = world.verify_deep(&source).await.unwrap();
    assert!(verified.is_equal() && verified.compared == Some(2), "{verified:?}");
}
