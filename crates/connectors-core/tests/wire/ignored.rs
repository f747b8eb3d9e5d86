//! What the index does not hold of documents that it took: reported, with the fields and the fix.

use connectors_core::elastic;
use connectors_core::sync::Status;
use connectors_core::{FieldKind, FieldSpec};
use serde_json::{Value, json};

use crate::support::{Entry, Fault, Manner, Memory, World};

/// A server that takes no text for a date, and keeps no long text whole.
fn odd(document: &Value) -> &'static [&'static str] {
    match document["n"].as_i64() {
        Some(1 | 3) => &["made", "title.keyword"],
        Some(2) => &["title.keyword"],
        Some(4) => &["beyond"],
        _ => &[],
    }
}

async fn world(is_plain: bool) -> World {
    let world = World::of(Manner { ignores: odd, is_plain, ..Manner::default() }, |_| ()).await;
    world.fake.seed("docs", []);
    let mapping = json!({"properties": {
        "made": {"type": "date"},
        "title": {"type": "text", "fields": {"keyword": {"type": "keyword", "ignore_above": 128}}},
    }});
    world.fake.kept().indices.get_mut("docs").unwrap().mappings = mapping;
    world
}

#[tokio::test]
async fn documents_with_ignored_fields_are_reported_with_the_fields() {
    let world = world(false).await;
    let report = world.sync(&Memory::numbered(5)).await;
    assert_eq!((report.status, report.created), (Status::Completed, 5), "they do not fail");
    let expected = json!({
        "documents": 3, "first": ["d1", "d3", "d4"],
        "fields": [
            {"field": "made", "documents": 2, "mapped": "date"},
            {"field": "beyond", "documents": 1, "mapped": null},
        ],
    });
    assert_eq!(json!(report.ignored), expected);
}

#[tokio::test]
async fn a_server_that_does_not_aggregate_them_is_searched() {
    let world = world(true).await;
    let report = world.sync(&Memory::numbered(5)).await;
    let expected = json!({
        "documents": 2, "first": ["d1", "d3"], "fields": [{"field": "made", "documents": 2, "mapped": "date"}],
    });
    assert_eq!(json!(report.ignored), expected, "what is not mapped can't be asked for");
}

#[tokio::test]
async fn a_sync_that_writes_nothing_does_not_ask() {
    let world = world(false).await;
    let source = Memory::numbered(2);
    world.sync(&source).await;
    world.fake.forget_calls();
    assert_eq!(world.sync(&source).await.unchanged, 2);
    assert!(world.fake.seen("/docs/_search").iter().all(|seen| !seen.body.contains("_ignored")));
}

#[tokio::test]
async fn a_server_that_can_not_be_asked_does_not_make_the_sync_fail() {
    let world = world(false).await;
    world.fake.script(|call| if call.is_for_ignored { Fault::Status(403) } else { Fault::None });
    let report = world.sync(&Memory::numbered(5)).await;
    assert_eq!((report.status, report.ignored.documents), (Status::Completed, 0));
    world.fake.behave();
    assert_eq!(
        elastic::ignored(&world.client, "nowhere").await.unwrap_err().kind(),
        connectors_core::ErrorKind::Missing
    );
}

#[tokio::test]
async fn fields_that_are_mapped_unlike_their_declaration_are_reported() {
    let world = world(false).await;
    let source = Memory::new([Entry::plain("d0", 0)]);
    let declared = [
        ("made", FieldKind::Code),
        ("title", FieldKind::Label),
        ("new", FieldKind::Date),
        ("made.x", FieldKind::Date),
    ];
    *source.declared.lock().unwrap() = Ok(declared.map(|(name, kind)| FieldSpec::new(name, kind)).to_vec());
    for _ in 0..2 {
        let report = world.sync(&source).await;
        assert_eq!(report.status, Status::Completed);
        let expected = json!([{"field": "made", "declared": "code", "mapped": "date"}]);
        assert_eq!(json!(report.mismatched), expected);
    }
}
