use std::io::Write;

use super::{Log, Record, replay};

fn read(folder: &std::path::Path) -> Vec<(u64, String, Option<Vec<u8>>)> {
    let mut found = Vec::new();
    replay(folder, |record| {
        found.push((record.seq, record.id.to_owned(), record.source.map(<[u8]>::to_vec)));
        Ok(())
    })
    .unwrap();
    found
}

#[test]
fn a_record_reads_back_and_one_cut_short_ends_the_log() {
    let folder = tempfile::tempdir().unwrap();
    let mut log = Log::start(folder.path()).unwrap();
    let place = log.append(&Record { seq: 7, version: 1, id: "a", source: Some(b"{}") }).unwrap();
    assert_eq!(log.source(place).unwrap(), b"{}");
    log.append(&Record { seq: 8, version: 2, id: "b", source: None }).unwrap();
    log.flush().unwrap();
    assert_eq!(log.source(place).unwrap(), b"{}");
    log.file.write_all(&[30, 0, 0, 0, 1, 2, 3]).unwrap();
    assert_eq!(read(folder.path()), [(7, "a".to_owned(), Some(b"{}".to_vec())), (8, "b".to_owned(), None)]);
}

#[test]
fn a_new_log_follows_the_old_one_until_a_rotation_removes_it() {
    let folder = tempfile::tempdir().unwrap();
    let mut first = Log::start(folder.path()).unwrap();
    first.append(&Record { seq: 1, version: 1, id: "a", source: Some(b"{}") }).unwrap();
    first.flush().unwrap();
    drop(first);
    let mut second = Log::start(folder.path()).unwrap();
    second.append(&Record { seq: 2, version: 1, id: "b", source: Some(b"{}") }).unwrap();
    second.flush().unwrap();
    assert_eq!(read(folder.path()).len(), 2);
    second.rotate().unwrap();
    assert_eq!(read(folder.path()).len(), 0);
    assert_eq!(second.len(), 0);
}
