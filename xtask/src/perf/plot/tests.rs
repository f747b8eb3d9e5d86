use super::*;
use crate::perf::measure::Sample;
use crate::perf::outcome::{C1, US};
use crate::perf::workloads::WORKLOADS;

#[test]
fn bars_are_in_units_of_the_ceiling() {
    let mut outcome = Outcome::of(&WORKLOADS[0]);
    for (name, wall) in [(C1, 2.0), (US, 4.0)] {
        outcome.push(name, Sample { wall, ..Sample::default() });
    }
    let mut other = Outcome::of(&WORKLOADS[1]);
    other.push("dynamic", Sample { wall: 1.0, ..Sample::default() });
    let text = svg(&[outcome, other]);
    let widths: Vec<&str> = text
        .lines()
        .filter(|line| line.starts_with("<rect x="))
        .filter_map(|line| line.split('"').nth(5))
        .collect();
    assert_eq!(widths, ["315.0", "630.0"], "twice the ceiling: twice as long");
    assert!(text.contains("2.00 s") && text.contains("4.00 s") && text.contains("W1: 100k"), "{text}");
    assert!(!text.contains("by mapping"), "no ceiling, no group");
    assert_eq!(text.matches('<').count(), text.matches('>').count());
}

#[test]
fn nothing_measured_is_an_empty_picture() {
    assert!(svg(&[]).ends_with("</svg>\n"));
}

#[test]
fn texts_are_escaped() {
    assert_eq!(escaped("a<b & c>"), "a&lt;b &amp; c&gt;");
}
