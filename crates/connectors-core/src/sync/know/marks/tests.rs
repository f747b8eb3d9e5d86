//! A file that is read only when it is whole, ours, and of the right index.

use tempfile::TempDir;

use super::*;

fn marks(count: i64) -> impl Iterator<Item = Mark> {
    (0..count).map(|n| Mark { id: n * 1_000_003 - 7, mark: n })
}

fn read(file: &MarkFile) -> Option<Vec<Mark>> {
    let mut kept = file.open()?;
    let mut marks = Vec::new();
    kept.each(|mark| marks.push(mark)).unwrap();
    Some(marks)
}

#[test]
fn marks_come_back_as_they_were_saved() {
    let folder = TempDir::new().unwrap();
    let file = MarkFile::new(&folder.path().join("made"), "a_B-9").unwrap();
    assert!(file.open().is_none(), "nothing was kept");
    for count in [0, 1, 4096, 4097, 20_000] {
        file.save(count as u64, marks(count)).unwrap();
        assert_eq!(read(&file).unwrap(), marks(count).collect::<Vec<_>>());
        let digest = file.open().unwrap().digest;
        assert_eq!(digest.count(), count as u64);
        assert!(digest.differing(&Digest::of(digest.grid(), marks(count))).is_empty());
    }
    let names: Vec<_> =
        fs::read_dir(folder.path().join("made")).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(names, ["a_B-9.marks"], "nothing else is left");
}

#[test]
fn any_damage_is_read_as_absent() {
    let folder = TempDir::new().unwrap();
    let file = MarkFile::new(folder.path(), "uuid").unwrap();
    file.save(3, marks(3)).unwrap();
    let whole = fs::read(&file.path).unwrap();
    for length in 0..whole.len() {
        fs::write(&file.path, &whole[..length]).unwrap();
        assert!(file.open().is_none(), "cut off at {length}");
    }
    for place in 0..whole.len() {
        let mut damaged = whole.clone();
        damaged[place] ^= 1;
        fs::write(&file.path, &damaged).unwrap();
        assert!(file.open().is_none(), "another byte at {place}");
    }
    fs::write(&file.path, [&whole[..], &[0]].concat()).unwrap();
    assert!(file.open().is_none(), "longer");
    fs::write(&file.path, &whole).unwrap();
    assert!(file.open().is_some());
    fs::rename(&file.path, folder.path().join("other.marks")).unwrap();
    assert!(MarkFile::new(folder.path(), "other").unwrap().open().is_none(), "of another index");
}

#[test]
fn marks_out_of_order_are_not_believed() {
    let folder = TempDir::new().unwrap();
    let file = MarkFile::new(folder.path(), "uuid").unwrap();
    file.save(2, [Mark { id: 2, mark: 1 }, Mark { id: 1, mark: 1 }].into_iter()).unwrap();
    assert!(file.open().is_none());
}

#[test]
fn a_save_that_fails_leaves_what_was_kept() {
    let folder = TempDir::new().unwrap();
    let file = MarkFile::new(folder.path(), "uuid").unwrap();
    file.save(2, marks(2)).unwrap();
    assert!(file.save(3, marks(2)).is_err(), "not as many as were told");
    assert_eq!(read(&file).unwrap().len(), 2);
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    fs::write(folder.path().join("blocked"), "").unwrap();
    assert!(MarkFile::new(&folder.path().join("blocked"), "uuid").unwrap().save(0, marks(0)).is_err());
}

#[test]
fn crowded_marks_are_digested_finely_enough() {
    let folder = TempDir::new().unwrap();
    let file = MarkFile::new(folder.path(), "uuid").unwrap();
    file.save(300, (0..300).map(|id| Mark { id: id << 52, mark: (1 << 45) - 1 })).unwrap();
    assert!(file.open().unwrap().digest.is_exact());
}

#[test]
fn only_a_uuid_names_a_file() {
    for uuid in ["", "../x", "a/b", "a.b", &"x".repeat(41)] {
        assert!(MarkFile::new(Path::new("."), uuid).is_none(), "{uuid}");
    }
    assert!(MarkFile::new(Path::new("."), &"x".repeat(40)).is_some());
}
