//! The program as its user starts it, with an embedded server of its own.

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use serde_json::Value;
use tempfile::TempDir;

/// A folder with documents, and one for the embedded server.
pub(crate) struct Place {
    root: TempDir,
}

/// What the program printed and how it ended.
pub(crate) struct Run {
    pub(crate) out: String,
    pub(crate) err: String,
    pub(crate) code: i32,
}

impl Place {
    pub(crate) fn new() -> Self {
        let place = Self { root: TempDir::new().unwrap() };
        std::fs::create_dir(place.docs()).unwrap();
        place
    }

    pub(crate) fn root(&self) -> &Path {
        self.root.path()
    }

    pub(crate) fn docs(&self) -> PathBuf {
        self.root().join("docs")
    }

    pub(crate) fn write(&self, path: &str, text: &[u8]) {
        let path = self.root().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_connectors"));
        command.current_dir(self.root()).args(arguments).stdin(Stdio::null());
        for name in ["CONNECTORS_CONFIG", "CONNECTORS_ES"] {
            command.env_remove(name);
        }
        command.env("XDG_DATA_HOME", self.root().join("data"));
        command
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> Run {
        self.command(arguments).output().unwrap().into()
    }

    pub(crate) fn json(&self, arguments: &[&str]) -> Value {
        let run = self.run(&[arguments, &["--json"]].concat());
        serde_json::from_str(&run.out).unwrap_or_else(|_| panic!("{}{}", run.out, run.err))
    }
}

impl From<Output> for Run {
    fn from(output: Output) -> Self {
        Self {
            out: String::from_utf8(output.stdout).unwrap(),
            err: String::from_utf8(output.stderr).unwrap(),
            code: output.status.code().unwrap_or(-1),
        }
    }
}
