//! The content of one file.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use bytes::Bytes;
use connectors_core::{Error, Result};

use super::{Client, Stamp, failure, shown, unix};

/// Bytes that are read at a time.
const PIECE: u64 = 256 * 1024;

/// An open file, and how far it is read.
pub(super) struct Reading {
    path: PathBuf,
    file: File,
    stamp: Stamp,
    read: u64,
}

impl Reading {
    /// Opens the file at a path relative to the root, as it is now.
    ///
    /// # Errors
    /// `Missing` when no regular file is there, or only behind a link that must not be followed; `Config` for one outside of the
    /// folders that may be read.
    pub(super) fn begin(client: &Client, relative: &Path) -> Result<Self> {
        let (config, roots) = (&client.config, &client.context.roots);
        let path = config.directory.join(relative);
        let opened = unix::open_file(config, relative).and_then(|file| Ok((file.metadata()?, file)));
        let (metadata, file) = opened.map_err(|error| failure(error, &path))?;
        if !metadata.is_file() {
            return Err(Error::missing("no regular file any more").with("path", shown(&path)));
        }
        if roots.are_bounded() {
            // What was opened, and not what a link leads to a moment later.
            let real = roots.check(&path)?;
            let now = fs::metadata(&real).map_err(|error| failure(error, &path))?;
            if unix::identity(&now) != unix::identity(&metadata) {
                return Err(Error::transient("another file took its place").with("path", shown(&path)));
            }
        }
        Ok(Self { path, file, stamp: Stamp::of(&metadata), read: 0 })
    }

    /// The next bytes, and the reading that goes on where more follow.
    ///
    /// # Errors
    /// `Transient` when the file is not what it was at the beginning.
    pub(super) fn piece(mut self) -> Result<(Bytes, Option<Self>)> {
        let (bytes, now) = self.next().map_err(|error| failure(error, &self.path))?;
        self.read += bytes.len() as u64;
        if now == self.stamp && self.read < now.size && bytes.len() as u64 == PIECE {
            return Ok((bytes, Some(self)));
        }
        if now != self.stamp || self.read != now.size {
            return Err(
                Error::transient("the file changed while it was read").with("path", shown(&self.path))
            );
        }
        Ok((bytes, None))
    }

    /// The next bytes, and the state of the file after they were read.
    fn next(&mut self) -> io::Result<(Bytes, Stamp)> {
        let left = (self.stamp.size - self.read).min(PIECE);
        let mut bytes = Vec::with_capacity(usize::try_from(left).unwrap_or_default() + 1);
        self.file.by_ref().take(PIECE).read_to_end(&mut bytes)?;
        Ok((bytes.into(), Stamp::of(&self.file.metadata()?)))
    }
}
