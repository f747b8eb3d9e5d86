//! Writes down what comes in.

use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use super::bulk::Operation;
use crate::Result;
use crate::perf::post::{ENDS, INDEX, LINES};

/// A folder with what was recorded.
pub(super) struct Record {
    folder: PathBuf,
    lines: BufWriter<File>,
    ends: BufWriter<File>,
    written: u64,
}

impl Record {
    /// Makes the files of a recording, in place of an earlier one.
    ///
    /// # Errors
    /// When the folder can't be written.
    pub(super) fn new(folder: &Path) -> Result<Self> {
        fs::create_dir_all(folder)?;
        let file = |name| File::create(folder.join(name)).map(|file| BufWriter::with_capacity(1 << 20, file));
        Ok(Self { folder: folder.to_owned(), lines: file(LINES)?, ends: file(ENDS)?, written: 0 })
    }

    pub(super) fn index(&self, body: &[u8]) -> Result<()> {
        Ok(fs::write(self.folder.join(INDEX), body)?)
    }

    pub(super) fn bulk(&mut self, body: &[u8], operations: &[Operation<'_>]) -> Result<()> {
        self.lines.write_all(body)?;
        for operation in operations {
            self.ends.write_all(&(self.written + operation.place.end as u64).to_le_bytes())?;
        }
        self.written += body.len() as u64;
        Ok(())
    }

    pub(super) fn close(mut self) -> Result<()> {
        self.lines.flush()?;
        Ok(self.ends.flush()?)
    }
}
