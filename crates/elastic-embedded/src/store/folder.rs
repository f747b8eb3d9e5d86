//! The folder of an index: how it is seen to be whole, and how it is removed.

use std::path::{Path, PathBuf};

use super::{disk, meta};
use crate::failure::Result;

/// A file in the folder of an index that is being made, with its name.
pub(super) const HALF_MADE: &str = "half-made";
/// The same once it is made: what the index is called even if its description can't be read.
pub(super) const NAME: &str = "name";
/// What the name of a folder ends in that is being deleted.
const DELETED: &str = "deleted";

/// True for a folder of which a creation or a deletion that was killed left something.
pub(super) fn is_left_over(folder: &Path) -> bool {
    let half_made = folder.join(HALF_MADE).exists() && !folder.join(meta::FILE).exists();
    half_made || folder.extension().is_some_and(|end| end == DELETED)
}

/// Makes the folder of an index vanish, whatever is in it.
pub(super) fn remove(folder: &Path) -> Result<()> {
    clear(&set_aside(folder)?);
    Ok(())
}

/// Gives the folder a name under which it is no index: the next start removes what is left of it.
pub(super) fn set_aside(folder: &Path) -> Result<PathBuf> {
    let mut gone = folder.as_os_str().to_owned();
    gone.push(format!(".{DELETED}"));
    std::fs::rename(folder, &gone)?;
    folder.parent().map_or(Ok(()), disk::sync_folder)?;
    Ok(gone.into())
}

pub(super) fn clear(gone: &Path) {
    if let Err(error) = std::fs::remove_dir_all(gone) {
        tracing::warn!(%error, folder = %gone.display(), "files of a deleted index are left until the next start");
    }
}
