//! What the program keeps is for the eyes of its user alone.

use std::fs::File;
use std::io;
use std::path::Path;

/// Files and folders that are made from here on are open to their owner alone.
pub(crate) fn from_now_on() {
    rustix::process::umask(rustix::fs::Mode::RWXG | rustix::fs::Mode::RWXO);
}

/// Closes a folder to others, if it is there and belongs to this user.
pub(crate) fn close_folder(path: &Path) -> io::Result<()> {
    match File::open(path) {
        Ok(folder) => close(&folder, 0o700),
        // What can't be opened is an error where it is needed.
        Err(_) => Ok(()),
    }
}

/// Closes a file to others, if it belongs to this user.
pub(crate) fn close_file(file: &File) -> io::Result<()> {
    close(file, 0o600)
}

fn close(file: &File, mode: u32) -> io::Result<()> {
    use std::os::unix::fs::{MetadataExt, PermissionsExt};
    let found = file.metadata()?;
    let is_ours = found.uid() == rustix::process::geteuid().as_raw();
    // A folder that everybody is meant to write to, as for temporary files, stays so.
    if is_ours && found.mode() & 0o077 != 0 && found.mode() & 0o1000 == 0 {
        file.set_permissions(std::fs::Permissions::from_mode(mode))?;
    }
    Ok(())
}
