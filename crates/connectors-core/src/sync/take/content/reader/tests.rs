//! What a reader of contents promises.

use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

use bytes::Bytes;
use futures::stream;

use super::*;
use crate::{ByteStream, Limits};

fn pieces(pieces: Vec<Result<&'static [u8]>>) -> ByteStream {
    stream::iter(pieces.into_iter().map(|piece| piece.map(Bytes::from_static))).boxed()
}

fn content(name: &str, size: Option<u64>, bytes: &'static [u8]) -> Content {
    Content::new(name, size, move || async move { Ok(pieces(vec![Ok(bytes)])) })
}

fn reader() -> Reader {
    let limits = Limits { max_content: 100_000, ..Limits::default() };
    Reader::new(&Context { limits, ..Context::default() }, 1 << 20)
}

#[tokio::test]
async fn text_is_read_and_anything_else_skipped_by_kind() {
    let fetched = reader().fetch(&content("a.txt", Some(5), b"hello")).await;
    assert!(matches!(fetched, Fetched::Text(read) if read.text == "hello"));
    for (content, reason) in [
        (content("a.txt", Some(100_001), b""), "too large"),
        (content("a.txt", Some(3), b"\x89PNG\r\n\x1a\n\0\0"), "image/png"),
        (content("a.txt", None, &[b'x'; 100_001]), "too large"),
        (content("a.bin", None, &[0; 9000]), "application/octet-stream"),
    ] {
        let fetched = reader().fetch(&content).await;
        assert!(matches!(&fetched, Fetched::Skipped(told) if told == reason), "{fetched:?}");
    }
}

#[tokio::test]
async fn opaque_kinds_and_files_above_the_limit_are_not_opened() {
    for (name, size, reason) in [
        ("a.png", None, "image/png"),
        ("a.zip", Some(3), "application/zip"),
        ("a.txt", Some(100_001), "too large"),
    ] {
        let content = Content::new(name, size, || async { panic!("it is opened") });
        let fetched = reader().fetch(&content).await;
        assert!(matches!(&fetched, Fetched::Skipped(told) if told == reason), "{fetched:?}");
    }
}

#[tokio::test]
async fn a_reading_that_breaks_off_is_tried_once_more() {
    let tries = Arc::new(AtomicUsize::new(0));
    let count = tries.clone();
    let content = Content::new("a.txt", None, move || {
        let first = count.fetch_add(1, SeqCst) == 0;
        async move {
            let broken = pieces(vec![Ok(b"ha"), Err(Error::transient("cut"))]);
            Ok(if first { broken } else { pieces(vec![Ok(b"whole")]) })
        }
    });
    let fetched = reader().fetch(&content).await;
    assert!(matches!(fetched, Fetched::Text(read) if read.text == "whole"));
    assert_eq!(tries.load(SeqCst), 2);
}

#[tokio::test]
async fn a_content_that_stays_broken_fails_with_its_last_error() {
    let content = Content::new("a.txt", None, || async { Err(Error::missing("gone")) });
    let fetched = reader().fetch(&content).await;
    assert!(matches!(&fetched, Fetched::Failed(error) if error.kind() == ErrorKind::Missing), "{fetched:?}");
    let tries = Arc::new(AtomicUsize::new(0));
    let count = tries.clone();
    let content = Content::new("a.txt", None, move || {
        count.fetch_add(1, SeqCst);
        async { Err(Error::denied("no")) }
    });
    assert!(matches!(reader().fetch(&content).await, Fetched::Failed(_)));
    assert_eq!(tries.load(SeqCst), 1, "a denial does not pass");
}

#[tokio::test(start_paused = true)]
async fn a_file_that_yields_nothing_is_an_error_and_no_endless_wait() {
    let content = Content::new("a.txt", None, || async { Ok(stream::pending().boxed()) });
    let fetched = reader().fetch(&content).await;
    let Fetched::Failed(error) = fetched else { panic!("{fetched:?}") };
    assert!(error.to_string().contains("sync.max_silence"), "{error}");
}
