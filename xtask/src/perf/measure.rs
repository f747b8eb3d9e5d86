//! One program, run to its end and measured alone; and how much processor time a server uses meanwhile.

use std::fs::{self, File};
use std::io::Read;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use serde::Serialize;
use serde_json::Value;
use wait4::Wait4;

use crate::error::{Error, Result, tail};
use crate::shell::line;

const MIB: f64 = 1_048_576.0;
/// Clock ticks of a second: what Linux tells programs on every machine that we build for.
const TICKS: f64 = 100.0;
/// What counts as quiet: this share of one processor.
const QUIET: f64 = 0.15;
/// How long a server is given to come to rest, and how often it is looked at.
const PATIENCE: Duration = Duration::from_secs(60);
const LOOK: Duration = Duration::from_millis(500);

/// What one run cost, and what it said that it did.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub(super) struct Sample {
    /// Seconds from its start to its end.
    pub(super) wall: f64,
    /// Seconds of processor time of the program alone, user and system.
    pub(super) cpu: f64,
    /// The most memory that it held, in MiB.
    pub(super) memory: f64,
    /// Seconds of processor time of the server meanwhile, where it is known.
    pub(super) server: Option<f64>,
    /// Requests to the server.
    pub(super) requests: u64,
    /// Bytes of request bodies.
    pub(super) sent: u64,
    /// Bytes of response bodies.
    pub(super) received: u64,
    /// Documents written or removed.
    pub(super) written: u64,
    /// Files opened for their text.
    pub(super) opened: u64,
    /// The time that the program itself reports, for the last of several syncs in one process.
    pub(super) reported: f64,
}

/// Runs `command`, whose last line of output is a JSON object, beside a server whose processes are a group. Its error
/// output goes through `log`.
///
/// The peak memory of a child begins with what its parent held when it started it: this process must stay small,
/// and leaves everything large to others.
pub(super) fn run(command: &mut Command, group: Option<i32>, log: &Path) -> Result<Sample> {
    let errors = File::create(log).map_err(Error::file("write", log))?;
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(errors);
    let (server, begin) = (group.and_then(cpu_of), Instant::now());
    let mut child = command.spawn().map_err(|cause| Error::Start { command: line(command), cause })?;
    let mut output = String::new();
    let read = child.stdout.take().map_or(Ok(0), |mut out| out.read_to_string(&mut output));
    let ended = child.wait4().map_err(|cause| Error::Start { command: line(command), cause })?;
    let wall = begin.elapsed().as_secs_f64();
    let after = group.and_then(cpu_of);
    if !ended.status.success() || read.is_err() {
        let text = fs::read_to_string(log).unwrap_or_default() + &output;
        let status = ended.status.to_string();
        return Err(Error::Command { command: line(command), status, tail: tail(&text, 10) });
    }
    let used = ended.rusage;
    let sample = Sample {
        wall,
        cpu: (used.utime + used.stime).as_secs_f64(),
        memory: used.maxrss as f64 / MIB,
        server: after.zip(server).map(|(after, before)| after - before),
        ..Sample::default()
    };
    told(sample, output.lines().next_back().unwrap_or_default())
}

/// Adds what the program said in its last line.
fn told(sample: Sample, last: &str) -> Result<Sample> {
    let report: Value = serde_json::from_str(last)
        .map_err(|cause| Error::Format { what: format!("the report `{last}`"), cause: cause.to_string() })?;
    let number = |name: &str| report[name].as_u64().unwrap_or_default();
    Ok(Sample {
        requests: number("requests"),
        sent: number("bytes_sent"),
        received: number("bytes_received"),
        written: number("created") + number("updated") + number("deleted"),
        opened: report["contents"]["extracted"].as_u64().unwrap_or_default(),
        reported: report["seconds"].as_f64().unwrap_or_default(),
        ..sample
    })
}

/// Seconds of processor time, user and system, of all processes of a group; nothing where there is none. The server
/// is a child of the process that we started, in its group.
fn cpu_of(group: i32) -> Option<f64> {
    let processes = fs::read_dir("/proc").ok()?.flatten();
    let stats = processes.filter_map(|entry| fs::read_to_string(entry.path().join("stat")).ok());
    let ticks: Vec<u64> = stats.filter_map(|stat| ticks(&stat, group)).collect();
    (!ticks.is_empty()).then(|| ticks.iter().sum::<u64>() as f64 / TICKS)
}

// After the name in parentheses: state, parent, group; user and system time are the 14th and 15th field.
fn ticks(stat: &str, group: i32) -> Option<u64> {
    let (_, after_name) = stat.rsplit_once(')')?;
    let fields: Vec<&str> = after_name.split_whitespace().collect();
    let is_ours = fields.get(2)?.parse() == Ok(group);
    let [user, system] = [fields.get(11)?.parse::<u64>().ok()?, fields.get(12)?.parse::<u64>().ok()?];
    is_ours.then_some(user + system)
}

/// Waits until the group is quiet, so that what one run left behind is not counted for the next; false when it
/// never was.
pub(super) fn settle(group: i32) -> bool {
    let begin = Instant::now();
    while begin.elapsed() < PATIENCE {
        let (before, at) = (cpu_of(group), Instant::now());
        std::thread::park_timeout(LOOK);
        let used = cpu_of(group).zip(before).map_or(0.0, |(after, before)| after - before);
        if used / at.elapsed().as_secs_f64() < QUIET {
            return true;
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::Machine;

    fn measured(script: &str) -> Result<Sample> {
        let machine = Machine::new();
        let group = rustix::process::getpgrp().as_raw_nonzero().get();
        let mut command = machine.shell.command("/bin/sh");
        run(command.args(["-c", script]), Some(group), &machine.path("log"))
    }

    #[test]
    fn a_run_is_measured_and_its_last_report_read() {
        let report = r#"{"created":3,"updated":2,"deleted":1,"requests":9,"bytes_sent":7,"bytes_received":8,"seconds":0.5,"contents":{"extracted":4}}"#;
        let busy = "i=0; while [ $i -lt 20000 ]; do i=$((i+1)); done; echo '{}'";
        let sample = measured(&format!("{busy}; echo '{report}'")).unwrap();
        assert!(sample.wall > 0.0 && sample.cpu > 0.0 && sample.cpu <= sample.wall * 1.5, "{sample:?}");
        assert!(sample.memory > 0.1 && sample.memory < 4096.0, "{sample:?}");
        assert!(sample.server.is_some(), "our own group used some time: {sample:?}");
        let counts = [sample.written, sample.requests, sample.sent, sample.received, sample.opened];
        assert_eq!((counts, sample.reported), ([6, 9, 7, 8, 4], 0.5));
    }

    #[test]
    fn a_run_that_fails_has_no_time() {
        let error = measured("echo to the log >&2; echo '{}'; exit 3").unwrap_err().to_string();
        assert!(error.contains("exit status: 3") && error.contains("to the log"), "{error}");
        let error = measured("echo nothing").unwrap_err().to_string();
        assert!(error.starts_with("cannot understand the report `nothing`"), "{error}");
    }

    #[test]
    fn times_of_a_group_are_read() {
        let stat = "7 (a (b) c) S 1 42 42 0 -1 4194560 1 0 0 0 130 70 5 6 20 0 9 0 100 1 2";
        assert_eq!((ticks(stat, 42), ticks(stat, 43)), (Some(200), None));
        assert_eq!((ticks("7 (a", 42), ticks("7 (a) S 1", 42)), (None, None));
        assert_eq!(cpu_of(-1), None);
        assert!(settle(-1), "nobody is quiet");
    }
}
