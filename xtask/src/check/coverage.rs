//! `coverage`: the tests run at least 90 % of each crate's lines, and no file is left out of the count.

use super::finding::{Code, Finding};
use super::workspace::{Report, Workspace, lines};
use crate::coverage::{Coverage, LEAST, written};

/// What leaves code out of the count: as an attribute in Rust, and as a switch in a script.
const ATTRIBUTES: [&str; 4] = ["coverage(off)", "cfg(not(coverage", "cfg_attr(coverage", "tarpaulin"];
const SWITCHES: [&str; 3] = ["--ignore-filename-regex", "--exclude", "--ignore-run-fail"];

pub(super) fn check(workspace: &Workspace) -> Vec<Finding> {
    let mut findings = excluded(workspace);
    match &workspace.coverage {
        Report::Fresh(crates) => {
            for (folder, coverage) in crates {
                findings.extend(of_crate(folder, coverage));
            }
        }
        Report::Absent | Report::Stale(_) if workspace.coverage_is_due => {
            let path = if let Report::Stale(path) = &workspace.coverage { path } else { "Cargo.toml" };
            let message = notes(workspace).join("; ");
            findings.push(Finding::new(Code::Coverage, (path, 1), message, "run `cargo xtask test`"));
        }
        Report::Absent | Report::Stale(_) => {}
    }
    findings
}

/// That the coverage could not be judged.
pub(super) fn notes(workspace: &Workspace) -> Vec<String> {
    match &workspace.coverage {
        Report::Fresh(_) => Vec::new(),
        Report::Absent => {
            vec!["coverage was not judged: there is no report; `cargo xtask test` makes one".into()]
        }
        Report::Stale(path) => {
            vec![format!(
                "coverage was not judged: {path} is newer than the report; `cargo xtask test` makes a new one"
            )]
        }
    }
}

fn of_crate(folder: &str, coverage: &Coverage) -> Vec<Finding> {
    if coverage.lines.count == 0 {
        let help = "add tests that run its code; `cargo xtask test` measures them";
        let path = format!("{folder}/Cargo.toml");
        return vec![Finding::new(Code::Coverage, (path, 1), "no line of this crate was measured", help)];
    }
    if coverage.suffices() {
        return Vec::new();
    }
    let percent = coverage.lines.percent();
    let help = "test what these lines do, or remove them";
    let of_file = |(file, ranges): (&String, &Vec<std::ops::RangeInclusive<u64>>)| {
        let line = ranges.first().and_then(|first| usize::try_from(*first.start()).ok()).unwrap_or(1);
        let told: Vec<String> = ranges.iter().map(written).collect();
        let message = format!(
            "{percent:.2} % of the lines of {folder} are run, {LEAST} % are asked for; not run are {}",
            told.join(", ")
        );
        Finding::new(Code::Coverage, (file, line), message, help)
    };
    coverage.uncovered.iter().map(of_file).collect()
}

fn excluded(workspace: &Workspace) -> Vec<Finding> {
    let files = workspace.files.iter().map(|(path, text)| (path.as_str(), text.as_str()));
    let excluded = lines(files).filter_map(|(path, at, line)| {
        let message = format!("`{}` leaves code out of the coverage", exclusion(path, line)?);
        Some(Finding::new(Code::Coverage, (path, at), message, "remove it: what is shipped is counted"))
    });
    excluded.collect()
}

fn exclusion(path: &str, line: &str) -> Option<&'static str> {
    let line = line.trim();
    if path.ends_with(".rs") {
        let is_attribute = line.starts_with("#[") || line.starts_with("#![");
        return ATTRIBUTES.into_iter().find(|word| is_attribute && line.contains(word));
    }
    let is_script =
        ["ci/", ".ci/", ".github/", ".config/", ".cargo/"].iter().any(|folder| path.starts_with(folder));
    SWITCHES.into_iter().find(|word| is_script && !line.starts_with('#') && line.contains(word))
}
