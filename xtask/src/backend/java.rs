//! A Java that is new enough, out of those that a machine may have.

use std::fs;
use std::path::{Path, PathBuf};

use crate::apt;
use crate::error::{Error, Result};
use crate::shell::Shell;

/// Where Debian and others put JDKs.
pub const FOLDER: &str = "/usr/lib/jvm";
const PACKAGES: &[&str] = &["openjdk-25-jdk-headless", "openjdk-21-jdk-headless"];

/// An installed JDK.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Java {
    /// Its folder, with `bin/java` in it.
    pub home: PathBuf,
    /// Its major version.
    pub major: u32,
}

/// A JDK of version `least` or newer: `JAVA_HOME`, the newest in `folder`, or one installed now.
///
/// # Errors
/// When there is none and Debian has none for this machine; says which were found.
pub fn at_least(shell: &Shell, folder: &Path, least: u32) -> Result<Java> {
    let found = installed(shell, folder);
    if let Some(java) = choose(&found, least) {
        return Ok(java);
    }
    let by_apt = apt::install_first(shell, PACKAGES);
    choose(&installed(shell, folder), least).ok_or_else(|| {
        let versions: Vec<String> = found.iter().map(|java| java.major.to_string()).collect();
        let apt =
            by_apt.map_or_else(|error| error.to_string(), |package| format!("{package} did not bring one"));
        Error::Missing {
            what: format!("a JDK {least} or newer is needed, found: [{}]; {apt}", versions.join(", ")),
            fix: "install a newer JDK and set JAVA_HOME to its folder".into(),
        }
    })
}

/// `JAVA_HOME` first, then the JDKs in `folder`, the newest first.
#[must_use]
pub fn installed(shell: &Shell, folder: &Path) -> Vec<Java> {
    let named = shell.var("JAVA_HOME").map(PathBuf::from);
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let mut others: Vec<Java> = entries.filter_map(|entry| inspect(&entry.path())).collect();
    others.sort_by(|left, right| (right.major, &left.home).cmp(&(left.major, &right.home)));
    named.iter().filter_map(|home| inspect(home)).chain(others).collect()
}

/// The first that is new enough.
#[must_use]
pub fn choose(found: &[Java], least: u32) -> Option<Java> {
    found.iter().find(|java| java.major >= least).cloned()
}

// A JRE has no compiler, which OpenSearch's start needs.
fn inspect(home: &Path) -> Option<Java> {
    if !home.join("bin/javac").is_file() {
        return None;
    }
    let text = fs::read_to_string(home.join("release")).ok()?;
    Some(Java { home: home.to_owned(), major: major(&text)? })
}

// The file has a line like `JAVA_VERSION="25.0.1"`.
fn major(release: &str) -> Option<u32> {
    let version = release.lines().find_map(|line| line.strip_prefix("JAVA_VERSION="))?;
    version.trim_matches('"').split(['.', '-', '+']).next()?.parse().ok()
}

#[cfg(test)]
mod tests;
