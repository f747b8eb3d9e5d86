//! The file of marks, and what can become of it between two syncs.

use std::fs;
use std::path::{Path, PathBuf};

use super::schedule::Marks;
use crate::Result;

/// The folder where the program keeps marks, with a copy from an earlier time.
pub(super) struct MarkFolder {
    pub(super) path: PathBuf,
    old: Option<(PathBuf, Vec<u8>)>,
}

impl MarkFolder {
    pub(super) fn new(path: PathBuf) -> Self {
        Self { path, old: None }
    }

    /// Does to the file what was drawn; true where there was one to do it to.
    pub(super) fn damage(&mut self, damage: Marks) -> Result<bool> {
        let Some(file) = self.file() else { return Ok(false) };
        let whole = fs::read(&file)?;
        match damage {
            Marks::Kept | Marks::DiskFull => {}
            Marks::Lost => fs::remove_file(&file)?,
            Marks::Torn => fs::write(&file, &whole[..whole.len() / 2])?,
            Marks::Damaged => fs::write(&file, flipped(&whole))?,
            Marks::Foreign => fs::write(&file, b"a file of somebody else")?,
            Marks::Old => {
                if let Some((path, bytes)) = &self.old {
                    fs::write(path, bytes)?;
                }
            }
        }
        if self.old.is_none() {
            self.old = Some((file, whole));
        }
        Ok(true)
    }

    fn file(&self) -> Option<PathBuf> {
        let entries = fs::read_dir(&self.path).ok()?.flatten().map(|entry| entry.path());
        entries.filter(|path| is_marks(path)).min()
    }
}

fn is_marks(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "marks")
}

/// With one bit in the middle that is another.
fn flipped(whole: &[u8]) -> Vec<u8> {
    let mut bytes = whole.to_vec();
    let middle = bytes.len() / 2;
    bytes.get_mut(middle).into_iter().for_each(|byte| *byte ^= 8);
    bytes
}
