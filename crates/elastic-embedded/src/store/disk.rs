//! The disk: whether there is room on it, and what has surely reached it.

use std::fs::File;
use std::io;
use std::path::Path;
use std::time::Duration;

use crate::failure::{Failure, Result};

/// Free space that no write may take, so that what is in the logs can be committed and merged: a twentieth of
/// the disk, and at most so many bytes.
const MOST_RESERVED: u64 = 512 << 20;

/// Between two tries to open an index for which there was no room.
pub(super) const AGAIN: Duration = Duration::from_secs(1);

/// Refuses writes to an index whose disk is nearly full, as the real one does at its flood stage.
///
/// # Errors
/// 403, with the folder and what to do.
pub(super) fn check(index: &str, folder: &Path) -> Result<()> {
    if has_room(folder) { Ok(()) } else { Err(Failure::disk_full(Some(index), folder)) }
}

/// True where writes may go on. What can't be asked is left to the write itself.
pub(super) fn has_room(folder: &Path) -> bool {
    let Ok(disk) = rustix::fs::statvfs(folder) else { return true };
    is_enough(disk.f_bavail.saturating_mul(disk.f_frsize), disk.f_blocks.saturating_mul(disk.f_frsize))
}

fn is_enough(free: u64, whole: u64) -> bool {
    // Some file systems do not tell their size.
    whole == 0 || free >= (whole / 20).min(MOST_RESERVED)
}

/// Makes sure that the names of a folder are on the disk.
pub(super) fn sync_folder(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

/// Puts a file in the place of another, so that a power failure leaves the one or the other.
pub(super) fn replace(path: &Path, text: &[u8]) -> io::Result<()> {
    use std::io::Write;
    let mut fresh = path.as_os_str().to_owned();
    fresh.push(".new");
    let mut file = File::create(&fresh)?;
    file.write_all(text)?;
    file.sync_all()?;
    std::fs::rename(&fresh, path)?;
    path.parent().map_or(Ok(()), sync_folder)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_twentieth_of_a_disk_stays_free_and_no_more_than_half_a_gigabyte() {
        for (free, whole, enough) in [
            (0, 1000, false),
            (49, 1000, false),
            (50, 1000, true),
            (MOST_RESERVED - 1, u64::MAX, false),
            (MOST_RESERVED, u64::MAX, true),
            (0, 0, true),
        ] {
            assert_eq!(is_enough(free, whole), enough, "{free} of {whole}");
        }
    }
}
