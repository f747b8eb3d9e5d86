//! `cargo xtask check`: the contribution checklist.
//!
//! Each point of the list is a pure function from a [`Workspace`], which is read once, to its findings.

pub(crate) mod finding;
pub(crate) mod workspace;

mod blocking;
mod contract;
mod coverage;
mod declared;
mod docker;
mod docs;
mod features;
mod functions;
mod layering;
mod layout;
mod manifest;
mod pins;
mod rust;
mod scope;
mod settings;
mod throttle;
mod tokens;
mod volume;

use std::fs;
use std::time::Instant;

use serde_json::json;

use crate::error::{Error, Result};
use crate::shell::Shell;
use finding::{Code, Finding, Findings};
use workspace::Workspace;

/// Hold the workspace to the contribution checklist; fail on any finding.
///
/// Nothing is compiled and no test is run. `coverage` judges what the last `cargo xtask test` left; named on its own it
/// fails where that is missing or older than the code.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// The points to check, all of them unless some are named; each is explained in docs/contributing.md.
    #[arg(value_name = "CODE")]
    codes: Vec<Code>,
    /// Findings and notes as one JSON object.
    #[arg(long)]
    json: bool,
    /// Write the tables of settings in docs/sources again, from the sources' own declarations.
    #[arg(long)]
    fix: bool,
    /// What the patch is compared with for `scope`: its merge base with REV, or with origin/main or main.
    #[arg(long, value_name = "REV")]
    base: Option<String>,
}

/// What of the workspace does not meet a point.
type Check = fn(&Workspace, &mut Findings);
/// What the reader should know beside the findings, such as that something could not be judged.
type Notes = fn(&Workspace) -> Vec<String>;

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

const NOTES: &[(Code, Notes)] =
    &[(Code::Layout, layout::notes), (Code::Coverage, coverage::notes), (Code::Scope, scope::notes)];

pub(crate) fn run(shell: &Shell, args: &Args) -> Result<()> {
    let began = Instant::now();
    let mut workspace = Workspace::read(shell, args.base.as_deref())?;
    workspace.coverage_is_due = args.codes.contains(&Code::Coverage);
    if args.fix {
        mend(shell, &mut workspace)?;
    }
    let (findings, notes) = (findings(&workspace, &args.codes), notes(&workspace, &args.codes));
    let count = match findings.len() {
        0 => "no finding".into(),
        1 => "1 finding".into(),
        count => format!("{count} findings"),
    };
    if args.json {
        shell.say(json!({"findings": findings, "notes": notes}));
    } else {
        findings.iter().for_each(|finding| shell.say(format_args!("{finding}\n")));
        notes.iter().for_each(|note| shell.say(format_args!("note: {note}")));
        shell.say(format_args!("{count} in {:.1} s", began.elapsed().as_secs_f64()));
    }
    if findings.is_empty() { Ok(()) } else { Err(Error::Gate(count)) }
}

/// What the points of these codes find, or all points where none is named; by path and line.
pub(crate) fn findings(workspace: &Workspace, codes: &[Code]) -> Vec<Finding> {
    let wanted = CHECKS.iter().filter(|(code, _)| codes.is_empty() || codes.contains(code));
    let found = wanted.flat_map(|(code, check)| {
        let mut findings = Findings { code: *code, list: Vec::new() };
        check(workspace, &mut findings);
        findings.list
    });
    let mut findings: Vec<Finding> = found.collect();
    findings.sort_by(|a, b| (a.code, &a.path, a.line).cmp(&(b.code, &b.path, b.line)));
    findings
}

fn notes(workspace: &Workspace, codes: &[Code]) -> Vec<String> {
    let wanted = NOTES.iter().filter(|(code, _)| codes.is_empty() || codes.contains(code));
    wanted.flat_map(|(_, notes)| notes(workspace)).collect()
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

#[cfg(test)]
mod tests;
