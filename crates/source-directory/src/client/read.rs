//! The content of one file.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use bytes::Bytes;
use connectors_core::{Error, Result};

use super::{Stamp, failure};
use crate::config::DirectoryConfig;

/// Bytes that are read at a time.
const PIECE: u64 = 256 * 1024;

/// An open file, and how far it is read.
pub(super) struct Reading {
    file: File,
    stamp: Stamp,
    read: u64,
}

impl Reading {
    /// Opens the file at a path relative to the root, as it is now.
    ///
    /// # Errors
    /// `Missing` when no regular file is there, or only behind a link that must not be followed.
    pub(super) fn begin(config: &DirectoryConfig, path: &Path) -> Result<Self> {
        let file = open(config, path).map_err(|error| failure(error, path))?;
        let metadata = file.metadata().map_err(|error| failure(error, path))?;
        if !metadata.is_file() {
            return Err(Error::missing("no regular file any more").with("path", format_args!("{path:?}")));
        }
        Ok(Self { file, stamp: Stamp::of(&metadata), read: 0 })
    }

    /// The next bytes, and the reading that goes on where more follow.
    ///
    /// # Errors
    /// `Transient` when the file is not what it was at the beginning.
    pub(super) fn piece(mut self) -> Result<(Bytes, Option<Self>)> {
        let left = self.stamp.size - self.read;
        let mut bytes = Vec::with_capacity(usize::try_from(left.min(PIECE)).unwrap_or_default() + 1);
        self.file.by_ref().take(PIECE).read_to_end(&mut bytes)?;
        self.read += bytes.len() as u64;
        if self.read < self.stamp.size && bytes.len() as u64 == PIECE {
            return Ok((bytes.into(), Some(self)));
        }
        if self.read != self.stamp.size || Stamp::of(&self.file.metadata()?) != self.stamp {
            return Err(Error::transient("the file changed while it was read"));
        }
        Ok((bytes.into(), None))
    }
}

/// Opens a file for reading. While links are not followed, none in the path below the root is, whatever
/// stood there when the file was listed; and nothing waits for the other end of a pipe.
#[cfg(unix)]
fn open(config: &DirectoryConfig, path: &Path) -> io::Result<File> {
    use rustix::fs::{Mode, OFlags, open, openat};

    const FOLDER: OFlags = OFlags::RDONLY.union(OFlags::DIRECTORY).union(OFlags::CLOEXEC);
    const FILE: OFlags = OFlags::RDONLY.union(OFlags::NONBLOCK).union(OFlags::NOCTTY).union(OFlags::CLOEXEC);
    let mut folder = open(&config.directory, FOLDER, Mode::empty())?;
    if config.follow_links {
        return Ok(openat(folder, path, FILE, Mode::empty())?.into());
    }
    for part in path.parent().into_iter().flat_map(Path::components) {
        folder = openat(&folder, part.as_os_str(), FOLDER | OFlags::NOFOLLOW, Mode::empty())?;
    }
    Ok(openat(folder, path.file_name().unwrap_or_default(), FILE | OFlags::NOFOLLOW, Mode::empty())?.into())
}

#[cfg(not(unix))]
fn open(config: &DirectoryConfig, path: &Path) -> io::Result<File> {
    File::open(config.directory.join(path))
}
