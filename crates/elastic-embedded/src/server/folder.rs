//! The files of a data folder by which its server and those who use it find each other.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::Error;
use crate::identity::ID;

/// Held by the process that serves the folder, whose number stands in it.
const LOCK: &str = "lock";
/// Shared by everybody who uses the server; taken whole by a server that ends because nobody does.
const USERS: &str = "users";
/// Where the server listens.
const ADDRESS: &str = "address";
/// What those who may use the server send.
const TOKEN: &str = "token";
/// Between two looks at a lock that another process holds for a moment.
const PAUSE: Duration = Duration::from_millis(10);
/// A server that ends has nothing left to do but to go.
const END: Duration = Duration::from_secs(30);

/// A data folder that exists.
#[derive(Debug, Clone)]
pub(super) struct Folder(PathBuf);

impl Folder {
    /// Makes the folder if it is missing, for its owner alone.
    pub(super) fn open(path: &Path) -> Result<Self, Error> {
        let folder = Folder(path.to_owned());
        make(path).map_err(|source| folder.unusable(source))?;
        Ok(folder)
    }

    pub(super) fn path(&self) -> &Path {
        &self.0
    }

    /// Becomes the process that serves the folder; `None` if there is one. Others look at the lock for a
    /// moment to see whether it is held, so it is tried for as long as `patience` says.
    pub(super) async fn lock(&self, patience: Duration) -> Result<Option<File>, Error> {
        let file = self.file(LOCK)?;
        let taken = eventually(patience, || file.try_lock()).await.map_err(|source| self.unusable(source))?;
        if taken {
            // For people who look; a full disk is reported by what needs more of it.
            let _ = file.set_len(0).and_then(|()| writeln!(&file, "{}", std::process::id()));
        }
        Ok(taken.then_some(file))
    }

    /// True while a process serves the folder, or is about to.
    pub(super) fn is_served(&self) -> Result<bool, Error> {
        let looked = tried(self.file(LOCK)?.try_lock_shared());
        Ok(!looked.map_err(|source| self.unusable(source))?)
    }

    /// Becomes a user of the folder's server for as long as the file is open. Waits for a server that ends.
    pub(super) async fn join(&self) -> Result<File, Error> {
        let file = self.file(USERS)?;
        let joined = eventually(END, || file.try_lock_shared()).await;
        match joined.map_err(|source| self.unusable(source))? {
            true => Ok(file),
            false => Err(Error::Unreachable { path: self.0.clone(), address: self.shown_address() }),
        }
    }

    /// Keeps everybody from becoming a user; `None` if there are users.
    pub(super) fn close(&self) -> Result<Option<File>, Error> {
        let file = self.file(USERS)?;
        let taken = tried(file.try_lock());
        Ok(taken.map_err(|source| self.unusable(source))?.then_some(file))
    }

    /// Where the server listens, or where the last one did.
    pub(super) fn address(&self) -> Option<String> {
        std::fs::read_to_string(self.0.join(ADDRESS)).ok()
    }

    /// What those who may use the server send.
    pub(super) fn token(&self) -> Option<String> {
        std::fs::read_to_string(self.0.join(TOKEN)).ok().filter(|token| !token.is_empty())
    }

    /// The token, made if there is none; the caller serves the folder.
    pub(super) fn make_token(&self) -> Result<String, Error> {
        if let Some(token) = self.token() {
            return Ok(token);
        }
        let token = token().map_err(|source| self.unusable(source))?;
        let fresh = self.0.join("token.new");
        let written = write(&fresh, &token).and_then(|()| std::fs::rename(&fresh, self.0.join(TOKEN)));
        written.map(|()| token).map_err(|source| self.unusable(source))
    }

    /// What the folder's server calls itself.
    pub(super) fn id(&self) -> Option<String> {
        std::fs::read_to_string(self.0.join(ID)).ok().filter(|id| !id.is_empty())
    }

    pub(super) fn shown_address(&self) -> String {
        self.address().unwrap_or_else(|| "any address that it wrote down".to_owned())
    }

    /// The port of the address.
    pub(super) fn port(&self) -> Option<u16> {
        self.address()?.rsplit_once(':')?.1.parse().ok()
    }

    /// Tells other processes where the server listens.
    pub(super) fn write_address(&self, url: &str) -> Result<(), Error> {
        if self.address().as_deref() == Some(url) {
            return Ok(());
        }
        let fresh = self.0.join("address.new");
        let written = write(&fresh, url).and_then(|()| std::fs::rename(&fresh, self.0.join(ADDRESS)));
        written.map_err(|source| self.unusable(source))
    }

    pub(super) fn remove_address(&self) -> Result<(), Error> {
        let path = self.0.join(ADDRESS);
        std::fs::remove_file(&path).map_err(|source| Error::Folder { path, source })
    }

    pub(super) fn unusable(&self, source: io::Error) -> Error {
        match source.kind() {
            io::ErrorKind::PermissionDenied => Error::Denied { path: self.0.clone(), source },
            _ => Error::Folder { path: self.0.clone(), source },
        }
    }

    fn file(&self, name: &str) -> Result<File, Error> {
        let mut options = private();
        options.create(true).append(true).open(self.0.join(name)).map_err(|source| self.unusable(source))
    }
}

/// 256 random bits.
fn token() -> io::Result<String> {
    let mut bits = [0; 32];
    getrandom::fill(&mut bits).map_err(io::Error::other)?;
    Ok(bits.iter().map(|byte| format!("{byte:02x}")).collect())
}

/// Tries until it is taken or the time is up.
async fn eventually(patience: Duration, take: impl Fn() -> Result<(), TryLockError>) -> io::Result<bool> {
    let until = Instant::now() + patience;
    while !tried(take())? {
        if Instant::now() >= until {
            return Ok(false);
        }
        sleep(PAUSE).await;
    }
    Ok(true)
}

fn tried(taken: Result<(), TryLockError>) -> io::Result<bool> {
    match taken {
        Ok(()) => Ok(true),
        Err(TryLockError::WouldBlock) => Ok(false),
        Err(TryLockError::Error(error)) => Err(error),
    }
}

/// Makes a folder, and closes it to everybody but its owner, also one that was there.
fn make(path: &Path) -> io::Result<()> {
    use std::os::unix::fs::{MetadataExt, PermissionsExt};
    std::fs::create_dir_all(path)?;
    let found = std::fs::metadata(path)?;
    let is_ours = found.uid() == rustix::process::geteuid().as_raw();
    // One that everybody is meant to write to, as for temporary files, stays so.
    if is_ours && found.mode() & 0o077 != 0 && found.mode() & 0o1000 == 0 {
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o700))?;
    }
    Ok(())
}

/// Files that only their owner may read.
fn private() -> OpenOptions {
    let mut options = OpenOptions::new();
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}

fn write(path: &Path, text: &str) -> io::Result<()> {
    let mut file = private().create(true).truncate(true).write(true).open(path)?;
    file.write_all(text.as_bytes())
}
