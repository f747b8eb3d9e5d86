//! Which files are listed.

use std::os::unix::net::UnixListener;

use rustix::fs::{CWD, FileType, Mode, mknodat};

use super::*;

#[tokio::test]
async fn an_empty_directory_has_no_documents() {
    Tree::new(&[]).list(&json!({})).await.is(&[]);
}

#[tokio::test]
async fn the_pattern_picks_by_relative_path() {
    let tree = Tree::new(&["a.md", "b.txt", "x/c.md", "x/y/d.md"]);
    for (pattern, expected) in [
        ("**/*", &["a.md", "b.txt", "x/c.md", "x/y/d.md"][..]),
        ("*.md", &["a.md"]),
        ("**/*.md", &["a.md", "x/c.md", "x/y/d.md"]),
        ("x/**", &["x/c.md", "x/y/d.md"]),
        ("root/**", &[]),
    ] {
        tree.list(&json!({"pattern": pattern})).await.is(expected);
    }
}

#[tokio::test]
async fn hidden_files_and_folders_are_listed_only_when_asked_for() {
    let tree = Tree::new(&[".a", ".b/c", "d/.e", "f"]);
    tree.list(&json!({})).await.is(&["f"]);
    tree.list(&json!({"hidden": true})).await.is(&[".a", ".b/c", "d/.e", "f"]);
}

#[tokio::test]
async fn gitignore_is_honoured_only_when_asked_for() {
    let tree = Tree::new(&["a.log", "b.md", "build/c.md", "x/d.tmp", "x/keep.log"]);
    tree.write(".gitignore", b"*.log\nbuild/\n");
    tree.write("x/.gitignore", b"*.tmp\n!keep.log\n");
    tree.list(&json!({})).await.is(&["a.log", "b.md", "build/c.md", "x/d.tmp", "x/keep.log"]);
    tree.list(&json!({"gitignore": true})).await.is(&["b.md", "x/keep.log"]);
}

#[tokio::test]
async fn a_gitignore_that_is_a_pipe_holds_nothing_up() {
    let tree = Tree::new(&["a", "b/c", "d/.gitignore/e"]);
    mknodat(CWD, tree.path("b/.gitignore"), FileType::Fifo, Mode::RWXU, 0).unwrap();
    let listed = tree.list(&json!({"gitignore": true})).await;
    assert_eq!(listed.paths, [PathBuf::from("a")]);
    assert_eq!(listed.problems(), [(ErrorKind::Unexpected, Some("b"))]);
    assert!(listed.errors[0].to_string().contains("not a regular file"), "{:?}", listed.errors);
}

#[tokio::test]
async fn gitignore_brings_nothing_hidden_to_light() {
    let tree = Tree::new(&["a", ".env", ".b/c"]);
    tree.write(".gitignore", b"!.env\n!.b/\na\n");
    tree.list(&json!({"gitignore": true})).await.is(&[]);
    tree.list(&json!({"gitignore": true, "hidden": true})).await.is(&[".b/c", ".env", ".gitignore"]);
}

#[tokio::test]
async fn no_other_ignore_file_counts() {
    let tree = Tree::new(&["a", "b"]);
    fs::write(tree.0.path().join(".gitignore"), "a\n").unwrap();
    for path in [".ignore", ".rgignore", ".git/info/exclude"] {
        tree.write(path, b"a\n");
    }
    tree.list(&json!({"gitignore": true})).await.is(&["a", "b"]);
}

#[tokio::test]
async fn lines_of_gitignore_that_are_no_globs_are_left_aside() {
    let tree = Tree::new(&["a", "b"]);
    fs::write(tree.0.path().join(".gitignore"), "x/[\n").unwrap();
    tree.write(".gitignore", b"{\na[\nb\n");
    tree.list(&json!({"gitignore": true})).await.is(&["a"]);
}

#[tokio::test]
async fn only_regular_files_are_documents() {
    let tree = Tree::new(&["file", "folder/file"]);
    let _socket = UnixListener::bind(tree.path("socket")).unwrap();
    mknodat(CWD, tree.path("pipe"), FileType::Fifo, Mode::RWXU, 0).unwrap();
    tree.list(&json!({})).await.is(&["file", "folder/file"]);
    tree.list(&json!({"follow_links": true})).await.is(&["file", "folder/file"]);
}
