use super::*;
use crate::perf::outcome::{C1, Check, US};
use crate::perf::workloads::WORKLOADS;

fn outcome() -> Outcome {
    let mut outcome = Outcome::of(&WORKLOADS[0]);
    for (name, wall) in [(C1, 2.0), (US, 2.1), (C1, 4.0), (US, 4.0)] {
        let sample = Sample {
            wall,
            cpu: 0.25,
            memory: 40.25,
            server: Some(wall),
            sent: 1_500_000,
            ..Sample::default()
        };
        outcome.push(name, sample);
    }
    outcome.equal = 5;
    outcome.checks =
        vec![Check { requirement: "wall ÷ C1".into(), limit: 1.05, measured: 1.025, met: true }];
    outcome
}

#[test]
fn a_table_has_medians_borders_and_ratios() {
    let text = figures(&outcome(), Style::Markdown);
    let cells = |line: &str| {
        line.split('|').map(str::trim).filter(|cell| !cell.is_empty()).map(str::to_owned).collect::<Vec<_>>()
    };
    let us = text.lines().find(|line| line.starts_with("| connectors")).map(cells).unwrap();
    assert_eq!(
        us,
        ["connectors", "3.05 (2.10–4)", "1.02", "1", "0.250", "2.50", "40.2", "0", "1.50", "0", "0"]
    );
    assert!(text.starts_with("### W1: 100k documents of 570 B\n\n|"), "{text}");
    assert!(
        text.contains("\n5 documents were compared by id and content after the last round: equal.\n"),
        "{text}"
    );
    let check = text.lines().find(|line| line.starts_with("| wall ÷ C1")).map(cells).unwrap();
    assert_eq!(check, ["wall ÷ C1", "1.05", "1.02", "yes"]);
}

#[test]
fn the_terminal_gets_lines_and_no_marks() {
    let text = figures(&outcome(), Style::Terminal);
    assert!(text.starts_with("W1: ") && text.contains('┌'), "{text}");
}

#[test]
fn growth_is_told_as_a_line() {
    let mut outcome = Outcome::of(&WORKLOADS[0]);
    for (name, wall) in [("1000000", 2.0), ("2000000", 3.0)] {
        outcome.push(name, Sample { wall, cpu: wall, ..Sample::default() });
    }
    let text = figures(&outcome, Style::Markdown);
    assert!(text.contains("wall: 1.000 s + 1.000 µs a document, R² = 1.00000"), "{text}");
    assert!(text.contains(" – |"), "no ceiling, no server: {text}");
}

#[test]
fn numbers_keep_three_digits() {
    for (figure, expected) in
        [(3.0, "3"), (123.4, "123"), (12.34, "12.3"), (1.234, "1.23"), (0.1234, "0.123")]
    {
        assert_eq!(number(figure), expected);
    }
}
