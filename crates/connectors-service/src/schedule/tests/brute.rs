//! Schedules against a clock that is looked at second by second.

use chrono::{Datelike, NaiveDateTime, TimeDelta, TimeZone, Timelike};
use proptest::prelude::*;

use super::*;

/// Which values of a field are named, read without the parser: by asking each value.
fn table(field: &str, first: u32, last: u32) -> Vec<bool> {
    (0..=last)
        .map(|value| value >= first && field.split(',').any(|item| names(item, value, (first, last))))
        .collect()
}

fn names(item: &str, value: u32, (first, last): (u32, u32)) -> bool {
    let (range, step) = item.split_once('/').map_or((item, None), |(range, step)| (range, Some(step)));
    let number = |text: &str| text.parse::<u32>().unwrap();
    let (from, to) = match range.split_once('-') {
        Some((from, to)) => (number(from), number(to)),
        None if range == "*" || range == "?" => (first, last),
        None => (number(range), if step.is_some() { last } else { number(range) }),
    };
    let round = last - first + 1;
    let along = (value + round - from) % round;
    along <= (to + round - from) % round && along.is_multiple_of(step.map_or(1, number))
}

/// A schedule that is asked for each second, with all days but those of one weekday set named.
struct Brute {
    seconds: Vec<bool>,
    minutes: Vec<bool>,
    hours: Vec<bool>,
    weekdays: Vec<bool>,
}

impl Brute {
    fn new(fields: &[String; 4]) -> Self {
        let [second, minute, hour, weekday] = fields;
        Self {
            seconds: table(second, 0, 59),
            minutes: table(minute, 0, 59),
            hours: table(hour, 0, 23),
            weekdays: table(weekday, 1, 7),
        }
    }

    fn shows(&self, local: NaiveDateTime) -> bool {
        self.seconds[local.second() as usize]
            && self.minutes[local.minute() as usize]
            && self.hours[local.hour() as usize]
            && self.weekdays[local.weekday().number_from_sunday() as usize]
    }

    /// Whether a run is at this second, by what the clock showed a second before.
    fn runs_at(&self, instant: DateTime<Utc>, zone: Tz) -> bool {
        let local = instant.with_timezone(&zone).naive_local();
        if self.hours.iter().all(|named| *named) {
            return self.shows(local);
        }
        let is_first = || zone.from_local_datetime(&local).earliest().is_some_and(|first| first == instant);
        if self.shows(local) && is_first() {
            return true;
        }
        let before = (instant - TimeDelta::seconds(1)).with_timezone(&zone).naive_local();
        let left_out = (local - before).num_seconds();
        (1..left_out).any(|second| self.shows(before + TimeDelta::seconds(second)))
    }
}

fn field(first: u32, last: u32) -> impl Strategy<Value = String> {
    let value = move || first..=last;
    let item = prop_oneof![
        2 => Just("*".to_owned()),
        4 => value().prop_map(|value| value.to_string()),
        2 => (value(), value()).prop_map(|(from, to)| format!("{from}-{to}")),
        1 => (value(), 1..=(last - first)).prop_map(|(from, step)| format!("{from}/{step}")),
        1 => (value(), value(), 1..=(last - first)).prop_map(|(from, to, step)| format!("{from}-{to}/{step}")),
        1 => (1..=(last - first)).prop_map(|step| format!("*/{step}")),
    ];
    prop::collection::vec(item, 1..3).prop_map(|items| items.join(","))
}

/// Zones, each with an hour or so before its clock is changed.
const CHANGES: [(Tz, &str); 9] = [
    (UTC, "2023-12-31T23:00:00Z"),
    (chrono_tz::Europe::Berlin, "2023-03-26T00:30:00Z"),
    (chrono_tz::Europe::Berlin, "2023-10-29T00:00:00Z"),
    (chrono_tz::America::New_York, "2023-03-12T06:30:00Z"),
    (chrono_tz::America::New_York, "2023-11-05T05:00:00Z"),
    (chrono_tz::Australia::Lord_Howe, "2023-09-30T15:00:00Z"),
    (chrono_tz::Australia::Lord_Howe, "2023-04-01T14:20:00Z"),
    (chrono_tz::America::Sao_Paulo, "2018-11-04T02:40:00Z"),
    (chrono_tz::America::Sao_Paulo, "2018-02-18T01:00:00Z"),
];
/// How far the clock is looked at.
const SECONDS: i64 = 9_000;

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(160) })]

    #[test]
    fn the_next_run_is_the_first_second_that_counts(
        fields in [field(0, 59), field(0, 59), field(0, 23), field(1, 7)],
        (zone, begin) in prop::sample::select(&CHANGES[..]),
        offset in 0..5_400_i64,
    ) {
        let [second, minute, hour, weekday] = &fields;
        let text = format!("{second} {minute} {hour} ? * {weekday}");
        let (schedule, brute) = (schedule(&text), Brute::new(&fields));
        let from = at(begin) + TimeDelta::seconds(offset);
        let expected = (1..=SECONDS).map(|seconds| from + TimeDelta::seconds(seconds)).find(|second| brute.runs_at(*second, zone));
        let found = schedule.next_after(from, zone).filter(|run| *run <= from + TimeDelta::seconds(SECONDS));
        prop_assert_eq!(found, expected, "{} in {} after {}", text, zone, from);
    }
}
