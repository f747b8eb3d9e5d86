//! A workload's backend, and everything that can be run beside it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::Bench;
use super::measure::{self, Sample};
use super::workloads::Workload;
use crate::driver::Driver;
use crate::error::{Error, Result};

/// The index that the program writes.
const INDEX: &str = "perf";
/// The index that the loader writes.
const LOADED: &str = "perf-c1";

/// The backend of one workload, up and with its settings in a file.
pub(super) struct Stage<'a> {
    bench: &'a Bench<'a>,
    source: &'static str,
    driver: Driver,
    service_type: String,
}

impl<'a> Stage<'a> {
    /// Starts the backend.
    pub(super) fn open(bench: &'a Bench<'a>, workload: &Workload) -> Result<Self> {
        let mut serve = bench.tool(workload.source)?;
        serve.arg("serve").args(workload.shape.into_iter().flat_map(|shape| ["--shape", shape]));
        let (driver, first) = Driver::start(&mut serve)?;
        let service_type = first["type"].as_str().unwrap_or_default().to_owned();
        write(&bench.settings(), &first["settings"].to_string())?;
        Ok(Self { bench, source: workload.source, driver, service_type })
    }

    /// Ends the backend.
    pub(super) fn close(self) -> Result<()> {
        self.driver.end()
    }

    /// Has the driver load, change, remove or add so many documents.
    pub(super) fn fill(&mut self, word: &str, count: u64) -> Result<()> {
        self.driver.ask(&format!("{word} {count}")).map(drop)
    }

    /// Compares the index with what must be in it; how many documents were equal.
    pub(super) fn compare(&mut self) -> Result<u64> {
        let url = format!("{}/{INDEX}", self.bench.es.url);
        Ok(self.driver.ask(&format!("compare {url}"))?["equal"].as_u64().unwrap_or_default())
    }

    /// Fails unless the index of this server holds so many documents.
    pub(super) fn must_hold(&mut self, url: &str, wanted: u64) -> Result<()> {
        let found = self.driver.ask(&format!("count {url}/{INDEX}"))?["count"].as_u64().unwrap_or_default();
        if found == wanted {
            return Ok(());
        }
        Err(Error::Gate(format!("the index holds {found} documents, and must hold {wanted}")))
    }

    /// Removes the index and whatever the program kept of it.
    pub(super) fn forget(&mut self) -> Result<()> {
        self.drop_index(INDEX)?;
        self.lose_kept()
    }

    /// Removes what the program kept beside the index.
    pub(super) fn lose_kept(&self) -> Result<()> {
        let home = self.bench.home();
        if home.exists() {
            fs::remove_dir_all(&home).map_err(Error::file("remove", &home))?;
        }
        fs::create_dir_all(&home).map_err(Error::file("make", &home))
    }

    fn drop_index(&mut self, index: &str) -> Result<()> {
        self.driver.ask(&format!("drop {}/{index}", self.bench.es.url)).map(drop)
    }

    /// The program, from an empty index to an equal one, and how many documents are equal: without that, a run has no
    /// time.
    pub(super) fn first(&mut self, more: &[&str]) -> Result<(Sample, u64)> {
        self.forget()?;
        let sample = self.again(more)?;
        Ok((sample, self.compare()?))
    }

    /// The program, into the index as it is.
    pub(super) fn again(&self, more: &[&str]) -> Result<Sample> {
        self.measure(self.sync(&self.bench.es.url).args(more), self.group())
    }

    /// The program, into another server.
    pub(super) fn sync_to(&self, url: &str) -> Result<Sample> {
        self.measure(&mut self.sync(url), None)
    }

    fn sync(&self, url: &str) -> Command {
        let mut command = self.bench.program("connectors");
        command.args(["--es", url, "sync", &self.service_type, "--index", INDEX, "--json", "--settings"]);
        command.arg(self.bench.settings());
        command
    }

    /// Waits until the server is quiet, then runs a program and measures it.
    fn measure(&self, command: &mut Command, group: Option<i32>) -> Result<Sample> {
        if self.group().is_some_and(|group| !measure::settle(group)) {
            self.bench.shell.note("the server does not come to rest: the next figure counts its work too");
        }
        measure::run(command, group, &self.bench.folder.join("log"))
    }

    /// The group of the server's processes, where it was started natively.
    fn group(&self) -> Option<i32> {
        Some(self.bench.es.group).filter(|group| *group > 0)
    }

    /// The minimal loader, with what was recorded in a folder; with `--deletes`, removing what it posted before.
    pub(super) fn post(&mut self, from: &Path, pace: (u64, u64), more: &[&str]) -> Result<Sample> {
        self.drop_index(LOADED)?;
        if !more.is_empty() {
            self.load(from, pace, &[])?;
        }
        let sample = self.load(from, pace, more)?;
        self.drop_index(LOADED)?;
        Ok(sample)
    }

    fn load(&self, from: &Path, (bulk, window): (u64, u64), more: &[&str]) -> Result<Sample> {
        let mut command = self.bench.tool(self.source)?;
        command.args(["post", "--es", &self.bench.es.url, "--index", LOADED, "--from"]).arg(from);
        command.args(["--bulk", &bulk.to_string(), "--window", &window.to_string()]).args(more);
        self.measure(&mut command, self.group())
    }

    /// The driver's raw batches, where the source has a program for them.
    pub(super) fn raw(&self) -> Result<Option<Sample>> {
        let program = format!("examples/raw-{}", self.source);
        if !self.bench.programs.path(&program).is_file() {
            return Ok(None);
        }
        let mut command = self.bench.program(&program);
        self.measure(command.arg("--settings").arg(self.bench.settings()), None).map(Some)
    }

    /// Every document of the source, encoded and dropped.
    pub(super) fn encode(&self) -> Result<Sample> {
        let mut command = self.bench.tool(self.source)?;
        self.measure(command.args(["drain", "--bodies", "--settings"]).arg(self.bench.settings()), None)
    }

    /// A server that answers at once and keeps ids and marks.
    pub(super) fn sink(&self, more: &[&str]) -> Result<(Driver, String)> {
        let mut command = self.bench.tool(self.source)?;
        let (driver, first) = Driver::start(command.args(["sink", "--keep"]).args(more))?;
        Ok((driver, first["url"].as_str().unwrap_or_default().to_owned()))
    }

    /// The program against a server that answers at once.
    pub(super) fn sunk(&self, more: &[&str]) -> Result<Sample> {
        self.lose_kept()?;
        let (sink, url) = self.sink(more)?;
        let sample = self.sync_to(&url)?;
        sink.end()?;
        Ok(sample)
    }

    /// What the program sends for all documents, in a folder; how many bytes that is.
    pub(super) fn record(&self, name: &str) -> Result<(PathBuf, u64)> {
        let folder = self.bench.folder.join(name);
        self.sunk(&["--record", &folder.to_string_lossy()])?;
        let lines = folder.join("bulk.ndjson");
        let bytes = fs::metadata(&lines).map_err(Error::file("read", &lines))?.len();
        Ok((folder, bytes))
    }
}

pub(super) fn write(file: &Path, text: &str) -> Result<()> {
    fs::write(file, text).map_err(Error::file("write", file))
}
