//! What the checklist and the contract say of a copy.

use std::collections::BTreeSet;
use std::fmt;
use std::process::Output;

use super::fault::Fault;
use super::scratch::Scratch;
use crate::check;
use crate::check::finding::{Code, Finding};
use crate::check::workspace::Workspace;
use crate::error::{Error, Result, tail};
use crate::shell;

/// What caught a fault.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Caught {
    /// Points of the checklist.
    Checks(BTreeSet<Code>),
    /// Promises of the contract.
    Promises(Vec<String>),
}

impl fmt::Display for Caught {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Checks(codes) => {
                write!(f, "check {}", codes.iter().map(Code::to_string).collect::<Vec<_>>().join(", "))
            }
            Self::Promises(names) if names.len() > 1 => {
                write!(f, "{} and {} more", names[0], names.len() - 1)
            }
            Self::Promises(names) => f.write_str(&names.concat()),
        }
    }
}

/// Fails unless the good source is good; returns what the checklist finds elsewhere.
pub(super) fn is_good(scratch: &Scratch) -> Result<Vec<Finding>> {
    let of_source =
        |finding: &&Finding| [&finding.path, &finding.message].iter().any(|text| text.contains(scratch.name));
    let findings = findings(scratch)?;
    if let Some(finding) = findings.iter().find(of_source) {
        return Err(Error::Gate(format!("the good source does not meet the checklist:\n{finding}")));
    }
    compiles(scratch, "the good source")?;
    let broken = broken_promises(scratch)?;
    if broken.is_empty() {
        return Ok(findings);
    }
    Err(Error::Gate(format!("the good source does not keep the contract: {}", broken.join(", "))))
}

/// What catches a fault, if anything does; `before` is what the checklist found without it. The checklist is asked
/// first, and the suite only where that finds nothing new.
pub(super) fn of(scratch: &Scratch, fault: &Fault, before: &[Finding]) -> Result<Option<Caught>> {
    // Not by its line, since a patch moves lines.
    let key = |finding: &Finding| (finding.code, finding.path.clone(), finding.message.clone());
    let is_old = |finding: &Finding| before.iter().any(|old| key(old) == key(finding));
    let is_compiled = |file: &str| [".rs", ".toml"].iter().any(|ending| file.ends_with(ending));
    scratch.with(fault, || {
        let new = findings(scratch)?.into_iter().filter(|finding| !is_old(finding));
        let codes: BTreeSet<Code> = new.map(|finding| finding.code).collect();
        if fault.edits.iter().any(|edit| is_compiled(&edit.file)) {
            compiles(scratch, &fault.name)?;
        }
        if !codes.is_empty() {
            return Ok(Some(Caught::Checks(codes)));
        }
        let broken = broken_promises(scratch)?;
        Ok((!broken.is_empty()).then_some(Caught::Promises(broken)))
    })
}

/// What the checklist says of the copy.
fn findings(scratch: &Scratch) -> Result<Vec<Finding>> {
    Ok(check::findings(&Workspace::read(&scratch.shell, None)?, &[]))
}

/// Runs cargo on the suite of the source, to its end, whatever that is.
fn cargo(scratch: &Scratch, more: &[&str]) -> Result<(String, Output)> {
    let package = scratch.package();
    let mut command = scratch.shell.command("cargo");
    command.args(["test", "--offline", "--package", &package, "--test", "source"]).args(more);
    let output = command.output().map_err(|cause| Error::Start { command: shell::line(&command), cause })?;
    Ok((shell::line(&command), output))
}

fn compiles(scratch: &Scratch, what: &str) -> Result<()> {
    let (_, output) = cargo(scratch, &["--no-run"])?;
    if output.status.success() {
        return Ok(());
    }
    let text = String::from_utf8_lossy(&output.stderr);
    let first = text.find("error").map_or(&*text, |at| &text[at..]);
    let first: Vec<&str> = first.lines().take(12).collect();
    Err(Error::Gate(format!("{what}: does not compile, so nothing is proved{}", tail(&first.join("\n"), 12))))
}

/// The promises that are not kept.
fn broken_promises(scratch: &Scratch) -> Result<Vec<String>> {
    let (command, output) = cargo(scratch, &[])?;
    let text = String::from_utf8_lossy(&output.stdout);
    let broken = failed(&text);
    if output.status.success() == broken.is_empty() && text.contains("test result:") {
        return Ok(broken);
    }
    let all = text.into_owned() + &String::from_utf8_lossy(&output.stderr);
    Err(Error::Command { command, status: output.status.to_string(), tail: tail(&all, 15) })
}

/// The tests that failed, as a test program lists them.
pub(super) fn failed(text: &str) -> Vec<String> {
    let names = text.lines().filter_map(|line| {
        let (name, result) = line.strip_prefix("test ")?.split_once(" ... ")?;
        result.starts_with("FAILED").then(|| name.trim().to_owned())
    });
    names.collect()
}
