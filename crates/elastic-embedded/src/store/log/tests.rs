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
    log.file.as_deref().unwrap().write_all(&[30, 0, 0, 0, 1, 2, 3]).unwrap();
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

#[test]
fn a_record_that_was_changed_ends_the_log_and_is_kept_aside() {
    let folder = tempfile::tempdir().unwrap();
    let mut log = Log::start(folder.path()).unwrap();
    for seq in 0..3 {
        log.append(&Record { seq, version: 1, id: "a", source: Some(b"{\"text\": \"word\"}") }).unwrap();
    }
    log.flush().unwrap();
    let path = folder.path().join("0");
    let written = std::fs::read(&path).unwrap();
    let record = (written.len() - 8) / 3;
    // Every byte of the second record: its length, its checksum, what it says.
    for at in 8 + record..8 + 2 * record {
        let mut changed = written.clone();
        changed[at] ^= 1;
        std::fs::write(&path, changed).unwrap();
        assert!(matches!(read(folder.path()).as_slice(), [(0, ..)]), "the byte {at}");
    }
    assert!(folder.path().join("0.damaged").exists());
    for end in 8..written.len() {
        std::fs::write(&path, &written[..end]).unwrap();
        assert_eq!(read(folder.path()).len(), (end - 8) / record, "cut at {end}");
        std::fs::write(&path, [&written[..8 + (end - 8) / record * record], &[0; 100]].concat()).unwrap();
        assert_eq!(read(folder.path()).len(), (end - 8) / record, "zeros from {end}");
    }
}

#[test]
fn a_log_of_the_format_before_is_read() {
    let folder = tempfile::tempdir().unwrap();
    let mut bytes = Vec::new();
    for (seq, id, source) in [(7_u64, "a", Some("{}")), (8, "b", None)] {
        let rest = source.unwrap_or_default();
        bytes.extend_from_slice(&((19 + id.len() + rest.len()) as u32).to_le_bytes());
        bytes.extend_from_slice(&seq.to_le_bytes());
        bytes.extend_from_slice(&1_u64.to_le_bytes());
        bytes.push(u8::from(source.is_none()));
        bytes.extend_from_slice(&(id.len() as u16).to_le_bytes());
        bytes.extend_from_slice(id.as_bytes());
        bytes.extend_from_slice(rest.as_bytes());
    }
    std::fs::write(folder.path().join("3"), bytes).unwrap();
    assert_eq!(read(folder.path()), [(7, "a".to_owned(), Some(b"{}".to_vec())), (8, "b".to_owned(), None)]);
    assert_eq!(Log::start(folder.path()).unwrap().generation, 4);
}

#[test]
fn a_full_disk_is_told_from_other_failures() {
    let folder = tempfile::tempdir().unwrap();
    let mut log = Log::start(folder.path()).unwrap();
    let full = std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    log.file = Some(std::sync::Arc::new(full));
    log.append(&Record { seq: 1, version: 1, id: "a", source: None }).unwrap();
    assert!(log.flush().unwrap_err().is_of_a_full_disk());
}
