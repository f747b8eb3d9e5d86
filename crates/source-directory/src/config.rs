//! Which files of which folder.

use std::path::{Path, PathBuf};

use connectors_core::config::{FieldType, FieldValue};
use globset::{GlobBuilder, GlobMatcher};
use serde_json::Value;

connectors_core::config! {
    /// Which files of which folder.
    pub struct DirectoryConfig {
        /// The folder whose files are indexed; a relative path starts at the working directory.
        #[label = "Directory"]
        pub directory: PathBuf,
        /// Files to index, as a glob on the path relative to the directory: `*.md` at the top, `**/*.md` everywhere.
        #[label = "Pattern"]
        pub pattern: Pattern = "**/*",
        /// Follow symbolic links, also to places outside of the directory.
        #[label = "Follow links"]
        pub follow_links: bool = false,
        /// Index files and folders whose names begin with a dot.
        #[label = "Hidden files"]
        pub hidden: bool = false,
        /// Leave out what the `.gitignore` files at or below the directory name.
        #[label = "Honour .gitignore"]
        pub gitignore: bool = false,
        /// What documents are known by: the path relative to the directory, or the whole one as elastic/connectors does, to go on
        /// with an index of its.
        #[label = "Ids", one_of(&[("relative", "Path relative to the directory"), ("reference", "As elastic/connectors")])]
        pub ids: Ids = "relative",
    }
}

/// What documents are known by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ids {
    /// A hash of the path relative to the root.
    Relative,
    /// The MD5 of the absolute path, in hex; `path` is absolute then too.
    Reference,
}

impl FieldValue for Ids {
    const TYPE: FieldType = FieldType::Str;

    fn read(value: &Value) -> Result<Self, String> {
        match String::read(value)?.as_str() {
            "relative" => Ok(Self::Relative),
            "reference" => Ok(Self::Reference),
            other => Err(format!("`{other}` is neither `relative` nor `reference`")),
        }
    }
}

/// A glob on relative paths, in which `*` and `?` do not match `/` and `**` does.
#[derive(Debug, Clone)]
pub struct Pattern(GlobMatcher);

impl Pattern {
    /// True when the path relative to the root matches.
    #[must_use]
    pub fn matches(&self, relative: &Path) -> bool {
        self.0.is_match(relative)
    }
}

impl FieldValue for Pattern {
    const TYPE: FieldType = FieldType::Str;

    fn read(value: &Value) -> Result<Self, String> {
        let glob = GlobBuilder::new(&String::read(value)?).literal_separator(true).build();
        let glob = glob.map_err(|error| format!("expected a glob such as **/*.md ({})", error.kind()))?;
        Ok(Self(glob.compile_matcher()))
    }
}

#[cfg(test)]
mod tests;
