//! Who may read a document, as the index holds it.

use connectors_core::Permissions;
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
