//! What the user that runs the sync may not read.

use std::os::unix::fs::PermissionsExt;

use rustix::process::geteuid;
use rustix::thread::set_thread_uid;
use tokio::runtime::{Builder, Runtime};

use super::*;

/// A runtime whose threads have no privileges, also when the tests run as root.
fn unprivileged() -> Runtime {
    let drop_privileges = || {
        if geteuid().is_root() {
            set_thread_uid(rustix::process::Uid::from_raw(65534)).unwrap();
        }
    };
    Builder::new_multi_thread().worker_threads(1).on_thread_start(drop_privileges).build().unwrap()
}

fn chmod(path: impl AsRef<Path>, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

fn tree(files: &[&str]) -> Tree {
    let tree = Tree::new(files);
    chmod(tree.0.path(), 0o755);
    tree
}

#[test]
fn an_unreadable_folder_leaves_only_itself_unknown() {
    let tree = tree(&["a/file", "b/closed/file", "b/file"]);
    chmod(tree.path("b/closed"), 0o000);
    let client = tree.client(&json!({}));
    let listed = unprivileged().block_on(async move { list(&client).await });
    assert_eq!(listed.paths, [PathBuf::from("a/file"), PathBuf::from("b/file")]);
    assert_eq!(listed.problems(), [(ErrorKind::Denied, Some("b/closed"))]);
    let shown = listed.errors[0].to_string();
    assert!(shown.contains("b/closed") && shown.contains("give the user"), "{shown}");
    chmod(tree.path("b/closed"), 0o755);
}

#[test]
fn entries_that_can_not_be_looked_at_leave_their_folder_unknown() {
    let tree = tree(&["a/file", "b/file"]);
    chmod(tree.path("b"), 0o444);
    let client = tree.client(&json!({}));
    let listed = unprivileged().block_on(async move { list(&client).await });
    assert_eq!(listed.paths, [PathBuf::from("a/file")]);
    assert_eq!(listed.problems(), [(ErrorKind::Denied, Some("b"))]);
    chmod(tree.path("b"), 0o755);
}

#[test]
fn hidden_folders_that_are_not_wanted_may_be_unreadable() {
    let tree = tree(&["a", ".cache/file"]);
    chmod(tree.path(".cache"), 0o000);
    let client = tree.client(&json!({}));
    unprivileged().block_on(async move { list(&client).await }).is(&["a"]);
    chmod(tree.path(".cache"), 0o755);
}

#[test]
fn a_folder_whose_gitignore_can_not_be_read_is_left_out() {
    let tree = tree(&["a", "b/secret", "b/.gitignore", "c/file"]);
    chmod(tree.path("b/.gitignore"), 0o000);
    let runtime = unprivileged();
    let list = |settings: Value| {
        let client = tree.client(&settings);
        runtime.block_on(async move { list(&client).await })
    };
    list(json!({})).is(&["a", "b/secret", "c/file"]);
    let listed = list(json!({"gitignore": true}));
    assert_eq!(listed.paths, [PathBuf::from("a"), PathBuf::from("c/file")]);
    assert_eq!(listed.problems(), [(ErrorKind::Denied, Some("b"))]);
    assert!(listed.errors[0].to_string().contains("b/.gitignore"), "{:?}", listed.errors);
    tree.write(".gitignore", b"");
    chmod(tree.path(".gitignore"), 0o000);
    let listed = list(json!({"gitignore": true}));
    assert!(listed.paths.is_empty() && listed.errors[0].is_fatal(), "{listed:?}");
}

#[test]
fn listing_opens_no_file() {
    let tree = tree(&["file"]);
    chmod(tree.path("file"), 0o000);
    let client = tree.client(&json!({}));
    let runtime = unprivileged();
    let reader = Arc::clone(&client);
    runtime.block_on(async move { list(&client).await }).is(&["file"]);
    let error = runtime.block_on(async move { read::text(&reader, "file").await }).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Denied);
}

#[test]
fn an_unreadable_root_ends_the_sync() {
    let tree = tree(&["file"]);
    chmod(tree.root(), 0o000);
    let client = tree.client(&json!({}));
    let runtime = unprivileged();
    let error = runtime.block_on(client.reach()).unwrap_err();
    let listed = runtime.block_on(list(&client));
    chmod(tree.root(), 0o755);
    assert!(listed.paths.is_empty());
    for error in listed.errors.iter().chain([&error]) {
        assert!(error.is_fatal() && error.kind() == ErrorKind::Denied, "{error:?}");
        assert!(error.to_string().contains("root") && error.to_string().contains("give the user"), "{error}");
    }
    assert_eq!(listed.errors.len(), 1);
}
