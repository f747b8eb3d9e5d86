//! The edge to the machine: environment, programs, output.
//!
//! A [`Shell`] is a value that is passed on, so that a test can hand in a folder, a search path with programs of
//! its own, and a buffer for what is said.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::fmt::Display;
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::{Arc, Mutex, PoisonError};

use crate::error::{Error, Result, tail};

/// Where lines go.
pub(crate) type Sink = Arc<Mutex<Box<dyn Write + Send>>>;

/// The workspace folder, the environment of every program started, and the two outputs.
#[derive(Clone)]
pub struct Shell {
    /// The folder of the workspace; programs start there.
    pub(crate) root: PathBuf,
    /// The environment that programs get.
    pub(crate) env: BTreeMap<OsString, OsString>,
    /// Results, for people and programs.
    pub(crate) out: Sink,
    /// Progress and errors.
    pub(crate) err: Sink,
}

impl Shell {
    /// The shell of this process, at the workspace that xtask was built in.
    pub fn from_process() -> Self {
        let manifest =
            std::env::var_os("CARGO_MANIFEST_DIR").map_or(env!("CARGO_MANIFEST_DIR").into(), PathBuf::from);
        Self {
            root: manifest.parent().map_or(PathBuf::from("."), Path::to_owned),
            env: std::env::vars_os().filter(|(name, _)| !set_by_cargo_run(name)).collect(),
            out: sink(std::io::stdout()),
            err: sink(std::io::stderr()),
        }
    }

    /// Writes a line of the result.
    pub(crate) fn say(&self, line: impl Display) {
        write_line(&self.out, line);
    }

    /// Writes a line of progress.
    pub(crate) fn note(&self, line: impl Display) {
        write_line(&self.err, line);
    }

    /// The value of an environment variable that is set, not empty, and text.
    pub(crate) fn var(&self, name: &str) -> Option<&str> {
        self.env.get(OsStr::new(name)).and_then(|value| value.to_str()).filter(|value| !value.is_empty())
    }

    /// The build folder: `CARGO_TARGET_DIR`, or `target` in the workspace.
    pub(crate) fn target(&self) -> PathBuf {
        self.root.join(self.var("CARGO_TARGET_DIR").unwrap_or("target"))
    }

    /// The program of this name on the search path.
    pub(crate) fn find(&self, program: &str) -> Option<PathBuf> {
        std::env::split_paths(self.env.get(OsStr::new("PATH"))?)
            .map(|folder| folder.join(program))
            .find(|path| is_executable(path))
    }

    /// A copy of this shell whose search path begins with `folders`.
    pub(crate) fn with_path(&self, folders: &[PathBuf]) -> Self {
        let old = self.env.get(OsStr::new("PATH")).cloned().unwrap_or_default();
        let all = folders.iter().cloned().chain(std::env::split_paths(&old));
        let joined = std::env::join_paths(all).unwrap_or(old);
        self.with_var("PATH", joined)
    }

    /// A copy of this shell with one more environment variable.
    pub(crate) fn with_var(&self, name: &str, value: impl Into<OsString>) -> Self {
        let mut copy = self.clone();
        copy.env.insert(name.into(), value.into());
        copy
    }

    /// A copy of this shell without an environment variable.
    pub(crate) fn without_var(&self, name: &str) -> Self {
        let mut copy = self.clone();
        copy.env.remove(OsStr::new(name));
        copy
    }

    /// A command in this environment, without input.
    pub(crate) fn command(&self, program: impl AsRef<OsStr>) -> Command {
        let program = program.as_ref();
        let found = program.to_str().filter(|name| !name.contains('/')).and_then(|name| self.find(name));
        let mut command = Command::new(found.as_deref().map_or(program, Path::as_os_str));
        command.env_clear().envs(&self.env).current_dir(&self.root).stdin(Stdio::null());
        command
    }

    /// Runs a command to its end and returns what it wrote to its standard output.
    pub(crate) fn capture(&self, command: &mut Command) -> Result<String> {
        Ok(String::from_utf8_lossy(&run(command)?.stdout).into_owned())
    }

    /// The same for its error output, where programs that report as they go write.
    pub(crate) fn capture_errors(&self, command: &mut Command) -> Result<String> {
        Ok(String::from_utf8_lossy(&run(command)?.stderr).into_owned())
    }

    /// Runs a command to its end with its output on ours.
    pub(crate) fn stream(&self, command: &mut Command) -> Result<()> {
        let status = command.status().map_err(|cause| Error::Start { command: line(command), cause })?;
        if status.success() {
            return Ok(());
        }
        Err(Error::Command { command: line(command), status: status.to_string(), tail: String::new() })
    }
}

/// A sink that writes to `target`.
pub(crate) fn sink(target: impl Write + Send + 'static) -> Sink {
    Arc::new(Mutex::new(Box::new(target)))
}

fn write_line(sink: &Sink, line: impl Display) {
    let mut target = sink.lock().unwrap_or_else(PoisonError::into_inner);
    // A closed pipe must not keep a server from being stopped.
    let _ = writeln!(target, "{line}").and_then(|()| target.flush());
}

// What `cargo run` adds for us would look like a change of environment to the cargo that we start.
fn set_by_cargo_run(name: &OsStr) -> bool {
    name.to_str().is_some_and(|name| name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST_"))
}

fn is_executable(path: &Path) -> bool {
    path.metadata().is_ok_and(|meta| meta.is_file() && meta.permissions().mode() & 0o111 != 0)
}

/// The command line, for messages.
pub(crate) fn line(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    words.map(|word| word.to_string_lossy()).collect::<Vec<_>>().join(" ")
}

fn run(command: &mut Command) -> Result<Output> {
    let output = command.output().map_err(|cause| Error::Start { command: line(command), cause })?;
    if output.status.success() {
        return Ok(output);
    }
    let text = String::from_utf8_lossy(&output.stderr) + String::from_utf8_lossy(&output.stdout);
    Err(Error::Command { command: line(command), status: output.status.to_string(), tail: tail(&text, 15) })
}

#[cfg(test)]
mod tests;
