//! Coverage and scope, which look at more than the files.

use std::collections::BTreeMap;

use super::{edited, notes, places};
use crate::check::workspace::{Report, Workspace};
use crate::check::{Code, findings};
use crate::coverage::Coverage;

fn covered(lines: u64, covered: u64) -> Report {
    let uncovered = [("crates/source-notes/src/client.rs".to_owned(), vec![7..=9, 12..=12])].into();
    let coverage = Coverage { lines, covered, uncovered };
    Report::Fresh(BTreeMap::from([("crates/source-notes".to_owned(), coverage)]))
}

fn with(coverage: Report) -> Workspace {
    Workspace { coverage, ..edited(&[]) }
}

#[test]
fn a_crate_below_90_percent_names_what_is_not_run() {
    assert_eq!(places(&with(covered(100, 90))), [""; 0]);
    let found = findings(&with(covered(1000, 899)), &[]);
    assert_eq!(found.len(), 1);
    assert_eq!((found[0].code, found[0].line), (Code::Coverage, 7));
    let told = "89.90 % of the lines of crates/source-notes are run, 90 % are asked for; not run are 7-9, 12";
    assert_eq!(found[0].message, told);
    assert_eq!(places(&with(covered(0, 0))), ["coverage crates/source-notes/Cargo.toml:1"]);
}

#[test]
fn a_report_that_is_missing_or_old_is_told_and_fails_when_coverage_is_asked_for() {
    for (report, part, place) in [
        (Report::Absent, "there is no report", "coverage Cargo.toml:1"),
        (
            Report::Stale("crates/a.rs".into()),
            "crates/a.rs is newer than the report",
            "coverage crates/a.rs:1",
        ),
    ] {
        let mut workspace = with(report);
        assert_eq!(places(&workspace), [""; 0]);
        assert!(notes(&workspace, &[])[0].contains(part));
        workspace.coverage_is_due = true;
        assert_eq!(places(&workspace), [place]);
    }
    assert!(notes(&with(covered(1, 1)), &[Code::Coverage]).is_empty());
}

fn patch(paths: &[&str]) -> Workspace {
    Workspace { patch: Some(paths.iter().map(|path| (*path).to_owned()).collect()), ..edited(&[]) }
}

#[test]
fn a_patch_of_a_source_touches_nothing_else() {
    let own = [
        "crates/source-notes/src/lib.rs",
        "config.yml",
        "Cargo.toml",
        "Cargo.lock",
        "crates/connectors/Cargo.toml",
        "docker/notes/compose.yml",
        "docs/sources/notes.md",
    ];
    assert_eq!(places(&patch(&own)), [""; 0]);
    for other in [
        "crates/connectors-core/src/lib.rs",
        "crates/connectors/src/main.rs",
        "docker/other/compose.yml",
        "docs/sources/wiki.md",
        "README.md",
        "crates/source-wiki/src/lib.rs",
        "crates/connectors-testkit/Cargo.toml",
    ] {
        let found = places(&patch(&[&own[..], &[other]].concat()));
        assert_eq!(found, [format!("scope {other}:1")]);
    }
}

#[test]
fn a_patch_of_the_framework_is_free_and_no_base_is_told() {
    assert_eq!(places(&patch(&["crates/connectors-core/src/lib.rs", "README.md"])), [""; 0]);
    assert_eq!(places(&patch(&[])), [""; 0]);
    assert!(notes(&edited(&[]), &[Code::Scope])[0].starts_with("scope was not judged"));
    assert!(notes(&patch(&[]), &[Code::Scope]).is_empty());
}
