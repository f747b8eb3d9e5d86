//! A workload's backend, and everything that can be run beside it.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use serde_json::Value;

use super::Bench;
use super::measure::{self, Sample};
use super::workloads::Workload;
use crate::error::{Error, Result};
use crate::shell::line;

/// The index that the program writes.
const INDEX: &str = "perf";
/// The index that the loader writes.
const LOADED: &str = "perf-c1";

/// A process that keeps something up and answers each line with one, until its input ends: also when this process is
/// killed.
pub(super) struct Driver {
    child: Child,
    input: Option<ChildStdin>,
    output: BufReader<ChildStdout>,
    command: String,
}

impl Driver {
    /// Starts it; what it says first comes back beside it.
    fn start(command: &mut Command) -> Result<(Self, Value)> {
        let shown = line(command);
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().map_err(|cause| Error::Start { command: shown.clone(), cause })?;
        let (input, output) = (child.stdin.take(), child.stdout.take());
        let Some(output) = output.map(BufReader::new) else { return Err(silent(&shown)) };
        let mut driver = Self { child, input, output, command: shown };
        let first = driver.answer()?;
        Ok((driver, first))
    }

    /// Has one thing done.
    fn ask(&mut self, words: &str) -> Result<Value> {
        let sent = self.input.as_mut().map(|input| writeln!(input, "{words}").and_then(|()| input.flush()));
        match sent {
            Some(Ok(())) => self.answer(),
            _ => Err(silent(&self.command)),
        }
    }

    /// Lets it end and waits for that.
    pub(super) fn end(mut self) -> Result<()> {
        drop(self.input.take());
        let command = self.command.clone();
        match self.child.wait() {
            Ok(status) if status.success() => Ok(()),
            Ok(status) => Err(Error::Command { command, status: status.to_string(), tail: String::new() }),
            Err(cause) => Err(Error::Start { command, cause }),
        }
    }

    fn answer(&mut self) -> Result<Value> {
        let mut text = String::new();
        if !self.output.read_line(&mut text).is_ok_and(|bytes| bytes > 0) {
            return Err(silent(&self.command));
        }
        let answer: Value = serde_json::from_str(&text).map_err(|cause| Error::Format {
            what: format!("the answer `{}`", text.trim_end()),
            cause: cause.to_string(),
        })?;
        match answer["error"].as_str() {
            Some(error) => Err(Error::Gate(error.to_owned())),
            None => Ok(answer),
        }
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        drop(self.input.take());
        let _ = self.child.wait();
    }
}

fn silent(command: &str) -> Error {
    Error::Gate(format!("`{command}` ended before it answered"))
}

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
        let mut serve = bench.tool(workload.source);
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
        self.bench.es.process.as_ref().map(|process| process.pid)
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
        let mut command = self.bench.tool(self.source);
        command.args(["post", "--es", &self.bench.es.url, "--index", LOADED, "--from"]).arg(from);
        command.args(["--bulk", &bulk.to_string(), "--window", &window.to_string()]).args(more);
        self.measure(&mut command, self.group())
    }

    /// The driver's raw batches, where the source has a program for them.
    pub(super) fn raw(&self) -> Result<Option<Sample>> {
        let program = format!("examples/raw-{}", self.source);
        if !self.bench.programs.join(&program).is_file() {
            return Ok(None);
        }
        let mut command = self.bench.program(&program);
        self.measure(command.arg("--settings").arg(self.bench.settings()), None).map(Some)
    }

    /// Every document of the source, encoded and dropped.
    pub(super) fn encode(&self) -> Result<Sample> {
        let mut command = self.bench.tool(self.source);
        self.measure(command.args(["drain", "--bodies", "--settings"]).arg(self.bench.settings()), None)
    }

    /// A server that answers at once and keeps ids and marks.
    pub(super) fn sink(&self, more: &[&str]) -> Result<(Driver, String)> {
        let mut command = self.bench.tool(self.source);
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::Machine;

    const ECHO: &str = r#"echo '{"url":"u"}'; while read -r a b; do case $a in fail) echo '{"error":"no '$b'"}';; bad) echo '{';; end) exit 3;; *) echo '{"did":"'$a'"}';; esac; done"#;

    fn driver(script: &str) -> Result<(Driver, Value)> {
        Driver::start(Machine::new().shell.command("/bin/sh").args(["-c", script]).current_dir("/"))
    }

    #[test]
    fn each_line_is_answered_until_the_input_ends() {
        let (mut driver, first) = driver(ECHO).unwrap();
        assert_eq!(first["url"], "u");
        assert_eq!(driver.ask("load 5").unwrap()["did"], "load");
        assert_eq!(driver.ask("fail luck").unwrap_err().to_string(), "no luck");
        assert!(driver.ask("bad").unwrap_err().to_string().starts_with("cannot understand the answer `{`"));
        driver.end().unwrap();
    }

    #[test]
    fn one_that_ends_is_told() {
        let (mut ended, _) = driver(ECHO).unwrap();
        assert!(ended.ask("end").unwrap_err().to_string().ends_with("ended before it answered"));
        assert!(ended.end().unwrap_err().to_string().contains("exit status: 3"));
        assert!(driver("exit 0").err().unwrap().to_string().ends_with("ended before it answered"));
        assert!(Driver::start(&mut Command::new("/no/such/program")).is_err());
    }
}
