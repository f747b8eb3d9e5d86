//! What stands in for `unix.rs` on other systems.

use std::fs::{File, Metadata};
use std::io;
use std::path::Path;

use crate::config::DirectoryConfig;

pub(super) fn identity(_: &Metadata) -> (u64, u64) {
    (0, 0)
}

pub(super) fn is_link(_: &io::Error) -> bool {
    false
}

pub(super) fn is_shortage(_: &io::Error) -> bool {
    false
}

pub(super) fn open_file(config: &DirectoryConfig, path: &Path) -> io::Result<File> {
    File::open(config.directory.join(path))
}
