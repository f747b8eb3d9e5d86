//! What each error of the walk leaves unknown.

use std::fs;

use connectors_core::ErrorKind;
use serde_json::json;
use tempfile::TempDir;

use super::*;

/// A walk that lists `a/b` below its root.
fn check(root: &TempDir, error: ignore::Error) -> Option<(ErrorKind, Option<String>)> {
    let client = crate::client::tests::client(root.path(), &json!({}));
    let folders = ["", "a", "a/b"].map(|folder| root.path().join(folder)).to_vec();
    let (_, refused) = std::sync::mpsc::channel();
    let listing = Listing { client: &client, root: root.path(), refused, folders };
    listing.failed(error).map(|error| (error.kind(), error.scope().map(str::to_owned)))
}

fn at(depth: usize, kind: io::ErrorKind) -> ignore::Error {
    ignore::Error::WithDepth { depth, err: Box::new(ignore::Error::Io(kind.into())) }
}

fn of(path: PathBuf, kind: io::ErrorKind) -> ignore::Error {
    ignore::Error::WithPath { path, err: Box::new(at(3, kind)) }
}

#[test]
fn an_error_names_the_folder_that_it_leaves_unknown() {
    use io::ErrorKind as Io;
    let root = TempDir::new().unwrap();
    fs::create_dir_all(root.path().join("a/b")).unwrap();
    fs::write(root.path().join("a/b/there"), "").unwrap();
    let path = |path: &str| root.path().join(path);
    for (error, expected) in [
        (at(3, Io::Other), Some((ErrorKind::Unexpected, "a/b"))),
        (at(2, Io::TimedOut), Some((ErrorKind::Transient, "a"))),
        (at(1, Io::PermissionDenied), Some((ErrorKind::Denied, ""))),
        (at(0, Io::Other), Some((ErrorKind::Unexpected, ""))),
        (at(9, Io::StaleNetworkFileHandle), Some((ErrorKind::Transient, ""))),
        (of(path("a/b"), Io::PermissionDenied), Some((ErrorKind::Denied, "a/b"))),
        (of(path("a/b/there"), Io::PermissionDenied), Some((ErrorKind::Denied, "a/b"))),
        (of(path("a/b/there"), Io::NotFound), Some((ErrorKind::Missing, "a/b"))),
        (of(path("a/b/gone"), Io::NotFound), None),
        (of(path("a/gone/file"), Io::NotFound), None),
    ] {
        let expected = expected.map(|(kind, scope)| (kind, Some(scope.to_owned())));
        assert_eq!(check(&root, error), expected);
    }
}

#[test]
fn what_is_not_about_files_is_no_error_of_the_listing() {
    let root = TempDir::new().unwrap();
    let glob = ignore::Error::Glob { glob: Some("[".into()), err: "unclosed".into() };
    assert_eq!(check(&root, ignore::Error::Partial(vec![glob])), None);
}

#[test]
fn errors_are_those_of_the_operating_system_in_its_words() {
    let root = TempDir::new().unwrap();
    let wrapped =
        ignore::WalkBuilder::new(root.path().join("nothing")).build().find_map(Result::err).unwrap();
    assert_eq!(system_error(wrapped).to_string(), "No such file or directory (os error 2)");
    assert_eq!(system_error(at(0, io::ErrorKind::TimedOut)).kind(), io::ErrorKind::TimedOut);
    assert_eq!(system_error(ignore::Error::InvalidDefinition).to_string(), "listing failed");
}
