//! The calls to the file system, all of them away from the threads that run async code.

mod read;
mod unix;
mod walk;

use std::fmt;
use std::fs::{self, Metadata};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use connectors_core::{ByteStream, Context, Error, Result};
use futures::future;
use futures::stream::{self, Stream, StreamExt};
use tokio::sync::mpsc;

use crate::config::{DirectoryConfig, Ids};
use read::Reading;

/// Batches that wait between the walk and its reader.
const WAITING_BATCHES: usize = 4;

/// A folder and what is wanted of it.
#[derive(Debug)]
pub(crate) struct Client {
    config: DirectoryConfig,
    context: Context,
    /// The folder as an absolute path, where documents are known by it.
    known_below: Option<PathBuf>,
}

/// A regular file as the walk found it.
#[derive(Debug)]
pub(crate) struct Entry {
    /// Relative to the root.
    pub path: Arc<Path>,
    /// What tells it from its earlier and later states.
    pub stamp: Stamp,
    /// When it was made, where the file system knows.
    pub created: Option<SystemTime>,
}

/// What differs when a file does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Stamp {
    /// In bytes.
    pub size: u64,
    /// When its content was last changed.
    pub modified: Option<SystemTime>,
    /// Its number in the file system; 0 where there is none.
    pub inode: u64,
}

impl Stamp {
    fn of(metadata: &Metadata) -> Self {
        let (_, inode) = unix::identity(metadata);
        Self { size: metadata.len(), modified: metadata.modified().ok(), inode }
    }
}

impl Client {
    pub(crate) fn new(config: DirectoryConfig, context: &Context) -> Self {
        let known_below = (config.ids == Ids::Reference).then(|| absolute(&config.directory));
        Self { config, context: context.clone(), known_below }
    }

    /// Lists the root's own entries.
    ///
    /// # Errors
    /// `Config` when there is no such folder, `Denied` when it can't be listed.
    pub(crate) async fn reach(self: &Arc<Self>) -> Result<()> {
        let client = Arc::clone(self);
        self.context.blocking(move || client.root().map(drop)).await
    }

    /// The folder as an absolute path.
    pub(crate) fn origin(&self) -> String {
        absolute(&self.config.directory).display().to_string()
    }

    /// The absolute path of an entry, where documents are known by it.
    pub(crate) fn known_by(&self, relative: &Path) -> Option<PathBuf> {
        self.known_below.as_ref().map(|folder| folder.join(relative))
    }

    /// Every wanted file, once; dropping the stream ends the walk.
    ///
    /// Errors name the folder that they leave unknown as their scope; without a scope they mean the root.
    pub(crate) fn entries(self: &Arc<Self>) -> impl Stream<Item = Result<Entry>> + Send + use<> {
        let (sender, mut receiver) = mpsc::channel(WAITING_BATCHES);
        let (client, context) = (Arc::clone(self), self.context.clone());
        let walk = async move { context.blocking(move || client.walk(&sender)).await };
        let end = stream::once(walk).filter_map(|end| future::ready(end.err().map(Err)));
        let batches = stream::poll_fn(move |task| receiver.poll_recv(task)).flat_map(stream::iter);
        stream::select(batches, end)
    }

    /// The bytes of a file as it is now; an error in the stream when it changes meanwhile.
    ///
    /// # Errors
    /// `Missing` when the file is gone or something else took its place.
    pub(crate) async fn open(self: Arc<Self>, path: Arc<Path>) -> Result<ByteStream> {
        let context = self.context.clone();
        let first = move || Reading::begin(&self, &path)?.piece();
        let (first, rest) = context.blocking(first).await?;
        let rest = stream::try_unfold((rest, context), |(reading, context)| async {
            let Some(reading) = reading else { return Ok(None) };
            let (bytes, rest) = context.blocking(move || reading.piece()).await?;
            Ok(Some((bytes, (rest, context))))
        });
        Ok(stream::once(future::ok(first)).chain(rest).boxed())
    }

    /// The root as it is now.
    fn root(&self) -> Result<Root> {
        let path = self.config.directory.canonicalize().map_err(|error| self.unusable(error))?;
        self.context.roots.check(&path)?;
        let listed = fs::read_dir(&path).and_then(|_| fs::metadata(&path));
        let metadata = listed.map_err(|error| self.unusable(error))?;
        Ok(Root { path, identity: unix::identity(&metadata) })
    }

    fn unusable(&self, error: io::Error) -> Error {
        let told = match error.kind() {
            io::ErrorKind::NotFound => "there is no such directory: correct the setting `directory`",
            io::ErrorKind::NotADirectory => {
                "not a directory: set `directory` to the folder that holds the files"
            }
            _ => return failure(error, &self.config.directory),
        };
        Error::config(told).with("directory", shown(&self.config.directory))
    }
}

fn absolute(folder: &Path) -> PathBuf {
    std::path::absolute(folder).unwrap_or_else(|_| folder.to_owned())
}

/// The root of a walk.
struct Root {
    /// Absolute, without links.
    path: PathBuf,
    /// Device and inode.
    identity: (u64, u64),
}

/// What a failed call to the file system means.
fn failure(error: io::Error, path: &Path) -> Error {
    use io::ErrorKind as Io;
    let meaning = match error.kind() {
        Io::PermissionDenied => Error::denied(
            "no permission to read: give the user that runs the sync read access, to folders also search access",
        ),
        Io::NotFound | Io::NotADirectory => Error::missing("not there any more"),
        Io::StaleNetworkFileHandle | Io::ResourceBusy => Error::transient("reading failed"),
        _ if unix::is_shortage(&error) => Error::transient("reading failed"),
        _ if unix::is_link(&error) => Error::missing("a link stands in the way and is not followed"),
        _ => return Error::from(error).with("path", shown(path)),
    };
    meaning.with("path", shown(path)).caused_by(error)
}

/// A path for people: in quotes, what can't be shown as its code.
fn shown(path: &Path) -> impl fmt::Display {
    format!("{path:?}")
}

#[cfg(test)]
pub(crate) mod tests;
