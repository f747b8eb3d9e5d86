//! Folders that sources may read, where an operator bounds them.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::{Error, Result};

/// The folders; the default bounds nothing.
#[derive(Debug, Clone, Default)]
pub struct Roots(Option<Arc<[PathBuf]>>);

impl Roots {
    /// These and what lies in them; with none of them, nothing may be read.
    #[must_use]
    pub fn of(folders: &[PathBuf]) -> Self {
        Self(Some(folders.into()))
    }

    /// True where some paths may not be read.
    #[must_use]
    pub fn are_bounded(&self) -> bool {
        self.0.is_some()
    }

    /// The path without any link in it, if it lies in one of the folders. Asks the file system, and so blocks.
    ///
    /// # Errors
    /// `Config` for a path that lies elsewhere, also by a link, or that is not there.
    pub fn check(&self, path: &Path) -> Result<PathBuf> {
        let Some(folders) = &self.0 else { return Ok(path.to_owned()) };
        let real = path.canonicalize().map_err(|error| {
            Error::config("the path can't be read").with("path", path.display()).caused_by(error)
        })?;
        let holds = |folder: &PathBuf| folder.canonicalize().is_ok_and(|folder| real.starts_with(folder));
        if folders.iter().any(holds) {
            return Ok(real);
        }
        let what = "the path lies in none of the folders that `service.allow.paths` names; choose one that does, or add its folder there";
        Err(Error::config(what).with("path", path.display()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_lies_in_a_folder_may_be_read_whatever_way_leads_there() {
        let place = tempfile::TempDir::new().unwrap();
        let (open, closed) = (place.path().join("open"), place.path().join("closed"));
        for folder in [&open, &closed, &open.join("sub"), &place.path().join("open-too")] {
            std::fs::create_dir(folder).unwrap();
        }
        std::os::unix::fs::symlink(&closed, open.join("out")).unwrap();
        std::os::unix::fs::symlink(open.join("sub"), place.path().join("in")).unwrap();
        let roots = Roots::of(std::slice::from_ref(&open));
        for good in ["open", "open/sub", "in", "closed/../open"] {
            assert!(roots.check(&place.path().join(good)).is_ok(), "{good}");
        }
        for bad in ["closed", "open/out", "open/../closed", "open-too", "open/none", ""] {
            let error = roots.check(&place.path().join(bad)).unwrap_err();
            assert_eq!(error.kind(), crate::ErrorKind::Config, "{bad}");
        }
        assert!(Roots::of(&[]).check(&open).is_err());
        assert!(Roots::default().check(Path::new("/none")).is_ok());
    }
}
