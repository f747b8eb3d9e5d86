//! Names, paths and numbers at their limits.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;

use rustix::fs::{CWD, Mode, OFlags, mkdirat, openat};

use super::*;

#[tokio::test]
async fn every_name_that_a_file_can_have_is_listed_and_read() {
    let tree = Tree::new(&[]);
    let longest = [b'x'; 255];
    let names: [&[u8]; 9] = [
        b"\xff\xfe",
        b"new\nline",
        b"\x01\x1b[31m",
        b" ",
        b"-",
        b"a\\b",
        b"*?[",
        "\u{202e}txt".as_bytes(),
        &longest,
    ];
    for name in names.map(OsStr::from_bytes) {
        tree.write(name, name.as_bytes());
        tree.write(Path::new("folder").join(name).join(name), name.as_bytes());
    }
    let listed = tree.list(&json!({})).await;
    assert!(listed.errors.is_empty(), "{:?}", listed.errors);
    let client = tree.client(&json!({}));
    for name in names.map(OsStr::from_bytes) {
        for path in [PathBuf::from(name), Path::new("folder").join(name).join(name)] {
            assert!(listed.paths.contains(&path), "{path:?}");
            assert_eq!(read::bytes(&client, path).await.unwrap(), name.as_bytes());
        }
    }
}

#[tokio::test]
async fn a_path_too_long_for_the_system_leaves_only_its_own_folder_unknown() {
    let tree = Tree::new(&["a"]);
    let name = "d".repeat(200);
    let folder = OFlags::DIRECTORY | OFlags::CLOEXEC;
    let mut deepest = openat(CWD, tree.root(), folder, Mode::empty()).unwrap();
    for _ in 0..25 {
        mkdirat(&deepest, &name, Mode::RWXU).unwrap();
        deepest = openat(&deepest, &name, folder, Mode::empty()).unwrap();
    }
    let listed = tree.list(&json!({})).await;
    assert_eq!(listed.paths, [PathBuf::from("a")]);
    let [(_, Some(scope))] = listed.problems()[..] else { panic!("one error in a scope: {listed:?}") };
    assert!(scope.len() > 3000 && scope.split('/').all(|part| part == name), "{scope}");
    assert!(!listed.errors[0].is_fatal());
}

#[tokio::test]
async fn a_folder_may_hold_a_hundred_thousand_files() {
    let tree = Tree::new(&[]);
    for first in [0, 50_000] {
        let original = tree.path(format!("{first:05}"));
        fs::write(&original, "").unwrap();
        (first + 1..first + 50_000)
            .for_each(|number| fs::hard_link(&original, tree.path(format!("{number:05}"))).unwrap());
    }
    let listed = tree.list(&json!({})).await;
    assert!(listed.errors.is_empty(), "{:?}", listed.errors);
    let expected = (0..100_000).map(|number| OsString::from(format!("{number:05}")));
    assert!(listed.paths.iter().map(|path| path.as_os_str().to_owned()).eq(expected));
}
