//! Names by a pattern.

use connectors_core::{Error, Result};
use globset::{GlobBuilder, GlobMatcher};

/// A name, in which `*` stands for any text.
#[derive(Debug, Clone)]
pub struct Pattern(GlobMatcher);

impl Pattern {
    /// Reads a pattern.
    ///
    /// # Errors
    /// `Config` for a pattern that is none.
    pub fn new(text: &str) -> Result<Self> {
        let glob = GlobBuilder::new(text).case_insensitive(false).build();
        let glob =
            glob.map_err(|error| Error::config("expected a name such as *.example.com").caused_by(error))?;
        Ok(Self(glob.compile_matcher()))
    }

    /// Whether the whole name matches.
    pub fn matches(&self, name: &str) -> bool {
        self.0.is_match(name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_stands_for_any_text() {
        let matches = |pattern: &str, name: &str| Pattern::new(pattern).unwrap().matches(name);
        assert!(matches("*.example.com", "a.b.example.com") && matches("secret:*", "secret:a"));
        assert!(!matches("*.example.com", "example.com") && !matches("secret:a", "secret:ab"));
        assert!(Pattern::new("[a").is_err());
    }
}
