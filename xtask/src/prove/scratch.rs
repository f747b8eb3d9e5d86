//! A copy of the workspace with a good source in it.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use super::fault::Fault;
use crate::error::{Error, Result};
use crate::new_source;
use crate::shell::Shell;

/// What only the author of a source can know: the image of the product.
const IMAGE: (&str, &str) = ("image: probe\n", "image: docker.io/library/probe:1.4.2\n");

/// The copy, and a shell in it.
pub(super) struct Scratch {
    pub(super) shell: Shell,
    pub(super) name: &'static str,
}

impl Scratch {
    /// Copies every file that git does not ignore, commits it as what a patch is compared with, and writes the source.
    pub(super) fn of(shell: &Shell, name: &'static str) -> Result<Self> {
        let root = shell.target().join("prove-checks");
        // Both copies share the build folder: what comes from the registry is compiled once.
        let inner = Shell { root: root.clone(), ..shell.with_var("CARGO_TARGET_DIR", shell.target()) };
        // The names of a repository around must not reach the one in the copy.
        let inner = ["GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE"]
            .into_iter()
            .fold(inner, |inner, name| inner.without_var(name));
        copy(shell, &root)?;
        let git = |arguments: &[&str]| inner.capture(inner.command("git").args(arguments));
        git(&["init", "--quiet", "--initial-branch=main"])?;
        git(&["add", "--all"])?;
        git(&[
            "-c",
            "user.name=prove-checks",
            "-c",
            "user.email=prove-checks@localhost",
            "commit",
            "--quiet",
            "--no-verify",
            "--message=base",
        ])?;
        new_source::write(&inner, name)?;
        let scratch = Self { shell: inner, name };
        let compose = format!("docker/{name}/compose.yml");
        scratch.write(&compose, &scratch.read(&compose)?.replacen(IMAGE.0, IMAGE.1, 1))?;
        Ok(scratch)
    }

    pub(super) fn package(&self) -> String {
        format!("source-{}", self.name)
    }

    pub(super) fn read(&self, path: &str) -> Result<String> {
        let path = self.shell.root.join(path);
        fs::read_to_string(&path).map_err(Error::file("read", &path))
    }

    pub(super) fn write(&self, path: &str, text: &str) -> Result<()> {
        let path = self.shell.root.join(path);
        fs::write(&path, text).map_err(Error::file("write", &path))
    }

    /// Runs `work` with a fault in the copy, and takes the fault out again.
    pub(super) fn with<T>(&self, fault: &Fault, work: impl FnOnce() -> Result<T>) -> Result<T> {
        let files: BTreeSet<&str> = fault.edits.iter().map(|edit| edit.file).chain(["Cargo.lock"]).collect();
        let before =
            files.into_iter().map(|file| Ok((file, self.read(file)?))).collect::<Result<Vec<_>>>()?;
        let patched = fault
            .edits
            .iter()
            .try_for_each(|edit| self.write(edit.file, &edit.applied(&self.read(edit.file)?, fault.name)?));
        let result = patched.and_then(|()| work());
        before.iter().try_for_each(|(file, text)| self.write(file, text))?;
        result
    }
}

/// Makes `root` hold the files of the workspace and no others; one that is the same there keeps its time, so that
/// it is not compiled anew.
fn copy(shell: &Shell, root: &Path) -> Result<()> {
    let listed = shell.capture(shell.command("git").args([
        "ls-files",
        "--cached",
        "--others",
        "--exclude-standard",
        "-z",
    ]))?;
    let files: BTreeSet<PathBuf> =
        listed.split('\0').filter(|path| !path.is_empty()).map(PathBuf::from).collect();
    fs::create_dir_all(root).map_err(Error::file("make", root))?;
    remove_others(root, root, &files)?;
    for file in &files {
        let (from, to) = (shell.root.join(file), root.join(file));
        let Ok(bytes) = fs::read(&from) else { continue };
        if fs::read(&to).is_ok_and(|there| there == bytes) {
            continue;
        }
        if let Some(folder) = to.parent() {
            fs::create_dir_all(folder).map_err(Error::file("make", folder))?;
        }
        fs::copy(&from, &to).map_err(Error::file("write", &to))?;
    }
    Ok(())
}

fn remove_others(root: &Path, folder: &Path, files: &BTreeSet<PathBuf>) -> Result<()> {
    for entry in fs::read_dir(folder).map_err(Error::file("list", folder))?.flatten() {
        let path = entry.path();
        let relative = path.strip_prefix(root).unwrap_or(&path);
        let is_folder = entry.file_type().is_ok_and(|kind| kind.is_dir());
        let is_wanted =
            files.range(relative.to_owned()..).next().is_some_and(|file| file.starts_with(relative));
        match (is_folder, is_wanted) {
            (true, true) => remove_others(root, &path, files)?,
            (true, false) => fs::remove_dir_all(&path).map_err(Error::file("remove", &path))?,
            (false, true) => {}
            (false, false) => fs::remove_file(&path).map_err(Error::file("remove", &path))?,
        }
    }
    Ok(())
}
