//! The log of an index: every acknowledged write since the engine's last commit.
//!
//! A record is `length u32 | sequence u64 | version u64 | operation u8 | id length u16 | id | source`,
//! little endian; the length counts what follows it. A record cut short by a kill ends the log.

use std::fs::{File, OpenOptions};
use std::io::{Read, Write};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use crate::failure::{Failure, Result};

const HEAD: usize = 8 + 8 + 1 + 2;
const INDEX: u8 = 0;
const DELETE: u8 = 1;

/// One write, as it stands in the log. A deletion has no source.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Record<'a> {
    pub(crate) seq: u64,
    pub(crate) version: u64,
    pub(crate) id: &'a str,
    pub(crate) source: Option<&'a [u8]>,
}

/// Where a source lies in the log.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Place {
    offset: u64,
    length: usize,
}

/// The log that is being written.
#[derive(Debug)]
pub(crate) struct Log {
    folder: PathBuf,
    file: File,
    generation: u64,
    written: u64,
    buffer: Vec<u8>,
}

impl Log {
    /// Starts a new log file after those that are there.
    pub(crate) fn start(folder: &Path) -> Result<Self> {
        std::fs::create_dir_all(folder)?;
        let generation = generations(folder)?.last().map_or(0, |last| last + 1);
        let file = create(folder, generation)?;
        Ok(Log { folder: folder.to_owned(), file, generation, written: 0, buffer: Vec::new() })
    }

    /// Adds a record to what the next [`Log::flush`] writes, and tells where its source will lie.
    ///
    /// # Errors
    /// If the id or the record is too long to be written.
    pub(crate) fn append(&mut self, record: &Record<'_>) -> Result<Place> {
        let source = record.source.unwrap_or_default();
        let id = u16::try_from(record.id.len()).map_err(Failure::internal)?;
        let length = u32::try_from(HEAD + record.id.len() + source.len()).map_err(Failure::internal)?;
        self.buffer.extend_from_slice(&length.to_le_bytes());
        self.buffer.extend_from_slice(&record.seq.to_le_bytes());
        self.buffer.extend_from_slice(&record.version.to_le_bytes());
        self.buffer.push(if record.source.is_some() { INDEX } else { DELETE });
        self.buffer.extend_from_slice(&id.to_le_bytes());
        self.buffer.extend_from_slice(record.id.as_bytes());
        let offset = self.written + self.buffer.len() as u64;
        self.buffer.extend_from_slice(source);
        Ok(Place { offset, length: source.len() })
    }

    /// Hands the records to the operating system: from here on they survive the process.
    pub(crate) fn flush(&mut self) -> Result<()> {
        self.file.write_all(&self.buffer)?;
        self.written += self.buffer.len() as u64;
        self.buffer.clear();
        Ok(())
    }

    /// The source at a place, flushed or not.
    pub(crate) fn source(&self, place: Place) -> Result<Vec<u8>> {
        if place.offset >= self.written {
            let at = (place.offset - self.written) as usize;
            let bytes = self.buffer.get(at..at + place.length);
            return bytes.map(<[u8]>::to_vec).ok_or_else(|| Failure::internal("a place outside the log"));
        }
        let mut source = vec![0; place.length];
        self.file.read_exact_at(&mut source, place.offset)?;
        Ok(source)
    }

    /// Bytes since the last commit.
    pub(crate) fn len(&self) -> u64 {
        self.written + self.buffer.len() as u64
    }

    /// Starts a new file and removes the older ones, whose records the engine holds by now.
    pub(crate) fn rotate(&mut self) -> Result<()> {
        if self.len() == 0 {
            return Ok(());
        }
        self.flush()?;
        self.generation += 1;
        self.file = create(&self.folder, self.generation)?;
        self.written = 0;
        self.discard_older()
    }
}

impl Log {
    /// Removes the files of earlier processes.
    pub(crate) fn discard_older(&self) -> Result<()> {
        for generation in generations(&self.folder)?.into_iter().filter(|other| *other < self.generation) {
            std::fs::remove_file(path(&self.folder, generation))?;
        }
        Ok(())
    }
}

/// Reads every log file of a folder, oldest first.
pub(crate) fn replay(folder: &Path, mut each: impl FnMut(Record<'_>) -> Result<()>) -> Result<()> {
    for generation in generations(folder)? {
        let mut bytes = Vec::new();
        File::open(path(folder, generation))?.read_to_end(&mut bytes)?;
        let mut rest = bytes.as_slice();
        while let Some((record, after)) = next(rest) {
            each(record)?;
            rest = after;
        }
        if !rest.is_empty() {
            tracing::warn!(bytes = rest.len(), generation, "the log ends in a record that was cut short");
        }
    }
    Ok(())
}

fn next(bytes: &[u8]) -> Option<(Record<'_>, &[u8])> {
    let (length, rest) = bytes.split_first_chunk::<4>()?;
    let (body, after) = rest.split_at_checked(u32::from_le_bytes(*length) as usize)?;
    let (seq, body) = body.split_first_chunk::<8>()?;
    let (version, body) = body.split_first_chunk::<8>()?;
    let (operation, body) = body.split_first()?;
    let (id_length, body) = body.split_first_chunk::<2>()?;
    let (id, source) = body.split_at_checked(u16::from_le_bytes(*id_length).into())?;
    let record = Record {
        seq: u64::from_le_bytes(*seq),
        version: u64::from_le_bytes(*version),
        id: std::str::from_utf8(id).ok()?,
        source: (*operation == INDEX).then_some(source),
    };
    Some((record, after))
}

fn generations(folder: &Path) -> Result<Vec<u64>> {
    let mut found = Vec::new();
    if folder.exists() {
        for entry in std::fs::read_dir(folder)? {
            found.extend(entry?.file_name().to_str().and_then(|name| name.parse::<u64>().ok()));
        }
    }
    found.sort_unstable();
    Ok(found)
}

fn create(folder: &Path, generation: u64) -> Result<File> {
    let options = OpenOptions::new().read(true).append(true).create_new(true).clone();
    Ok(options.open(path(folder, generation))?)
}

fn path(folder: &Path, generation: u64) -> PathBuf {
    folder.join(generation.to_string())
}

#[cfg(test)]
mod tests;
