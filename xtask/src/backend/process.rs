//! Processes that outlive us: started in a group of their own, found again by their id, ended by it.
//!
//! An id alone can meanwhile belong to somebody else. A process is ours if it also began at the recorded instant and
//! its command line still names the folder that it was started for.

use std::fs::{self, File};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process_group};
use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::shell::line;

/// A process, told apart from any later one with the same id.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, Serialize)]
pub struct Identity {
    /// Its id, and that of its group.
    pub pid: i32,
    /// When it began, in clock ticks since the machine's start.
    pub began: u64,
    /// A text in its command line.
    pub marker: String,
}

/// How a process ended.
#[derive(Debug, PartialEq, Eq)]
pub enum Ending {
    /// It was not there.
    Absent,
    /// It went when asked.
    Asked,
    /// It had to be killed.
    Killed,
}

/// Starts `command` in a process group of its own, its output appended to `log`.
///
/// # Errors
/// When the log cannot be written or the program cannot be started.
pub fn spawn(command: &mut Command, log: &Path) -> Result<Child> {
    let output = File::create(log).map_err(Error::file("write", log))?;
    let errors = output.try_clone().map_err(Error::file("write", log))?;
    command.stdin(Stdio::null()).stdout(output).stderr(errors).process_group(0);
    command.spawn().map_err(|cause| Error::Start { command: line(command), cause })
}

/// A child of ours that is killed when this is dropped. On Ctrl-C it gets the signal as we do.
pub struct Ended(pub Child);

impl Ended {
    /// Kills it, and waits for its end.
    pub fn end(&mut self) {
        // It may have ended by itself.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Drop for Ended {
    fn drop(&mut self) {
        self.end();
    }
}

/// The identity of a process, or nothing if there is none with this id.
#[must_use]
pub fn identify(pid: u32, marker: &str) -> Option<Identity> {
    let pid = i32::try_from(pid).ok()?;
    Some(Identity { pid, began: look(pid)?.began, marker: marker.to_owned() })
}

/// Whether this very process still runs.
#[must_use]
pub fn is_alive(process: &Identity) -> bool {
    let command_line = fs::read(format!("/proc/{}/cmdline", process.pid)).unwrap_or_default();
    runs(process) && mentions(&command_line, &process.marker)
}

/// The same of one that was known a moment ago. While a process ends its command line is no longer whole.
fn runs(process: &Identity) -> bool {
    look(process.pid) == Some(Look { began: process.began, over: false })
}

// In the instant in which a program takes the place of the one that started it, there is no command line.
fn mentions(command_line: &[u8], marker: &str) -> bool {
    command_line.is_empty() || String::from_utf8_lossy(command_line).contains(marker)
}

fn look(pid: i32) -> Option<Look> {
    parse(&fs::read_to_string(format!("/proc/{pid}/stat")).ok()?)
}

#[derive(Debug, PartialEq, Eq)]
struct Look {
    began: u64,
    /// It is over, and only waits for its parent to notice.
    over: bool,
}

// The second field is the program's name in parentheses and may hold anything; the third is the state, the 22nd the
// start.
fn parse(stat: &str) -> Option<Look> {
    let (_, after_name) = stat.rsplit_once(')')?;
    let mut fields = after_name.split_whitespace();
    let over = matches!(fields.next()?, "Z" | "X");
    Some(Look { began: fields.nth(18)?.parse().ok()?, over })
}

/// Asks the process and its group to end, and kills them when they have not after `patience`.
#[must_use]
pub fn end(process: &Identity, patience: Duration) -> Ending {
    if !is_alive(process) {
        return Ending::Absent;
    }
    send(process, Signal::TERM);
    if gone_within(process, patience) {
        return Ending::Asked;
    }
    send(process, Signal::KILL);
    gone_within(process, patience);
    Ending::Killed
}

fn send(process: &Identity, signal: Signal) {
    if let Some(group) = Pid::from_raw(process.pid) {
        // It may have ended since it was looked at.
        let _ = kill_process_group(group, signal);
    }
}

fn gone_within(process: &Identity, patience: Duration) -> bool {
    let begin = Instant::now();
    while runs(process) {
        if begin.elapsed() > patience {
            return false;
        }
        pause();
    }
    true
}

/// Lets a twentieth of a second pass between two looks at a server.
#[expect(
    clippy::disallowed_methods,
    reason = "a command at a terminal waits for another process; no runtime is blocked"
)]
pub fn pause() {
    std::thread::sleep(Duration::from_millis(50));
}

#[cfg(test)]
mod tests;
