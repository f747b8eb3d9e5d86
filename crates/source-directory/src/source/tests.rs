//! The source as core sees it.

use std::collections::BTreeSet;
use std::fs;

use connectors_core::{ErrorKind, Registered};
use proptest::collection::{btree_set, vec};
use proptest::prelude::*;
use serde_json::json;
use tempfile::TempDir;

use super::*;

fn connect(root: &TempDir) -> Directory {
    let client = crate::client::tests::client(root.path(), &json!({"hidden": true}));
    Directory { client: Arc::new(client) }
}

async fn ids(source: &Directory) -> Vec<String> {
    let documents = source.documents(&Rules::default()).try_collect::<Vec<_>>().await.unwrap();
    documents.iter().map(|document| document.id().to_string()).collect()
}

#[tokio::test]
async fn a_file_becomes_a_document() {
    let root = TempDir::new().unwrap();
    fs::create_dir(root.path().join("a")).unwrap();
    fs::write(root.path().join("a/b.txt"), "hello").unwrap();
    let source = connect(&root);
    source.ping().await.unwrap();
    assert!(source.changed().await.unwrap(), "a folder can't tell without being listed");
    let documents: Vec<_> = source.documents(&Rules::default()).try_collect().await.unwrap();
    let shown = format!("{documents:?}");
    for part in [r#"scope: Some("a")"#, r#"name: "b.txt", size: Some(5)"#, "Body(not yet serialised)"] {
        assert!(shown.contains(part), "{part} in {shown}");
    }
    source.close().await.unwrap();
}

#[tokio::test]
async fn every_field_of_a_document_is_declared() {
    let root = TempDir::new().unwrap();
    fs::write(root.path().join("b.txt"), "hello").unwrap();
    let source = connect(&root);
    let entry = Box::pin(source.client.entries()).try_next().await.unwrap().unwrap();
    let body = json!(crate::document::Indexed::of(&entry, None));
    let body = body.as_object().unwrap();
    let declared = source.declared_fields().await.unwrap();
    let declared: BTreeSet<String> = declared.into_iter().map(|field| field.path.join(".")).collect();
    let undeclared: Vec<&String> = body.keys().filter(|name| !declared.contains(*name)).collect();
    assert!(undeclared.is_empty() && body.len() >= 5, "{undeclared:?} of {body:?}");
}

#[tokio::test]
async fn the_registry_makes_it_from_its_settings() {
    assert_eq!(crate::SOURCE.name(), "dir");
    let context = Context::default();
    let settings = json!({"directory": "/nowhere/at/all"});
    let connection = crate::SOURCE.connect(settings.as_object().unwrap(), &context).unwrap();
    assert!(connection.incremental().is_none() && connection.advanced_rules().is_none());
    let error = connection.source().ping().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config);
    let error = crate::SOURCE.connect(json!({"pattern": "["}).as_object().unwrap(), &context).err().unwrap();
    assert!(error.to_string().contains("directory") && error.to_string().contains("pattern"), "{error}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// Whatever the tree, each of its files is listed once, and again with the same id.
    #[test]
    fn listings_are_complete_unique_and_repeatable(paths in btree_set(vec("[a-c.ä*\\\\ \n]{1,3}", 1..5), 0..40)) {
        let root = TempDir::new().unwrap();
        let mut files = BTreeSet::new();
        for parts in paths.iter().filter(|parts| parts.iter().all(|part| part != "." && part != "..")) {
            let (name, folders) = parts.split_last().unwrap();
            let folder = folders.iter().fold(root.path().to_owned(), |folder, part| folder.join(part));
            let file = folder.join(name);
            if fs::create_dir_all(&folder).is_ok() && fs::write(&file, name).is_ok() {
                files.insert(file.strip_prefix(root.path()).unwrap().to_owned());
            }
        }
        let source = connect(&root);
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let listed = runtime.block_on(ids(&source));
        let expected: BTreeSet<_> = files
            .iter()
            .map(|file| connectors_core::DocumentId::hashed(file.as_os_str().as_encoded_bytes()).into_string())
            .collect();
        prop_assert_eq!(listed.len(), files.len());
        prop_assert_eq!(listed.iter().cloned().collect::<BTreeSet<_>>(), expected);
        let again: BTreeSet<_> = runtime.block_on(ids(&source)).into_iter().collect();
        prop_assert_eq!(again, listed.into_iter().collect::<BTreeSet<_>>());
    }
}
