//! What is done about missed runs.

use chrono::TimeDelta;
use proptest::prelude::*;

use super::*;

fn look(last: &str, now: &str) -> Window {
    Window { last: at(last), now: at(now), grace: TimeDelta::seconds(60) }
}

fn came_due(text: &str, policy: CatchUp, window: Window) -> Due {
    due(&schedule(text), UTC, policy, window)
}

const HOURLY: &str = "0 0 * * * ?";
const POLICIES: [CatchUp; 3] = [CatchUp::Once, CatchUp::Skip, CatchUp::All];

#[test]
fn nothing_comes_due_between_runs() {
    for policy in POLICIES {
        let due = came_due(HOURLY, policy, look("2023-01-18T17:00:00Z", "2023-01-18T17:59:59Z"));
        assert_eq!((due.runs().count(), due.skipped, due.until), (0, 0, at("2023-01-18T17:59:59Z")));
    }
}

#[test]
fn a_run_on_time_is_run_by_every_policy() {
    for policy in POLICIES {
        let due = came_due(HOURLY, policy, look("2023-01-18T17:59:30Z", "2023-01-18T18:00:20Z"));
        assert_eq!((due.on_time, due.caught_up.len(), due.skipped), (Some(at("2023-01-18T18:00:00Z")), 0, 0));
        assert_eq!(due.until, at("2023-01-18T18:00:20Z"));
    }
}

#[test]
fn missed_runs_go_by_the_policy() {
    let (off, on) = (
        look("2023-01-18T17:30:00Z", "2023-01-18T20:30:00Z"),
        look("2023-01-18T17:30:00Z", "2023-01-18T20:00:05Z"),
    );
    let (six, seven, eight) =
        (at("2023-01-18T18:00:00Z"), at("2023-01-18T19:00:00Z"), at("2023-01-18T20:00:00Z"));
    let cases = [
        (CatchUp::Once, off, (None, vec![eight], 2)),
        (CatchUp::Skip, off, (None, vec![], 3)),
        (CatchUp::All, off, (None, vec![six, seven, eight], 0)),
        (CatchUp::Once, on, (Some(eight), vec![], 2)),
        (CatchUp::Skip, on, (Some(eight), vec![], 2)),
        (CatchUp::All, on, (Some(eight), vec![six, seven], 0)),
    ];
    for (policy, look, expected) in cases {
        let due = came_due(HOURLY, policy, look);
        assert_eq!(due.until, look.now);
        assert_eq!((due.on_time, due.caught_up, due.skipped), expected, "{policy:?} {look:?}");
    }
}

#[test]
fn many_missed_runs_are_handed_out_bit_by_bit() {
    let (mut last, now) = (at("2023-01-18T00:00:00Z"), at("2023-01-18T04:10:00Z"));
    let mut handed = Vec::new();
    for _ in 0..10 {
        let due = came_due("0 * * * * ?", CatchUp::All, Window { last, now, grace: TimeDelta::seconds(60) });
        handed.extend(due.runs());
        last = due.until;
    }
    assert_eq!((handed.len(), last), (250, now));
    assert!(handed.is_sorted_by(|one, other| one < other));
    let due = came_due("* * * * * ?", CatchUp::Once, look("2023-01-01T00:00:00Z", "2023-02-01T00:00:00Z"));
    assert_eq!(
        (due.runs().collect::<Vec<_>>(), due.skipped),
        (vec![at("2023-02-01T00:00:00Z")], 10_000),
        "counted so far"
    );
}

#[test]
fn a_clock_that_was_set_back_runs_nothing_twice() {
    for policy in POLICIES {
        let due = came_due(HOURLY, policy, look("2023-01-18T18:00:00Z", "2023-01-18T17:30:00Z"));
        assert_eq!((due.runs().count(), due.skipped, due.until), (0, 0, at("2023-01-18T18:00:00Z")));
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(60) })]

    /// Whatever the pauses between looks, each run is run, made up for or left out, and none is so twice.
    #[test]
    fn runs_add_up(pauses in prop::collection::vec(1..20_000_i64, 1..30), policy in prop::sample::select(&POLICIES[..])) {
        let schedule = schedule("0 0/7 * * * ?");
        let begin = at("2023-01-18T00:00:00Z");
        let (mut last, mut now, mut runs, mut skipped) = (begin, begin, Vec::new(), 0);
        for pause in pauses.into_iter().chain([30; 40]) {
            now += TimeDelta::seconds(pause);
            let due = due(&schedule, UTC, policy, Window { last, now, grace: TimeDelta::seconds(60) });
            runs.extend(due.runs());
            skipped += due.skipped;
            last = due.until;
        }
        let all = std::iter::successors(schedule.next_after(begin, UTC), |run| schedule.next_after(*run, UTC)).take_while(|run| *run <= now);
        prop_assert_eq!(runs.len() + skipped, all.count());
        prop_assert!(runs.is_sorted_by(|one, other| one < other));
        prop_assert!(policy != CatchUp::All || skipped == 0);
    }
}
