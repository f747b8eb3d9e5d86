//! What the tests reach, as an LCOV report tells it: lines per crate, and the lines that none of them runs.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::ops::RangeInclusive;
use std::path::Path;

/// The least share of its lines that the tests of a crate have to run, in percent.
pub(crate) const LEAST: f64 = 90.0;

/// One crate's coverage.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Coverage {
    /// Lines that can be run.
    pub(crate) lines: u64,
    /// Those of them that were.
    pub(crate) covered: u64,
    /// Its files that are not wholly covered, with the ranges of lines that no test runs.
    pub(crate) uncovered: BTreeMap<String, Vec<RangeInclusive<usize>>>,
}

impl Coverage {
    /// The share of the lines that were run; all of none.
    #[expect(clippy::cast_precision_loss, reason = "line counts are far below 2^53")]
    pub(crate) fn percent(&self) -> f64 {
        if self.lines == 0 { 100.0 } else { 100.0 * self.covered as f64 / self.lines as f64 }
    }

    /// Whether the tests run as much of it as is asked for.
    pub(crate) fn suffices(&self) -> bool {
        self.percent() >= LEAST
    }
}

/// Sums up the files of an LCOV report below each of `crates` (paths relative to `root`): `SF:` begins a file, `DA:` is
/// a line and how often it ran.
pub(crate) fn by_crate(report: &str, root: &Path, crates: &[String]) -> BTreeMap<String, Coverage> {
    let mut result: BTreeMap<_, _> = crates.iter().map(|name| (name.clone(), Coverage::default())).collect();
    for file in report.split("SF:").skip(1) {
        let (path, records) = file.split_once('\n').unwrap_or((file, ""));
        let Ok(path) = Path::new(path).strip_prefix(root) else { continue };
        let Some((_, coverage)) = result.iter_mut().find(|(name, _)| path.starts_with(name)) else {
            continue;
        };
        let lines = records.lines().filter_map(|record| record.strip_prefix("DA:")?.split_once(','));
        for (line, count) in lines {
            coverage.lines += 1;
            if count != "0" {
                coverage.covered += 1;
            } else if let Ok(line) = line.parse() {
                add(coverage.uncovered.entry(path.display().to_string()).or_default(), line);
            }
        }
    }
    result
}

/// Adds a line to ranges, the last of which it may lengthen.
fn add(ranges: &mut Vec<RangeInclusive<usize>>, line: usize) {
    match ranges.last_mut() {
        Some(last) if *last.end() + 1 == line => *last = *last.start()..=line,
        _ => ranges.push(line..=line),
    }
}

/// The table of all crates, one a line.
pub(crate) fn table(crates: &BTreeMap<String, Coverage>) -> String {
    let width = crates.keys().map(String::len).max().unwrap_or(0).max("crate".len());
    let mut text = format!("{:<width$}  {:>13}  {:>8}", "crate", "lines", "covered");
    for (name, coverage) in crates {
        let fraction = format!("{}/{}", coverage.covered, coverage.lines);
        let _ = write!(text, "\n{name:<width$}  {fraction:>13}  {:>6.2} %", coverage.percent());
    }
    text
}

/// What is missing in the crates that do not suffice: file and lines, or nothing when all do.
pub(crate) fn shortfall(crates: &BTreeMap<String, Coverage>) -> Option<String> {
    let mut text = String::new();
    for (name, coverage) in crates.iter().filter(|(_, coverage)| !coverage.suffices()) {
        let told = format!("{:.2} % of its lines are covered, {LEAST} % are asked for", coverage.percent());
        let _ = write!(text, "\n{name}: {told}; not run are");
        for (file, ranges) in &coverage.uncovered {
            let _ = write!(text, "\n  {file}: {}", written(ranges));
        }
    }
    (!text.is_empty()).then(|| text.trim_start().to_owned())
}

/// Ranges as people write them.
pub(crate) fn written(ranges: &[RangeInclusive<usize>]) -> String {
    let range = |range: &RangeInclusive<usize>| match (range.start(), range.end()) {
        (start, end) if start == end => start.to_string(),
        (start, end) => format!("{start}-{end}"),
    };
    ranges.iter().map(range).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn crates(report: &str) -> BTreeMap<String, Coverage> {
        by_crate(report, Path::new("/w"), &["crates/a".into(), "crates/ab".into()])
    }

    #[test]
    fn files_are_summed_up_by_the_crate_that_holds_them() {
        let file = "TN:\nSF:/w/crates/ab/src/lib.rs\nFN:1,main\nDA:3,9\nDA:4,0\nDA:5,0\nDA:9,0\nBRH:0\nend_of_record\n";
        let crates = crates(&format!("SF:/registry/serde/src/lib.rs\nDA:1,0\nend_of_record\n{file}"));
        let uncovered = [("crates/ab/src/lib.rs".to_owned(), vec![4..=5, 9..=9])].into();
        assert_eq!(crates["crates/ab"], Coverage { lines: 4, covered: 1, uncovered });
        assert_eq!(crates["crates/a"], Coverage::default());
    }

    #[test]
    fn ninety_percent_suffice_and_less_names_the_lines() {
        let report = |run: usize| {
            let lines =
                (1..=10).map(|line| format!("DA:{line},{}\n", usize::from(line <= run))).collect::<String>();
            crates(&format!("SF:/w/crates/a/src/x.rs\n{lines}"))
        };
        assert_eq!(shortfall(&report(9)), None);
        let told = "crates/a: 70.00 % of its lines are covered, 90 % are asked for; not run are\n  \
                    crates/a/src/x.rs: 8-10";
        assert_eq!(shortfall(&report(7)).unwrap(), told);
        let expected = "\
crate              lines   covered
crates/a            7/10   70.00 %
crates/ab            0/0  100.00 %";
        assert_eq!(table(&report(7)), expected);
    }
}
