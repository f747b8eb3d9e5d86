//! A machine for tests: a folder with programs that note how they were called.

use std::path::PathBuf;
use std::process::Command;
use std::sync::{Arc, Mutex};

use tempfile::TempDir;

use crate::shell::{Shell, sink};

/// What a shell wrote.
#[derive(Clone, Default)]
pub(crate) struct Text(Arc<Mutex<Vec<u8>>>);

impl std::io::Write for Text {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl Text {
    pub(crate) fn get(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }
}

/// A workspace folder, a search path of its own, and a shell on both.
pub(crate) struct Machine {
    pub(crate) folder: TempDir,
    pub(crate) shell: Shell,
    pub(crate) out: Text,
    pub(crate) err: Text,
}

impl Machine {
    /// A machine without any program.
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().to_owned();
        std::fs::create_dir(root.join("bin")).unwrap();
        let (out, err) = (Text::default(), Text::default());
        let env = [("PATH".into(), root.join("bin").into())].into();
        let shell = Shell { root, env, out: sink(out.clone()), err: sink(err.clone()) };
        Self { folder, shell, out, err }
    }

    /// Adds a program whose calls are noted, and which then runs the shell script `body`.
    pub(crate) fn program(self, name: &str, body: &str) -> Self {
        let path = self.path("bin").join(name);
        self.script(path, &format!("echo \"{name} $*\" >> '{}'\n{body}", self.path("calls").display()));
        self
    }

    /// Writes an executable script. A process of its own writes it: a file that some thread of ours still had open
    /// while another one starts a program could not be executed.
    pub(crate) fn script(&self, path: PathBuf, body: &str) {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        let text = format!("#!/bin/sh\nPATH=/usr/bin:/bin\n{body}\n");
        let write = "printf %s \"$1\" > \"$2\" && chmod 755 \"$2\"";
        assert!(
            Command::new("/bin/sh").args(["-c", write, "sh", &text]).arg(path).status().unwrap().success()
        );
    }

    /// A test program of a crate in a folder of programs, with the list of the files that it was made of.
    pub(crate) fn test_program(&self, (folder, package, hash): (&str, &str, &str), body: &str) -> PathBuf {
        let program = self.path(folder).join("deps").join(format!("source-{hash}"));
        self.script(program.clone(), body);
        let list = format!("{}: crates/{package}/tests/source/main.rs\n", program.display());
        std::fs::write(program.with_extension("d"), list).unwrap();
        program
    }

    /// Adds a source whose test program in the folder `built` runs `before`, notes how it was called, and then runs `after`.
    pub(crate) fn source(&self, name: &str, (before, after): (&str, &str)) {
        self.script(self.path(&format!("crates/source-{name}/tests/source/main.rs")), "");
        let note = format!("echo \"{name} $* $CONNECTORS_INSTALL\" >> '{}'", self.path("calls").display());
        self.test_program(("built", &format!("source-{name}"), name), &format!("{before}\n{note}\n{after}"));
    }

    /// Sets an environment variable.
    pub(crate) fn var(mut self, name: &str, value: impl Into<std::ffi::OsString>) -> Self {
        self.shell = self.shell.with_var(name, value);
        self
    }

    /// A path in the workspace.
    pub(crate) fn path(&self, path: &str) -> PathBuf {
        self.folder.path().join(path)
    }

    /// The calls of all programs, oldest first, with the workspace folder written as `/W`.
    pub(crate) fn calls(&self) -> Vec<String> {
        let text = std::fs::read_to_string(self.path("calls")).unwrap_or_default();
        text.lines().map(|line| line.replace(&*self.folder.path().to_string_lossy(), "/W")).collect()
    }
}
