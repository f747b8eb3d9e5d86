//! `cargo xtask check`: the contribution checklist.
//!
//! Each point of the list is a pure function from a [`Workspace`], which is read once, to its [`Finding`]s.

pub mod finding;
pub mod workspace;

mod blocking;
mod contract;
mod coverage;
mod declared;
mod docker;
mod docs;
mod image;
mod layering;
mod layout;
mod manifest;
mod pins;
mod rust;
mod scope;
mod settings;
mod throttle;
mod volume;

use std::fs;
use std::time::Instant;

use serde_json::json;

use crate::cli::{Command, no_more_switches, take_switch};
use crate::error::{Error, Result};
use crate::shell::Shell;
use finding::{Code, Finding};
use workspace::Workspace;

/// `cargo xtask check`.
pub const COMMAND: Command = Command {
    name: "check",
    usage: "[CODE ...] [--json] [--fix] [--base REV]",
    help: "Hold the workspace to the contribution checklist; fail on any finding.

The codes are layout, declared, contract, coverage, pins, async, throttle, docker, volume, layering, scope and docs;
all of them unless some are named. Each is explained in docs/contributing.md under its name.

--json      findings and notes as one JSON object
--fix       write the tables of settings in docs/sources anew, from the sources' own declarations
--base REV  what the patch is compared with for `scope`: its merge base with REV, or with origin/main or main

Nothing is compiled and no test is run. `coverage` judges what the last `cargo xtask test` left; named on its own it
fails where that is missing or older than the code.",
    run,
};

/// One point of the checklist: what of the workspace does not meet it.
type Check = fn(&Workspace) -> Vec<Finding>;

/// Every point, in the order of the checklist.
const CHECKS: &[(Code, Check)] = &[
    (Code::Layout, layout::check),
    (Code::Declared, declared::check),
    (Code::Contract, contract::check),
    (Code::Coverage, coverage::check),
    (Code::Pins, pins::check),
    (Code::Async, blocking::check),
    (Code::Throttle, throttle::check),
    (Code::Docker, docker::check),
    (Code::Volume, volume::check),
    (Code::Layering, layering::check),
    (Code::Scope, scope::check),
    (Code::Docs, docs::check),
];

fn run(shell: &Shell, arguments: &[String]) -> Result<()> {
    let began = Instant::now();
    let mut arguments = arguments.to_vec();
    let (json, fix) = (take_switch(&mut arguments, "--json"), take_switch(&mut arguments, "--fix"));
    let base = take_value(&mut arguments, "--base")?;
    no_more_switches(&arguments)?;
    let codes = arguments.iter().map(|name| Code::named(name)).collect::<Result<Vec<_>>>()?;
    let mut workspace = Workspace::read(shell, base.as_deref())?;
    workspace.coverage_is_due = codes.contains(&Code::Coverage);
    if fix {
        mend(shell, &mut workspace)?;
    }
    let (findings, notes) = (findings(&workspace, &codes), notes(&workspace, &codes));
    if json {
        shell.say(json!({"findings": findings, "notes": notes}));
    } else {
        findings.iter().for_each(|finding| shell.say(format_args!("{finding}\n")));
        notes.iter().for_each(|note| shell.say(format_args!("note: {note}")));
        shell.say(format_args!("{} in {:.1} s", counted(&findings), began.elapsed().as_secs_f64()));
    }
    if findings.is_empty() { Ok(()) } else { Err(Error::Gate(counted(&findings))) }
}

/// What the points of these codes find, or all points where none is named; by path and line.
#[must_use]
pub fn findings(workspace: &Workspace, codes: &[Code]) -> Vec<Finding> {
    let wanted = CHECKS.iter().filter(|(code, _)| codes.is_empty() || codes.contains(code));
    let mut findings: Vec<Finding> = wanted.flat_map(|(_, check)| check(workspace)).collect();
    findings.sort_by(|a, b| (a.code, &a.path, a.line).cmp(&(b.code, &b.path, b.line)));
    findings
}

/// What the reader should know beside the findings, such as that something could not be judged.
fn notes(workspace: &Workspace, codes: &[Code]) -> Vec<String> {
    let of = |code, notes: fn(&Workspace) -> Vec<String>| {
        if codes.is_empty() || codes.contains(&code) { notes(workspace) } else { Vec::new() }
    };
    [of(Code::Layout, layout::notes), of(Code::Coverage, coverage::notes), of(Code::Scope, scope::notes)]
        .concat()
}

fn counted(findings: &[Finding]) -> String {
    match findings.len() {
        0 => "no finding".into(),
        1 => "1 finding".into(),
        count => format!("{count} findings"),
    }
}

fn mend(shell: &Shell, workspace: &mut Workspace) -> Result<()> {
    for (path, text) in docs::mended(workspace) {
        let file = shell.root.join(&path);
        fs::write(&file, &text).map_err(Error::file("write", &file))?;
        shell.note(format_args!("wrote the table of settings in {path}"));
        workspace.files.insert(path, text);
    }
    Ok(())
}

/// Takes `name VALUE` or `name=VALUE` out of the arguments.
fn take_value(arguments: &mut Vec<String>, name: &str) -> Result<Option<String>> {
    let prefix = format!("{name}=");
    let Some(at) = arguments.iter().position(|argument| argument == name || argument.starts_with(&prefix))
    else {
        return Ok(None);
    };
    let argument = arguments.remove(at);
    if let Some(value) = argument.strip_prefix(&prefix) {
        return Ok(Some(value.to_owned()));
    }
    if at == arguments.len() {
        return Err(Error::Usage(format!("{name} wants a value; see --help")));
    }
    Ok(Some(arguments.remove(at)))
}

#[cfg(test)]
mod tests;
