//! The marks that a sync saves in a file for the next one: 16 bytes per document.
//!
//! A file is a cache of one index, named by the index's uuid. Nothing of it is used before the index's
//! digest agrees, so a file that is lost, old, torn or foreign costs time, never correctness.
//!
//! ```text
//! magic 8 · format u32 · _meta.sync.version u32 · count u64 · uuid 40, padded with zeros
//! count × (id i64, mark i64), by id · XXH3-64 of all before     (little endian)
//! ```

use std::fs::{self, File};
use std::io::{self, BufWriter, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;
use xxhash_rust::xxh3::Xxh3;

use crate::elastic::digest::{Digest, Grid};
use crate::elastic::index::SYNC_VERSION;
use crate::elastic::scan::Mark;

const MAGIC: &[u8; 8] = b"connmark";
const FORMAT: u32 = 1;
const UUID_BYTES: usize = 40;
const HEADER: usize = 24 + UUID_BYTES;
const ENTRY: usize = size_of::<Mark>();
const CHECKSUM: usize = 8;
/// Read and written at a time.
const BUFFER: usize = 1 << 16;

/// The file with the marks of one index.
#[derive(Debug, Clone)]
pub(crate) struct MarkFile {
    path: PathBuf,
    uuid: String,
}

impl MarkFile {
    /// In this folder, for the index of this uuid; none for a uuid that is no name of a file.
    pub(crate) fn new(folder: &Path, uuid: &str) -> Option<Self> {
        let is_name = uuid.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'));
        let is_fit = is_name && (1..=UUID_BYTES).contains(&uuid.len());
        is_fit.then(|| Self { path: folder.join(format!("{uuid}.marks")), uuid: uuid.to_owned() })
    }

    /// The same, for marks of documents that a pipeline drops, which are not in the index.
    pub(crate) fn dropped(folder: &Path, uuid: &str) -> Option<Self> {
        Self::new(folder, uuid).map(|file| Self { path: file.path.with_extension("dropped"), ..file })
    }

    /// The saved marks, read once and found whole; none, with the reason in the log, where there are none or they are
    /// unusable.
    pub(crate) fn open(&self) -> Option<SavedMarks> {
        match self.read() {
            Ok(kept) => Some(kept),
            Err(error) => {
                tracing::debug!(%error, file = %self.path.display(), "no marks are saved; the index is listed");
                None
            }
        }
    }

    fn read(&self) -> io::Result<SavedMarks> {
        let mut file = File::open(&self.path)?;
        let mut header = [0; HEADER];
        file.read_exact(&mut header)?;
        let count = u64::from_le_bytes(part(&header, 16));
        if header != self.header(count) {
            return Err(unusable("it is of another kind, version or index"));
        }
        let whole =
            count.checked_mul(ENTRY as u64).and_then(|body| body.checked_add((HEADER + CHECKSUM) as u64));
        if whole != Some(file.metadata()?.len()) {
            return Err(unusable("it is torn"));
        }
        let mut kept = SavedMarks { file, digest: Digest::new(Grid::for_count(count)) };
        let digest = Digest::exact(count, |grid| kept.checked(&header, (count, grid)))?;
        Ok(SavedMarks { digest, ..kept })
    }

    /// Replaces the saved marks; `marks` are sorted by id.
    pub(crate) fn save(&self, count: u64, marks: impl Iterator<Item = Mark>) -> io::Result<()> {
        self.write(count, marks)?.commit()
    }

    /// Writes marks to a temporary file beside the saved ones, and syncs it to disk.
    pub(crate) fn write(&self, count: u64, marks: impl Iterator<Item = Mark>) -> io::Result<NewMarks> {
        let folder = folder(&self.path);
        fs::create_dir_all(folder)?;
        let mut fresh = tempfile::Builder::new().prefix(".marks-").tempfile_in(folder)?;
        let mut out = Summed { out: BufWriter::with_capacity(BUFFER, fresh.as_file_mut()), sum: Xxh3::new() };
        out.write(&self.header(count))?;
        let mut written = 0;
        for mark in marks {
            out.write(&bytes(mark))?;
            written += 1;
        }
        if written != count {
            return Err(unusable("the number of marks is not the given one"));
        }
        let sum = out.sum.digest();
        out.write(&sum.to_le_bytes())?;
        out.out.flush()?;
        drop(out);
        fresh.as_file().sync_all()?;
        Ok(NewMarks { fresh, path: self.path.clone() })
    }

    fn header(&self, count: u64) -> [u8; HEADER] {
        let mut header = [0; HEADER];
        header[..8].copy_from_slice(MAGIC);
        header[8..12].copy_from_slice(&FORMAT.to_le_bytes());
        header[12..16].copy_from_slice(&(SYNC_VERSION as u32).to_le_bytes());
        header[16..24].copy_from_slice(&count.to_le_bytes());
        header[24..24 + self.uuid.len()].copy_from_slice(self.uuid.as_bytes());
        header
    }
}

/// Marks in a temporary file, which is removed unless they are committed.
#[derive(Debug)]
pub(crate) struct NewMarks {
    fresh: NamedTempFile,
    path: PathBuf,
}

impl NewMarks {
    /// Replaces the saved marks atomically.
    pub(crate) fn commit(self) -> io::Result<()> {
        self.fresh.persist(&self.path).map_err(|error| error.error)?;
        sync_folder(folder(&self.path))
    }
}

fn folder(file: &Path) -> &Path {
    file.parent().unwrap_or(Path::new("."))
}

/// Saved marks and their digest.
#[derive(Debug)]
pub(crate) struct SavedMarks {
    file: File,
    digest: Digest,
}

impl SavedMarks {
    pub(crate) fn digest(&self) -> &Digest {
        &self.digest
    }

    /// Calls `take` with every mark, by id.
    pub(crate) fn each(&mut self, take: impl FnMut(Mark)) -> io::Result<()> {
        let count = self.digest.count();
        self.entries(count, (&mut Xxh3::new(), take)).map(drop)
    }

    /// The digest of the entries, if the checksum is right and they are in order.
    fn checked(&mut self, header: &[u8], (count, grid): (u64, Grid)) -> io::Result<Digest> {
        let (mut sum, mut digest) = (Xxh3::new(), Digest::new(grid));
        let (mut last, mut is_sorted) = (i64::MIN, true);
        sum.update(header);
        let checksum = self.entries(
            count,
            (&mut sum, |mark: Mark| {
                is_sorted &= last <= mark.id;
                last = mark.id;
                digest.add(mark);
            }),
        )?;
        if checksum != sum.digest().to_le_bytes() || !is_sorted {
            return Err(unusable("it is damaged"));
        }
        Ok(digest)
    }

    /// Calls `take` with every entry and adds its bytes to `sum`; returns the stored checksum.
    fn entries(
        &mut self,
        count: u64,
        (sum, mut take): (&mut Xxh3, impl FnMut(Mark)),
    ) -> io::Result<[u8; CHECKSUM]> {
        self.file.seek(SeekFrom::Start(HEADER as u64))?;
        let (mut buffer, mut left) = (vec![0; BUFFER], count);
        while left > 0 {
            let many = left.min((BUFFER / ENTRY) as u64);
            let entries = &mut buffer[..many as usize * ENTRY];
            self.file.read_exact(entries)?;
            sum.update(entries);
            for entry in entries.chunks_exact(ENTRY) {
                take(Mark {
                    id: i64::from_le_bytes(part(entry, 0)),
                    mark: i64::from_le_bytes(part(entry, 8)),
                });
            }
            left -= many;
        }
        let mut checksum = [0; CHECKSUM];
        self.file.read_exact(&mut checksum)?;
        Ok(checksum)
    }
}

/// A writer that sums up what goes through it.
struct Summed<W: Write> {
    out: BufWriter<W>,
    sum: Xxh3,
}

impl<W: Write> Summed<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.sum.update(bytes);
        self.out.write_all(bytes)
    }
}

fn bytes(mark: Mark) -> [u8; ENTRY] {
    let mut bytes = [0; ENTRY];
    bytes[..8].copy_from_slice(&mark.id.to_le_bytes());
    bytes[8..].copy_from_slice(&mark.mark.to_le_bytes());
    bytes
}

fn part(bytes: &[u8], start: usize) -> [u8; 8] {
    std::array::from_fn(|place| bytes[start + place])
}

fn unusable(why: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, why)
}

/// A rename is on disk only when its folder is.
fn sync_folder(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

#[cfg(test)]
mod tests;
