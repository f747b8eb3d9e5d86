//! The record of a started server, kept in a file until it is stopped.

use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::process::Identity;
use crate::error::{Error, Result};

/// A server, running or not.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Eq, Serialize)]
pub struct Server {
    /// The backend's name.
    pub name: String,
    /// The version that was started.
    pub version: String,
    /// Whether it runs.
    pub running: bool,
    /// Where it answers, for example `http://127.0.0.1:9200`.
    pub url: String,
    /// What it writes, when it was started natively.
    pub log: PathBuf,
    /// Its process, when it was started natively; a container otherwise.
    pub process: Option<Identity>,
}

impl Server {
    /// The record of a server that does not run.
    #[must_use]
    pub fn stopped(name: &str, version: &str) -> Self {
        Self { name: name.into(), version: version.into(), ..Self::default() }
    }

    /// Reads the record in `file`; nothing when there is none.
    ///
    /// # Errors
    /// When the file is there and cannot be read or understood.
    pub fn read(file: &Path) -> Result<Option<Self>> {
        if !file.exists() {
            return Ok(None);
        }
        let text = fs::read_to_string(file).map_err(Error::file("read", file))?;
        let record = serde_json::from_str(&text);
        record
            .map(Some)
            .map_err(|cause| Error::Format { what: file.display().to_string(), cause: cause.to_string() })
    }

    /// Writes the record to `file`.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn write(&self, file: &Path) -> Result<()> {
        let text = serde_json::to_string(self)
            .map_err(|cause| Error::Format { what: file.display().to_string(), cause: cause.to_string() })?;
        fs::write(file, text).map_err(Error::file("write", file))
    }
}

impl fmt::Display for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} at {}", self.name, self.version, self.url)
    }
}

#[cfg(test)]
mod tests;
