//! Indices that can't be opened: the others are served, and these are answered for.

use std::path::{Path, PathBuf};
use std::time::Instant;

use super::disk;
use super::folder::{self, NAME};
use super::meta::Meta;
use crate::failure::{Failure, Result};

/// An index that can't be opened.
#[derive(Debug, Clone)]
pub(crate) struct Damaged {
    /// Its name, or that of its folder where its description can't be read.
    pub(crate) name: String,
    pub(super) folder: PathBuf,
    meta: Option<Box<Meta>>,
    failure: Failure,
    /// When it was last tried to open it.
    tried: Instant,
}

impl Damaged {
    pub(super) fn new(folder: &Path, failure: Failure) -> Self {
        let meta = Meta::load(folder).ok().flatten().map(Box::new);
        let kept = || std::fs::read_to_string(folder.join(NAME)).ok().filter(|name| !name.is_empty());
        let name = meta.as_ref().map(|meta| meta.name.clone()).or_else(kept);
        let name = name.unwrap_or_else(|| last_part(folder));
        let failure = disk::check(&name, folder).err().unwrap_or(failure);
        let damaged = Damaged { name, folder: folder.to_owned(), meta, failure, tried: Instant::now() };
        tracing::error!(index = damaged.name, "{}", damaged.refusal().reason());
        damaged
    }

    /// True if the index or one of its aliases is called so.
    pub(super) fn is_called(&self, name: &str) -> bool {
        self.name == name || self.meta.as_ref().is_some_and(|meta| meta.aliases.contains_key(name))
    }

    /// What `_cat/indices` shows in place of the uuid.
    pub(crate) fn uuid(&self) -> String {
        last_part(&self.folder)
    }

    /// True if it may only have lacked room on the disk, and was not tried a moment ago.
    pub(super) fn may_be_whole(&mut self) -> bool {
        let is_due = self.failure.is_of_a_full_disk()
            && disk::has_room(&self.folder)
            && self.tried.elapsed() >= disk::AGAIN;
        if is_due {
            self.tried = Instant::now();
        }
        is_due
    }

    /// 400: final, as no further try betters it; 403 while there is no room to open it.
    pub(super) fn refusal(&self) -> Failure {
        if self.failure.is_of_a_full_disk() {
            return Failure::disk_full(Some(&self.name), &self.folder);
        }
        let (name, folder) = (&self.name, self.folder.display());
        Failure::new(
            400,
            "corrupt_index_exception",
            format!(
                "the index [{name}] is damaged and can't be opened ({}); delete it by [DELETE /{name}], or by [connectors index delete {name}] where a connector keeps it, and sync again; or put back its folder [{folder}] from a backup while no command runs",
                self.failure.reason()
            ),
        )
        .with("index", name.as_str())
    }

    pub(super) fn remove(&self) -> Result<()> {
        folder::remove(&self.folder)
    }
}

fn last_part(folder: &Path) -> String {
    folder.file_name().unwrap_or_default().to_string_lossy().into_owned()
}
