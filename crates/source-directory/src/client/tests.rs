//! Trees on a real file system, and what is listed and read of them.

mod denied;
mod links;
mod names;
mod read;
mod root;
mod select;

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use connectors_core::config::Config;
use connectors_core::{Context, Error, ErrorKind, Roots};
use futures::StreamExt;
use serde_json::{Value, json};
use tempfile::TempDir;

use super::Client;
use crate::config::DirectoryConfig;

/// A client for a directory with these further settings.
pub(crate) fn client(directory: impl AsRef<Path>, settings: &Value) -> Client {
    let mut settings = settings.as_object().unwrap().clone();
    settings.insert("directory".into(), json!(directory.as_ref()));
    Client::new(DirectoryConfig::parse(&settings).unwrap(), &Context::default())
}

/// The same, where only what lies in a folder may be read.
fn client_within(folder: &Path, directory: impl AsRef<Path>, settings: &Value) -> Arc<Client> {
    let context = Context { roots: Roots::of(&[folder.to_owned()]), ..Context::default() };
    let config = client(directory, settings).config;
    Arc::new(Client::new(config, &context))
}

/// A folder `root` beside a folder `outside`, both gone at the end.
struct Tree(TempDir);

impl Tree {
    /// A tree with these files; each holds its own path.
    fn new(files: &[&str]) -> Self {
        let tree = Self(TempDir::new().unwrap());
        fs::create_dir(tree.root()).unwrap();
        fs::create_dir(tree.outside()).unwrap();
        for file in files {
            tree.write(file, file.as_bytes());
        }
        tree
    }

    fn root(&self) -> PathBuf {
        self.0.path().join("root")
    }

    fn outside(&self) -> PathBuf {
        self.0.path().join("outside")
    }

    fn path(&self, path: impl AsRef<Path>) -> PathBuf {
        self.root().join(path)
    }

    fn write(&self, path: impl AsRef<Path>, content: &[u8]) {
        let path = self.path(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }

    fn link(&self, path: &str, target: impl AsRef<Path>) {
        symlink(target, self.path(path)).unwrap();
    }

    fn client(&self, settings: &Value) -> Arc<Client> {
        Arc::new(client(self.root(), settings))
    }

    async fn list(&self, settings: &Value) -> Listed {
        list(&self.client(settings)).await
    }
}

/// The paths and errors of a listing, sorted.
#[derive(Debug, Default)]
struct Listed {
    paths: Vec<PathBuf>,
    errors: Vec<Error>,
}

impl Listed {
    /// Kind and scope of each error.
    fn problems(&self) -> Vec<(ErrorKind, Option<&str>)> {
        self.errors.iter().map(|error| (error.kind(), error.scope())).collect()
    }

    /// Asserts what was listed, and that nothing failed.
    #[track_caller]
    fn is(&self, paths: &[&str]) {
        assert_eq!(self.paths, paths.iter().map(PathBuf::from).collect::<Vec<_>>());
        assert!(self.errors.is_empty(), "{:?}", self.errors);
    }
}

async fn list(client: &Arc<Client>) -> Listed {
    let mut listed = Listed::default();
    let mut entries = client.entries().boxed();
    while let Some(entry) = entries.next().await {
        match entry {
            Ok(entry) => listed.paths.push(entry.path.to_path_buf()),
            Err(error) => listed.errors.push(error),
        }
    }
    listed.paths.sort();
    listed.errors.sort_by_key(|error| error.scope().map(str::to_owned));
    listed
}

#[test]
fn failures_say_what_to_do() {
    use std::io::ErrorKind as Io;

    use rustix::io::Errno;
    let path = Path::new("a/new\nline");
    for (error, kind, message) in [
        (Io::PermissionDenied.into(), ErrorKind::Denied, "give the user"),
        (Io::NotFound.into(), ErrorKind::Missing, "not there any more"),
        (Io::NotADirectory.into(), ErrorKind::Missing, "not there any more"),
        (Errno::LOOP.into(), ErrorKind::Missing, "a link stands in the way"),
        (Errno::MFILE.into(), ErrorKind::Transient, "Too many open files"),
        (Io::StaleNetworkFileHandle.into(), ErrorKind::Transient, "reading failed"),
        (Io::TimedOut.into(), ErrorKind::Transient, "reading failed"),
        (Errno::IO.into(), ErrorKind::Unexpected, "Input/output error"),
    ] {
        let error = super::failure(error, path);
        let shown = error.to_string();
        assert_eq!(error.kind(), kind, "{shown}");
        assert!(shown.contains(message) && shown.contains(r#"path: "a/new\nline""#), "{shown}");
    }
}
