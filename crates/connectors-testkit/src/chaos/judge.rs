//! Whether a run of the program ended as it may.

use serde_json::Value;

use super::program::Run;
use super::schedule::Mode;
use crate::Result;

impl Run {
    /// True when it says that the index holds all that the source lists.
    pub(super) fn is_completed(&self) -> bool {
        self.code == Some(0) && self.mode != Mode::Follow
    }

    /// True when it looked at the index at the end and says that it is right; an incremental one never looks.
    pub(super) fn is_verified(&self) -> bool {
        !self.is_full() || self.reports.last().is_some_and(|report| report["verified"] == true)
    }

    /// True when it says that documents differed at the end, and were written or removed once more.
    pub(super) fn has_repaired(&self) -> bool {
        self.reports.iter().any(|report| number(report, "repaired") > 0)
    }

    fn is_full(&self) -> bool {
        matches!(self.mode, Mode::Full | Mode::Twice)
    }

    /// Its report, or what it said last.
    pub(super) fn ending_told(&self) -> String {
        let report = self.reports.last().map(Value::to_string);
        report.unwrap_or_else(|| self.said.lines().last().unwrap_or_default().to_owned())
    }

    /// Fails unless the accounts add up, the exit code fits them, and anything but completion has a reason.
    ///
    /// # Errors
    /// What is not as it must be, with the path of the log.
    pub(super) fn judge(&self) -> Result<()> {
        let looked = || self.reports.iter().filter(|_| self.is_full()).try_for_each(looked);
        self.reports.iter().try_for_each(add_up).and_then(|()| looked()).and_then(|()| self.ending()).map_err(
            |error| {
                format!("{error}\n  the run was {:?}, its log is {}", self.mode, self.log.display()).into()
            },
        )
    }

    /// Fails when documents differed at the end of a run that nothing interfered with.
    ///
    /// # Errors
    /// What it repaired, with the path of the log.
    pub(super) fn is_undisturbed(&self) -> Result<()> {
        if !self.has_repaired() {
            return Ok(());
        }
        let (log, told) = (self.log.display(), self.ending_told());
        Err(format!("it repaired what nothing can have changed: {told}\n  its log is {log}").into())
    }

    /// The error that it ended with: a JSON object in a line of its own.
    fn error(&self) -> Option<String> {
        let error = |line| Some(serde_json::from_str::<Value>(line).ok()?["error"].as_str()?.to_owned());
        self.said.lines().rev().find_map(error)
    }

    fn ending(&self) -> Result<(), String> {
        if self.said.contains("panicked at") {
            return Err("the program panicked".into());
        }
        let Some(code) = self.code else { return Ok(()) };
        let report = self.reports.last().filter(|_| self.mode != Mode::Follow);
        match (code, report) {
            (_, Some(report)) => reason(report, code),
            (0, None) if self.mode == Mode::Follow => Ok(()),
            (1, None) if self.mode == Mode::Follow && !self.reports.is_empty() => Ok(()),
            (1 | 2, None) if self.error().is_some() => Ok(()),
            _ => Err(format!("it ended with {code}, without a report and without a reason")),
        }
    }
}

fn number(report: &Value, name: &str) -> u64 {
    report[name].as_u64().unwrap_or_default()
}

fn add_up(report: &Value) -> Result<(), String> {
    let parts = ["created", "updated", "unchanged", "filtered", "dropped", "failed"];
    let sum: u64 = parts.iter().map(|name| number(report, name)).sum();
    if sum == number(report, "listed") {
        Ok(())
    } else {
        Err(format!("the accounts do not add up: {report}"))
    }
}

/// Whether the index was looked at in the end: if it was, nothing differs; if not, there is a reason.
fn looked(report: &Value) -> Result<(), String> {
    let is_unverified = report["unverified"].is_string();
    let differs = report["differing"]["count"].as_u64() > Some(0);
    let is_over = matches!(report["status"].as_str(), Some("completed" | "partial" | "withheld"));
    match report["verified"] == true {
        true if is_unverified || differs => Err(format!("it is verified and is not: {report}")),
        false if is_over && !is_unverified && !differs => {
            Err(format!("it is not verified, and says no reason: {report}"))
        }
        _ => Ok(()),
    }
}

/// The exit code is the one of the status, and a status that asks for more has its reason.
fn reason(report: &Value, code: i32) -> Result<(), String> {
    let counted = |names: &[&str]| names.iter().any(|name| number(report, name) > 0);
    let differs = report["differing"]["count"].as_u64() > Some(0);
    let contents = report["contents"]["failed"].as_u64() > Some(0);
    let (wanted, has_reason) = match report["status"].as_str().unwrap_or_default() {
        "completed" => (0, !counted(&["failed", "undeleted", "withheld", "listing_errors"]) && !differs),
        "skipped" => (0, true),
        "partial" => (3, counted(&["failed", "undeleted", "listing_errors"]) || differs || contents),
        "withheld" => (4, counted(&["withheld"])),
        "failed" => (1, report["error"].is_string()),
        other => return Err(format!("nobody asked for the status `{other}`: {report}")),
    };
    if code != wanted {
        return Err(format!("it ended with {code}, and its report asks for {wanted}: {report}"));
    }
    if has_reason { Ok(()) } else { Err(format!("the status has no reason: {report}")) }
}
