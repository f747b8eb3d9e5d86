//! Which folders and files the walk comes by.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, channel};

use connectors_core::Result;
use ignore::{Walk, WalkBuilder};

use crate::client::failure;
use crate::config::DirectoryConfig;

/// The file whose lines tell what to leave out.
pub(super) const GITIGNORE: &str = ".gitignore";

/// A folder that is left out, and why its `.gitignore` can't be read.
pub(super) type Refusal = (PathBuf, io::Error);

/// The steps of a walk through all that is wanted, and the folders that it had to leave out.
///
/// # Errors
/// When the root's own `.gitignore` is wanted and can't be read.
pub(super) fn steps(config: &DirectoryConfig, root: &Path) -> Result<(Walk, Receiver<Refusal>)> {
    let (hidden, gitignore) = (config.hidden, config.gitignore);
    if gitignore {
        readable_rules(root).map_err(|error| failure(error, &root.join(GITIGNORE)))?;
    }
    let (refuse, refused) = channel();
    let mut steps = WalkBuilder::new(root);
    steps.standard_filters(false).git_ignore(gitignore).require_git(false).follow_links(config.follow_links);
    steps.filter_entry(move |entry| {
        if entry.depth() == 0 {
            return true;
        }
        // The walk's own filter of hidden names gives way to a `!name` in a .gitignore.
        if !hidden && is_hidden(entry.file_name()) {
            return false;
        }
        if !gitignore || !entry.file_type().is_some_and(|kind| kind.is_dir()) {
            return true;
        }
        readable_rules(entry.path()).map_err(|error| refuse.send((entry.path().to_owned(), error))).is_ok()
    });
    Ok((steps.build(), refused))
}

/// True for names that begin with a dot.
pub(super) fn is_hidden(name: &OsStr) -> bool {
    name.as_encoded_bytes().starts_with(b".")
}

/// Makes sure that the rules of a folder, if there are any, can be read: the walk would go on without
/// them, list what they keep out, and wait for ever where they are a pipe.
fn readable_rules(folder: &Path) -> io::Result<()> {
    let path = folder.join(GITIGNORE);
    match fs::metadata(&path) {
        Ok(metadata) if metadata.is_file() => File::open(path).map(drop),
        Ok(metadata) if metadata.is_dir() => Ok(()),
        Ok(_) => Err(io::Error::other("not a regular file")),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(error),
    }
}
