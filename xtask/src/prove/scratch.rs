//! A copy of the workspace with a good source in it, kept by git.

use std::fs;

use super::fault::Fault;
use crate::error::{Error, Result};
use crate::new_source;
use crate::shell::Shell;

/// What only the author of a source can know: the image of the product.
const IMAGE: (&str, &str) = ("image: probe\n", "image: docker.io/library/probe:1.4.2\n");
const AUTHOR: [&str; 4] = ["-c", "user.name=prove-checks", "-c", "user.email=prove-checks@localhost"];

/// The copy, and a shell in it.
pub(super) struct Scratch {
    pub(super) shell: Shell,
    pub(super) name: &'static str,
}

impl Scratch {
    /// Copies every file that git does not ignore, commits it as what a patch is compared with, and commits the source
    /// behind that. What is the same in an earlier copy keeps its time, so that it is not compiled again.
    pub(super) fn of(shell: &Shell, name: &'static str) -> Result<Self> {
        let folder = shell.target().join("prove-checks");
        fs::create_dir_all(&folder).map_err(Error::file("make", &folder))?;
        // The names of a repository around must not reach the one in the copy.
        let around = ["GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE"];
        let outer = around.into_iter().fold(shell.clone(), |outer, name| outer.without_var(name));
        let index = outer.with_var("GIT_INDEX_FILE", shell.target().join("prove-checks.index"));
        git(&index, &["add", "--all"])?;
        let tree = git(&index, &["write-tree"])?;
        let objects = git(&outer, &["rev-parse", "--path-format=absolute", "--git-path", "objects"])?;
        // Both copies share the build folder: what comes from the registry is compiled once. Cargo names our own crates by their
        // place in the workspace, which is the same in both: another profile keeps it from taking the copy's for ours.
        let inner =
            outer.with_var("CARGO_TARGET_DIR", shell.target()).with_var("CARGO_PROFILE_DEV_DEBUG", "0");
        let inner = Shell { root: folder, ..inner.with_var("GIT_ALTERNATE_OBJECT_DIRECTORIES", objects) };
        git(&inner, &["init", "--quiet"])?;
        git(&inner, &["symbolic-ref", "HEAD", "refs/heads/patch"])?;
        git(&inner, &["read-tree", "--reset", "-u", &tree])?;
        git(&inner, &["clean", "-ffdxq"])?;
        let base = git(&inner, &[&AUTHOR[..], &["commit-tree", "-m", "base", &tree]].concat())?;
        git(&inner, &["update-ref", "refs/heads/main", &base])?;
        git(&inner, &["update-ref", "refs/heads/patch", &base])?;
        let scratch = Self { shell: inner, name };
        scratch.write_source()?;
        Ok(scratch)
    }

    fn write_source(&self) -> Result<()> {
        new_source::write(&self.shell, self.name)?;
        let compose = format!("docker/{}/compose.yml", self.name);
        self.write(&compose, &self.read(&compose)?.replacen(IMAGE.0, IMAGE.1, 1))?;
        git(&self.shell, &["add", "--all"])?;
        let commit = ["commit", "--quiet", "--no-verify", "--allow-empty", "--message=source"];
        git(&self.shell, &[&AUTHOR[..], &commit].concat()).map(drop)
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
        let patched = fault.edits.iter().try_for_each(|edit| {
            self.write(&edit.file, &edit.applied(&self.read(&edit.file)?, &fault.name)?)
        });
        let result = patched.and_then(|()| self.lock(fault)).and_then(|()| work());
        git(&self.shell, &["checkout", "--quiet", "--", "."])?;
        result
    }

    /// Brings the lock file up to a manifest with a fault, as cargo does for whoever runs the checklist.
    fn lock(&self, fault: &Fault) -> Result<()> {
        if !fault.edits.iter().any(|edit| edit.file.ends_with("Cargo.toml")) {
            return Ok(());
        }
        let mut cargo = self.shell.command("cargo");
        self.shell.stream(cargo.args(["update", "--workspace", "--offline", "--quiet"]))
    }
}

fn git(shell: &Shell, arguments: &[&str]) -> Result<String> {
    Ok(shell.capture(shell.command("git").args(arguments))?.trim().to_owned())
}
