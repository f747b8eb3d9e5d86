//! The root, before and while it is listed.

use super::*;

#[tokio::test]
async fn a_root_that_is_no_folder_ends_the_sync() {
    let tree = Tree::new(&["file"]);
    for (path, message) in
        [("nothing", "no such directory"), ("file", "not a directory"), ("file/x", "not a directory")]
    {
        let client = Arc::new(client(tree.path(path), &json!({})));
        let error = client.reach().await.unwrap_err();
        let listed = list(&client).await;
        assert!(listed.paths.is_empty() && listed.errors.len() == 1, "{listed:?}");
        for error in [&error, &listed.errors[0]] {
            assert!(error.is_fatal() && error.kind() == ErrorKind::Config, "{error:?}");
            let shown = error.to_string();
            assert!(
                shown.contains(message) && shown.contains(path) && shown.contains("`directory`"),
                "{shown}"
            );
        }
    }
}

/// A tree with more files than the walk sends ahead, whose listing has begun.
async fn begun()
-> (Tree, Arc<Client>, impl futures::Stream<Item = connectors_core::Result<super::super::Entry>>) {
    let tree = Tree::new(&[]);
    for number in 0..5_000 {
        tree.write(number.to_string(), b"");
    }
    let client = tree.client(&json!({}));
    let mut entries = client.entries().boxed();
    assert!(entries.next().await.unwrap().is_ok());
    (tree, client, entries)
}

#[tokio::test]
async fn a_root_that_vanishes_is_no_complete_listing() {
    let (tree, _, entries) = begun().await;
    fs::rename(tree.root(), tree.0.path().join("moved")).unwrap();
    let errors: Vec<_> = entries.filter_map(async |entry| entry.err()).collect().await;
    let [error] = &errors[..] else { panic!("one error: {errors:?}") };
    assert!(error.is_fatal() && error.to_string().contains("no such directory"), "{error:?}");
}

#[tokio::test]
async fn a_root_that_is_replaced_is_no_complete_listing() {
    let (tree, _, entries) = begun().await;
    fs::rename(tree.root(), tree.0.path().join("moved")).unwrap();
    fs::create_dir(tree.root()).unwrap();
    let errors: Vec<_> = entries.filter_map(async |entry| entry.err()).collect().await;
    let [error] = &errors[..] else { panic!("one error: {errors:?}") };
    assert!(error.is_fatal() && error.to_string().contains("another directory took"), "{error:?}");
}

#[tokio::test]
async fn files_that_vanish_meanwhile_are_no_errors() {
    let (tree, _, entries) = begun().await;
    for number in 0..5_000 {
        fs::remove_file(tree.path(number.to_string())).unwrap();
    }
    let rest: Vec<_> = entries.collect().await;
    assert!(rest.len() < 4_999 && rest.iter().all(Result::is_ok), "{} listed", rest.len());
}

/// The end of the runtime waits for the walk, so this test ends only if the walk does.
#[test]
fn dropping_the_stream_ends_the_walk() {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let (tree, client, entries) = runtime.block_on(begun());
    drop(entries);
    drop(runtime);
    assert_eq!(Arc::strong_count(&client), 1, "the walk gave back what it held");
    drop(tree);
}
