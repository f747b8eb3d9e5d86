//! The words after `cargo xtask ftest`.

use std::path::PathBuf;

use crate::cli::{take_switch, take_value};
use crate::error::{Error, Result};

/// What is to be tested, and how.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Options {
    /// The sources, by the end of their crates' names.
    pub(super) names: Vec<String>,
    /// The server that is written to.
    pub(super) server: Server,
    /// How many documents.
    pub(super) documents: String,
    /// Whether the index is left behind.
    pub(super) keep: bool,
    /// A folder with programs, in place of a build.
    pub(super) built: Option<PathBuf>,
}

/// A server that a source is synced into.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Server {
    /// The program's own.
    Embedded,
    /// The real one.
    Elasticsearch,
    /// Its relative.
    OpenSearch,
}

impl Server {
    /// What is started for it; each test starts the program's own.
    pub(super) fn backend(self) -> Option<&'static str> {
        match self {
            Self::Embedded => None,
            Self::Elasticsearch => Some("elasticsearch"),
            Self::OpenSearch => Some("opensearch"),
        }
    }
}

impl Options {
    /// Reads the words, given the sources that there are.
    ///
    /// # Errors
    /// Names the word that makes no sense, and those that do.
    pub(super) fn of(words: &[String], known: &[String]) -> Result<Self> {
        let mut words = words.to_vec();
        let (all, keep) = (take_switch(&mut words, "--all"), take_switch(&mut words, "--keep"));
        let server = server(take_value(&mut words, "--es")?.as_deref())?;
        let documents = take_value(&mut words, "--docs")?.unwrap_or_else(|| "12000".into());
        let built = take_value(&mut words, "--built")?.map(PathBuf::from);
        let names = if all { known.to_vec() } else { words };
        if let Some(unknown) = names.iter().find(|name| !known.contains(name)) {
            return Err(Error::Usage(format!(
                "no source `{unknown}` to test; there are {}",
                known.join(", ")
            )));
        }
        if names.is_empty() {
            return Err(Error::Usage(format!("name a source, or --all; there are {}", known.join(", "))));
        }
        Ok(Self { names, server, documents, keep, built })
    }
}

fn server(name: Option<&str>) -> Result<Server> {
    match name {
        None | Some("elasticsearch") => Ok(Server::Elasticsearch),
        Some("embedded") => Ok(Server::Embedded),
        Some("opensearch") => Ok(Server::OpenSearch),
        Some(other) => {
            Err(Error::Usage(format!("--es takes embedded, elasticsearch or opensearch, not `{other}`")))
        }
    }
}
