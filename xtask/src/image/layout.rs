//! The image's files, laid into a folder of this machine.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use super::plan::{Copy, Plan};
use crate::error::{Error, Result};
use crate::shell::Shell;

/// Lays the files of the plan into `root`, which is emptied first, and returns their size in bytes.
///
/// What the build makes below `target/` is taken from the build folder; other files of the build stages are those
/// of the same path on this machine.
///
/// # Errors
/// When a file that the image would hold is not there.
pub fn lay(shell: &Shell, plan: &Plan, root: &Path) -> Result<u64> {
    if root.exists() {
        fs::remove_dir_all(root).map_err(Error::file("empty", root))?;
    }
    make(root, 0o755)?;
    let mut size = 0;
    for copy in &plan.copies {
        for source in &copy.sources {
            size += one(shell, plan, root, (copy, source))?;
        }
    }
    Ok(size)
}

fn one(shell: &Shell, plan: &Plan, root: &Path, (copy, source): (&Copy, &str)) -> Result<u64> {
    if copy.is_made && plan.folders.iter().any(|(folder, _)| below(folder, source).is_some()) {
        let inside = plan.folders.iter().filter_map(|(folder, mode)| Some((below(folder, source)?, *mode)));
        inside.into_iter().try_for_each(|(name, mode)| make(&within(root, &copy.target).join(name), mode))?;
        return Ok(0);
    }
    let file = origin(shell, copy, source);
    if !file.is_file() {
        return Err(Error::Missing {
            what: format!("the image holds {source}, and there is no file {}", file.display()),
            fix: "correct the COPY in docker/Dockerfile; folders can't be copied".into(),
        });
    }
    let mut target = within(root, &copy.target);
    if copy.target.ends_with('/') {
        target.push(file.file_name().unwrap_or_default());
    }
    make(target.parent().unwrap_or(root), 0o755)?;
    fs::copy(&file, &target).map_err(Error::file("copy", &file))
}

/// The file of this machine that stands for one of the workspace or of a build stage.
fn origin(shell: &Shell, copy: &Copy, source: &str) -> PathBuf {
    match source.split_once("/target/") {
        _ if !copy.is_made => shell.root.join(source),
        Some((_, built)) => shell.target().join(built),
        None => PathBuf::from(source),
    }
}

/// What of `folder` stands behind `source`.
fn below<'a>(folder: &'a str, source: &str) -> Option<&'a str> {
    folder.strip_prefix(source.trim_end_matches('/'))?.strip_prefix('/')
}

fn within(root: &Path, target: &str) -> PathBuf {
    root.join(target.trim_start_matches('/'))
}

fn make(folder: &Path, mode: u32) -> Result<()> {
    if !folder.is_dir() {
        fs::create_dir_all(folder).map_err(Error::file("make", folder))?;
        fs::set_permissions(folder, Permissions::from_mode(mode)).map_err(Error::file("open up", folder))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests;
