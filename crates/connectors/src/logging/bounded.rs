//! A log that does not grow without end.

use std::fs;
use std::io::{self, Write, stderr};
use std::path::{Path, PathBuf};

/// Bytes at which the log begins again.
const LARGEST: u64 = 1 << 20;

/// The standard error, which is the file at a path, opened to append.
#[derive(Debug, Clone)]
pub(super) struct Bounded(PathBuf);

impl Bounded {
    pub(super) fn new(path: &Path) -> Self {
        Self(path.to_owned())
    }

    /// Keeps what there is as `….old`, and begins again with an empty file, which stays the standard error.
    fn cut(&self) -> io::Result<()> {
        if fs::metadata(&self.0)?.len() < LARGEST {
            return Ok(());
        }
        fs::copy(&self.0, self.0.with_extension("old"))?;
        fs::OpenOptions::new().write(true).open(&self.0)?.set_len(0)
    }
}

impl Write for Bounded {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        // A log that can't be cut, as on a full disk, is still written.
        let _ = self.cut();
        stderr().write(line)
    }

    fn flush(&mut self) -> io::Result<()> {
        stderr().flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_large_log_begins_again_and_the_one_before_is_kept() {
        let folder = tempfile::TempDir::new().unwrap();
        let path = folder.path().join("log");
        for (length, left) in [(10, 10), (LARGEST as usize, 0)] {
            fs::write(&path, vec![b'x'; length]).unwrap();
            Bounded::new(&path).cut().unwrap();
            assert_eq!(fs::metadata(&path).unwrap().len(), left);
        }
        assert_eq!(fs::metadata(folder.path().join("log.old")).unwrap().len(), LARGEST);
    }
}
