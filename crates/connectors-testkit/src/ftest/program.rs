//! The program under test, as its user starts it.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use serde_json::{Map, Value};
use tokio::process::{Child, Command};

use super::Options;
use crate::Result;

/// Between two looks at a running program.
const GLANCE: Duration = Duration::from_millis(20);

/// The program, and a folder to start it in.
pub(super) struct Program {
    path: PathBuf,
    service_type: &'static str,
    es: String,
    folder: tempfile::TempDir,
}

/// What a run of the program reported.
pub(super) struct Run {
    /// Its reports, one for each sync.
    pub(super) reports: Vec<Value>,
    /// Its peak memory in MiB, as far as it was seen.
    pub(super) peak: u64,
}

impl Program {
    pub(super) fn new(service_type: &'static str, options: &Options) -> Result<Self> {
        let path = options.program.canonicalize().map_err(|error| {
            format!(
                "the program {} can't be found: {error}; build it with `cargo build -p connectors`",
                options.program.display()
            )
        })?;
        Ok(Self { path, service_type, es: options.es.clone(), folder: tempfile::tempdir()? })
    }

    /// Begins `connectors sync` into the index, with these settings of the source.
    pub(super) fn start(&self, settings: &Map<String, Value>, index: &str, more: &[&str]) -> Result<Child> {
        let file = self.folder.path().join("settings.json");
        std::fs::write(&file, Value::Object(settings.clone()).to_string())?;
        let mut command = apart(Command::new(&self.path), self.folder.path());
        command
            .args(["--es", &self.es, "sync", self.service_type, "--index", index, "--json", "--settings"])
            .arg(file)
            .args(more);
        let piped = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::inherit());
        Ok(piped.kill_on_drop(true).spawn()?)
    }

    /// Begins a sync that writes little at a time, so that it can be met half way.
    pub(super) fn start_slowly(&self, settings: &Map<String, Value>, index: &str) -> Result<Child> {
        let config = self.folder.path().join("slow.yml");
        std::fs::write(&config, "elasticsearch.bulk: { chunk_max_mem_size: 1, max_concurrency: 1 }")?;
        self.start(settings, index, &["--config", &config.to_string_lossy()])
    }

    /// A whole run; it must end well.
    pub(super) async fn sync(
        &self,
        settings: &Map<String, Value>,
        index: &str,
        more: &[&str],
    ) -> Result<Run> {
        let child = self.start(settings, index, more)?;
        let id = child.id();
        let ended = child.wait_with_output();
        tokio::pin!(ended);
        let mut peak = 0;
        let output = loop {
            tokio::select! {
                ended = &mut ended => break ended?,
                () = tokio::time::sleep(GLANCE) => peak = id.and_then(peak_memory).unwrap_or(0).max(peak),
            }
        };
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        if !output.status.success() {
            return Err(format!("the program ended with {}:\n{text}", output.status).into());
        }
        let reports = text.lines().map(serde_json::from_str).collect::<Result<_, _>>()?;
        Ok(Run { reports, peak })
    }
}

/// A command that begins in this folder, and keeps its data there.
pub(crate) fn apart(mut command: Command, folder: &Path) -> Command {
    command.current_dir(folder).env_remove("CONNECTORS_CONFIG").env("XDG_DATA_HOME", folder);
    command
}

/// The peak resident memory of a process in MiB, where the system tells.
fn peak_memory(id: u32) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{id}/status")).ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    let kib: u64 = line.split_whitespace().nth(1)?.parse().ok()?;
    Some(kib / 1024)
}
