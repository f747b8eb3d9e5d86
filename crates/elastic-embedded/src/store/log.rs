//! The log of an index: every acknowledged write since the engine's last commit.
//!
//! A file begins with `\xff\xff\xff\xfflog2`. A record is `length u32 | checksum u32 | sequence u64 | version u64 |
//! operation u8 | id length u16 | id | source`, little endian; length and checksum (CRC-32) are of what follows
//! both. A record cut short by a kill ends the log, and so does one that was changed. A file without that
//! beginning is of an earlier program, and its records have no checksum.

use std::fs::{File, OpenOptions};
use std::io::{Read, Write};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::disk;
use crate::failure::{Failure, Result};

/// What a log file of this format begins with. One of the format before, without checksums, begins with the
/// length of its first record, which is never as large as the first four bytes.
const MAGIC: [u8; 8] = *b"\xff\xff\xff\xfflog2";
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
    /// None until something is written to this generation.
    file: Option<Arc<File>>,
    generation: u64,
    written: u64,
    buffer: Vec<u8>,
}

impl Log {
    /// Starts a new log file after those that are there.
    pub(crate) fn start(folder: &Path) -> Result<Self> {
        std::fs::create_dir_all(folder)?;
        let generation = generations(folder)?.last().map_or(0, |last| last + 1);
        Ok(Log { folder: folder.to_owned(), file: None, generation, written: 0, buffer: Vec::new() })
    }

    /// Adds a record to what the next [`Log::flush`] writes, and tells where its source will lie.
    ///
    /// # Errors
    /// If the id or the record is too long to be written.
    pub(crate) fn append(&mut self, record: &Record<'_>) -> Result<Place> {
        let source = record.source.unwrap_or_default();
        let id = u16::try_from(record.id.len()).map_err(Failure::internal)?;
        let length = u32::try_from(HEAD + record.id.len() + source.len()).map_err(Failure::internal)?;
        if self.written == 0 && self.buffer.is_empty() {
            self.buffer.extend_from_slice(&MAGIC);
        }
        self.buffer.extend_from_slice(&length.to_le_bytes());
        let sum = self.buffer.len();
        self.buffer.extend_from_slice(&[0; 4]);
        self.buffer.extend_from_slice(&record.seq.to_le_bytes());
        self.buffer.extend_from_slice(&record.version.to_le_bytes());
        self.buffer.push(if record.source.is_some() { INDEX } else { DELETE });
        self.buffer.extend_from_slice(&id.to_le_bytes());
        self.buffer.extend_from_slice(record.id.as_bytes());
        let offset = self.written + self.buffer.len() as u64;
        self.buffer.extend_from_slice(source);
        let checksum = crc32fast::hash(&self.buffer[sum + 4..]);
        self.buffer[sum..sum + 4].copy_from_slice(&checksum.to_le_bytes());
        Ok(Place { offset, length: source.len() })
    }

    /// Hands the records to the operating system: from here on they survive the process. What survives the
    /// machine is what was synced to the file that comes back.
    pub(crate) fn flush(&mut self) -> Result<Option<Arc<File>>> {
        if self.buffer.is_empty() {
            return Ok(self.file.clone());
        }
        let file = match &self.file {
            Some(file) => file.clone(),
            None => self.file.insert(Arc::new(create(&self.folder, self.generation)?)).clone(),
        };
        (&*file).write_all(&self.buffer)?;
        self.written += self.buffer.len() as u64;
        self.buffer.clear();
        Ok(Some(file))
    }

    /// The source at a place, flushed or not.
    pub(crate) fn source(&self, place: Place) -> Result<Vec<u8>> {
        if place.offset >= self.written {
            let at = (place.offset - self.written) as usize;
            let bytes = self.buffer.get(at..at + place.length);
            return bytes.map(<[u8]>::to_vec).ok_or_else(|| Failure::internal("a place outside the log"));
        }
        let mut source = vec![0; place.length];
        let file = self.file.as_ref().ok_or_else(|| Failure::internal("a place in no log"))?;
        file.read_exact_at(&mut source, place.offset)?;
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
        self.buffer.clear();
        self.generation += 1;
        (self.file, self.written) = (None, 0);
        self.discard_older()
    }

    /// Removes the files of earlier processes.
    pub(crate) fn discard_older(&self) -> Result<()> {
        for generation in generations(&self.folder)?.into_iter().filter(|other| *other < self.generation) {
            std::fs::remove_file(path(&self.folder, generation))?;
        }
        Ok(())
    }
}

/// Reads every log file of a folder, oldest first. A record that is cut short or was changed ends its file;
/// a file with a changed one is kept, as `….damaged`, and the loss is logged.
pub(crate) fn replay(folder: &Path, mut each: impl FnMut(Record<'_>) -> Result<()>) -> Result<()> {
    for generation in generations(folder)? {
        let path = path(folder, generation);
        let mut bytes = Vec::new();
        File::open(&path)?.read_to_end(&mut bytes)?;
        let (mut rest, has_sums) = match bytes.strip_prefix(&MAGIC) {
            Some(rest) => (rest, true),
            None => (bytes.as_slice(), false),
        };
        let end = loop {
            match next(rest, has_sums) {
                Next::Record(record, after) => {
                    each(record)?;
                    rest = after;
                }
                end => break end,
            }
        };
        let (file, offset, lost) = (path.display(), bytes.len() - rest.len(), rest.len());
        if matches!(end, Next::Changed) {
            std::fs::copy(&path, path.with_extension("damaged"))?;
            tracing::error!(%file, offset, lost, "a record of the log was changed on the disk: it and those after it are lost");
        } else if lost > 0 {
            tracing::warn!(%file, offset, lost, "the log ends in a record that was cut short");
        }
    }
    Ok(())
}

/// What comes next in a log file.
enum Next<'a> {
    Record(Record<'a>, &'a [u8]),
    /// The end, or the beginning of a record that was not written whole.
    End,
    /// A record that is not what was written.
    Changed,
}

fn next(bytes: &[u8], has_sums: bool) -> Next<'_> {
    let head = || {
        let (length, rest) = bytes.split_first_chunk::<4>()?;
        let (sum, rest) = if has_sums { rest.split_first_chunk::<4>()? } else { (&[0; 4], rest) };
        let (body, after) = rest.split_at_checked(u32::from_le_bytes(*length) as usize)?;
        Some((u32::from_le_bytes(*sum), body, after))
    };
    match head() {
        // A file may be longer than what of it has reached the disk: then it ends in zeros.
        None | Some((_, [], _)) => Next::End,
        Some((sum, body, _)) if has_sums && crc32fast::hash(body) != sum => Next::Changed,
        Some((_, body, after)) => record(body).map_or(Next::Changed, |record| Next::Record(record, after)),
    }
}

fn record(body: &[u8]) -> Option<Record<'_>> {
    let (seq, body) = body.split_first_chunk::<8>()?;
    let (version, body) = body.split_first_chunk::<8>()?;
    let (operation, body) = body.split_first()?;
    let (id_length, body) = body.split_first_chunk::<2>()?;
    let (id, source) = body.split_at_checked(u16::from_le_bytes(*id_length).into())?;
    Some(Record {
        seq: u64::from_le_bytes(*seq),
        version: u64::from_le_bytes(*version),
        id: std::str::from_utf8(id).ok()?,
        source: (*operation == INDEX).then_some(source),
    })
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
    let file = options.open(path(folder, generation))?;
    disk::sync_folder(folder)?;
    Ok(file)
}

fn path(folder: &Path, generation: u64) -> PathBuf {
    folder.join(generation.to_string())
}

#[cfg(test)]
mod tests;
