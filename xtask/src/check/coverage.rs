//! `coverage`: the tests run at least 90 % of each crate's lines, and no file is left out of the count.

use super::features;
use super::finding::Findings;
use super::workspace::{Report, Workspace, lines};
use crate::coverage::{Coverage, LEAST, written};

/// What leaves code out of the count: as an attribute in Rust, and as a switch in a script.
const ATTRIBUTES: [&str; 4] = ["coverage(off)", "cfg(not(coverage", "cfg_attr(coverage", "tarpaulin"];
const SWITCHES: [&str; 3] = ["--ignore-filename-regex", "--exclude", "--ignore-run-fail"];
/// Where scripts lie.
const SCRIPTS: [&str; 5] = ["ci/", ".ci/", ".github/", ".config/", ".cargo/"];

pub(super) fn check(workspace: &Workspace, out: &mut Findings) {
    let files = workspace.files.iter().map(|(path, text)| (path.as_str(), text.as_str()));
    for (path, at, line) in lines(files) {
        if let Some(word) = exclusion(path, line.trim()) {
            let message = format!("`{word}` leaves code out of the coverage");
            out.add((path, at), message, "remove it: what is shipped is counted");
        }
    }
    match &workspace.coverage {
        Report::Fresh(crates) => {
            let with_code = crates.iter().filter(|(folder, _)| !folder.ends_with(features::UNIFIED));
            with_code.for_each(|(folder, coverage)| of_crate(folder, coverage, out));
        }
        other if workspace.coverage_is_due => {
            let path = if let Report::Stale(path) = other { path } else { "Cargo.toml" };
            out.add((path, 1), notes(workspace).join("; "), "run `cargo xtask test`");
        }
        _ => {}
    }
}

/// That the coverage could not be judged.
pub(super) fn notes(workspace: &Workspace) -> Vec<String> {
    let why = match &workspace.coverage {
        Report::Fresh(_) => return Vec::new(),
        Report::Absent => "there is no report; `cargo xtask test` makes one".into(),
        Report::Stale(path) => format!("{path} is newer than the report; `cargo xtask test` makes a new one"),
    };
    vec![format!("coverage was not judged: {why}")]
}

fn of_crate(folder: &str, coverage: &Coverage, out: &mut Findings) {
    if coverage.lines == 0 {
        let help = "add tests that run its code; `cargo xtask test` measures them";
        return out.add((format!("{folder}/Cargo.toml"), 1), "no line of this crate was measured", help);
    }
    let uncovered = coverage.uncovered.iter().filter(|_| !coverage.suffices());
    for (file, ranges) in uncovered {
        let message = format!(
            "{:.2} % of the lines of {folder} are run, {LEAST} % are asked for; not run are {}",
            coverage.percent(),
            written(ranges)
        );
        let line = ranges.first().map_or(1, |first| *first.start());
        out.add((file, line), message, "test what these lines do, or remove them");
    }
}

fn exclusion(path: &str, line: &str) -> Option<&'static str> {
    if path.ends_with(".rs") {
        let is_attribute = line.starts_with("#[") || line.starts_with("#![");
        return ATTRIBUTES.into_iter().find(|word| is_attribute && line.contains(word));
    }
    let is_script = SCRIPTS.iter().any(|folder| path.starts_with(folder)) && !line.starts_with('#');
    SWITCHES.into_iter().find(|word| is_script && line.contains(word))
}
