//! One program, run to its end and measured alone.

use std::fs::{self, File};
use std::io::Read;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Instant;

use serde::Serialize;
use serde_json::Value;
use wait4::Wait4;

use super::cpu;
use crate::error::{Error, Result, tail};
use crate::shell::line;

const MIB: f64 = 1_048_576.0;

/// What one run cost, and what it said that it did.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Sample {
    /// Seconds from its start to its end.
    pub wall: f64,
    /// Seconds of processor time of the program alone, user and system.
    pub cpu: f64,
    /// The most memory that it held, in MiB.
    pub memory: f64,
    /// Seconds of processor time of the server meanwhile, where it is known.
    pub server: Option<f64>,
    /// Requests to the server.
    pub requests: u64,
    /// Bytes of request bodies.
    pub sent: u64,
    /// Bytes of response bodies.
    pub received: u64,
    /// Documents written or removed.
    pub written: u64,
    /// Files opened for their text.
    pub opened: u64,
    /// The time that the program itself reports, for the last of several syncs in one process.
    pub reported: f64,
}

/// Runs `command`, whose last line of output is a JSON object, beside a server whose processes are a group.
///
/// The peak memory of a child begins with what its parent held when it started it: this process must stay small,
/// and leaves everything large to others.
///
/// # Errors
/// With the end of its output when it fails; the error output goes through `log`.
pub fn run(command: &mut Command, group: Option<i32>, log: &Path) -> Result<Sample> {
    let errors = File::create(log).map_err(Error::file("write", log))?;
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(errors);
    let (server, begin) = (group.and_then(cpu::of_group), Instant::now());
    let mut child = command.spawn().map_err(|cause| Error::Start { command: line(command), cause })?;
    let mut output = String::new();
    let read = child.stdout.take().map_or(Ok(0), |mut out| out.read_to_string(&mut output));
    let ended = child.wait4().map_err(|cause| Error::Start { command: line(command), cause })?;
    let wall = begin.elapsed().as_secs_f64();
    let after = group.and_then(cpu::of_group);
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
    told(sample, &output)
}

/// Adds what the program said in its last line.
fn told(sample: Sample, output: &str) -> Result<Sample> {
    let last = output.lines().next_back().unwrap_or_default();
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::Machine;

    fn measured(script: &str) -> Result<Sample> {
        let machine = Machine::new();
        run(machine.shell.command("/bin/sh").args(["-c", script]), None, &machine.path("log"))
    }

    #[test]
    fn a_run_is_measured_and_its_last_report_read() {
        let report = r#"{"created":3,"updated":2,"deleted":1,"requests":9,"bytes_sent":7,"bytes_received":8,"seconds":0.5,"contents":{"extracted":4}}"#;
        let sample = measured(&format!(
            "i=0; while [ $i -lt 20000 ]; do i=$((i+1)); done; echo '{{}}'; echo '{report}'"
        ))
        .unwrap();
        assert!(sample.wall > 0.0 && sample.cpu > 0.0 && sample.cpu <= sample.wall * 1.5, "{sample:?}");
        assert!(sample.memory > 0.1 && sample.memory < 4096.0, "{sample:?}");
        let counts = [sample.written, sample.requests, sample.sent, sample.received, sample.opened];
        assert_eq!((counts, sample.reported, sample.server), ([6, 9, 7, 8, 4], 0.5, None));
    }

    #[test]
    fn a_run_that_fails_has_no_time() {
        let error = measured("echo to the log >&2; echo '{}'; exit 3").unwrap_err().to_string();
        assert!(error.contains("exit status: 3") && error.contains("to the log"), "{error}");
        let error = measured("echo nothing").unwrap_err().to_string();
        assert!(error.starts_with("cannot understand the report `nothing`"), "{error}");
        let log = Path::new("/no/such/folder/log");
        assert!(run(&mut Command::new("/bin/true"), None, log).is_err());
    }
}
