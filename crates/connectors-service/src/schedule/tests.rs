//! What schedules promise.

mod brute;
mod catch_up;
mod changes;
mod days;
mod parsing;

use chrono::{DateTime, Utc};
use chrono_tz::{Tz, UTC};

use super::*;

fn schedule(text: &str) -> Expression {
    text.parse().unwrap_or_else(|error| panic!("{error}"))
}

fn at(text: &str) -> DateTime<Utc> {
    DateTime::parse_from_rfc3339(text).unwrap().to_utc()
}

/// The next runs, as `day T time` in UTC.
fn next(text: &str, zone: Tz, from: &str, count: usize) -> Vec<String> {
    let schedule = schedule(text);
    let runs =
        std::iter::successors(schedule.next_after(at(from), zone), |run| schedule.next_after(*run, zone));
    runs.take(count).map(|run| run.format("%FT%T").to_string()).collect()
}

#[test]
fn the_table_of_the_protocol_holds() {
    let now = "2023-01-18T17:18:56Z";
    let cases = [
        ("0 * * * * *", "2023-01-18T17:19:00"),
        ("0/5 * * * * ?", "2023-01-18T17:19:00"),
        ("0 0/5 * * * ?", "2023-01-18T17:20:00"),
        ("0 */5 * * * *", "2023-01-18T17:20:00"),
        ("0 0,5,10,15,20,25,30,35,40,45,50,55 * * * ?", "2023-01-18T17:20:00"),
        ("0 0,15,30,45 * * * ?", "2023-01-18T17:30:00"),
        ("0 0,30 * * * ?", "2023-01-18T17:30:00"),
        ("0 3 * * * ?", "2023-01-18T18:03:00"),
        ("0 3 5 * * ?", "2023-01-19T05:03:00"),
        ("0 3 5 ? * 4", "2023-01-25T05:03:00"),
        ("0 3 5 5 * ?", "2023-02-05T05:03:00"),
        ("0 3 5 5 1 ?", "2024-01-05T05:03:00"),
        ("0 0 2 ? * 2-6", "2023-01-19T02:00:00"),
        ("0 0 2 ? * MON-FRI", "2023-01-19T02:00:00"),
        ("0 0 2 ? * 2,4", "2023-01-23T02:00:00"),
        ("0 0 2 L * ?", "2023-01-31T02:00:00"),
        ("0 0 2 LW * ?", "2023-01-31T02:00:00"),
        ("0 0 2 15W * ?", "2023-02-15T02:00:00"),
        ("0 0 2 ? * 6L", "2023-01-27T02:00:00"),
        ("0 0 2 ? * 6#3", "2023-01-20T02:00:00"),
    ];
    for (text, expected) in cases {
        assert_eq!(next(text, UTC, now, 1), [expected], "{text}");
    }
    assert_eq!(next("0/5 * * * * ?", UTC, now, 3)[1..], ["2023-01-18T17:19:05", "2023-01-18T17:19:10"]);
}

#[test]
fn a_run_is_never_at_the_instant_itself() {
    assert_eq!(next("0 0 2 * * ?", UTC, "2023-01-18T02:00:00Z", 1), ["2023-01-19T02:00:00"]);
    assert_eq!(next("0 0 2 * * ?", UTC, "2023-01-18T01:59:59.999Z", 1), ["2023-01-18T02:00:00"]);
    assert_eq!(next("* * * * * ?", UTC, "2023-01-18T02:00:00.5Z", 1), ["2023-01-18T02:00:01"]);
    assert_eq!(next("* * * * * ?", UTC, "2023-12-31T23:59:59Z", 1), ["2024-01-01T00:00:00"]);
}

#[test]
fn years_end() {
    let cases: [(&str, &[&str]); 5] = [
        ("0 0 0 1 1 ? 2030", &["2030-01-01T00:00:00"]),
        ("0 0 0 1 1 ? 2022", &[]),
        ("0 0 0 1 1 ? 2024/50", &["2024-01-01T00:00:00", "2074-01-01T00:00:00"]),
        ("0 0 0 29 2 ?", &["2024-02-29T00:00:00", "2028-02-29T00:00:00", "2032-02-29T00:00:00"]),
        ("0 0 0 ? 2 1#5", &["2032-02-29T00:00:00", "2060-02-29T00:00:00", "2088-02-29T00:00:00"]),
    ];
    for (text, expected) in cases {
        assert_eq!(next(text, UTC, "2023-01-18T17:18:56Z", 3), expected, "{text}");
    }
    assert!(next("0 0 0 * * ?", UTC, "2099-12-31T00:00:00Z", 1).is_empty());
}

#[test]
fn the_last_run_of_a_span_is_found() {
    let span = |from, until| (at(from), at(until));
    let cases = [
        ("0 0 2 * * ?", span("2023-01-01T00:00:00Z", "2023-01-18T17:00:00Z"), Some("2023-01-18T02:00:00Z")),
        ("0 0 2 * * ?", span("2023-01-01T00:00:00Z", "2023-01-18T02:00:00Z"), Some("2023-01-18T02:00:00Z")),
        ("0 0 2 * * ?", span("2023-01-18T02:00:00Z", "2023-01-19T01:59:59Z"), None),
        ("* * * * * ?", span("2013-01-18T02:00:00Z", "2023-01-19T01:59:59.9Z"), Some("2023-01-19T01:59:59Z")),
        (
            "0 0 0 1 1 ? 2030",
            span("2023-01-18T02:00:00Z", "2099-01-19T01:59:59Z"),
            Some("2030-01-01T00:00:00Z"),
        ),
        ("0 0 2 * * ?", span("2023-01-18T02:00:00Z", "2022-01-18T02:00:00Z"), None),
    ];
    for (text, span, expected) in cases {
        assert_eq!(schedule(text).last_between(span, UTC), expected.map(at), "{text}");
    }
}

#[test]
fn time_zones_are_known_by_name() {
    assert_eq!(zone(" Europe/Berlin ").unwrap(), chrono_tz::Europe::Berlin);
    for (name, hint) in [
        ("Europe/Berln", "did you mean `Europe/Berlin`?"),
        ("local", "one of the IANA's names"),
        ("", "one of the IANA's names"),
    ] {
        let error = zone(name).unwrap_err().to_string();
        assert!(error.contains(hint), "{error}");
    }
    assert_eq!(
        next("0 0 2 * * ?", zone("Asia/Kolkata").unwrap(), "2023-01-18T17:18:56Z", 1),
        ["2023-01-18T20:30:00"]
    );
}
