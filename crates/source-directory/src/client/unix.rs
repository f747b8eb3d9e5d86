//! What only Unix can tell or do.

use std::fs::{File, Metadata};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use rustix::fs::{Mode, OFlags, open, openat};
use rustix::io::Errno;

use crate::config::DirectoryConfig;

const FOLDER: OFlags = OFlags::RDONLY.union(OFlags::DIRECTORY).union(OFlags::CLOEXEC);
const FILE: OFlags = OFlags::RDONLY.union(OFlags::NONBLOCK).union(OFlags::NOCTTY).union(OFlags::CLOEXEC);

/// Device and inode, which tell a file from every other.
pub(super) fn identity(metadata: &Metadata) -> (u64, u64) {
    (metadata.dev(), metadata.ino())
}

/// True when a link that must not be followed, or links in a circle, ended a call.
pub(super) fn is_link(error: &io::Error) -> bool {
    Errno::from_io_error(error) == Some(Errno::LOOP)
}

/// True when the system had too little of something that others will give back.
pub(super) fn is_shortage(error: &io::Error) -> bool {
    let errno = Errno::from_io_error(error);
    errno.is_some_and(|errno| [Errno::MFILE, Errno::NFILE, Errno::NOMEM, Errno::AGAIN].contains(&errno))
}

/// Opens the file at a path relative to the root.
///
/// While links are not followed, none in the path below the root is, whatever stood there when the file
/// was listed. Nothing waits for the other end of a pipe.
pub(super) fn open_file(config: &DirectoryConfig, path: &Path) -> io::Result<File> {
    let mut folder = open(&config.directory, FOLDER, Mode::empty())?;
    if config.follow_links {
        return Ok(openat(folder, path, FILE, Mode::empty())?.into());
    }
    for part in path.parent().into_iter().flat_map(Path::components) {
        folder = openat(&folder, part.as_os_str(), FOLDER | OFlags::NOFOLLOW, Mode::empty())?;
    }
    let name = path.file_name().unwrap_or_default();
    Ok(openat(folder, name, FILE | OFlags::NOFOLLOW, Mode::empty())?.into())
}
