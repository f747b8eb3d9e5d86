//! Days on which the clock is changed.

use chrono_tz::{America, Australia, Europe, Pacific};

use super::*;

#[test]
fn a_named_time_that_the_clock_leaves_out_comes_when_it_goes_on() {
    let cases: [(&str, Tz, &str, &[&str]); 5] = [
        (
            "0 30 2 * * ?",
            Europe::Berlin,
            "2023-03-25T12:00:00Z",
            &["2023-03-26T01:00:00", "2023-03-27T00:30:00"],
        ),
        (
            "0 0 2,3 * * ?",
            Europe::Berlin,
            "2023-03-25T12:00:00Z",
            &["2023-03-26T01:00:00", "2023-03-27T00:00:00"],
        ),
        (
            "0 30 2 * * ?",
            America::New_York,
            "2023-03-11T12:00:00Z",
            &["2023-03-12T07:00:00", "2023-03-13T06:30:00"],
        ),
        (
            "0 15 0 * * ?",
            America::Sao_Paulo,
            "2018-11-03T12:00:00Z",
            &["2018-11-04T03:00:00", "2018-11-05T02:15:00"],
        ),
        (
            "0 0 9 30 12 ?",
            Pacific::Apia,
            "2011-01-01T00:00:00Z",
            &["2011-12-30T10:00:00", "2012-12-29T19:00:00"],
        ),
    ];
    for (text, zone, from, expected) in cases {
        assert_eq!(next(text, zone, from, 2), expected, "{text} in {zone}");
    }
}

#[test]
fn a_named_time_that_the_clock_shows_twice_comes_the_first_time() {
    let cases: [(&str, Tz, &str, &[&str]); 3] = [
        (
            "0 30 2 * * ?",
            Europe::Berlin,
            "2023-10-28T12:00:00Z",
            &["2023-10-29T00:30:00", "2023-10-30T01:30:00"],
        ),
        (
            "0 30 1 * * ?",
            America::New_York,
            "2023-11-04T12:00:00Z",
            &["2023-11-05T05:30:00", "2023-11-06T06:30:00"],
        ),
        (
            "0 45 1 * * ?",
            Australia::Lord_Howe,
            "2023-04-01T00:00:00Z",
            &["2023-04-01T14:45:00", "2023-04-02T15:15:00"],
        ),
    ];
    for (text, zone, from, expected) in cases {
        assert_eq!(next(text, zone, from, 2), expected, "{text} in {zone}");
    }
    let second_time = "2023-10-29T01:10:00Z";
    assert_eq!(next("0 30 2 * * ?", Europe::Berlin, second_time, 1), ["2023-10-30T01:30:00"]);
}

#[test]
fn what_runs_in_every_hour_follows_the_clock() {
    let quarter = "0 0/15 * * * ?";
    let spring = next(quarter, Europe::Berlin, "2023-03-26T00:40:00Z", 3);
    assert_eq!(spring, ["2023-03-26T00:45:00", "2023-03-26T01:00:00", "2023-03-26T01:15:00"]);
    let odd = next("0 20 * * * ?", Europe::Berlin, "2023-03-26T00:00:00Z", 3);
    assert_eq!(
        odd,
        ["2023-03-26T00:20:00", "2023-03-26T01:20:00", "2023-03-26T02:20:00"],
        "none for the hour left out"
    );
    let autumn = next("0 5 * * * ?", Europe::Berlin, "2023-10-28T23:50:00Z", 4);
    assert_eq!(
        autumn,
        ["2023-10-29T00:05:00", "2023-10-29T01:05:00", "2023-10-29T02:05:00", "2023-10-29T03:05:00"]
    );
    let late = next("0 5 * * * ?", Europe::Berlin, "2023-10-29T00:50:00Z", 1);
    assert_eq!(late, ["2023-10-29T01:05:00"], "the hour begins again");
    let half = next("0 50 * * * ?", Australia::Lord_Howe, "2023-04-01T14:00:00Z", 3);
    assert_eq!(half, ["2023-04-01T14:50:00", "2023-04-01T15:20:00", "2023-04-01T16:20:00"]);
}
