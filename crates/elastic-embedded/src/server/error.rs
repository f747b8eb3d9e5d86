//! Why a server could not start or stop.

use std::path::PathBuf;

/// Why a server could not start or stop.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The data folder can't be read or written.
    #[error("the data folder {path} can't be used: check that it is writable and its disk not full")]
    Folder {
        /// The folder, or the file in it.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The data folder belongs to somebody else.
    #[error(
        "the data folder {path} is not open to this user: run as the user whose folder it is, or use another folder"
    )]
    Denied {
        /// The folder.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The program of a server in a process of its own can't be run.
    #[error("the server of the data folder {path} can't be run in a process of its own")]
    Launch {
        /// The data folder.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// A server in a process of its own did not start.
    #[error("the server of the data folder {path} did not start: {reason}")]
    Start {
        /// The data folder.
        path: PathBuf,
        /// What kept it from starting.
        reason: String,
    },
    /// The port can't be listened on.
    #[error("can't listen on 127.0.0.1:{port}: choose another port, or 0 for any that is free")]
    Listen {
        /// The port that was asked for.
        port: u16,
        /// What the system said.
        source: std::io::Error,
    },
    /// Another process serves the folder, and does not answer.
    #[error(
        "the data folder {path} is served by another process that does not answer at {address}: end that process, or use another folder"
    )]
    Unreachable {
        /// The data folder.
        path: PathBuf,
        /// Where it should listen.
        address: String,
    },
    /// An index can't be opened or committed.
    #[error("an index in {path} can't be opened or committed: {reason}")]
    Index {
        /// The data folder.
        path: PathBuf,
        /// What the engine said.
        reason: String,
    },
}
