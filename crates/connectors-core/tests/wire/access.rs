//! Who may read a document, as the index holds it.

use connectors_core::elastic::index;
use connectors_core::rules::Basic;
use connectors_core::sync::Status;
use connectors_core::{Permissions, Rules};
use serde_json::{Value, json};

use crate::support::{Entry, INDEX, Memory, World, accounts};

async fn closed() -> World {
    let mut world = World::new().await;
    world.options.document_level_security = true;
    world
}

fn allowed(world: &World, id: &str) -> Value {
    world.fake.documents(INDEX)[id]["_allow_access_control"].clone()
}

fn to(id: &str, terms: &[&str]) -> Entry {
    Entry::versioned(id, 1).permissions(Permissions::to(terms.iter().copied()))
}

#[tokio::test]
async fn what_could_not_be_read_or_was_not_told_is_closed() {
    let world = closed().await;
    let source = Memory::new([
        to("ada", &["user:ada"]),
        to("nobody", &[]),
        Entry::versioned("unknown", 1).permissions(Permissions::Unknown),
        Entry::versioned("untold", 1),
        Entry::plain("untold-unversioned", 1),
        Entry::versioned("public", 1).permissions(Permissions::Everybody),
    ]);
    assert_eq!(accounts(&world.sync(&source).await), [6, 0, 0, 0, 0]);
    assert_eq!(allowed(&world, "ada"), json!(["user:ada"]));
    for id in ["nobody", "unknown", "untold", "untold-unversioned"] {
        assert_eq!(allowed(&world, id), json!(["_nobody"]), "{id}");
    }
    assert_eq!(allowed(&world, "public"), Value::Null);
    let report = world.sync(&source).await;
    assert_eq!((accounts(&report), report.verified), ([0, 0, 6, 0, 0], true));
    assert_eq!((report.status, report.closed.count), (Status::Partial, 3), "told as long as it is so");
    assert_eq!(report.closed.first, ["unknown", "untold", "untold-unversioned"]);
    assert!(world.verify_deep(&source).await.unwrap().is_equal());
}

#[tokio::test]
async fn changed_permissions_alone_send_a_document_again() {
    let world = closed().await;
    let source = Memory::new([to("a", &["user:ada", "user:bob"]), to("b", &["user:bob"])]);
    world.sync(&source).await;
    source.set([to("a", &["user:bob", "user:ada"]), to("b", &["user:bob"])]);
    assert_eq!(accounts(&world.sync(&source).await), [0, 0, 2, 0, 0], "order is no change");
    source.set([to("a", &["user:ada"]), Entry::versioned("b", 1).permissions(Permissions::Unknown)]);
    assert_eq!(accounts(&world.sync(&source).await), [0, 2, 0, 0, 0]);
    assert_eq!((allowed(&world, "a"), allowed(&world, "b")), (json!(["user:ada"]), json!(["_nobody"])));
    source.set([to("a", &["user:ada"]), to("b", &[])]);
    assert_eq!(accounts(&world.sync(&source).await), [0, 1, 1, 0, 0], "nobody is not unknown");
}

#[tokio::test]
async fn permissions_count_only_where_somebody_looks_at_them() {
    let mut world = World::new().await;
    let source = Memory::new([to("a", &["user:ada"]), Entry::versioned("b", 1)]);
    world.sync(&source).await;
    assert_eq!(allowed(&world, "a"), Value::Null);
    world.options.document_level_security = true;
    assert_eq!(accounts(&world.sync(&source).await), [0, 2, 0, 0, 0], "switched on, all is closed");
    assert_eq!((allowed(&world, "a"), allowed(&world, "b")), (json!(["user:ada"]), json!(["_nobody"])));
    world.options.document_level_security = false;
    assert_eq!(accounts(&world.sync(&source).await), [0, 2, 0, 0, 0], "and opened when it is switched off");
    assert_eq!(allowed(&world, "a"), Value::Null);
}

#[tokio::test]
async fn only_what_is_indexed_counts_as_closed() {
    let mut world = closed().await;
    let unknown = |id, number| Entry::plain(id, number).permissions(Permissions::Unknown);
    let source = Memory::new([unknown("a", 1), unknown("b", 2)]);
    let rule =
        json!({"id": "1", "policy": "exclude", "field": "n", "rule": "equals", "value": "2", "order": 0});
    world.rules = Rules { basic: Basic::parse(&[rule]).unwrap(), ..Rules::default() };
    let report = world.sync(&source).await;
    assert_eq!((report.filtered, report.closed.first), (1, vec!["a".to_owned()]));
    world.options.document_level_security = false;
    let report = world.sync(&source).await;
    assert_eq!((report.status, report.closed.count), (Status::Completed, 0), "nobody looks at them");
}

#[tokio::test]
async fn who_may_read_is_mapped_so_that_every_term_counts() {
    let world = closed().await;
    let source = Memory::new([to("a", &["user:ada"])]);
    let report = world.sync(&source).await;
    assert_eq!(report.status, Status::Completed, "{report:?}");
    let mapping = |mapping: &Value| mapping["properties"]["_allow_access_control"].clone();
    let made = mapping(&world.fake.kept().indices[INDEX].mappings);
    assert_eq!(made, json!({"type": "keyword", "fields": {"enum": {"type": "keyword"}}}));
    index::find(&world.client, INDEX).await.unwrap().unwrap().check_access(INDEX).unwrap();
}

#[tokio::test]
async fn an_index_that_could_show_closed_documents_to_all_is_refused() {
    let keyword = json!({"type": "keyword"});
    for (field, words) in [
        (json!({"type": "keyword", "ignore_above": 256, "fields": {"enum": keyword}}), "long terms"),
        (json!({"type": "keyword", "index": false, "fields": {"enum": keyword}}), "not indexed"),
        (json!({"type": "text"}), "neither `enum` nor `keyword`"),
        (json!({"type": "object", "enabled": false}), "no keyword"),
    ] {
        let mut world = closed().await;
        let mapping = json!({"properties": {"_allow_access_control": field}});
        world.fake.kept().indices.entry(INDEX.into()).or_default().mappings = mapping;
        let source = Memory::new([to("a", &["user:ada"])]);
        let report = world.sync(&source).await;
        let error = report.error.unwrap_or_default();
        assert!(report.status == Status::Failed && error.contains(words), "{field}: {error}");
        assert!(error.contains("sync into another index"), "{error}");
        assert!(world.ids().is_empty());
        world.options.document_level_security = false;
        assert_eq!(world.sync(&source).await.status, Status::Completed, "nobody is kept from it");
    }
}
