//! The listing of the tree.

mod selection;

use std::fs::Metadata;
use std::io;
use std::mem;
use std::path::{Path, PathBuf};
use std::sync::mpsc::Receiver;

use connectors_core::{Error, Result};
use ignore::DirEntry;
use tokio::sync::mpsc::Sender;

use self::selection::{GITIGNORE, Refusal, is_hidden};
use super::{Client, Entry, Stamp, failure, shown, unix};
use crate::document::{scope, slashed};

/// Entries that travel together.
const BATCH: usize = 256;

impl Client {
    /// Sends every wanted file; ends early when nobody receives any more.
    ///
    /// # Errors
    /// Without a scope, when the root can't be listed or is not the same at the end as at the beginning.
    pub(super) fn walk(&self, sender: &Sender<Vec<Result<Entry>>>) -> Result<()> {
        let root = self.root()?;
        let (steps, refused) = selection::steps(&self.config, &root.path)?;
        let mut listing = Listing { client: self, root: &root.path, refused, folders: Vec::new() };
        let mut batch = Vec::with_capacity(BATCH);
        for step in steps {
            batch.extend(listing.take(step));
            batch.extend(listing.refusals());
            let is_full = batch.len() >= BATCH;
            if sender.is_closed() || is_full && sender.blocking_send(mem::take(&mut batch)).is_err() {
                return Ok(());
            }
        }
        batch.extend(listing.refusals());
        if sender.blocking_send(batch).is_err() || self.root()?.identity == root.identity {
            return Ok(());
        }
        let replaced = "another directory took this one's place while it was listed: run the sync again";
        Err(Error::unexpected(replaced).with("directory", shown(&self.config.directory)))
    }
}

/// Where a walk is.
struct Listing<'a> {
    client: &'a Client,
    root: &'a Path,
    refused: Receiver<Refusal>,
    /// The folder being listed and those above it, from the root on.
    folders: Vec<PathBuf>,
}

impl Listing<'_> {
    /// The file or error that a step of the walk stands for; none for all else.
    fn take(&mut self, step: Result<DirEntry, ignore::Error>) -> Option<Result<Entry>> {
        let entry = match step {
            Ok(entry) => entry,
            Err(error) => return self.failed(error).map(Err),
        };
        if let Some(problem) = entry.error() {
            tracing::warn!(folder = ?entry.path(), %problem, "some lines of .gitignore are not understood");
        }
        if entry.file_type().is_some_and(|kind| kind.is_dir()) {
            self.folders.truncate(entry.depth());
            self.folders.push(entry.into_path());
            return None;
        }
        self.file(&entry).transpose()
    }

    fn file(&self, entry: &DirEntry) -> Result<Option<Entry>> {
        let path = self.relative(entry.path());
        if !self.client.config.pattern.matches(path) {
            return Ok(None);
        }
        match entry.metadata() {
            Ok(metadata) if metadata.is_file() => {
                self.may_read(entry)?;
                Ok(Some(found(path, &metadata)))
            }
            Ok(metadata) => {
                if !metadata.is_symlink() {
                    tracing::warn!(?path, "skipped: not a regular file");
                }
                Ok(None)
            }
            Err(error) => self.failed(error).map_or(Ok(None), Err),
        }
    }

    /// Refuses what a link leads to outside of the folders that may be read; without links, all lies in the root.
    fn may_read(&self, entry: &DirEntry) -> Result<()> {
        if !self.client.config.follow_links {
            return Ok(());
        }
        let checked = self.client.context.roots.check(entry.path()).map(drop);
        checked.map_err(|error| error.in_scope(slashed(self.relative(entry.path()))))
    }

    /// The error in the scope that it leaves unknown; none when there is nothing left to know.
    fn failed(&self, error: ignore::Error) -> Option<Error> {
        if let Some((link, ancestor)) = circle(&error) {
            return self.circled(link, ancestor);
        }
        if error.io_error().is_none() {
            tracing::warn!(problem = %error, "some lines of .gitignore are not understood");
            return None;
        }
        let (place, depth) = (place(&error).map(Path::to_owned), error.depth().unwrap_or_default());
        let error = system_error(error);
        let Some(path) = place else {
            let folder = depth.checked_sub(1).and_then(|depth| self.folders.get(depth));
            let folder = folder.map_or(self.root, PathBuf::as_path);
            return Some(failure(error, folder).in_scope(slashed(self.relative(folder))));
        };
        if self.is_unwanted(&path) { None } else { self.failed_at(&path, error) }
    }

    fn circled(&self, link: &Path, ancestor: &Path) -> Option<Error> {
        let told = "a link leads back to a folder that it lies in: remove it, or do not follow links";
        let error = Error::config(told).with("path", shown(link)).with("leads to", shown(ancestor));
        (!self.is_unwanted(link)).then(|| error.in_scope(slashed(self.relative(link))))
    }

    /// The errors of folders that were left out because their rules can't be read.
    fn refusals(&self) -> impl Iterator<Item = Result<Entry>> {
        self.refused.try_iter().map(|(folder, error)| {
            let error = failure(error, &folder.join(GITIGNORE));
            Err(error.in_scope(slashed(self.relative(&folder))))
        })
    }

    /// True for what is hidden: the walk follows links before it looks at their names.
    fn is_unwanted(&self, path: &Path) -> bool {
        !self.client.config.hidden && self.relative(path).file_name().is_some_and(is_hidden)
    }

    /// The error of a folder that can't be listed is about this folder, that of a link to nothing about
    /// what lay behind it, any other about the folder that the entry lies in.
    fn failed_at(&self, path: &Path, error: io::Error) -> Option<Error> {
        let now = path.symlink_metadata();
        let absent = error.kind() == io::ErrorKind::NotFound;
        if absent && now.as_ref().is_err_and(|error| error.kind() == io::ErrorKind::NotFound) {
            return None;
        }
        let leads_nowhere = absent || unix::is_link(&error);
        let link = leads_nowhere && now.is_ok_and(|metadata| metadata.is_symlink());
        let listed = self.folders.last().is_some_and(|folder| folder == path);
        let relative = self.relative(path);
        let scope = if link || listed { slashed(relative) } else { scope(relative) };
        Some(failure(error, path).in_scope(scope))
    }

    fn relative<'p>(&self, path: &'p Path) -> &'p Path {
        path.strip_prefix(self.root).unwrap_or(path)
    }
}

fn found(path: &Path, metadata: &Metadata) -> Entry {
    Entry { path: path.into(), stamp: Stamp::of(metadata), created: metadata.created().ok() }
}

/// A link that leads to one of its own ancestors, and this ancestor.
fn circle(error: &ignore::Error) -> Option<(&Path, &Path)> {
    match error {
        ignore::Error::Loop { ancestor, child } => Some((child, ancestor)),
        ignore::Error::WithPath { err, .. } | ignore::Error::WithDepth { err, .. } => circle(err),
        _ => None,
    }
}

/// The path that an error is about, where the walk knows it.
fn place(error: &ignore::Error) -> Option<&Path> {
    match error {
        ignore::Error::WithPath { path, .. } => Some(path),
        ignore::Error::WithDepth { err, .. } => place(err),
        _ => None,
    }
}

/// The operating system's own error, out of the wrappings of the walk.
fn system_error(error: ignore::Error) -> io::Error {
    let Some(error) = error.into_io_error() else { return io::Error::other("listing failed") };
    let beneath =
        error.get_ref().and_then(|wrapped| wrapped.source()?.downcast_ref::<io::Error>()?.raw_os_error());
    beneath.map_or(error, io::Error::from_raw_os_error)
}

#[cfg(test)]
mod tests;
