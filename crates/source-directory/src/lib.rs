//! A folder: one document per regular file, the file's bytes as content.
//!
//! | | |
//! |---|---|
//! | permissions | to list the folders and to read the files |
//! | ids | a hash of the path relative to the root, or of the whole one (`ids`): a renamed file is another document |
//! | unchanged | by size, modification time in nanoseconds, and inode |
//! | scope | the folder that the file lies in, relative to the root |
//! | limits | Unix; a file that changes while it is read is tried once more, then reported |
//!
//! Links are not followed unless asked for, and a file is opened so that no link put in its way leads
//! outside. See `docs/sources/dir.md` for the fields.
#![warn(missing_docs)]

mod client;
mod config;
mod document;
mod source;

pub use config::{DirectoryConfig, Ids, Pattern};
pub use source::Directory;

use connectors_core::Definition;

/// This crate as the registry knows it.
pub static SOURCE: Definition<Directory> = Definition::new();
