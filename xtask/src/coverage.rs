//! What the tests reach: lines per crate, and the lines that none of them runs.
//!
//! The input is the JSON that `llvm-cov export` writes. Its totals per file are taken as they are; the uncovered
//! lines are worked out from its segments by the rules that llvm-cov itself shows them by.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::ops::RangeInclusive;
use std::path::Path;

use serde::Deserialize;
use serde::de::IgnoredAny;

use crate::error::{Error, Result};

/// The least share of its lines that the tests of a crate have to run, in percent.
pub const LEAST: f64 = 90.0;

#[derive(Deserialize)]
struct Export {
    data: Vec<Data>,
}

#[derive(Deserialize)]
struct Data {
    files: Vec<SourceFile>,
}

#[derive(Deserialize)]
struct SourceFile {
    filename: String,
    segments: Vec<Segment>,
    summary: Summary,
}

#[derive(Deserialize)]
struct Summary {
    lines: Lines,
}

/// Lines that can be run, and those of them that were.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq)]
pub struct Lines {
    /// All lines with code.
    pub count: u64,
    /// Those that were run.
    pub covered: u64,
}

impl Lines {
    /// The share of the lines that were run; all of none.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "line counts are far below 2^53")]
    pub fn percent(self) -> f64 {
        if self.count == 0 { 100.0 } else { 100.0 * self.covered as f64 / self.count as f64 }
    }
}

// line, column, count, has a count, begins a region, is a gap between regions
#[derive(Clone, Copy, Deserialize)]
struct Segment(u64, IgnoredAny, u64, bool, bool, bool);

impl Segment {
    fn begins_counted(self) -> bool {
        self.3 && self.4 && !self.5
    }
}

/// One crate's coverage.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Coverage {
    /// Its lines, over all files.
    pub lines: Lines,
    /// Its files that are not wholly covered, with the ranges of lines that no test runs.
    pub uncovered: BTreeMap<String, Vec<RangeInclusive<u64>>>,
}

impl Coverage {
    /// Whether the tests run as much of it as is asked for.
    #[must_use]
    pub fn suffices(&self) -> bool {
        self.lines.percent() >= LEAST
    }
}

/// Reads `json`, and sums up the files below each of `crates` (paths relative to `root`).
///
/// # Errors
/// When `json` is not an export of llvm-cov.
pub fn by_crate(json: &str, root: &Path, crates: &[String]) -> Result<BTreeMap<String, Coverage>> {
    let export: Export = serde_json::from_str(json)
        .map_err(|cause| Error::Format { what: "the coverage report".into(), cause: cause.to_string() })?;
    let mut result: BTreeMap<_, _> = crates.iter().map(|name| (name.clone(), Coverage::default())).collect();
    for file in export.data.iter().flat_map(|data| &data.files) {
        let Ok(path) = Path::new(&file.filename).strip_prefix(root) else { continue };
        if let Some((_, coverage)) = result.iter_mut().find(|(name, _)| path.starts_with(name)) {
            add(coverage, path, file);
        }
    }
    Ok(result)
}

fn add(coverage: &mut Coverage, path: &Path, file: &SourceFile) {
    coverage.lines.count += file.summary.lines.count;
    coverage.lines.covered += file.summary.lines.covered;
    let ranges = ranges(uncovered(&file.segments));
    if !ranges.is_empty() {
        coverage.uncovered.insert(path.display().to_string(), ranges);
    }
}

// A line's count is the highest of the regions that begin on it and of the one that reaches into it from above;
// a line without either has no code.
fn uncovered(segments: &[Segment]) -> Vec<u64> {
    let mut lines = Vec::new();
    let mut from_above: Option<Segment> = None;
    let mut next = 0;
    let Some((first, last)) = segments.first().zip(segments.last()) else { return lines };
    for line in first.0..=last.0 {
        let here: Vec<Segment> =
            segments[next..].iter().take_while(|segment| segment.0 == line).copied().collect();
        next += here.len();
        if count(from_above, &here) == Some(0) {
            lines.push(line);
        }
        from_above = here.last().copied().or(from_above);
    }
    lines
}

fn count(from_above: Option<Segment>, here: &[Segment]) -> Option<u64> {
    let skipped = here.first().is_some_and(|first| !first.3 && first.4);
    let begun = here.iter().filter(|segment| segment.begins_counted()).map(|segment| segment.2).max();
    let above = from_above.filter(|segment| segment.3).map(|segment| segment.2);
    let mapped = !skipped || here.iter().any(|segment| segment.3 && segment.4);
    if mapped { begun.max(above) } else { None }
}

fn ranges(lines: Vec<u64>) -> Vec<RangeInclusive<u64>> {
    let mut ranges: Vec<RangeInclusive<u64>> = Vec::new();
    for line in lines {
        match ranges.last_mut() {
            Some(last) if *last.end() + 1 == line => *last = *last.start()..=line,
            _ => ranges.push(line..=line),
        }
    }
    ranges
}

/// The table of all crates, one a line.
#[must_use]
pub fn table(crates: &BTreeMap<String, Coverage>) -> String {
    let width = crates.keys().map(String::len).max().unwrap_or(0).max("crate".len());
    let mut text = format!("{:<width$}  {:>13}  {:>8}", "crate", "lines", "covered");
    for (name, coverage) in crates {
        let Lines { count, covered } = coverage.lines;
        let fraction = format!("{covered}/{count}");
        let _ = write!(text, "\n{name:<width$}  {fraction:>13}  {:>6.2} %", coverage.lines.percent());
    }
    text
}

/// What is missing in the crates that do not suffice: file and lines, or nothing when all do.
#[must_use]
pub fn shortfall(crates: &BTreeMap<String, Coverage>) -> Option<String> {
    let mut text = String::new();
    for (name, coverage) in crates.iter().filter(|(_, coverage)| !coverage.suffices()) {
        let percent = coverage.lines.percent();
        let _ = write!(
            text,
            "\n{name}: {percent:.2} % of its lines are covered, {LEAST} % are asked for; not run are"
        );
        for (file, ranges) in &coverage.uncovered {
            let ranges: Vec<String> = ranges.iter().map(written).collect();
            let _ = write!(text, "\n  {file}: {}", ranges.join(", "));
        }
    }
    (!text.is_empty()).then(|| text.trim_start().to_owned())
}

/// A range as people write it.
#[must_use]
pub fn written(range: &RangeInclusive<u64>) -> String {
    let (start, end) = (range.start(), range.end());
    if start == end { start.to_string() } else { format!("{start}-{end}") }
}

#[cfg(test)]
mod tests;
