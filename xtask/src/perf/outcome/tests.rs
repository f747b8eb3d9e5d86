use super::*;
use crate::perf::workloads::{WORKLOADS, of_source};

fn outcome(name: &str) -> (Outcome, Workload) {
    let workload = *WORKLOADS.iter().find(|workload| workload.name == name).unwrap();
    (Outcome::of(&workload), workload)
}

fn sample(wall: f64) -> Sample {
    Sample { wall, cpu: wall / 10.0, memory: 40.0, ..Sample::default() }
}

/// What is judged of an outcome: requirement, limit, figure, met.
fn judged(name: &str, lanes: &[(&str, Sample)]) -> Vec<(String, f64, f64, bool)> {
    let (mut outcome, workload) = outcome(name);
    lanes.iter().for_each(|(name, sample)| outcome.push(name, sample.clone()));
    outcome.bytes = 1_000_000;
    outcome.judge(&workload);
    let rounded = |figure: f64| (figure * 1000.0).round() / 1000.0;
    outcome
        .checks
        .into_iter()
        .map(|check| (check.requirement, rounded(check.limit), rounded(check.measured), check.met))
        .collect()
}

fn check(requirement: &str, limit: f64, measured: f64) -> (String, f64, f64, bool) {
    (requirement.into(), limit, measured, measured <= limit)
}

#[test]
fn loads_are_held_against_the_loader() {
    let alone = judged("W1", &[(C1, sample(2.0)), (US, sample(2.2))]);
    assert_eq!(alone, [check("wall ÷ C1", 1.05, 1.1), check("peak memory, MiB", 64.0, 40.0)]);
    let read = Sample { cpu: 0.15, ..sample(1.0) };
    let costly = Sample { cpu: 2.45, ..sample(2.0) };
    let found = judged("W2", &[(C1, sample(2.0)), (US, costly), (C2, read)]);
    let expected = [
        check("wall ÷ C1", 1.05, 1.0),
        check("CPU ÷ (C1 + C2)", 6.0, 7.0),
        check("peak memory, MiB", 64.0, 40.0),
    ];
    assert_eq!(found, expected);
    assert_eq!(judged("W3a", &[(C1, sample(2.0)), (US, sample(2.2))]), []);
    assert_eq!(judged("W1m", &[("search", sample(2.0))]), []);
}

#[test]
fn nothing_changed_is_held_against_reading_alone() {
    let again = Sample { sent: 300_000, received: 900_000, written: 1, ..sample(1.0) };
    let changed = Sample { reported: 0.02, ..sample(1.5) };
    let found = judged("W4", &[(C2, sample(1.0)), (AGAIN, again), (CHANGED, changed)]);
    let expected = [
        check("wall ÷ C2", 1.5, 1.0),
        check("documents written", 0.0, 1.0),
        check("MB exchanged", 1.0, 1.2),
        check("peak memory, MiB", 64.0, 40.0),
        check("seconds through changed()", 0.1, 0.02),
    ];
    assert_eq!(found, expected);
}

#[test]
fn a_change_costs_its_share() {
    let us = Sample { sent: 1_100_000, written: 10_000, ..sample(2.0) };
    let lanes = [(C1, sample(0.5)), (US, us), (AGAIN, sample(1.0))];
    let expected = [
        check("MB sent: 1.2 × the change", 1.2, 1.1),
        check("wall: W4 + C1 of the change + 0.5 s", 2.0, 2.0),
        check("documents written", 10_000.0, 10_000.0),
    ];
    for workload in ["W5", "W6", "W7"] {
        assert_eq!(judged(workload, &lanes), expected, "{workload}");
    }
}

#[test]
fn ten_million_fit_into_little_memory() {
    let again = Sample { written: 10_000, memory: 230.0, ..sample(9.0) };
    let found = judged("W8", &[(US, sample(30.0)), (AGAIN, again)]);
    let expected = [
        check("peak memory of `connectors`, MiB", 220.0, 40.0),
        check("peak memory of `again`, MiB", 220.0, 230.0),
        check("documents written when 0.1 % is gone", 10_000.0, 10_000.0),
    ];
    assert_eq!(found, expected);
}

#[test]
fn files_are_not_opened_again() {
    let first = Sample { opened: 10_000, memory: 100.0, ..sample(20.0) };
    let lanes = [(C1, sample(15.0)), (US, first), (AGAIN, sample(0.2))];
    let expected = [
        check("peak memory, MiB", 114.0, 100.0),
        check("documents written again", 0.0, 0.0),
        check("files opened again", 0.0, 0.0),
        check("seconds of the second sync", 0.3, 0.2),
    ];
    assert_eq!(judged("W9", &lanes), expected);
    let workload = of_source("notes");
    let mut outcome = Outcome::of(&workload);
    lanes.iter().for_each(|(name, sample)| outcome.push(name, sample.clone()));
    outcome.judge(&workload);
    assert_eq!(outcome.checks[1].requirement, "wall: 1.5 × C1 + 0.5 s");
    assert!((outcome.checks[1].limit - 23.0).abs() < 1e-9);
}

#[test]
fn growth_must_be_a_straight_line() {
    let lanes = [("100", sample(0.2)), ("1000", sample(1.1)), ("10000", sample(10.1))];
    let found = judged("growth", &lanes);
    assert_eq!(found, [check("1 − R² of wall", 0.01, 0.0), check("1 − R² of CPU", 0.01, 0.0)]);
    let bent = judged("growth", &[("100", sample(0.1)), ("1000", sample(9.0)), ("10000", sample(10.0))]);
    assert!(!bent[0].3, "{bent:?}");
}
