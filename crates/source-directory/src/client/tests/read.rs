//! Contents, also of files that change meanwhile.

use std::os::unix::net::UnixListener;
use std::time::{Duration, SystemTime};

use connectors_core::Result;
use futures::TryStreamExt;
use rustix::fs::{CWD, FileType, Mode, mknodat};

use super::*;

/// More than three pieces.
const LARGE: usize = 900 * 1024;

/// What happens in words, and as an act.
type Case<T> = (&'static str, fn(&T));

pub(super) async fn bytes(client: &Arc<Client>, path: impl AsRef<Path>) -> Result<Vec<u8>> {
    let stream = Arc::clone(client).open(path.as_ref().into()).await?;
    let pieces: Vec<_> = stream.try_collect().await?;
    Ok(pieces.concat())
}

pub(super) async fn text(client: &Arc<Client>, path: &str) -> Result<String> {
    bytes(client, path).await.map(|bytes| String::from_utf8(bytes).unwrap())
}

#[tokio::test]
async fn every_byte_is_read_in_order() {
    let tree = Tree::new(&[]);
    let client = tree.client(&json!({}));
    let piece = 256 * 1024;
    for size in [0, 1, 4096, piece - 1, piece, piece + 1, 2 * piece, LARGE] {
        let content: Vec<u8> = (0..size).map(|at| (at % 251) as u8).collect();
        tree.write("a/b", &content);
        assert!(bytes(&client, "a/b").await.unwrap() == content, "{size} bytes");
    }
}

#[tokio::test]
async fn a_change_while_reading_is_an_error_that_passes() {
    let changes: [Case<fs::File>; 4] = [
        ("grown", |file| file.set_len(LARGE as u64 + 1).unwrap()),
        ("grown a lot", |file| file.set_len(9 * LARGE as u64).unwrap()),
        ("shrunk", |file| file.set_len(LARGE as u64 - 1).unwrap()),
        ("touched", |file| file.set_modified(SystemTime::now() + Duration::from_secs(9)).unwrap()),
    ];
    for (what, change) in changes {
        let tree = Tree::new(&[]);
        tree.write("file", &vec![b'x'; LARGE]);
        let client = tree.client(&json!({}));
        let stream = Arc::clone(&client).open(Path::new("file").into()).await.unwrap();
        change(&fs::File::options().write(true).open(tree.path("file")).unwrap());
        let error = stream.try_collect::<Vec<_>>().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Transient, "{what}: {error}");
        assert!(error.to_string().contains("root/file"), "{what}: {error}");
        let again = bytes(&client, "file").await.unwrap();
        assert_eq!(again.len() as u64, tree.path("file").metadata().unwrap().len(), "{what}");
    }
}

#[tokio::test]
async fn what_is_gone_or_no_file_any_more_is_missing() {
    let replacements: [Case<Path>; 4] = [
        ("nothing", |_| ()),
        ("a folder", |path| fs::create_dir(path).unwrap()),
        ("a pipe that nobody writes to", |path| mknodat(CWD, path, FileType::Fifo, Mode::RWXU, 0).unwrap()),
        ("a link to itself", |path| symlink("file", path).unwrap()),
    ];
    for (what, replace) in replacements {
        let tree = Tree::new(&["a/file"]);
        fs::remove_file(tree.path("a/file")).unwrap();
        replace(&tree.path("a/file"));
        for follow in [true, false] {
            let error = text(&tree.client(&json!({"follow_links": follow})), "a/file").await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Missing, "{what}: {error}");
            assert!(error.to_string().contains("a/file"), "{what}: {error}");
        }
    }
}

#[tokio::test]
async fn a_socket_in_its_place_is_an_error() {
    let tree = Tree::new(&[]);
    let _socket = UnixListener::bind(tree.path("file")).unwrap();
    let error = text(&tree.client(&json!({})), "file").await.unwrap_err();
    assert!(error.to_string().contains("file"), "{error}");
}

#[tokio::test]
async fn no_link_put_in_the_way_leads_outside() {
    let swaps: [Case<Tree>; 3] = [
        ("the file", |tree| {
            fs::remove_file(tree.path("a/b/file")).unwrap();
            tree.link("a/b/file", tree.outside().join("file"));
        }),
        ("its folder", |tree| {
            fs::remove_dir_all(tree.path("a/b")).unwrap();
            tree.link("a/b", tree.outside());
        }),
        ("a folder above", |tree| {
            fs::remove_dir_all(tree.path("a")).unwrap();
            tree.link("a", tree.0.path().join("elsewhere"));
        }),
    ];
    for (what, swap) in swaps {
        let tree = Tree::new(&["a/b/file"]);
        fs::write(tree.outside().join("file"), "secret").unwrap();
        fs::create_dir(tree.0.path().join("elsewhere")).unwrap();
        symlink(tree.outside(), tree.0.path().join("elsewhere/b")).unwrap();
        swap(&tree);
        let error = text(&tree.client(&json!({})), "a/b/file").await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Missing, "{what}: {error}");
        let followed = text(&tree.client(&json!({"follow_links": true})), "a/b/file").await.unwrap();
        assert_eq!(followed, "secret", "{what}");
    }
}

#[tokio::test]
async fn a_file_that_is_replaced_is_read_as_it_is_now() {
    let tree = Tree::new(&["file"]);
    let client = tree.client(&json!({}));
    list(&client).await.is(&["file"]);
    tree.write("new", b"replaced");
    fs::rename(tree.path("new"), tree.path("file")).unwrap();
    assert_eq!(text(&client, "file").await.unwrap(), "replaced");
}

#[tokio::test]
async fn a_file_that_is_removed_while_it_is_read_is_read_to_its_end() {
    let tree = Tree::new(&[]);
    tree.write("file", &vec![b'x'; LARGE]);
    let client = tree.client(&json!({}));
    let stream = Arc::clone(&client).open(Path::new("file").into()).await.unwrap();
    fs::remove_file(tree.path("file")).unwrap();
    assert_eq!(stream.try_collect::<Vec<_>>().await.unwrap().concat().len(), LARGE);
}
