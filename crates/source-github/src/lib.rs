//! GitHub: one document per repository, issue, pull request and text file.
//!
//! | | |
//! |---|---|
//! | permissions | a classic token with `repo` and `read:org`, a fine-grained one with read access to contents, issues, metadata and pull requests, or an app with these; for document level security `read:user` and push access too |
//! | ids | GitHub's node ids, the same after a rename; of a file, repository and path |
//! | unchanged | issues and pull requests by `updatedAt`, files by the hash of their blob, repositories by their fields |
//! | scope | the repository, below it `issues`, `pulls` and `files` |
//! | limits | comments on a line of code are indexed with their review alone; a label that is renamed does not change its issues |
//!
//! See `docs/sources/github.md` for the fields.
#![warn(missing_docs)]

mod access;
mod client;
mod config;
mod document;
mod lookup;
mod selection;
mod source;

pub use config::{Files, GithubConfig};
pub use source::Github;

use connectors_core::Definition;

/// This crate as the registry knows it.
pub static SOURCE: Definition<Github> = Definition::new().access_control();
