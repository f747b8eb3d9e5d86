//! What is indexed of a file.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::time::Duration;

use serde_json::{Value, json};

use super::*;

fn entry(path: &[u8]) -> Entry {
    let stamp = Stamp { size: 7, modified: Some(UNIX_EPOCH + Duration::new(1_700_000_000, 5)), inode: 3 };
    Entry { path: Path::new(OsStr::from_bytes(path)).into(), stamp, created: None }
}

fn indexed(path: &[u8]) -> Value {
    serde_json::to_value(Indexed::of(&entry(path), None)).unwrap()
}

#[test]
fn fields_come_from_the_path_and_what_the_file_system_tells() {
    for (path, expected) in [
        (
            &b"a/b/Notes.MD"[..],
            json!({"path": "a/b/Notes.MD", "name": "Notes.MD", "extension": "MD", "size": 7, "mime_type": "text/markdown"}),
        ),
        (b"Makefile", json!({"path": "Makefile", "name": "Makefile", "size": 7})),
        (b"a/.hidden", json!({"path": "a/.hidden", "name": ".hidden", "size": 7})),
        (
            b"x.tar.gz",
            json!({"path": "x.tar.gz", "name": "x.tar.gz", "extension": "gz", "size": 7, "mime_type": "application/gzip"}),
        ),
        (
            b"a\n\x01b/\xff.txt",
            json!({"path": "a\n\u{1}b/\u{fffd}.txt", "name": "\u{fffd}.txt", "extension": "txt", "size": 7, "mime_type": "text/plain"}),
        ),
    ] {
        assert_eq!(indexed(path), expected);
    }
}

#[test]
fn the_time_of_creation_is_told_where_it_is_known() {
    let known = Entry { created: Some(UNIX_EPOCH + Duration::from_millis(1_500)), ..entry(b"a") };
    let fields = serde_json::to_value(Indexed::of(&known, None)).unwrap();
    assert_eq!(fields["created_at"], "1970-01-01T00:00:01.500Z");
    assert_eq!(indexed(b"a").get("created_at"), None);
}

#[test]
fn the_scope_is_the_folder() {
    for (path, expected) in [("top", ""), ("a/b", "a"), ("a/b/c", "a/b")] {
        assert_eq!(scope(Path::new(path)), expected);
    }
}

#[test]
fn ids_and_paths_of_the_reference_are_those_of_the_whole_path() {
    let client = |ids: &str| Arc::new(crate::client::tests::client("/srv/notes", &json!({"ids": ids})));
    let parts = document(entry(b"a/b.txt"), &client("reference")).into_parts();
    // `printf /srv/notes/a/b.txt | md5sum`
    assert_eq!(parts.id.as_str(), "57ea71101730e5a54c669e0ad579c88c");
    let body: Value = serde_json::from_slice(&parts.body.into_bytes().unwrap()).unwrap();
    assert_eq!((&body["path"], &body["name"]), (&json!("/srv/notes/a/b.txt"), &json!("b.txt")));
    assert_eq!(parts.scope.as_deref(), Some("a"), "scopes are as they were");
    let ours = document(entry(b"a/b.txt"), &client("relative"));
    assert_eq!(ours.id().as_str(), DocumentId::hashed(b"a/b.txt").as_str());
}

#[test]
fn ids_tell_apart_names_that_look_alike() {
    let client = Arc::new(crate::client::tests::client("/nowhere", &json!({})));
    let id = |path: &[u8]| document(entry(path), &client).id().to_string();
    assert_eq!(id(b"a/b"), id(b"a/b"));
    assert_ne!(id(b"a\xff"), id(b"a\xfe"));
    assert_ne!(id(b"a\xff"), id("a\u{fffd}".as_bytes()));
    assert_eq!(id(b"a/b"), DocumentId::hashed(b"a/b").to_string());
}

#[test]
fn any_difference_of_the_stamp_is_another_version() {
    let stamp = entry(b"a").stamp;
    let later = stamp.modified.map(|time| time + Duration::from_nanos(1));
    assert_eq!(version(&stamp), version(&stamp.clone()));
    for other in [
        Stamp { size: 8, ..stamp },
        Stamp { modified: later, ..stamp },
        Stamp { modified: None, ..stamp },
        Stamp { modified: Some(UNIX_EPOCH - Duration::from_nanos(1)), ..stamp },
        Stamp { inode: 4, ..stamp },
    ] {
        assert_ne!(version(&stamp), version(&other), "{other:?}");
    }
}

#[test]
fn times_outside_of_every_calendar_are_left_out() {
    let far = Duration::from_secs(1 << 55);
    for (time, expected) in [
        (UNIX_EPOCH, Some("1970-01-01T00:00:00+00:00")),
        (UNIX_EPOCH - Duration::from_millis(500), Some("1969-12-31T23:59:59.500+00:00")),
        (UNIX_EPOCH + Duration::from_nanos(1), Some("1970-01-01T00:00:00.000000001+00:00")),
        (UNIX_EPOCH + far, None),
        (UNIX_EPOCH - far, None),
    ] {
        assert_eq!(utc(time).map(|time| time.to_rfc3339()).as_deref(), expected);
    }
}
