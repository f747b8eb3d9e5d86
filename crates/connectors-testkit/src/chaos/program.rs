//! The program under test: a run of it, and how it ended.

use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use serde_json::{Map, Value};
use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::process::{Child, Command};
use tokio::task::JoinHandle;

use super::schedule::Mode;
use crate::Result;
use crate::ftest::program::apart;
use crate::target::limited;

/// A run that takes longer hangs.
const PATIENCE: Duration = Duration::from_secs(90);

/// Seconds that a request may take, and that a source may be silent: usually, and where a peer falls silent.
const LIMITS: [(&str, u64, u64); 2] = [("chaos.yml", 20, 60), ("impatient.yml", 2, 5)];

/// Quick to try again, so that a seed is quick.
const CONFIG: &str = "
elasticsearch:
  max_retries: 5
  initial_backoff_duration: 0.005
  max_wait_duration: 0.03
  bulk: { chunk_max_mem_size: 1, max_concurrency: 3 }
";

/// The program, and a folder to start it in.
pub(super) struct Program {
    path: PathBuf,
    folder: PathBuf,
    pub(super) service_type: &'static str,
    /// Counts the runs, for the names of their logs.
    runs: usize,
}

/// What a run is told.
pub(super) struct Launch<'a> {
    pub(super) mode: Mode,
    pub(super) settings: &'a Map<String, Value>,
    pub(super) es: &'a str,
    pub(super) index: &'a str,
    /// Whether it can't write files.
    pub(super) disk_full: bool,
    /// Whether it waits for peers for a few seconds only.
    pub(super) is_impatient: bool,
}

/// A run that has begun.
pub(super) struct Running {
    process: Child,
    output: JoinHandle<Vec<u8>>,
    errors: JoinHandle<Vec<u8>>,
    log: PathBuf,
    mode: Mode,
}

/// A run that has ended.
#[derive(Debug, Clone)]
pub(super) struct Run {
    /// None for one that was killed.
    pub(super) code: Option<i32>,
    pub(super) mode: Mode,
    pub(super) reports: Vec<Value>,
    /// What it wrote to standard error.
    pub(super) said: String,
    /// Where all of that is kept.
    pub(super) log: PathBuf,
}

impl Program {
    pub(super) fn new(path: &Path, folder: &Path, service_type: &'static str) -> Result<Self> {
        let path = path
            .canonicalize()
            .map_err(|error| format!("the program {} can't be found: {error}", path.display()))?;
        let marks = folder.join("marks").display().to_string();
        for (name, request, silence) in LIMITS {
            let config = format!(
                "{CONFIG}  request_timeout: {request}\nsync: {{ max_silence: {silence}, marks: {marks:?} }}\n"
            );
            std::fs::write(folder.join(name), config)?;
        }
        Ok(Self { path, folder: folder.to_owned(), service_type, runs: 0 })
    }

    /// Begins a run.
    pub(super) fn start(&mut self, launch: &Launch<'_>) -> Result<Running> {
        self.runs += 1;
        let settings = self.folder.join(format!("settings-{}.json", self.runs));
        std::fs::write(&settings, Value::Object(launch.settings.clone()).to_string())?;
        let command = if launch.disk_full { limited(&self.path, 0) } else { Command::new(&self.path) };
        let mut command = apart(command, &self.folder);
        let [(usual, ..), (impatient, ..)] = LIMITS;
        let config = if launch.is_impatient { impatient } else { usual };
        command.args(["--config", config, "--es", launch.es, "--json"]);
        command.args(["--log", "warn,connectors_core=debug"]);
        command.args(if launch.mode == Mode::Follow { ["follow"] } else { ["sync"] });
        command.args([self.service_type, "--index", launch.index, "--settings"]).arg(settings);
        match launch.mode {
            Mode::Incremental => drop(command.arg("--incremental")),
            Mode::Follow => drop(command.args(["--every", "0.02"])),
            Mode::Full | Mode::Twice | Mode::Beside => {}
        }
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
        Running::of(command.spawn()?, launch.mode, self.folder.join(format!("run-{}.log", self.runs)))
    }
}

impl Running {
    fn of(mut process: Child, mode: Mode, log: PathBuf) -> Result<Self> {
        let output = process.stdout.take().ok_or("no standard output")?;
        let errors = process.stderr.take().ok_or("no standard error")?;
        let (output, errors) = (tokio::spawn(all(output)), tokio::spawn(all(errors)));
        Ok(Self { process, output, errors, log, mode })
    }

    /// Kills it at once.
    pub(super) fn kill(&mut self) -> Result<()> {
        Ok(self.process.start_kill()?)
    }

    /// Whether it has ended already.
    pub(super) fn has_ended(&mut self) -> Result<bool> {
        Ok(self.process.try_wait()?.is_some())
    }

    /// Its process id; none once it has ended.
    pub(super) fn id(&self) -> Option<u32> {
        self.process.id()
    }

    /// Waits for its end; can be dropped and called again.
    pub(super) async fn ended(&mut self) -> Result<ExitStatus> {
        match tokio::time::timeout(PATIENCE, self.process.wait()).await {
            Ok(status) => Ok(status?),
            Err(_) => Err(format!("the program hangs: {}", self.log.display()).into()),
        }
    }

    /// Waits for its end, and reads what it told.
    pub(super) async fn finish(mut self) -> Result<Run> {
        let status = self.ended().await;
        if status.is_err() {
            self.kill()?;
        }
        let (output, errors) = (self.output.await?, self.errors.await?);
        let (told, said) = (String::from_utf8_lossy(&output), String::from_utf8_lossy(&errors).into_owned());
        let log = format!("{:?} ended with {:?}\n{told}\n{said}", self.mode, status.as_ref().ok());
        std::fs::write(&self.log, log)?;
        let reports = told.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
        Ok(Run { code: status?.code(), mode: self.mode, reports, said, log: self.log })
    }
}

async fn all(mut from: impl AsyncRead + Unpin) -> Vec<u8> {
    let mut bytes = Vec::new();
    // What came before an error is kept.
    let _ = from.read_to_end(&mut bytes).await;
    bytes
}
